/* One data directory whose vault and servers are killed and started again, and who hangs on them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLedger } from '../../cli/attach.ts';
import { createVault } from '../../cli/create-vault.ts';
import { type DataDir, dataDir, type VaultCard } from '../../cli/data-dir.ts';
import { runningLedger, runningVine } from '../../cli/notes.ts';
import { connectLedger, natsBinary } from '../../cli/servers.ts';
import { fileSealer } from '../../core/enclave/sealer.ts';
import { filePinOf } from '../../core/pins/file-pin.ts';
import { jetStreamStore } from '../../ledger/jetstream-store.ts';
import { type VerifiedCommit, verifyStore } from '../../ledger/reader.ts';
import { equalBytes } from '../../wire/bytes.ts';
import { passphrase } from '../harness.ts';
import { type Cambium, startCambium, startUntil } from './cambium-command.ts';
import { commandLine, descendants, processesNaming, runs } from './processes.ts';
import type { RawPeer } from './raw-peer.ts';
import { until } from './until.ts';

export type Target = 'vault' | 'handler' | 'ledger server' | 'messaging server';

const gaveUp = 'the vault gave up';

/** A data directory of a vault that runs as `cambium run`, with `cambium vine` beside it or without. */
export class KillHouse {
  readonly folder: string;
  readonly data: DataDir;
  readonly card: VaultCard;
  /** Program and arguments that are to run `cambium run`. */
  wrapper: readonly string[] = [];
  run: Cambium | undefined;
  /** The messaging layer alone, where it runs beside the vault. */
  vine: Cambium | undefined;
  /** What happened besides the kills, in words, with how often. */
  readonly notes = new Map<string, number>();
  #followed: RawPeer[] = [];
  #following: Promise<void> | undefined;
  #ended = false;
  #last: VerifiedCommit['end'] | undefined;

  private constructor(folder: string, card: VaultCard) {
    this.folder = folder;
    this.data = dataDir(join(folder, 'data'));
    this.card = card;
  }

  static async create(): Promise<KillHouse> {
    const folder = await mkdtemp(join(tmpdir(), 'cambium-kill-'));
    const binary = await natsBinary(() => {});
    const sealer = fileSealer(join(folder, 'sealer'));
    const path = join(folder, 'data');
    const pins = [(id: Uint8Array) => filePinOf(id, folder)];
    const card = await createVault({ path, passphrase, sealer, pins, binary, now: Date.now });
    return new KillHouse(folder, card);
  }

