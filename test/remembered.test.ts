import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DescribedRule } from '../core/manager/grants.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

const birth = 'personal/date_of_birth';
const name = 'personal/full_name';
const passport = 'personal/passport';

async function contract(): Promise<Contract> {
  const base = await retailer();
  const fields = base.fields.map((field) =>
    field.name === birth ? { ...field, retention: 'until_revoked' } : field,
  );
  const more = { name: passport, tier: 'consent', purpose: 'age_verification', retention: 'P0D' };
  return { ...base, fields: [...fields, more] as Contract['fields'] };
}

describe('an approval that the owner has remembered', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: name, value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: birth, value: '1815-12-10' });
    await owner.served('owner.set', { field: passport, value: 'P-1' });
    service = await house.connectService(owner, await contract());
  });
  afterAll(() => house?.destroy());

  const rules = async (): Promise<DescribedRule[]> =>
    (await owner.served('owner.rules')) as DescribedRule[];
  /** What the service is told first: `pending` where the owner is asked. */
  const first = (fields: string[], from = service): Promise<Answer> =>
    from.request('data.request', { fields }, { acceptPending: true });

  async function held(): Promise<{ request: string; hash: string }> {
    const { requests } = (await owner.served('owner.pending')) as {
      requests: { request: string; hash: string }[];
    };
    const [request] = requests;
    if (request === undefined) throw new Error('nothing waits');
    return { request: request.request, hash: request.hash };
  }
  const approve = async (more: object = {}): Promise<Answer> =>
    owner.ask('owner.approve', { ...(await held()), ...more });
  const deny = async (): Promise<Answer> => owner.ask('owner.deny', await held());

  it('is none unless they say so', async () => {
    expect(await first([birth])).toMatchObject({ status: 'pending' });
    await approve();
    expect(await rules()).toEqual([]);
    expect(await first([birth])).toMatchObject({ status: 'pending' });
    await deny();
  });

  it('is refused for ever, for no time, and for what is no time', async () => {
    expect(await first([birth])).toMatchObject({ status: 'pending' });
    for (const remember of ['P0D', 'P367D', 'P9999D'])
      expect(await approve({ remember })).toMatchObject({ code: 'malformed' });
    for (const remember of ['until_revoked', 30, 'P1M', ''])
      expect(await approve({ remember })).toMatchObject({ code: 'schema_invalid' });
    expect(await rules()).toEqual([]);
    await deny();
  });

  it('answers for them from then on, and the trail says that it did', async () => {
    expect(await first([birth])).toMatchObject({ status: 'pending' });
    expect(await approve({ remember: 'P30D' })).toMatchObject({ status: 'served' });
    const [rule] = await rules();
    expect(rule).toMatchObject({
      party: 'Acme Retail',
      type: 'data.request',
      field: birth,
      purpose: 'age_verification',
      contract: { id: 'acme-retail-orders', version: 1 },
      stands: true,
    });
    expect((rule?.until ?? 0) - (rule?.since ?? 0)).toBe(30 * 24 * 60 * 60 * 1000);
    const { id, answer } = await service.asked('data.request', { fields: [birth] });
    expect(answer).toMatchObject({
      status: 'served',
      result: { fields: { [birth]: '1815-12-10' } },
    });
    const records = await readLedger(house);
    const entry = trailOf(records).find(({ event }) => event === id);
    expect(entry).toMatchObject({
      decision: 'approved',
      decided_by: `rule:${rule?.rule}`,
      consent_asked_at: null,
    });
    expect(entry?.checks.at(-1)).toMatchObject({
      check: 'tier',
      inputs: { rules: { [birth]: rule?.rule } },
    });
    expect(records[rule?.rule ?? -1]).toMatchObject({ kind: 'remembered', body: { field: birth } });
  });

  it('answers for no other field, no other purpose and no other connection', async () => {
    expect(await first([birth, passport])).toMatchObject({ status: 'pending' });
    await deny();
    const other = await house.connectService(owner, await contract());
    expect(await first([birth], other)).toMatchObject({ status: 'pending' });
    await deny();
  });

  it('stands after a restart, and is gone as soon as they revoke it', async () => {
    await house.closeVault();
    await house.open();
    expect(await first([birth])).toMatchObject({ status: 'served' });
    const [rule] = await rules();
    await owner.served('owner.rules.revoke', { rule: rule?.rule });
    expect(await rules()).toEqual([]);
    expect(await first([birth])).toMatchObject({ status: 'pending' });
    await deny();
    expect(await owner.ask('owner.rules.revoke', { rule: rule?.rule })).toMatchObject({
      code: 'malformed',
    });
    expect(ofKind(await readLedger(house), 'rule_revoked')).toHaveLength(1);
  });

  it('outlives no retention: a field that may be had once is asked for again', async () => {
    expect(await first([passport])).toMatchObject({ status: 'pending' });
    await approve({ remember: 'P1D' });
    expect(await rules()).toMatchObject([{ field: passport, stands: true }]);
    await ledgerHas('handled', passport);
    expect(await first([passport])).toMatchObject({ status: 'pending' });
    await deny();
  });

  it('is for those fields only that were approved', async () => {
    expect(await first([birth, passport])).toMatchObject({ status: 'pending' });
    await approve({ fields: [birth], remember: 'P1D' });
    const fields = (await rules()).map(({ field }) => field);
    expect(fields.filter((field) => field === birth)).toHaveLength(1);
    expect(await first([birth])).toMatchObject({ status: 'served' });
  });

  it('is not for the one who asks to give: a service that says the owner’s words is refused', async () => {
    expect(await first([passport])).toMatchObject({ status: 'pending' });
    const word = await held();
    const peer = await RawPeer.connect(service.connection, house.vine.url);
    try {
      for (const type of ['owner.approve', 'owner.grant', 'owner.rules.revoke'])
        expect(
          (await peer.send(peer.seal(type, { ...word, remember: 'P1D' }))).answer,
        ).toMatchObject({
          code: 'event_unsupported',
        });
      const asOwner = peer.seal('owner.approve', word, { party: 'owner' });
      expect((await peer.send(asOwner)).answer).toMatchObject({ code: 'sender_subject_mismatch' });
    } finally {
      await peer.close();
    }
    expect(await held()).toEqual(word);
    await deny();
  });

  async function ledgerHas(kind: 'handled', field: string): Promise<void> {
    for (;;) {
      const records = ofKind(await readLedger(house), kind);
      if (records.some(({ body }) => body.provided.includes(field))) return;
    }
  }
});
