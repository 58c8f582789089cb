import { stat } from 'node:fs/promises';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { valuesOf } from '../ledger/ring-copy.ts';
import { jetStreamRing, type KeptValue } from '../ledger/ring-store.ts';
import { exportStore } from '../replay/export-file.ts';
import { exportRing } from '../replay/export-ring.ts';
import { equalBytes } from '../wire/bytes.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import { dataDir, readCard, type VaultCard } from './data-dir.ts';
import { openExportFile } from './export-source.ts';
import { connectLedger } from './servers.ts';

/** A copy of a ledger that it may be healed from. Nothing of it is believed before it verifies. */
export type HealingSource = {
  readonly store: CommitStore;
  /** What the copy has of the keyring, wrapped; may be older, or empty. */
  readonly ring: readonly KeptValue[];
};

/**
 * Opens a copy: an export, another data directory, or the ledger server of a mirror (`nats://…`, whose
 * reader's seed is in `CAMBIUM_MIRROR_SEED`).
 * @throws CliError when there is none, or it is of another ledger
 */
export async function withSource<T>(
  from: string,
  card: VaultCard,
  progress: (line: string) => void,
  use: (source: HealingSource) => Promise<T>,
): Promise<T> {
  if (/^(?:nats|tls):\/\//.test(from)) return onMirror(from, card, use);
  const found = await stat(from).catch(() => undefined);
  if (found === undefined) throw new CliError('usage', `there is nothing at ${from}`);
  if (!found.isDirectory()) {
    const file = await openExportFile(from);
    expectSame(file.header, card, from);
    return use({ store: exportStore(file), ring: await exportRing(file) });
  }
  expectSame(await readCard(dataDir(from)), card, from);
  return withLedger(dataDir(from), progress, async ({ store, ring }) =>
    use({ store, ring: await ring() }),
  );
}

async function onMirror<T>(
  url: string,
  { vault }: VaultCard,
  use: (source: HealingSource) => Promise<T>,
): Promise<T> {
  const seed = process.env['CAMBIUM_MIRROR_SEED'];
  if (seed === undefined || seed === '')
    throw new CliError('usage', "set CAMBIUM_MIRROR_SEED to the seed of the mirror's reader");
  const nc = await connectLedger(url, seed);
  try {
    const kept = await (await jetStreamRing(nc, vault)).read();
    return await use({ store: await jetStreamStore(nc, vault), ring: valuesOf(kept) });
  } finally {
    await nc.close();
  }
}

function expectSame({ ledger, vault }: VaultCard, card: VaultCard, from: string): void {
  if (vault !== card.vault || !equalBytes(ledger.publicKey, card.ledger.publicKey))
    throw new CliError('failed', `${from} is a copy of another vault's ledger`);
}
