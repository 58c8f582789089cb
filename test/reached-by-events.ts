/* How the reasons come about that a party's events are refused with. */
import { randomBytes } from 'node:crypto';
import type { Contract } from '../wire/contract.ts';
import { contractHash } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import { decode, encode, type MsgpackValue } from '../wire/msgpack.ts';
import { address, birth, nextOf } from './contract-world.ts';
import { ledgerWhen, ofKind } from './ledger-view.ts';
import { handlerProcess, type ReachWorld } from './reach-world.ts';

const day = 24 * 60 * 60 * 1000;
const request = { fields: [address] };
const absent = 'personal/nickname';
const entry = { category: 'orders', key: 'A-1', value: 'v' };

type Reach = (world: ReachWorld) => Promise<void>;

/** An envelope with one of its parts another. */
function altered(bytes: Uint8Array, part: number, value: MsgpackValue): Uint8Array {
  const parts = [...(decode(bytes) as readonly MsgpackValue[])];
  return encode(parts.with(part, value));
}

/** Asks in the name of a party that has other terms. */
function under(change: Partial<Contract>, type: string, payload: unknown, times = 1): Reach {
  return async (world) => {
    const party = await world.world.party(world.terms(change));
    for (let time = 0; time < times; time++) await world.send(type, payload, {}, party);
  };
}

/** Has a handler stand still while it serves a call, and perhaps die there. */
async function whileServed(world: ReachWorld, end?: 'SIGKILL'): Promise<void> {
  const { peer, id: connection } = world.shop;
  await world.send('data.request', request);
  process.kill(await handlerProcess('data-request'), 'SIGSTOP');
  const sealed = peer.seal('data.request', request);
  const sent = peer.send(sealed);
  const key = `${connection}/${sealed.id}`;
  await ledgerWhen(world.world.house, (records) =>
    ofKind(records, 'decided').some(({ body }) => body.request === key),
  );
  if (end !== undefined) process.kill(await handlerProcess('data-request'), end);
  world.told = (await sent).answer;
}

const field = (name: string, tier: 'on_demand' | 'optional', retention = 'until_revoked') =>
  ({ name, tier, purpose: 'fulfilment', retention }) as const;

/** By reason. */
export const eventReaches = {
  sender_subject_mismatch: async (world) => {
    await world.send('data.request', request, { type: 'payment.request' });
  },
  signature_invalid: async (world) => {
    const signer = signerFrom(new Uint8Array(randomBytes(32)));
    await world.send('data.request', request, { signer });
  },
  decrypt_failed: async (world) => {
    await world.send('data.request', request, { sealedFor: 'MessageSpace.another' });
  },
  key_unknown: async (world) => {
    await world.send('data.request', request, { epoch: 7 });
  },
  malformed: async (world) => world.publish(new Uint8Array(randomBytes(300))),
  version_unsupported: async (world) =>
    world.publish(altered(world.shop.peer.seal('data.request', request).bytes, 0, 2)),
  suite_refused: async (world) =>
    world.publish(altered(world.shop.peer.seal('data.request', request).bytes, 1, 2)),
  schema_invalid: async (world) => {
    await world.send('data.request', { fields: address });
  },
  too_large: async (world) => {
    await world.send('data.request', { fields: ['x'.repeat(140_000)] });
  },
  duplicate: async (world) => {
    const { id } = await world.send('data.request', request);
    const sealed = world.shop.peer.seal('data.request', { fields: [birth] }, { id });
    world.told = (await world.shop.peer.send(sealed)).answer;
  },
  expired: async (world) => {
    await world.send('data.request', request, { expires: Date.now() - 1 });
  },
  future_timestamp: async (world) => {
    await world.send('data.request', request, { time: Date.now() + day });
  },
  contract_unknown: async (world) => {
    await world.send('data.request', request, { contract: undefined } as object);
  },
  contract_version_mismatch: async (world) => {
    const next = nextOf(world.terms());
    const contract = { id: next.id, version: next.version, hash: contractHash(next) };
    await world.send('data.request', request, { contract });
  },
  contract_pending: async (world) => {
    const party = await world.world.party(world.terms());
    await world.world.publish(party, nextOf(world.terms()));
    await world.send('data.request', request, {}, party);
  },
  contract_expired: under({ expires: 1 }, 'data.request', request),
  permission_missing: async (world) => {
    await world.send('signature.request', { title: 'Lease', sha256: 'f'.repeat(64) });
  },
  field_not_in_contract: async (world) => {
    await world.send('data.request', { fields: ['health/blood_type'] });
  },
  purpose_mismatch: async (world) => {
    await world.send('data.request', { ...request, purpose: 'marketing' });
  },
  optional_declined: async (world) => {
    await world.send('data.request', { fields: ['personal/phone_number'] });
  },
  retention_expired: under(
    { fields: [field(address, 'on_demand', 'P0D')] },
    'data.request',
    request,
    2,
  ),
  rate_limited: under({ limits: { requests_per_hour: 1, burst: 1 } }, 'data.request', request, 2),
  notification_limit: under({}, 'message.send', { title: 'Hello', text: 'There is news.' }, 2),
  storage_quota: async (world) => {
    const value = 'x'.repeat(65_000);
    for (let at = 0; at < 16; at++)
      await world.send('storage.put', { ...entry, key: `k${at}`, value });
  },
  category_not_allowed: async (world) => {
    await world.send('storage.put', { ...entry, category: 'diary' });
  },
  event_unsupported: async (world) => {
    await world.send('calendar.read', {});
  },
  field_absent: under({ fields: [field(absent, 'on_demand')] }, 'data.request', {
    fields: [absent],
  }),
  handler_failed: async (world) => {
    // It may die just before it is called, and then another process serves the call.
    do await whileServed(world, 'SIGKILL');
    while (world.told?.status !== 'refused');
  },
  handler_timeout: (world) => whileServed(world),
} satisfies Readonly<Record<string, Reach>>;
