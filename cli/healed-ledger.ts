import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { startLedgerServer } from '../core/bus/ledger-server.ts';
import type { ChainEnd } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';
import { addValues, isSameRing } from '../ledger/ring-copy.ts';
import { createRingBucket, jetStreamRing, type KeptValue } from '../ledger/ring-store.ts';
import { type Ending, type HealedCommit, type HealParts, healed } from '../replay/heal.ts';
import { expectWhole, refill, type WholeReport } from '../replay/refill.ts';
import { CliError } from './cli-error.ts';
import type { DataDir, VaultCard } from './data-dir.ts';
import { swapLedger } from './ledger-swap.ts';
import { connectLedger } from './servers.ts';

/** What a ledger is healed with. */
export type Remedy = {
  readonly parts: HealParts;
  /** Where the healed ledger has to end. */
  readonly end: ChainEnd;
  /** Gives the keyring for the ledger in this store. */
  readonly ring: (store: CommitStore) => Promise<readonly KeptValue[]>;
  /** Called with the count of records written. */
  readonly onProgress: (records: number) => void;
};

/** A ledger that was healed. */
export type Healed = {
  readonly report: WholeReport;
  /** Folder in which the damaged one is kept. */
  readonly aside: string;
};

/**
 * Writes the healed ledger into a folder of its own, verifies it there as a whole, and only then puts it
 * in the place of the damaged one, which is kept aside. Requires that nobody can start a server on the ledger.
 * A crash leaves the damaged ledger where it is, or a replacement that the next start completes.
 */
export async function healLedger(
  data: DataDir,
  card: VaultCard,
  binary: string,
  remedy: Remedy,
): Promise<Healed> {
  const making = `${data.ledger}.healing-${process.pid}`;
  try {
    const report = await build(making, data, card, binary, remedy);
    // The same lock: whoever waits for the one on the damaged files must not get another one.
    await rm(join(making, 'lock'), { force: true });
    await link(join(data.ledger, 'lock'), join(making, 'lock'));
    const [healedName, aside] = names(Date.now());
    await rename(making, join(data.path, healedName));
    await swapLedger(data, { healed: healedName, aside });
    return { report, aside: join(data.path, aside) };
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function build(
  folder: string,
  data: DataDir,
  card: VaultCard,
  binary: string,
  remedy: Remedy,
): Promise<WholeReport> {
  await rm(folder, { recursive: true, force: true });
  const runDir = join(data.run, 'healing');
  const server = await startLedgerServer({ binary, dir: folder, runDir });
  try {
    const admin = await connectLedger(server.url, server.seeds.admin);
    const report = await fill(admin, card, remedy);
    await admin.close();
    return report;
  } finally {
    await server.stop();
    await rm(runDir, { recursive: true, force: true });
  }
}

async function fill(
  admin: NatsConnection,
  { vault, ledger }: VaultCard,
  { parts, end, ring, onProgress }: Remedy,
): Promise<WholeReport> {
  await createLedgerStream(admin, vault);
  await createRingBucket(admin, vault);
  const store = await jetStreamStore(admin, vault);
  let ending: Ending | undefined;
  const commits = withEnding(parts, (told) => {
    ending = told;
  });
  await refill(store, commits, (commit) => onProgress(commit.end.size));
  if (ending?.kind !== 'whole')
    throw new CliError('failed', 'the ledger or its copy has changed meanwhile; try again');
  const report = await expectWhole(store, ledger, end);
  const values = await ring(store);
  const kept = await jetStreamRing(admin, vault);
  await addValues(kept, values);
  if (!isSameRing((await kept.read()).values, values))
    throw new CliError('failed', 'the keyring was not kept as it was written');
  return report;
}

async function* withEnding(
  parts: HealParts,
  told: (ending: Ending) => void,
): AsyncGenerator<HealedCommit> {
  told(yield* healed(parts));
}

function names(now: number): readonly [healed: string, aside: string] {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return [`ledger.healed-${time}`, `ledger.damaged-${time}`];
}
