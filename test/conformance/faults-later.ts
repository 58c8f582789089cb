/* Vaults that go wrong while a connection lives: in what they show, and as credentials and keys are replaced. */
import { equalBytes } from '../../wire/bytes.ts';
import { parseEnvelope } from '../../wire/envelope.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import { keysChangedType, profileChangedType } from '../../wire/messages.ts';
import type { Profile } from '../../wire/profile.ts';
import { generous } from './faults-asking.ts';
import { forgetsBytes } from './faults-received.ts';
import { answers, mute } from './faults-sent.ts';
import { calls, lets } from './lax-decisions.ts';
import { believes, refusesWhere } from './lax-reading.ts';
import { atTheDoor, type Plan, type Plans, planted } from './plan.ts';
import type { Wrong } from './wrong-vault.ts';

const shows = (change: (profile: Profile) => object): Plan =>
  atTheDoor({ shows: (profile, sign) => sign({ ...profile, ...change(profile) }) });

/** Whoever asks for the profile is not heard. */
const hidden: Wrong = {
  hears: (message) => (message.subject.endsWith('.profile.get') ? undefined : message),
};

/** Everything is published ten times. */
const tenTimes: Wrong = {
  publishes: (send) => {
    for (let count = 0; count < 10; count++) send();
  },
};

/** An event of this type is never sent. */
export const keepsBack = (type: string): Wrong => ({
  says: (outgoing) => (outgoing.type === type ? undefined : outgoing),
});

const profiles: Plans = {
  'profile.shown': atTheDoor(hidden),
  'profile.form': shows(() => ({ colour: 'blue' })),
  'profile.signed': atTheDoor({
    shows: (profile, sign) => ({ ...sign({ ...profile, name: 'Another' }), profile }),
  }),
  'profile.keys': shows(({ ledger, signing }) => ({ ledger: { ...ledger, key: signing } })),
  'profile.types': shows(({ types }) => ({ types: [...types, ...types] })),
  'profile.body': atTheDoor(hidden),
  'profile.party': planted(hidden),
  'profile.critical': shows(({ types }) => ({
    types: types.map((type) => ({ ...type, delivery: 'best-effort' })),
  })),
  'profile.seldom': planted(tenTimes),
  'profile.changed': planted(keepsBack(profileChangedType)),
};

/** The result of a request to connect is another. */
const accepting = (change: object): Wrong =>
  answers(({ result, ...answer }) =>
    result === undefined ? answer : { ...answer, result: { ...(result as object), ...change } },
  );

const credentials: Plans = {
  'handshake.account-form': atTheDoor(lets('malformed')),
  'handshake.account-proof': atTheDoor(lets('signature_invalid')),
  'handshake.account': planted(accepting({ party: `A${'B'.repeat(55)}` }), 'account'),
  'handshake.account-taken': planted(lets('duplicate')),
  'handshake.renewal': atTheDoor(accepting({ renewal: undefined })),
  'handshake.renew-early': planted(lets('rate_limited')),
  'handshake.renew-form': planted(lets('schema_invalid')),
  'routing.returning': atTheDoor({
    permits: (scope) =>
      scope === 'renewal' ? { publish: ['nothing'], subscribe: ['nothing'] } : undefined,
  }),
  'routing.returning-publish': generous,
};

/** What is sealed to the key in force is refused, or what is sealed to one of before. */
const refusesSealed = (isInForce: boolean): Wrong =>
  refusesWhere('key_unknown', (_, { keys }, { data }) => {
    const envelope = parseEnvelope(data);
    const recipient = envelope.ok ? envelope.value.opening?.recipient : undefined;
    if (keys === undefined || recipient === undefined) return false;
    return equalBytes(recipient, keyId(keys.encapsulation)) === isInForce;
  });

const keepsKeysBack = planted(keepsBack(keysChangedType), 'replaced');

const keys: Plans = {
  'handshake.keys-form': planted(lets('schema_invalid')),
  'handshake.keys-told': keepsKeysBack,
  'handshake.keys-told-again': keepsKeysBack,
  'handshake.keys-asked': planted(
    answers((answer) =>
      answer['type'] === 'connection.keys' ? { ...answer, result: { handovers: [] } } : answer,
    ),
    'replaced',
  ),
  'handshake.keys-unknown': planted({ knows: () => Number.POSITIVE_INFINITY }, 'replaced'),
  'handshake.keys-known': planted({ knows: (said) => said - 1 }, 'replaced'),
  'handshake.keys-honoured': planted(refusesSealed(false), 'resealed'),
  'handshake.keys-next': planted(refusesSealed(true), 'resealed'),
  'handshake.rekey-proof': planted(lets('signature_invalid'), 'rekeying'),
  'handshake.rekey-keys': planted(calls('malformed', 'schema_invalid')),
  'handshake.rekey': planted(
    mute(({ type, status }) => type === 'connection.rekey' && status === 'served'),
    'rekeyed',
  ),
  'handshake.rekey-old': planted(believes, 'rekeyed'),
  'handshake.rekey-before': planted(forgetsBytes, 'rekeyed'),
};

export const faultsLater: Plans = { ...profiles, ...credentials, ...keys };
