import { printable } from '../projections/printable.ts';
import type { Diagnosis, Outcome } from '../replay/fsck.ts';
import { pasteable } from './hint.ts';

/** What `cambium fsck` found and did. */
export type FsckReport = {
  readonly ledger: Diagnosis;
  /** What can be seen of the keyring without opening it. */
  readonly keyring: { readonly ok: boolean; readonly message: string };
  /** What a copy makes of it; absent where none was given. */
  readonly plan?: {
    /** Whether the ledger becomes another one. */
    readonly heals: boolean;
    readonly ending: WholeEnding | Exclude<Outcome, { readonly kind: 'whole' }>;
  };
  /** The ledger that is there now; absent where nothing was changed. */
  readonly healed?: {
    readonly records: number;
    readonly commits: number;
    /** Hex. */
    readonly head: string;
    readonly root: string;
    /** Folder in which the damaged one is kept. */
    readonly aside: string;
  };
};

type WholeEnding = {
  readonly kind: 'whole';
  readonly records: number;
  readonly commits: number;
  /** Commits that only the copy has. */
  readonly taken: number;
  /** Hex. */
  readonly head: string;
};

/** The report for a person, of a data directory. */
export function renderFsck(report: FsckReport, data: string, colour: boolean): string {
  const { ledger, keyring, plan, healed } = report;
  const paint = (text: string, code: number): string =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return [
    ...renderLedger(ledger, paint),
    `keyring ${keyring.ok ? '' : 'NOT WHOLE: '}${printable(keyring.message)}`,
    ...(plan === undefined ? [] : renderPlan(plan, healed !== undefined)),
    ...(healed === undefined ? [] : renderHealed(healed, paint)),
    ...(plan === undefined && !(ledger.ok && keyring.ok)
      ? [
          `heal it from a copy: ${pasteable('fsck --from EXPORT', data)} (or FOLDER, or nats://MIRROR)`,
        ]
      : []),
  ].join('\n');
}

type Paint = (text: string, code: number) => string;

function renderLedger(ledger: Diagnosis, paint: Paint): string[] {
  if (ledger.ok)
    return [paint(`ledger  whole: ${ledger.records} records, head ${ledger.head}`, 32)];
  const { index, code, message, verified } = ledger;
  return [
    paint(`ledger  NOT WHOLE, ${ledger.class}: record ${index}`, 31),
    `        ${printable(message)} (${code})`,
    `        whole before it: ${verified.records} records in ${verified.commits} commits`,
  ];
}

function renderPlan({ heals, ending }: NonNullable<FsckReport['plan']>, done: boolean): string[] {
  switch (ending.kind) {
    case 'whole': {
      const { records, commits, taken } = ending;
      if (!heals && !done) return ['copy    has nothing that is not there'];
      const what = `${records} records in ${commits} commits, ${taken} of them from the copy`;
      return done ? [] : [`copy    would heal it: ${what}`];
    }
    case 'short':
      return [
        `copy    cannot heal it: it comes to ${ending.records} records, but ${ending.why}`,
        '        find a later copy; an export alone can be made into a vault with `cambium import`',
      ];
    case 'pinned':
      return [`copy    cannot heal it: ${printable(ending.why)} (${ending.code})`];
    case 'forked':
      return [
        `copy    is another history from record ${ending.index} on; both are signed, so nothing is changed:`,
        ...ending.branches.map(
          ({ of, records, head }) => `        the ${of}: ${records} records, head ${head}`,
        ),
      ];
  }
}

function renderHealed(healed: NonNullable<FsckReport['healed']>, paint: Paint): string[] {
  const { records, commits, head, root, aside } = healed;
  return [
    paint(`healed  ${records} records in ${commits} commits`, 32),
    `        head ${head}`,
    `        root ${root}`,
    `        the damaged one is kept in ${aside}`,
  ];
}
