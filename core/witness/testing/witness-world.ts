import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyCosignature } from '../../../ledger/cosignature.ts';
import { type Note, parseNote, parseSignatureLine } from '../../../ledger/signed-note.ts';
import { openWitness, type Witness, type WitnessOptions } from '../witness.ts';
import { serveWitness, type WitnessServer } from '../witness-server.ts';
import { SampleLog } from './sample-log.ts';

/** A real witness in a folder of its own, on a port of loopback, and the log that it watches. */
export class WitnessWorld {
  readonly folder: string;
  readonly log: SampleLog = new SampleLog();
  /** The same log, with other leaves from the sixth on. */
  readonly fork: SampleLog = new SampleLog(this.log.origin, 1);
  #url = '';
  #running: { readonly witness: Witness; readonly server: WitnessServer } | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<WitnessWorld> {
    const world = new WitnessWorld(await mkdtemp(join(tmpdir(), 'cambium-witness-')));
    await world.start();
    return world;
  }

  get witness(): Witness {
    if (this.#running === undefined) throw new Error('no witness runs');
    return this.#running.witness;
  }

  /** Where it is, or was before it stopped. */
  get url(): string {
    return this.#url;
  }

  async start(options: Partial<WitnessOptions> & { readonly port?: number } = {}): Promise<void> {
    const { port = 0, ...more } = options;
    const logs = new Map([[this.log.origin, this.log.log]]);
    const witness = await openWitness({ folder: this.folder, logs, ...more });
    const server = await serveWitness(witness, { port });
    this.#running = { witness, server };
    this.#url = server.url;
  }

  async stop(): Promise<void> {
    await this.#running?.server.close();
    await this.#running?.witness.close();
    this.#running = undefined;
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** One POST, as anyone would send it. */
  async post(
    body: string | Uint8Array,
    path = '/add-checkpoint',
  ): Promise<{ status: number; type: string; body: string }> {
    const response = await fetch(`${this.url}${path}`, { method: 'POST', body });
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, body: await response.text() };
  }

  async submit(oldSize: number, size: number, log: SampleLog = this.log) {
    return await this.post(await log.request(oldSize, size));
  }

  /** When the witness says that it saw the checkpoint of this size; `undefined` for no good cosignature. */
  timeIn(body: string, size: number): number | undefined {
    const line = parseSignatureLine(body.slice(0, -1));
    const { text } = parseNote(this.log.note(size)) as Note;
    return line && verifyCosignature(this.witness.key, text, line);
  }

  /** Files of the state. */
  async stateFiles(): Promise<string[]> {
    const logs = join(this.folder, 'logs');
    return (await readdir(logs)).map((name) => join(logs, name));
  }
}
