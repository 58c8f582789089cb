import fc from 'fast-check';
import type { ConnectionStatus } from '../../../projections/vault-state.ts';
import type { Contract } from '../../../wire/contract.ts';
import type { Reason } from '../../../wire/reasons.ts';
import { categories, contracts, fieldNames, purposes } from '../../../wire/testing/contracts.ts';

/**
 * One event and everything that a decision about it may turn on, said in the words of the specification and not
 * in those of the state. Times are counted from the moment of the decision, in milliseconds.
 */
export type Scenario = {
  readonly round: 'first' | 'again';
  readonly type: ScenarioType;
  /** The owner's space or the one of services: where the event arrived. */
  readonly space: 'owner' | 'message';
  /** Why the envelope does not open, where it does not. */
  readonly envelope: Reason | undefined;
  readonly subjectSender: Sender;
  readonly eventSender: Sender;
  /** Whether type and id inside are those outside. */
  readonly outside: 'same' | 'other type' | 'other id';
  /** Whether the subject is one of those on which the vault speaks. */
  readonly away: boolean;
  readonly signature: 'valid' | 'invalid' | 'none';
  readonly sentAgo: number;
  readonly expiresIn: number | undefined;
  readonly seen: 'no' | 'same bytes' | 'other bytes';
  readonly connection: ScenarioConnection | undefined;
  /** Which contract the event names. */
  readonly names: 'accepted' | 'none' | 'other id' | 'other version' | 'other hash';
  readonly fields: readonly string[];
  readonly purpose: string | undefined;
  /** Whether the payload has a member that its schema does not know. */
  readonly unfit: boolean;
  /** Whether what may happen once has happened. */
  readonly done: boolean;
  readonly word: ScenarioWord;
  readonly published: Published;
  /** What is to be stored: its category, and the bytes of its value. */
  readonly entry: { readonly category: string; readonly valueBytes: number };
  /** The account that a request to connect names: none, its own, somebody else's, or its own that has a connection here. */
  readonly account: 'none' | 'own' | 'foreign' | 'taken';
  /** Fields that the vault has. */
  readonly holds: readonly string[];
  /** On what the request was allowed, where it is decided about again. */
  readonly before: ScenarioBefore;
};

/** What a party publishes as its contract's next version. */
export type Published =
  | 'next'
  | 'skips a number'
  | 'other before'
  | 'other contract'
  | 'the same'
  | 'run out'
  | 'of another'
  | 'forged';

/** Types: of handlers, of none, and of the standard itself. */
export const scenarioTypes = [
  'data.request',
  'payment.request',
  'location.request',
  'identity.request',
  'signature.request',
  'note.send',
  'storage.put',
  'message.send',
  'horoscope.request',
  'owner.fields',
  'owner.approve',
  'connection.request',
  'contract.update',
  'credential.renew',
] as const;
export type ScenarioType = (typeof scenarioTypes)[number];

type Sender = 'party' | 'other';

/** The connection that the event is counted to. */
export type ScenarioConnection = {
  readonly status: ConnectionStatus;
  readonly contract: Contract | undefined;
  readonly contractExpiresIn: number | undefined;
  /** Whether a new version waits for the owner. */
  readonly frozen: boolean;
  /** New versions that may be published at once, and when that was counted. */
  readonly updates: { readonly tokens: number; readonly countedAgo: number } | undefined;
  /** What it may still say of the standard's own types, and how many of its events may still fail checks 1 to 3. */
  readonly connection: { readonly tokens: number; readonly countedAgo: number } | undefined;
  readonly identity: { readonly tokens: number; readonly countedAgo: number } | undefined;
  /** Messages to the owner that are left, and when that was counted. */
  readonly notices: { readonly tokens: number; readonly countedAgo: number } | undefined;
  /** What it has stored, in bytes, and how much of it the entry that is stored anew. */
  readonly stored: { readonly bytes: number; readonly replaced: number } | undefined;
  readonly optional: readonly string[];
  readonly servedAgo: Readonly<Record<string, number>>;
  /** Whether all that was served in a session was served in the one of the event. */
  readonly servedIn: 'this session' | 'another' | 'unknown';
  /** What is remembered: by field, how long it still is, and whether all that it is bound to is so. */
  readonly remembered: Readonly<Record<string, ScenarioRule>>;
  readonly bucket: { readonly tokens: number; readonly countedAgo: number } | undefined;
  readonly inviteExpiresIn: number;
  /** Its messaging credential, where it has one of its own. */
  readonly credential: { readonly issuedAgo: number; readonly lasts: number } | undefined;
};

