import { fileSealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { isSameRing } from '../ledger/ring-copy.ts';
import type { KeptValue } from '../ledger/ring-store.ts';
import { type Diagnosis, diagnose, type Plan, planHealing } from '../replay/fsck.ts';
import { chooseRing, provedRing, type RingChoice } from '../replay/ring-candidates.ts';
import { toHex } from '../wire/bytes.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { type DataDir, dataDir, readCard, type VaultCard } from './data-dir.ts';
import { type ExaminedLedger, withExamined } from './examined-ledger.ts';
import { healLedger } from './healed-ledger.ts';
import { type HealingSource, withSource } from './healing-source.ts';
import { finishSwap } from './ledger-swap.ts';
import { pacedProgress } from './paced-progress.ts';
import { pinnedOf } from './pins.ts';
import { type FsckReport, renderFsck } from './render-fsck.ts';
import { natsBinary } from './servers.ts';

/** What `cambium fsck` is told. */
export type FsckOptions = CommandContext & {
  /** A copy to heal from: an export, a data directory, or a mirror's ledger server. */
  readonly from?: string;
  /** Says what it would do, and does nothing. */
  readonly dryRun: boolean;
};

/** Everything that a repair works on. */
type Case = {
  readonly options: FsckOptions;
  readonly data: DataDir;
  readonly card: VaultCard;
  readonly binary: string;
  readonly pinned: readonly Pinned[];
  readonly examined: ExaminedLedger;
  readonly found: Diagnosis;
};

/**
 * `cambium fsck`: says what is the matter with a ledger that no vault is running on, and with `--from` heals
 * it, from a copy, by signature and chain. Nothing is changed before the healed ledger is whole, and the damaged
 * one is kept.
 */
export async function fsckCommand(options: FsckOptions): Promise<ExitCode> {
  const { progress, json, print, colour } = options;
  const data = dataDir(options.data);
  const card = await readCard(data);
  if (await finishSwap(data)) progress('an interrupted repair was completed');
  const binary = await natsBinary(progress);
  const pinned = await pinnedOf(card);
  const report = await withExamined(data, card, binary, async (examined) => {
    const { store, storeFault } = examined;
    const found = await diagnose(store, card.ledger, pinned, storeFault);
    return treat({ options, data, card, binary, pinned, examined, found });
  });
  print(json ? JSON.stringify(report) : renderFsck(report, options.data, colour));
  const whole = report.ledger.ok && report.keyring.ok;
  return whole || report.healed !== undefined ? 0 : 1;
}

async function treat(patient: Case): Promise<FsckReport> {
  const { options, card, examined, found } = patient;
  if (options.from === undefined) {
    const ring = chooseRing(examined.ring, []);
    return { ledger: found, keyring: keyringReport(ring, examined) };
  }
  return withSource(options.from, card, options.progress, (source) => compare(patient, source));
}

async function compare(patient: Case, source: HealingSource): Promise<FsckReport> {
  const { options, card, examined, found, pinned } = patient;
  const paced = pacedProgress(options.progress);
  const parts = { identity: card.ledger, local: examined.store, source: source.store, pinned };
  const plan = await planHealing(parts, found, ({ records }) =>
    paced(() => `${records} records compared`),
  );
  const ring = chooseRing(examined.ring, source.ring);
  const keyring = keyringReport(ring, examined);
  const report = { ledger: plan.diagnosis, keyring, plan: planReport(plan) };
  if (options.dryRun || plan.ending.kind !== 'whole') return report;
  const settled = plan.heals ? ring : await settleOnWhole(patient, ring);
  if (settled === undefined) return report;
  const healed = await healLedger(patient.data, card, patient.binary, {
    parts,
    end: plan.ending.end,
    ring: (store) => ringFor(store, settled, patient),
    onProgress: (records) => paced(() => `${records} records written`),
  });
  const { records, commits, head, root } = healed.report;
  return { ...report, healed: { records, commits, head, root, aside: healed.aside } };
}

/** What is to be healed where the ledger itself is whole: its keyring, or nothing. */
async function settleOnWhole(patient: Case, ring: RingChoice): Promise<RingChoice | undefined> {
  const { store, ring: own } = patient.examined;
  if (ring.kind === 'own' || store === undefined) return undefined;
  const values = await ringFor(store, ring, patient);
  return own !== undefined && isSameRing(own, values) ? undefined : { kind: 'own', values };
}

/** The keyring of a whole ledger; asks for the passphrase where only that can tell which one it is. */
async function ringFor(
  store: CommitStore,
  ring: RingChoice,
  { options, card }: Case,
): Promise<readonly KeptValue[]> {
  if (ring.kind === 'own') return ring.values;
  const { id } = card.ledger;
  const passphrase = await options.passphrase();
  const rootsFor = () => rootsFrom(passphrase, fileSealer(), id);
  return provedRing(store, card.ledger, ring.candidates, rootsFor);
}

function keyringReport(ring: RingChoice, { ringFault }: ExaminedLedger): FsckReport['keyring'] {
  if (ring.kind === 'own')
    return { ok: true, message: 'has its form; whether it opens everything, verify --open says' };
  if (ring.ownInForm) return { ok: true, message: 'has its form, and the copy has another one' };
  return { ok: false, message: ringFault ?? 'entries of it are missing' };
}

function planReport({ ending, heals }: Plan): NonNullable<FsckReport['plan']> {
  if (ending.kind !== 'whole') return { heals: false, ending };
  const { commits, taken, end } = ending;
  const head = toHex(end.head);
  return { heals, ending: { kind: 'whole', records: end.size, commits, taken, head } };
}
