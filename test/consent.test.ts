import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CheckedAnswer } from '../service/checked-answer.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { Event } from '../wire/event.ts';
import type { Answer } from '../wire/messages.ts';
import { encode } from '../wire/msgpack.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { readLedger, type Trace, traceOf, trailOf } from './ledger-view.ts';

const birth = 'personal/date_of_birth';
const passport = 'personal/passport';
const address = 'personal/shipping_address';

type Notice = {
  readonly request: string;
  readonly hash: string;
  readonly until: number;
  readonly fields: readonly { readonly name: string }[];
  readonly rules: readonly { readonly field: string; readonly why: string }[];
};
type Held = {
  readonly id: string;
  readonly notice: Notice;
  readonly answer: Promise<Answer>;
};

/** What an answer says, without the vault's signature on it. */
function told(answer: Answer): Record<string, unknown> {
  const { statement, check: _, ...others } = answer as CheckedAnswer;
  expect(statement).toBeDefined();
  return others;
}

/** The members of an answer's statement, each with how long it is in msgpack. */
function lengths({ statement }: Answer): unknown {
  return Object.entries(statement ?? {}).map(([name, value]) => [name, encode(value).length]);
}

/** The retailer's contract with a second consent field, which the vault does not have. */
async function contract(): Promise<Contract> {
  const base = await retailer();
  const more = {
    name: passport,
    tier: 'consent',
    purpose: 'age_verification',
    retention: 'session',
  };
  return { ...base, fields: [...base.fields, more] as Contract['fields'] };
}

