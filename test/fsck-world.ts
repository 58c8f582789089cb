/* A vault that has run, copies of it, and what can happen to a copy's ledger. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../cli/command.ts';
import { type DataDir, dataDir } from '../cli/data-dir.ts';
import { exportCommand } from '../cli/export.ts';
import { fsckCommand } from '../cli/fsck.ts';
import type { FsckReport } from '../cli/render-fsck.ts';
import { connectLedger, natsBinary } from '../cli/servers.ts';
import { startLedgerServer } from '../core/bus/ledger-server.ts';
import { createLedgerStream, jetStreamStore, ledgerStream } from '../ledger/jetstream-store.ts';
import { addValues, valuesOf } from '../ledger/ring-copy.ts';
import {
  createRingBucket,
  jetStreamRing,
  type KeptValue,
  ringBucket,
} from '../ledger/ring-store.ts';
import { passphrase, TestHouse } from './harness.ts';
import { smallVault } from './slow/small-ledger.ts';

/** What a whole ledger holds, byte for byte. */
export type Contents = {
  readonly commits: readonly Uint8Array[];
  readonly ring: readonly KeptValue[];
};

/** A closed vault, an early and a late export of it, and an early copy of its ledger. */
export class FsckWorld {
  readonly folder: string;
  readonly house: TestHouse;
  readonly early: string;
  readonly late: string;
  /** Early copy of the folder `ledger`. */
  readonly earlyLedger: string;
  #count = 0;

  private constructor(folder: string, house: TestHouse) {
    this.folder = folder;
    this.house = house;
    this.early = join(folder, 'early.export');
    this.late = join(folder, 'late.export');
    this.earlyLedger = join(folder, 'early-ledger');
  }

  static async create(): Promise<FsckWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'cambium-fsck-'));
    const house = await smallVault();
    await house.vine.stop();
    process.env['CAMBIUM_STATE'] = house.folder;
    const world = new FsckWorld(folder, house);
    const { data } = house;
    await exportCommand({ ...context(data.path), file: world.early });
    await cp(data.ledger, world.earlyLedger, { recursive: true });
    const again = await TestHouse.at(house.folder, data.path);
    await again.open();
    // A new connection: a scope with a key of its own.
    await (await again.owner()).served('owner.invite', { label: 'later' });
    await again.closeVault();
    await Promise.all([again.ledger.stop(), again.vine.stop()]);
    await exportCommand({ ...context(data.path), file: world.late });
    return world;
  }

  /** A copy of the vault's data directory, whole. */
  async copy(): Promise<DataDir> {
    this.#count += 1;
    const path = join(this.folder, `copy-${this.#count}`);
    await cp(this.house.data.path, path, { recursive: true });
    return dataDir(path);
  }

  /** A copy whose ledger holds these commits, in a stream that is in order, and this keyring. */
  async holding({ commits, ring }: Contents): Promise<DataDir> {
    const data = await this.copy();
    await rm(data.ledger, { recursive: true });
    const { vault } = this.house.card;
    await this.onServer(data, 'admin', async (nc) => {
      await createLedgerStream(nc, vault);
      await createRingBucket(nc, vault);
      const store = await jetStreamStore(nc, vault);
      // The stream takes any bytes; what is published twice within two minutes it would not take twice.
      for (const [at, bytes] of commits.entries()) await store.append(bytes, at, `${at}`);
      await addValues(await jetStreamRing(nc, vault), ring);
    });
    return data;
  }

  /** What a data directory's ledger holds. */
  contents(data: DataDir): Promise<Contents> {
    const { vault } = this.house.card;
    return this.onServer(data, 'reader', async (nc) => {
      const commits: Uint8Array[] = [];
      let sequence = 0;
      for await (const commit of (await jetStreamStore(nc, vault)).scan(1)) {
        sequence += 1;
        if (commit.sequence !== sequence) throw new Error(`commit ${sequence} is missing`);
        commits.push(commit.bytes);
      }
      return { commits, ring: valuesOf(await (await jetStreamRing(nc, vault)).read()) };
    });
  }

  /** Folder of the ledger stream's message blocks. */
  blocks(data: DataDir): string {
    return join(this.#stream(data, ledgerStream(this.house.card.vault)), 'msgs');
  }

  /** Folder of the keyring's stream. */
  ringFolder(data: DataDir): string {
    return this.#stream(data, `KV_${ringBucket(this.house.card.vault)}`);
  }

  async destroy(): Promise<void> {
    delete process.env['CAMBIUM_STATE'];
    await this.house.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }

  #stream({ ledger }: DataDir, name: string): string {
    return join(ledger, 'jetstream/LEDGER/streams', name);
  }

  async onServer<T>(
    data: DataDir,
    user: 'admin' | 'reader',
    use: (nc: Awaited<ReturnType<typeof connectLedger>>) => Promise<T>,
  ): Promise<T> {
    const options = { dir: data.ledger, runDir: join(data.run, 'test') };
    const server = await startLedgerServer({ binary: await natsBinary(() => {}), ...options });
    try {
      const nc = await connectLedger(server.url, server.seeds[user]);
      try {
        return await use(nc);
      } finally {
        await nc.close();
      }
    } finally {
      await server.stop();
    }
  }
}

/** What a command works with here; `print` takes what it prints. */
export function context(data: string, print: (text: string) => void = () => {}): CommandContext {
  return {
    data,
    json: true,
    colour: false,
    columns: 100,
    progress: () => {},
    print,
    passphrase: async () => passphrase,
  };
}

/** Runs `cambium fsck`. */
export async function fsck(
  data: DataDir,
  options: { readonly from?: string; readonly dryRun?: boolean; readonly passphrase?: string } = {},
): Promise<FsckReport & { readonly code: number }> {
  let printed = '';
  const { from, dryRun = false, passphrase: other } = options;
  const code = await fsckCommand({
    ...context(data.path, (text) => {
      printed = text;
    }),
    ...(from === undefined ? {} : { from }),
    ...(other === undefined ? {} : { passphrase: async () => other }),
    dryRun,
  });
  return { ...(JSON.parse(printed) as FsckReport), code };
}
