/* The client of docs/spec/client: a service in another language, written from the specification. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../docs/spec/client', import.meta.url));

/** One line that the client prints: an answer, and its verdict on the statement. */
export type PrintedAnswer = {
  readonly event: string;
  readonly status: string;
  readonly type: string;
  readonly code?: string;
  readonly result?: unknown;
  readonly statement: string;
};

/** One run of the client. */
export class ClientRun {
  readonly #child: ChildProcess;
  readonly #lines: PrintedAnswer[] = [];
  readonly #exit: Promise<number>;
  #errors = '';
  #wake: () => void = () => {};

  constructor(args: readonly string[]) {
    this.#child = spawn('python3', [...args], {
      cwd: folder,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as PrintedAnswer);
      this.#wake();
    });
    stderr.on('data', (data: Buffer) => {
      this.#errors += data.toString();
    });
    this.#exit = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code ?? -1);
        this.#wake();
      });
    });
  }

  /** The answer of that number, counted from 0, as soon as it is printed. */
  async answer(number: number): Promise<PrintedAnswer> {
    for (;;) {
      const line = this.#lines[number];
      if (line !== undefined) return line;
      if (this.#child.exitCode !== null) throw new Error(`the client ended: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** How it ended, and everything that it printed. */
  async end(): Promise<{ code: number; answers: readonly PrintedAnswer[]; errors: string }> {
    const code = await this.#exit;
    return { code, answers: this.#lines, errors: this.#errors };
  }

  /** Ends it, if it has not ended. */
  stop(): void {
    this.#child.kill();
  }
}
