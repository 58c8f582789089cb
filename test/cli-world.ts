/* The built command, run as a person would run it, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The built command line. */
export const main: string = join(root, 'dist', 'cli', 'main.js');
/** The contract of `examples/`. */
export const contract: string = join(root, 'examples', 'retailer.contract.json');

/** What opens the vaults of these folders. */
export const cliPassphrase = 'a passphrase for tests';

/** How a command ended. */
export type Result = { readonly code: number; readonly out: string; readonly err: string };

/** A folder with a data directory and a sealer of its own, and commands that run on it. */
export class CliWorld {
  readonly folder: string;
  readonly data: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.data = join(folder, 'data');
  }

  static async create(): Promise<CliWorld> {
    return new CliWorld(await mkdtemp(join(tmpdir(), 'cambium-cli-')));
  }

  /** Only what a person's shell would have, and where this test lives. */
  environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const names = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'CAMBIUM_CACHE', 'CAMBIUM_NATS_SERVER'];
    const kept = names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...Object.fromEntries(kept),
      CAMBIUM_PIN: cliPassphrase,
      CAMBIUM_STATE: this.folder,
      CAMBIUM_DATA: this.data,
      ...env,
    };
  }

  /** Runs a command to its end. */
  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
    return new Promise((resolve) => {
      const options = { env: this.environment(env) };
      const child = execFile(process.execPath, [main, ...args], options, (error, out, err) => {
        const failed = typeof error?.code === 'number' ? error.code : -1;
        resolve({ code: error === null ? 0 : failed, out, err });
      });
      child.stdin?.end();
    });
  }

  /** What a command that ends well prints with `--json`. */
  async json<T>(args: readonly string[]): Promise<T> {
    const { code, out, err } = await this.run([...args, '--json']);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${err}`);
    return JSON.parse(out) as T;
  }

  async destroy(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Asks until there is an answer. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; ; ) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
