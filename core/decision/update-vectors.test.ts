import { Map as Table } from 'immutable';
import { expect, test } from 'vitest';
import contracts from '../../docs/spec/vectors/contract.json' with { type: 'json' };
import type { Connection } from '../../projections/vault-state.ts';
import { type Contract, contractHash, type SignedContract } from '../../wire/contract.ts';
import { updateFault } from './checks-update.ts';

/** The moment at which a vector that has run out has done so. */
const time = 1_645_557_742_000;

const blank: Connection = {
  id: 'c',
  kind: 'service',
  status: 'active',
  party: 'p',
  name: 'The Bookshop',
  scope: '00',
  optional: [],
  served: Table(),
  receiving: Table(),
  seen: 0,
};

test.each(contracts.updates)('contract.json, $name: $code', ({ waiting, document, code }) => {
  const signed = contracts.signed as unknown as SignedContract;
  const offered = waiting as unknown as SignedContract | null;
  const hash = (of: SignedContract): string => contractHash(of.contract as Contract);
  const connection: Connection = {
    ...blank,
    contract: signed,
    contractHash: hash(signed),
    ...(offered === null
      ? {}
      : { offered: { contract: offered, hash: hash(offered), event: '', at: time } }),
  };
  const payload = { contract: document as unknown as SignedContract };
  expect(updateFault(connection, payload, time)?.reason ?? null).toBe(code);
});