/** A remembered approval of data requests. */
export type ScenarioRule = {
  readonly endsIn: number;
  readonly fits: 'all' | 'other contract' | 'other purpose' | 'other type';
};

/** What a request rested on when it was decided about: the owner's word, or what was remembered then. */
export type ScenarioBefore = {
  readonly approved: readonly string[];
  /** Rules that have been replaced since have other numbers. */
  readonly rules: 'none' | 'those of now' | 'replaced since';
};

/** An owner's word on a held request, and what is held. */
export type ScenarioWord = {
  readonly request: 'waits' | 'runs' | 'undecided' | 'none';
  readonly deadlineIn: number;
  readonly hash: 'right' | 'wrong';
  readonly fields: 'all' | 'asked' | 'others';
};

/** Moment of every decision. */
export const now = 1_700_000_000_000;

export const minute = 60_000;
export const hour: number = 60 * minute;
export const day: number = 24 * hour;

/** Mostly `usual`, so that later checks are reached. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  const odd = { weight: 1, arbitrary: fc.constantFrom(...others) };
  return fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, odd);
}

/** A bucket with one of these counts of tokens, or none that was counted yet. */
function buckets(...tokens: readonly number[]): fc.Arbitrary<ScenarioConnection['bucket']> {
  const countedAgo = fc.constantFrom(0, minute, 15 * minute, hour, -minute);
  return fc.option(fc.record({ tokens: fc.constantFrom(...tokens), countedAgo }), {
    nil: undefined,
  });
}

