import { Map as Table } from 'immutable';
import { describe, expect, it } from 'vitest';
import type { ReceivedEvent } from '../ledger/bodies.ts';
import { betweenScopes, stateDigest } from './state-digest.ts';
import { type Connection, emptyState, type OpenRequest, type VaultState } from './vault-state.ts';

const bytes = (fill: number, length = 4) => new Uint8Array(length).fill(fill);
const [own, shop, personal, outbox] = ['00', '11', '22', '33'].map((pair) => pair.repeat(16)) as [
  string,
  string,
  string,
  string,
];

const received: ReceivedEvent = {
  subject: 'MessageSpace.v.fromService.p.data.request',
  connection: 'c1',
  id: 'e1',
  digest: bytes(1),
  bytes: 100,
  epoch: 1,
  seen: 0,
};
const request: OpenRequest = {
  key: 'c1/e1',
  connection: 'c1',
  index: 4,
  receivedAt: 1_800_000_000_000,
  status: 'pending',
  received,
  facts: { fields: ['personal/name'], deadline: 1_800_000_100_000 },
  handler: 'data-request',
  approved: ['personal/name'],
};
const connection: Connection = {
  id: 'c1',
  kind: 'service',
  status: 'active',
  party: 'p1',
  name: 'Shop',
  scope: shop,
  keys: { signing: bytes(2), encapsulation: bytes(3) },
  contract: { contract: { id: 'k' } as never, key: 'a', signature: 'b' },
  contractHash: 'cc',
  optional: ['personal/phone'],
  inviteExpires: 1,
  credentialExpires: 2,
  request: 'e0',
  bucket: { tokens: 1.5, at: 3 },
  served: Table([['personal/name', 5]]),
  receiving: Table([[1, { number: 1, key: bytes(4), encapsulationHash: bytes(5), at: 6 }]]),
  sending: {
    number: 1,
    key: bytes(6),
    encapsulationHash: bytes(7),
    at: 7,
    opening: { recipient: bytes(8), encapsulation: bytes(9), signature: bytes(10) },
    count: 3,
  },
  seen: 1,
};
const state: VaultState = {
  size: 9,
  time: 1_800_000_000_001,
  vault: 'v',
  keys: { signing: bytes(11), encapsulation: bytes(12), ledger: bytes(13), purposes: {} },
  scope: own,
  measurement: 'm',
  writer: bytes(14),
  ring: { generation: 2, hash: bytes(15) },
  handovers: [],
  handlers: [{ manifest: { name: 'data-request' } as never, digest: 'd' }],
  connections: Table([['c1', connection]]),
  parties: Table([['p1', 'c1']]),
  fields: Table([
    ['personal/name', { value: 'Ada', scope: personal, index: 1, leaf: bytes(17), at: 2 }],
  ]),
  entries: Table(),
  requests: Table([['c1/e1', request]]),
  seen: Table([['c1/e1', { digest: 'dd', time: 3, answer: 6 }]]),
  outbox: Table([
    [
      'o1',
      {
        id: 'o1',
        connection: 'c1',
        subject: 's',
        bytes: bytes(16),
        answers: 'c1/e1',
        index: 6,
        scope: outbox,
      },
    ],
  ]),
  outboxScopes: Table([
    ['c1/20000', { connection: 'c1', day: 20_000, scope: outbox, fields: ['personal/name'] }],
  ]),
  once: Table([['c1/payment.request/A', 7]]),
};

/** The same with what states have held since: what has none of it hashes as it did before. */
const ring = '44'.repeat(16);
const received17 = { value: 'a voucher', scope: ring, index: 17, leaf: bytes(20) };
const laterConnection: Connection = {
  ...connection,
  buckets: { updates: { tokens: 1, at: 2 } },
  offered: { contract: connection.contract as never, hash: 'dd', event: 'e2', at: 8 },
  stored: { scope: ring, bytes: 90 },
};
const laterRequest: OpenRequest = { ...request, value: received17 };
const later: VaultState = {
  ...state,
  connections: Table([['c1', laterConnection]]),
  requests: Table([['c1/e1', laterRequest]]),
  entries: Table([
    [
      'c1/orders/A',
      { ...received17, connection: 'c1', category: 'orders', key: 'A', bytes: 90, at: 9 },
    ],
  ]),
  notices: Table([
    [
      'c1/unauthorised',
      {
        about: 'unauthorised',
        connection: 'c1',
        scope: shop,
        told: [{ index: 5, at: 6, severity: 'alarm', count: 1, since: 6 }],
        held: { count: 2, since: 7 },
      },
    ],
  ]),
};