  /** Starts what is down; the messaging layer on its own, where `apart` says so and it is down. */
  async start(apart: boolean): Promise<void> {
    if (this.run?.running() === true) return;
    if (apart && this.vine?.running() !== true)
      this.vine = await startUntil('messaging layer at', this.#args('vine'), this.folder);
    this.run = startCambium(this.#args('run'), this.folder, this.wrapper);
  }

  /** Where the messaging layer is now. */
  async url(): Promise<string | undefined> {
    return (await runningVine(this.data))?.url;
  }

  /** Keeps peers connected to wherever the messaging layer is. */
  follow(...peers: RawPeer[]): void {
    this.#followed.push(...peers);
    this.#following ??= this.#keepConnected();
  }

  /** Ends the vault process with SIGKILL; all that it had started has to go with it. */
  async killVault(): Promise<void> {
    const { run } = this;
    if (run === undefined) throw new Error('no vault runs');
    const below = await descendants(run.pid);
    run.kill('SIGKILL');
    await run.ended;
    await until(
      'all processes of a killed vault are gone',
      async () => {
        const left = await Promise.all(below.map(runs));
        const servers = await processesNaming(this.data.run);
        return !left.includes(true) && servers.length === 0;
      },
      15_000,
      () => `of ${below.join(' ')}`,
    );
  }

  /** Ends the messaging layer that runs alone, with its server. */
  async killVine(): Promise<void> {
    this.vine?.kill('SIGKILL');
    await this.vine?.ended;
    this.vine = undefined;
  }

  /** Ends a server by the process id that its note gives; whether one ran. */
  async killServer(name: 'ledger' | 'vine'): Promise<boolean> {
    const note = await (name === 'ledger' ? runningLedger : runningVine)(this.data);
    if (note === undefined || !(await this.#isOurs(note.pid))) return false;
    return kill(note.pid);
  }

  /** Ends some process of a handler, found below the vault's own process; whether there was one. */
  async killHandler(choose: (count: number) => number): Promise<boolean> {
    const handlers: number[] = [];
    for (const pid of await descendants(this.run?.pid ?? -1))
      if ((await commandLine(pid)).includes('/dist/handlers/')) handlers.push(pid);
    const chosen = handlers[choose(handlers.length)];
    return chosen !== undefined && kill(chosen);
  }

  /** Starts the vault again where it has given up, which it may after many failures in a minute. */
  async heal(apart: boolean): Promise<void> {
    if (this.run?.running() === true) return;
    const [reason = ''] = (this.run?.log() ?? '').split('\n').slice(-1);
    this.note(`${gaveUp}: ${reason}`);
    await this.start(apart);
  }

  /**
   * Verifies the ledger beside the running vault: whole, and a continuation of what it was before.
   * @returns count of records; `undefined` when its server died meanwhile
   */
  async verify(): Promise<number | undefined> {
    const note = await runningLedger(this.data);
    if (note === undefined) return undefined;
    const nc = await connectLedger(note.url, note.reader);
    try {
      const before = this.#last;
      let met = before === undefined;
      let end: VerifiedCommit['end'] | undefined;
      for await (const commit of verifyStore(
        await jetStreamStore(nc, this.card.vault),
        this.card.ledger,
      )) {
        end = commit.end;
        if (end.size === before?.size) met = equalBytes(end.head, before.head);
      }
      if (!met) throw new Error(`the ledger is not the one that it was at ${before?.size} records`);
      this.#last = end;
      return end?.size;
    } finally {
      await nc.close();
    }
  }

  /** Stops everything in good order. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#following;
    await Promise.all(this.#followed.map((peer) => peer.close()));
    for (const child of [this.run, this.vine]) {
      if (child?.running() !== true) continue;
      child.kill('SIGTERM');
      const { code } = await child.ended;
      if (code !== 0) throw new Error(`it ended with code ${code}:\n${child.log()}`);
    }
  }

  /** Reads the ledger with a server of its own, once everything is stopped. */
  read<T>(use: Parameters<typeof withLedger<T>>[2]): Promise<T> {
    process.env['CAMBIUM_STATE'] = this.folder;
    return withLedger(this.data, () => {}, use);
  }

  /** Removes it, whatever state it is in; keeps the data directory where `CAMBIUM_KEEP` is set. */
  async remove(): Promise<void> {
    this.#ended = true;
    for (const child of [this.run, this.vine]) if (child?.running() === true) child.kill('SIGKILL');
    await Promise.all([this.run?.ended, this.vine?.ended, this.#following]);
    await Promise.all(this.#followed.map((peer) => peer.close()));
    await until('its servers end', async () => !(await this.#survivors()), 15_000);
    if (process.env['CAMBIUM_KEEP'] !== undefined) console.log(`kept: ${this.folder}`);
    else await rm(this.folder, { recursive: true, force: true });
  }

  note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1);
  }

  async #survivors(): Promise<boolean> {
    return (await processesNaming(this.data.path)).length > 0;
  }

  /** A process below one that we started, and a nats-server of this data directory. */
  async #isOurs(pid: number): Promise<boolean> {
    const roots = [this.run?.pid, this.vine?.pid].filter((id) => id !== undefined);
    const below = (await Promise.all(roots.map(descendants))).flat();
    return below.includes(pid) && (await commandLine(pid)).includes(this.data.path);
  }

  async #keepConnected(): Promise<void> {
    while (!this.#ended) {
      const url = await this.url();
      if (url !== undefined)
        await Promise.all(
          this.#followed.map((peer) => peer.connectTo(url).catch(() => this.note('not connected'))),
        );
      await sleep(50);
    }
  }

  #args(command: 'run' | 'vine'): string[] {
    return [command, '--data', this.data.path];
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