const connection: fc.Arbitrary<ScenarioConnection> = fc.record({
  status: mostly<ConnectionStatus>('active', 'invited', 'requested', 'declined', 'severed'),
  contract: fc.oneof(
    { weight: 15, arbitrary: contracts },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  contractExpiresIn: mostly<number | undefined>(undefined, -1, 0, 1, day),
  frozen: mostly(false, true),
  updates: buckets(0, 0.5, 1, 3.5, 4),
  connection: buckets(0, 0.5, 1, 59.5, 60),
  identity: buckets(0, 0.5, 1, 299.5, 300),
  notices: fc.option(
    fc.record({
      tokens: fc.constantFrom(0, 0.5, 1, 2),
      countedAgo: fc.constantFrom(0, minute, hour, -minute),
    }),
    { nil: undefined },
  ),
  stored: fc.option(
    fc.record({
      bytes: fc.constantFrom(1_000, 999_000, 999_928, 999_929, 1_999_500),
      replaced: fc.constantFrom(0, 500),
    }),
    { nil: undefined },
  ),
  optional: fc.subarray([...fieldNames]),
  servedAgo: fc.dictionary(
    fc.constantFrom(...fieldNames),
    fc.constantFrom(0, 1, 30 * minute - 1, 30 * minute, day - 1, day, 27 * hour, 30 * day, -hour),
    { maxKeys: 3 },
  ),
  servedIn: mostly<ScenarioConnection['servedIn']>('this session', 'another', 'unknown'),
  remembered: fc.dictionary(
    fc.constantFrom(...fieldNames),
    fc.record({
      endsIn: mostly(day, 1, 0, -1),
      fits: mostly<ScenarioRule['fits']>('all', 'other contract', 'other purpose', 'other type'),
    }),
    { maxKeys: 4 },
  ),
  bucket: fc.option(
    fc.record({
      tokens: fc.constantFrom(0, 0.25, 0.5, 0.999, 1, 1.5, 3, 2_000_000),
      countedAgo: fc.constantFrom(0, 1, minute, 30 * minute, hour, day, -minute, -day),
    }),
    { nil: undefined },
  ),
  inviteExpiresIn: mostly(day, -1, 0, 1),
  credential: fc.option(
    fc.record({
      issuedAgo: fc.constantFrom(0, 1, 3 * hour - 1, 3 * hour, 300 * hour, 301 * hour, -1),
      lasts: fc.constantFrom(300 * hour, 720 * hour),
    }),
    { nil: undefined },
  ),
});

const unreadable = ['decrypt_failed', 'key_unknown', 'malformed', 'suite_refused'] as const;

/** Events of every kind, most of them honest, most of them where they belong. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .tuple(
    fc.record({
      round: fc.constantFrom('first', 'again'),
      type: fc.oneof(
        { weight: 3, arbitrary: fc.constant('data.request' as const) },
        { weight: 2, arbitrary: fc.constantFrom(...scenarioTypes) },
      ),
      envelope: mostly<Reason | undefined>(undefined, ...unreadable),
      subjectSender: mostly<Sender>('party', 'other'),
      eventSender: mostly<Sender>('party', 'other'),
      outside: mostly<Scenario['outside']>('same', 'other type', 'other id'),
      away: mostly(false, true),
      signature: mostly<Scenario['signature']>('valid', 'invalid', 'none'),
      sentAgo: mostly(1_000, 16 * day, 16 * day + 1, -2 * minute, -2 * minute - 1, 0),
      expiresIn: mostly<number | undefined>(undefined, -1, 0, 1, day, 30 * day),
      seen: mostly<Scenario['seen']>('no', 'same bytes', 'other bytes'),
      connection: fc.oneof(
        { weight: 20, arbitrary: connection },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      names: mostly<Scenario['names']>(
        'accepted',
        'none',
        'other id',
        'other version',
        'other hash',
      ),
      fields: fc.uniqueArray(fc.constantFrom(...fieldNames), { minLength: 1, maxLength: 3 }),
      purpose: mostly<string | undefined>(undefined, ...purposes),
      unfit: mostly(false, true),
      published: mostly<Published>(
        'next',
        'skips a number',
        'other before',
        'other contract',
        'the same',
        'run out',
        'of another',
        'forged',
      ),
      done: mostly(false, true),
      entry: fc.record({
        category: fc.constantFrom(...categories, 'diary'),
        valueBytes: mostly(0, 1, 500, 65_536, 65_537),
      }),
      account: mostly<Scenario['account']>('none', 'own', 'foreign', 'taken'),
      word: fc.record({
        request: mostly<ScenarioWord['request']>('waits', 'runs', 'undecided', 'none'),
        deadlineIn: mostly(day, -1, 0, 1),
        hash: mostly<ScenarioWord['hash']>('right', 'wrong'),
        fields: mostly<ScenarioWord['fields']>('all', 'asked', 'others'),
      }),
      holds: mostly(fieldNames, [], fieldNames.slice(0, 2), fieldNames.slice(2)),
      before: fc.record({
        approved: fc.subarray([...fieldNames]),
        rules: fc.constantFrom('none', 'none', 'those of now', 'replaced since'),
      }),
    }),
    mostly(false, true),
  )
  .map(([scenario, misplaced]) => {
    const owners = scenario.type.startsWith('owner.') !== misplaced;
    const space = owners ? 'owner' : 'message';
    return { ...scenario, ...arrived(scenario.round), connection: inPlace(scenario), space };
  });

/** Who asks to connect is mostly invited, and nothing more. */
function inPlace({
  type,
  connection: known,
}: {
  type: ScenarioType;
  connection?: ScenarioConnection | undefined;
}) {
  return known !== undefined && type === 'connection.request' && known.status === 'active'
    ? { ...known, status: 'invited' as const }
    : known;
}

/** What is decided again had passed the first three checks when it arrived. */
function arrived(round: Scenario['round']): Partial<Scenario> {
  return round === 'first'
    ? {}
    : {
        envelope: undefined,
        subjectSender: 'party',
        eventSender: 'party',
        outside: 'same',
        away: false,
        signature: 'valid',
      };
}