/** A value that is another one. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  if (value instanceof Uint8Array) return bytes(99);
  if (Array.isArray(value))
    return value.length > 0 ? [] : [{ handover: {}, from: bytes(98), at: 1 }];
  if (Table.isMap(value)) return Table();
  return undefined;
}

describe('the digest of a state', () => {
  it('is this one, for ever', () => {
    expect(stateDigest(state)).toEqual({
      total: 'ede3b37ccdf65fa89cc9af808475c08e0d77aee24f34b0d5eb7a6511c967f4af',
      scopes: {
        [own]: '60665c8f9e546ca79fdb9fb8f2211ff079a27fbb1cc08642572800c0eed7e33a',
        [shop]: '0e0c60d0180df0c2c4dd6743254408b3197601bed2552963eeab85e81f48c151',
        [personal]: '3c5d43a0d03ad9ccce90fe944a9c0fcdb4c63f36e457a9953610038826ef109a',
        [outbox]: 'ed6727c3b21805cc4c3b64b0edc8992b58df2469a2bd5d26d07d2b43f2a0a1ec',
        [betweenScopes]: 'e796fcf681084e8ef4d902018776e6deb88cd97d4e423a93b0b634644a5f4d77',
      },
    });
    expect(stateDigest(emptyState).total).toBe(
      '12d6d2297dddc5b1c9baff5e4c3221bd33bcfc593cd9a9ef893a0855abe6fcef',
    );
  });

  it('does not depend on the order in which tables were filled', () => {
    const names = ['personal/a', 'personal/b', 'work/c', 'personal/10', 'personal/9'];
    const fields = names.map(
      (name, index) =>
        [name, { value: name, scope: personal, index, leaf: bytes(index), at: 1 }] as const,
    );
    const one = stateDigest({ ...state, fields: Table(fields) });
    expect(stateDigest({ ...state, fields: Table(fields.toReversed()) })).toEqual(one);
  });

  it('changes with every member of the state, of a connection and of a request', () => {
    const { total } = stateDigest(later);
    for (const [name, value] of Object.entries(later))
      expect([name, stateDigest({ ...later, [name]: other(value) }).total]).not.toContain(total);
    for (const [name, value] of Object.entries(laterConnection)) {
      const changed = { ...laterConnection, [name]: other(value) };
      const connections = Table([['c1', changed]]);
      expect([name, stateDigest({ ...later, connections }).total]).not.toContain(total);
    }
    for (const more of [
      { credentialIssued: 1 },
      { account: 'p2' },
      { inviteParty: 'p2' },
      { knows: 1 },
      { former: bytes(20) },
    ]) {
      const connections = Table([['c1', { ...laterConnection, ...more }]]);
      expect([more, stateDigest({ ...later, connections }).total]).not.toContain(total);
    }
    for (const [name, value] of Object.entries(laterRequest)) {
      const requests = Table([['c1/e1', { ...laterRequest, [name]: other(value) }]]);
      expect([name, stateDigest({ ...later, requests }).total]).not.toContain(total);
    }
  });

  it('does not say a value: a dictionary would open it after its erasure', () => {
    const field = { value: 'Eve', scope: personal, index: 1, leaf: bytes(17), at: 2 };
    const fields = Table([['personal/name', field]]);
    expect(stateDigest({ ...state, fields })).toEqual(stateDigest(state));
    const value = { ...received17, value: 'another voucher' };
    const requests = Table([['c1/e1', { ...laterRequest, value }]]);
    const entries = later.entries.map((entry) => ({ ...entry, value: 'another voucher' }));
    expect(stateDigest({ ...later, requests, entries })).toEqual(stateDigest(later));
  });

  it('keeps what a service has stored to a scope of its own', () => {
    const { scopes } = stateDigest(later);
    const forgotten = stateDigest({
      ...later,
      connections: Table([['c1', { ...laterConnection, stored: undefined } as never]]),
      requests: Table([['c1/e1', request]]),
      entries: Table(),
    });
    const { [ring]: gone, ...others } = scopes;
    expect(gone).toMatch(/^[0-9a-f]{64}$/);
    expect(forgotten.scopes).toEqual(others);
  });

  it('keeps each item to its scope: what one says changes no other', () => {
    const { scopes } = stateDigest(state);
    expect(Object.keys(scopes)).toEqual([own, shop, personal, outbox, betweenScopes]);
    const differ = (changed: VaultState): string[] => {
      const now = stateDigest(changed).scopes;
      return Object.keys(scopes).filter((scope) => now[scope] !== scopes[scope]);
    };
    const fields = Table([
      ['personal/name', { value: 'Ada', scope: personal, index: 1, leaf: bytes(18), at: 2 }],
    ]);
    expect(differ({ ...state, fields })).toEqual([personal]);
    expect(differ({ ...state, requests: Table() })).toEqual([shop]);
    expect(differ({ ...state, once: Table() })).toEqual([shop]);
    expect(differ({ ...state, parties: Table() })).toEqual([shop]);
    expect(differ({ ...state, outbox: Table() })).toEqual([outbox]);
    expect(differ({ ...state, size: 10 })).toEqual([own]);
    const seen = Table([['c1/e1', { digest: 'dd', time: 3, answer: 8 }]]);
    expect(differ({ ...state, seen })).toEqual([betweenScopes]);
  });
});
