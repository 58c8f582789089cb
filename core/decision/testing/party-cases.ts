import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import { type Connection, emptyState, type VaultState } from '../../../projections/vault-state.ts';
import { proveAccount } from '../../../wire/account-proof.ts';
import { toBase64url } from '../../../wire/bytes.ts';
import {
  type Contract,
  type ContractField,
  contractHash,
  signContract,
} from '../../../wire/contract.ts';
import { signerFrom } from '../../../wire/crypto.ts';
import { eventId } from '../../../wire/identifiers.ts';
import { accountName } from '../../../wire/nkey.ts';
import type { Reason } from '../../../wire/reasons.ts';
import { signRekey } from '../../../wire/rekey.ts';
import { now } from './scenario.ts';
import { handshakeContract, nextOf, signer } from './scenario-contract.ts';

/*
 * Events of the standard's own about one service: the owner's word on its new terms, and what it says of its own
 * keys, account and credential. Each with what must be decided about it.
 */

/** An event, what it is decided on, and why it must be refused. */
export type PartyCase = {
  readonly about: string;
  readonly state: VaultState;
  readonly received: ReceivedEvent;
  /** Absent where it must be allowed. */
  readonly reason?: Reason;
};

const vault = 'v'.repeat(26);
const id = 'a'.repeat(26);
const owner = 'o'.repeat(26);
const otherId = 'h'.repeat(26);
const bytes = new Uint8Array(64);
const party = `A${'C'.repeat(55)}`;
const event = eventId(now, new Uint8Array(10).fill(3));
const account = signerFrom(new Uint8Array(32).fill(4));
const accountKey = accountName(account.publicKey);

const field = (name: string, tier: ContractField['tier']): ContractField => ({
  name,
  tier,
  purpose: 'greeting',
  retention: 'until_revoked',
});
const first: Contract = handshakeContract.contract;
const next: Contract = {
  ...nextOf(first),
  fields: [field('personal/name', 'required'), field('personal/phone', 'optional')],
};
const hash = contractHash(next);
const offered = { contract: signContract(signer, next), hash, event, at: now };

const service: Connection = {
  id,
  kind: 'service',
  status: 'active',
  party,
  name: 'The Shop',
  scope: 'f'.repeat(32),
  keys: { signing: signer.publicKey, encapsulation: bytes },
  contract: handshakeContract,
  contractHash: contractHash(first),
  optional: [],
  served: Table(),
  receiving: Table(),
  seen: 0,
};
const device: Connection = { ...service, id: owner, kind: 'owner', party: 'owner' };
const name = { value: '', scope: '', index: 1, leaf: bytes, at: now };

const words = { connection: id, hash };
const waits = about({ offered });
const accepts = { ...words, optional: ['personal/phone'] };

const terms: readonly PartyCase[] = [
  word('owner.contract.accept', accepts, waits),
  word('owner.contract.accept', { ...words, optional: [] }, waits),
  word(
    'owner.contract.accept',
    { ...accepts, optional: ['personal/name'] },
    waits,
    'field_not_in_contract',
  ),
  word('owner.contract.accept', accepts, about({ offered }, []), 'required_field_missing'),
  word('owner.contract.reject', words, waits),
  ...['owner.contract.accept', 'owner.contract.reject'].flatMap((type) => {
    const said = type.endsWith('accept') ? accepts : words;
    const lost = { ...said, hash: 'b'.repeat(64) };
    return [
      word(type, lost, waits, 'contract_version_mismatch'),
      word(type, said, about({}), 'contract_unknown'),
      word(type, { ...said, connection: 'n'.repeat(26) }, waits, 'connection_unknown'),
      word(type, { ...said, connection: owner }, waits, 'connection_unknown'),
    ];
  }),
];

const update = (contract: Contract): object => ({ contract: signContract(signer, contract) });
const updates: readonly PartyCase[] = [
  says('contract.update', update(next), about({})),
  says('contract.update', update({ ...next, expires: now + 1 }), about({})),
  says('contract.update', update({ ...next, expires: now }), about({}), 'contract_expired'),
];

const after = signerFrom(new Uint8Array(32).fill(6));
const place = { vault, connection: id, before: signer.publicKey };
const rekey = signRekey(place, after, new Uint8Array(1216));
const noKey = toBase64url(new Uint8Array(1216).fill(255));
const { keys: _, ...keyless } = service;
const rekeys: readonly PartyCase[] = [
  says('connection.rekey', rekey, stateOf([device, keyless]), 'connection_unknown'),
  says('connection.rekey', rekey, about({})),
  says('connection.rekey', { ...rekey, signing: `${'A'.repeat(42)}B` }, about({}), 'malformed'),
  says(
    'connection.rekey',
    { ...rekey, encapsulation: `${'A'.repeat(1621)}B` },
    about({}),
    'malformed',
  ),
  says(
    'connection.rekey',
    signRekey(place, after, new Uint8Array(1216).fill(255)),
    about({}),
    'malformed',
  ),
  says('connection.rekey', { ...rekey, proof: 'A'.repeat(86) }, about({}), 'signature_invalid'),
];

