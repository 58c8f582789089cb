import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../wire/bytes.ts';
import { sha256 } from '../wire/crypto.ts';
import { address, ContractWorld, type Party } from './contract-world.ts';
import { ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';
import type { Sealed } from './raw-peer.ts';

describe('a service that goes on asking when its bucket is empty', () => {
  let world: ContractWorld;
  let hasty: Party;
  let calm: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    hasty = await world.party({ ...world.first, limits: { requests_per_hour: 1, burst: 1 } });
    calm = await world.party();
  });
  afterAll(() => world?.destroy());

  const ask = async (by: Party, fields: string[]): Promise<Sealed> => {
    const sealed = by.peer.seal('data.request', { fields });
    const { answer } = await by.peer.send(sealed);
    expect(answer).not.toMatchObject({ status: 'pending' });
    return sealed;
  };

  it('is answered each time, and leaves one whole record and one count of all the others', async () => {
    expect(await world.ask(hasty, [address], hasty.service.connection.contract)).toMatchObject({
      status: 'served',
    });
    const first = await ask(hasty, [address]);
    expect((await traceOf(world.house, hasty.id, first.id)).decided).toMatchObject([
      { reason: 'rate_limited' },
    ]);
    const before = (await readLedger(world.house)).length;
    const others: Sealed[] = [];
    for (let count = 0; count < 20; count++) others.push(await ask(hasty, [address]));
    const probe = await ask(hasty, ['health/blood_type']);
    for (const { id } of others)
      expect((await hasty.peer.answer(id)).answer).toMatchObject({ code: 'rate_limited' });
    expect((await hasty.peer.answer(probe.id)).answer).toMatchObject({
      code: 'field_not_in_contract',
    });
    const grown = (await readLedger(world.house)).slice(before);
    expect(grown.filter(({ kind }) => kind !== 'sent')).toEqual([]);
    expect(await world.ask(calm, [address], calm.service.connection.contract)).toMatchObject({
      status: 'served',
    });
    await world.house.closeVault();
    const records = await readLedger(world.house);
    const [counted, ...more] = ofKind(records, 'aggregate').filter(
      ({ body }) => body.connection === hasty.id,
    );
    expect(more).toEqual([]);
    const hash = others.reduce(
      (hashed, { id }) => sha256(hashed, utf8(id)),
      new Uint8Array(32) as Uint8Array,
    );
    expect(counted?.body.counts).toEqual([
      {
        type: 'data.request',
        reason: 'rate_limited',
        count: 20,
        hash,
        first: others[0]?.id,
        last: others.at(-1)?.id,
      },
      expect.objectContaining({ reason: 'field_not_in_contract', count: 1, first: probe.id }),
    ]);
    const entry = trailOf(records).find(({ record }) => record === counted?.index);
    expect(entry).toMatchObject({ kind: 'aggregate', connection: hasty.id, name: 'Acme Retail' });
    await world.house.open();
  });

  it('is on record once more after a restart, and its neighbours were served all the time', async () => {
    const again = await ask(hasty, [address]);
    expect((await traceOf(world.house, hasty.id, again.id)).decided).toHaveLength(1);
  });
});

describe('a flood of what no contract limits', () => {
  let world: ContractWorld;
  let party: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    party = await world.party();
  });
  afterAll(() => world?.destroy());

  /** Sends so many at once, and gives what each was answered. */
  const flood = async (count: number, seal: () => Sealed) => {
    const sent = Array.from({ length: count }, seal);
    const heard = await Promise.all(sent.map((one) => party.peer.send(one)));
    return heard.map(({ answer }) => (answer.status === 'refused' ? answer.code : answer.status));
  };
  const decided = async () =>
    ofKind(await readLedger(world.house), 'decided').filter(({ body }) =>
      body.request.startsWith(party.id),
    );
  const unsigned = 'signature_invalid';
  const keys = { signing: 'A'.repeat(22), encapsulation: 'A'.repeat(22), ledger: 'A'.repeat(22) };
  const [question, forged] = [
    () => party.peer.seal('connection.keys', keys),
    () => party.peer.seal('data.request', { fields: [address] }, { unsigned: true }),
  ];

  it.each([
    ['of questions about the connection', 'connection', 60, question, 'served', 'rate_limited'],
    ['of events that are not signed', 'identity', 300, forged, ...[unsigned, unsigned]],
  ] as const)(
    '%s is answered, costs tokens on record, and leaves no record for each',
    async (_, bucket, burst, seal, first, beyond) => {
      const before = await decided();
      const answers = await flood(burst + 40, seal);
      expect(answers.filter((said) => said !== first && said !== beyond)).toEqual([]);
      const grown = (await decided()).slice(before.length);
      // The burst, less the request to connect, what was gained meanwhile, and the first beyond it.
      expect(grown.length).toBeGreaterThanOrEqual(burst);
      expect(grown.length).toBeLessThan(burst + 10);
      const left = grown.map(({ body }) => body.facts.buckets?.[bucket]?.tokens ?? Number.NaN);
      expect(left[0]).toBeGreaterThan(burst - 3);
      for (const tokens of left) expect(tokens).toBeGreaterThanOrEqual(0);
      expect(left.at(-1)).toBeLessThan(1);
      expect(grown.map(({ body }) => body.facts.bucket)).toEqual(grown.map(() => undefined));
    },
  );

  it('takes nothing from the party’s own requests', async () => {
    const { contract } = party.service.connection;
    expect(await world.ask(party, [address], contract)).toMatchObject({ status: 'served' });
    const { burst } = contract.limits;
    expect((await decided()).at(-1)?.body.facts.bucket?.tokens).toBe(burst - 1);
  });

  it('is shown to the owner as counts, and the bucket is as empty after a restart', async () => {
    await world.house.closeVault();
    const records = await readLedger(world.house);
    const counts = ofKind(records, 'aggregate').flatMap(({ body }) =>
      body.connection === party.id ? body.counts : [],
    );
    expect(counts).toMatchObject([
      { type: 'connection.keys', reason: 'rate_limited' },
      { type: 'data.request', reason: 'signature_invalid' },
    ]);
    const entry = trailOf(records).find(
      ({ kind, connection }) => kind === 'aggregate' && connection === party.id,
    );
    expect(entry).toBeDefined();
    await world.house.open();
    await flood(3, forged);
    const [last, ...more] = (await decided()).slice(
      ofKind(records, 'decided').filter(({ body }) => body.request.startsWith(party.id)).length,
    );
    expect(last?.body.facts.buckets?.identity?.tokens).toBeLessThan(2);
    expect(more.length).toBeLessThan(2);
  });
});
