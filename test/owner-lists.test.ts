import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../wire/canonical-json.ts';
import type { Contract, ContractField, Tier } from '../wire/contract.ts';
import type { Invite } from '../wire/messages.ts';
import { ContractWorld, nextOf, type Party } from './contract-world.ts';

type Listed = { readonly connection: string; readonly contract: Contract | null };
type Pending = {
  readonly requests: unknown[];
  readonly connections: Listed[];
  readonly updates: { readonly connection: string; readonly missing: string[] }[];
};
type Next = { readonly next: string | null };

/** As many fields as a contract may have, each with as much to say as it may. */
function fields(tier: Tier, mark: string): ContractField[] {
  return Array.from({ length: 200 }, (_, at) => ({
    name: `personal/${mark}${String(at).padStart(3, '0')}_`.padEnd(128, 'x'),
    tier,
    purpose: 'p'.repeat(64),
    retention: 'P9999DT9999H9999M',
  }));
}

describe('what the owner reads, where contracts are as large as they may be', () => {
  let world: ContractWorld;
  const parties: Party[] = [];
  let waiting: string;

  beforeAll(async () => {
    world = await ContractWorld.create();
    const { house, owner, first } = world;
    const largest = {
      ...first,
      title: 'ü'.repeat(200),
      description: 'ü'.repeat(2_000),
      terms: 't'.repeat(500),
      privacy: 'p'.repeat(500),
    };
    const optional = fields('optional', 'a');
    expect(canonicalBytes({ ...largest, fields: optional }).length).toBeGreaterThan(55_000);
    for (let at = 0; at < 3; at++) {
      const contract = { ...largest, id: `shop-${at}`, fields: optional };
      const names = optional.map(({ name }) => name);
      const service = await house.connectService(owner, contract, names);
      const peer = await world.peerOf(service);
      const party = { service, peer, id: service.connection.invite.connection };
      parties.push(party);
      await world.publish(party, nextOf(contract, { fields: fields('required', 'b') }));
    }
    const invite = (await owner.served('owner.invite', { label: 'test' })) as Invite;
    const { accepted } = await house.knock(invite, { ...largest, fields: fields('required', 'c') });
    accepted.catch(() => undefined);
    waiting = invite.connection;
  });
  afterAll(() => world?.destroy());

  /** Every page of a list. */
  async function pages<T>(type: string): Promise<(T & Next)[]> {
    const all: (T & Next)[] = [];
    for (let from: string | null | undefined; from !== null; ) {
      const page = (await world.owner.served(type, from === undefined ? {} : { from })) as T & Next;
      all.push(page);
      from = page.next;
    }
    return all;
  }

  it('connections come in pages, each once, and none is cut', async () => {
    const found = await pages<{ connections: Listed[] }>('owner.connections');
    expect(found.length).toBeGreaterThan(1);
    const listed = found.flatMap(({ connections }) => connections);
    const ids = [...parties.map(({ id }) => id), waiting];
    expect(listed.map(({ connection }) => connection)).toEqual(ids.toSorted());
    for (const { contract } of listed) expect(contract?.fields).toHaveLength(200);
  });

  it('so does what waits: who asks to connect, then new versions', async () => {
    const found = await pages<Pending>('owner.pending');
    expect(found.length).toBeGreaterThan(1);
    expect(found.flatMap(({ connections }) => connections)).toMatchObject([
      { connection: waiting, contract: { fields: fields('required', 'c') } },
    ]);
    const updates = found.flatMap((page) => page.updates);
    const ids = parties.map(({ id }) => id);
    expect(updates.map(({ connection }) => connection)).toEqual(ids.toSorted());
    for (const { missing } of updates) expect(missing).toHaveLength(200);
  });

  it('a new version that changes everything is shown whole', async () => {
    const [party] = parties;
    const changes: unknown[] = [];
    for (let from: number | null = 0; from !== null; ) {
      const asked = { connection: party?.id, from };
      const page = (await world.owner.served('owner.contract.show', asked)) as {
        changes: unknown[];
        next: number | null;
      };
      changes.push(...page.changes);
      from = page.next;
    }
    expect(changes.length).toBeGreaterThanOrEqual(400);
  });

  it('a page that is asked for in a wrong way is refused', async () => {
    const wrong = await world.owner.ask('owner.pending', { from: 7 });
    expect(wrong).toMatchObject({ status: 'refused', code: 'schema_invalid' });
    const long = await world.owner.ask('owner.connections', { from: 'x'.repeat(129) });
    expect(long).toMatchObject({ status: 'refused', code: 'schema_invalid' });
  });
});