/** Whoever asks to connect with an account of their own. */
const asking: Connection = { ...service, status: 'invited', inviteExpires: now + 1 };
const request = {
  signing: toBase64url(signer.publicKey),
  encapsulation: 'A'.repeat(1622),
  contract: handshakeContract,
};
const use = { vault, connection: id, event, signing: signer.publicKey };
const withAccount = { ...request, account: proveAccount(account, use) };
const beside = (more: Partial<Connection>): VaultState => {
  const other: Connection = { ...service, id: otherId, party: `A${'D'.repeat(55)}`, ...more };
  return stateOf([device, asking, other]);
};
const handshakes: readonly PartyCase[] = [
  says('connection.request', { ...request, encapsulation: noKey }, beside({}), 'malformed'),
  says('connection.request', withAccount, beside({})),
  says('connection.request', withAccount, beside({ account: accountKey }), 'duplicate'),
  says('connection.request', withAccount, beside({ party: accountKey }), 'duplicate'),
  says(
    'connection.request',
    withAccount,
    beside({ account: accountKey, status: 'requested' }),
    'duplicate',
  ),
  says('connection.request', withAccount, beside({ account: accountKey, status: 'severed' })),
  says('connection.request', withAccount, beside({ account: accountKey, status: 'declined' })),
];

const renewals: readonly PartyCase[] = [
  says('credential.renew', {}, about({})),
  says('credential.renew', {}, about({ credentialExpires: now + 1_000 })),
  says('credential.renew', {}, about({ credentialIssued: now })),
  ...[
    [now - 9, 'rate_limited'],
    [now - 10, undefined],
  ].map(([from, reason]) =>
    says(
      'credential.renew',
      {},
      about({ credentialIssued: Number(from), credentialExpires: Number(from) + 1_000 }),
      reason as Reason | undefined,
    ),
  ),
];

const forgetting: readonly PartyCase[] = [
  word(
    'owner.forget',
    { kind: 'entries', name: id },
    about({ stored: { scope: 'e'.repeat(32), bytes: 80 } }),
  ),
  word('owner.forget', { kind: 'entries', name: id }, about({}), 'field_absent'),
];

/** All of them. */
export const partyCases: readonly PartyCase[] = [
  ...terms,
  ...updates,
  ...rekeys,
  ...handshakes,
  ...renewals,
  ...forgetting,
];

/** What the vault is like where the service is so. */
function about(more: Partial<Connection>, fields = ['personal/name']): VaultState {
  return stateOf([device, { ...service, ...more }], fields);
}

function stateOf(connections: readonly Connection[], fields = ['personal/name']): VaultState {
  return {
    ...emptyState,
    vault,
    connections: Table(connections.map((one) => [one.id, one])),
    fields: Table(fields.map((one) => [one, name])),
  };
}

/** Something that the owner says. */
function word(type: string, payload: object, state: VaultState, reason?: Reason): PartyCase {
  const subject = `OwnerSpace.${vault}.forVault.${type}`;
  return caseOf({ type, payload, state, subject, from: device }, reason);
}

/** Something that the service says. */
function says(type: string, payload: object, state: VaultState, reason?: Reason): PartyCase {
  const subject = `MessageSpace.${vault}.fromService.${party}.${type}`;
  return caseOf({ type, payload, state, subject, from: service }, reason);
}

function caseOf(
  said: {
    readonly type: string;
    readonly payload: object;
    readonly state: VaultState;
    readonly subject: string;
    readonly from: Connection;
  },
  reason: Reason | undefined,
): PartyCase {
  const { type, payload, state, subject, from } = said;
  const received: ReceivedEvent = {
    subject,
    connection: from.id,
    id: event,
    digest: bytes,
    bytes: 100,
    epoch: 1,
    seen: 0,
    event: { id: event, type, time: now, party: from.party, payload: payload as never },
    signature: { bytes, valid: true },
  };
  const what = `${type} ${JSON.stringify(payload).slice(0, 60)}`;
  const base = { about: `${reason ?? 'allows'}: ${what}`, state, received };
  return reason === undefined ? base : { ...base, reason };
}