describe('a service asks for a field that needs the owner’s yes', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;
  let heard: Event[];
  let wake: () => void = () => {};

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    owner.client.onEvent = (event) => {
      heard.push(event);
      wake();
    };
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    await owner.served('owner.set', { field: birth, value: '1815-12-10' });
    heard = [];
    service = await house.connectService(owner, await contract());
  });
  beforeEach(() => {
    heard = [];
  });
  afterAll(() => house?.destroy());

  /** Asks, and waits until the service was told `pending` and the owner's app was told all. */
  async function hold(fields: string[], expires?: number): Promise<Held> {
    const sealed = await service.seal('data.request', { fields }, expires);
    let told = (): void => {};
    const pending = new Promise<void>((resolve) => {
      told = resolve;
    });
    const options = { timeoutMs: 20_000, onPending: () => told() };
    const answer = service.client.askSealed(sealed, options);
    answer.catch(() => undefined);
    await pending;
    return { id: sealed.id, notice: await noticeOf(sealed.id), answer };
  }

  async function noticeOf(id: string): Promise<Notice> {
    for (;;) {
      const notice = heard
        .filter(({ type }) => type === 'consent.requested')
        .map(({ payload }) => payload as unknown as Notice)
        .find(({ request }) => request.endsWith(id));
      if (notice !== undefined) return notice;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  const trace = (id: string): Promise<Trace> =>
    traceOf(house, service.connection.invite.connection, id);
  const approve = (notice: Notice, more: object = {}): Promise<Answer> =>
    owner.ask('owner.approve', { request: notice.request, hash: notice.hash, ...more });
  const deny = (notice: Notice): Promise<Answer> =>
    owner.ask('owner.deny', { request: notice.request, hash: notice.hash });
  const refused = { status: 'refused', type: 'data.request', code: 'refused' };

  it('the request is held, and the owner’s app is told who, what, why and until when', async () => {
    const before = Date.now();
    const { id, notice } = await hold([birth]);
    expect(notice).toMatchObject({
      type: 'data.request',
      party: 'Acme Retail',
      connection: service.connection.invite.connection,
      fields: [{ name: birth, tier: 'consent', purpose: 'age_verification' }],
      contract: {
        id: 'acme-retail-orders',
        version: 1,
        hash: contractHash(service.connection.contract),
      },
      rules: [],
      purpose: null,
    });
    expect(notice.until).toBeGreaterThan(before + 6 * 24 * 60 * 60 * 1000);
    const { decided, handled, answers } = await trace(id);
    expect(decided).toMatchObject([{ outcome: 'pending', facts: { consent: [birth] } }]);
    expect(handled).toEqual([]);
    expect(answers).toHaveLength(1);
    const waiting = (await owner.served('owner.pending')) as { requests: Notice[] };
    expect(waiting.requests.map(({ request }) => request)).toContain(notice.request);
    await deny(notice);
  });

  it('approved with the hash of the exact request, it is answered', async () => {
    const { id, notice, answer } = await hold([birth]);
    expect(await approve(notice)).toMatchObject({ status: 'served' });
    expect(await answer).toMatchObject({
      status: 'served',
      result: { fields: { [birth]: '1815-12-10' }, refused: [] },
    });
    const { decided, consented, handled } = await trace(id);
    expect(decided.map(({ outcome, again }) => [outcome, again])).toEqual([
      ['pending', false],
      ['allowed', true],
    ]);
    expect(consented).toMatchObject([{ outcome: 'approved', fields: [birth] }]);
    expect(handled).toMatchObject([{ code: 'ok', provided: [birth] }]);
    const entry = trailOf(await readLedger(house)).find(({ event }) => event === id);
    expect(entry).toMatchObject({
      decision: 'approved',
      decided_by: expect.stringMatching(/^owner:/),
    });
    expect(entry?.consent_decided_at).toBeGreaterThanOrEqual(entry?.consent_asked_at ?? Infinity);
  });

  it('approved with another hash, nothing is released, and the refusal is on record', async () => {
    const { id, notice } = await hold([birth]);
    const sealed = await owner.client.seal({
      type: 'owner.approve',
      payload: { request: notice.request, hash: '0'.repeat(64) },
    });
    const answer = await owner.client.askSealed(sealed, { timeoutMs: 15_000 });
    expect(answer).toMatchObject({ status: 'refused', code: 'malformed' });
    const { consented, handled } = await trace(id);
    expect([consented, handled]).toEqual([[], []]);
    const command = trailOf(await readLedger(house)).find(({ event }) => event === sealed.id);
    expect(command).toMatchObject({
      type: 'owner.approve',
      decision: 'denied',
      reason: 'malformed',
    });
    await deny(notice);
  });

  it('an approval of a request that nobody made releases nothing', async () => {
    const { id, notice } = await hold([birth]);
    const request = `${notice.request.slice(0, 26)}/01890000-0000-7000-8000-000000000000`;
    expect(await approve({ ...notice, request })).toMatchObject({
      status: 'refused',
      code: 'expired',
    });
    expect((await trace(id)).handled).toEqual([]);
    await deny(notice);
  });

  it('approved twice at once, it is released once', async () => {
    const { id, notice, answer } = await hold([birth]);
    const words = await Promise.all([approve(notice), approve(notice)]);
    expect(words.map(({ status }) => status).sort()).toEqual(['refused', 'served']);
    expect(await answer).toMatchObject({ status: 'served' });
    expect(await approve(notice)).toMatchObject({ status: 'refused', code: 'expired' });
    const { consented, handled, answers } = await trace(id);
    expect([consented.length, handled.length, answers.length]).toEqual([1, 1, 2]);
  });

  it('denied, it is refused, and a late approval releases nothing', async () => {
    const { id, notice, answer } = await hold([birth]);
    expect(await deny(notice)).toMatchObject({ status: 'served' });
    expect(told(await answer)).toEqual(refused);
    expect(await approve(notice)).toMatchObject({ status: 'refused', code: 'expired' });
    const { consented, handled } = await trace(id);
    expect(consented).toMatchObject([{ outcome: 'denied', fields: [] }]);
    expect(handled).toEqual([]);
  });

  it('approved in part, only that part is served', async () => {
    const { id, notice, answer } = await hold([address, birth, passport]);
    await approve(notice, { fields: [birth] });
    const fields = { [address]: '12 Analytical Row', [birth]: '1815-12-10' };
    expect(await answer).toMatchObject({
      status: 'served',
      result: { fields, refused: [passport] },
    });
    const { handled } = await trace(id);
    expect(handled).toMatchObject([{ provided: [address, birth], refused: [passport] }]);
    const asked = handled[0]?.accesses.find(({ name }) => name === passport);
    expect(asked).toMatchObject({ permitted: false });
  });

  it('an approval that names a field nobody asked for releases nothing', async () => {
    const { id, notice } = await hold([birth]);
    expect(await approve(notice, { fields: [birth, passport] })).toMatchObject({
      code: 'malformed',
    });
    expect((await trace(id)).handled).toEqual([]);
    await deny(notice);
  });

  it('a remembered approval that nearly stood is named, with why it does not', async () => {
    const first = await hold([birth]);
    await approve(first.notice, { remember: 'P30D' });
    await first.answer;
    const both = await hold([birth, passport]);
    expect(both.notice.rules).toMatchObject([{ field: birth, why: 'not_for_all' }]);
    await deny(both.notice);
    const [rule] = (await owner.served('owner.rules')) as { rule: number }[];
    await owner.served('owner.rules.revoke', { rule: rule?.rule });
    const again = await hold([birth]);
    expect(again.notice.rules).toEqual([]);
    await deny(again.notice);
  });

  it('an absent field that the owner approves looks like a denied one', async () => {
    const absent = await hold([passport]);
    await approve(absent.notice);
    const denied = await hold([birth]);
    await deny(denied.notice);
    expect(told(await absent.answer)).toEqual(refused);
    expect(told(await denied.answer)).toEqual(refused);
    expect(lengths(await absent.answer)).toEqual(lengths(await denied.answer));
    const [one, other] = [await trace(absent.id), await trace(denied.id)];
    expect(one.answers.at(-1)?.bytes.length).toBe(other.answers.at(-1)?.bytes.length);
    expect(one.handled).toMatchObject([{ code: 'dropped', reason: 'field_absent' }]);
  });

  it('unanswered, it expires', async () => {
    const { id, answer, notice } = await hold([birth], Date.now() + 1_500);
    expect(await answer).toMatchObject({ status: 'refused', code: 'consent_expired' });
    expect(await approve(notice)).toMatchObject({ status: 'refused', code: 'expired' });
    const { expired, handled } = await trace(id);
    expect(expired).toMatchObject([{ reason: 'consent_expired' }]);
    expect(handled).toEqual([]);
  });

  it('it expires also while the vault is closed, and can be approved after a restart', async () => {
    const short = Date.now() + 3_000;
    const dead = await hold([birth], short);
    const alive = await hold([birth]);
    await house.closeVault();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, short - Date.now())));
    expect((await trace(dead.id)).expired).toEqual([]);
    await house.open();
    expect(await dead.answer).toMatchObject({ status: 'refused', code: 'consent_expired' });
    await approve(alive.notice);
    expect(await alive.answer).toMatchObject({ status: 'served' });
    expect((await trace(dead.id)).expired).toMatchObject([{ reason: 'consent_expired' }]);
    expect((await trace(alive.id)).handled).toMatchObject([{ code: 'ok', provided: [birth] }]);
  });
});
