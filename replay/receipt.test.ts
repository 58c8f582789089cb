import { beforeAll, describe, expect, it } from 'vitest';
import { lookUpRecord } from '../ledger/record-lookup.ts';
import { identity } from '../ledger/testing/fixtures.ts';
import { signerFrom } from '../wire/crypto.ts';
import { receiptOfConnection, receiptOfEvent } from './issue-receipt.ts';
import type { Receipt } from './receipt-format.ts';
import type { EventSummary } from './receipt-summary.ts';
import type { ConnectionSummary } from './scope-run.ts';
import { issuer, issuerOf, receiptOf, sourceOf, verified } from './testing/receipts.ts';
import { type Told, tellStory } from './testing/story.ts';
import { owner, ownScope, shop, shopScope, storyKeys } from './testing/story-facts.ts';

let told: Told;
beforeAll(async () => {
  told = await tellStory();
});

const eventIn = ({ summary }: Receipt): EventSummary => summary as EventSummary;

/** What each event of the story came to: outcome, what the service was told, and the vault's own reason. */
const outcomes = [
  ['served', 'served', null, null],
  ['undeclared', 'refused', 'field_not_in_contract', 'field_not_in_contract'],
  ['unsupported', 'refused', 'event_unsupported', 'event_unsupported'],
  ['forged', 'refused', 'signature_invalid', 'signature_invalid'],
  ['unreadable', 'refused', 'decrypt_failed', 'decrypt_failed'],
  ['approved', 'served', null, null],
  ['denied', 'refused', 'refused', 'consent_denied'],
  ['paid', 'served', null, null],
  ['paid twice', 'refused', 'duplicate', 'duplicate'],
  ['held', 'pending', null, null],
] as const;

describe('a receipt of an event', () => {
  it.each(outcomes)(
    '%s: closed, it tells the outcome by the vault’s statement',
    async (name, outcome, code) => {
      const receipt = await receiptOf(told, name, false);
      expect(verified(receipt)).toMatchObject({ ok: true, summary: receipt.summary });
      expect(eventIn(receipt)).toMatchObject({ about: 'event', basis: 'statement', outcome, code });
      expect(eventIn(receipt)).toMatchObject({ reason: null, asked: null, provided: null });
      expect(receipt.records.every(({ key }) => key === undefined)).toBe(true);
    },
  );

  it.each(outcomes)(
    '%s: disclosed, it tells it by the records',
    async (name, outcome, code, reason) => {
      const receipt = await receiptOf(told, name, true);
      const verdict = verified(receipt);
      expect(verdict).toMatchObject({ ok: true, summary: receipt.summary });
      expect(eventIn(receipt)).toMatchObject({ basis: 'records', outcome, code, reason });
      if (!verdict.ok) throw new Error(verdict.message);
      expect(verdict.records.every(({ contents }) => contents !== undefined)).toBe(true);
    },
  );

  it('names what was asked for and given, under which contract, and what the owner said', async () => {
    const { summary } = await receiptOf(told, 'approved', true);
    expect(summary).toMatchObject({
      type: 'data.request',
      connection: shop,
      event: told.keys['approved']?.split('/')[1],
      contract: {
        id: 'acme-retail-orders',
        version: 1,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      asked: ['personal/date_of_birth'],
      provided: ['personal/date_of_birth'],
      consent: 'approved',
      steps: [
        { kind: 'received' },
        { kind: 'decided' },
        { kind: 'consented' },
        { kind: 'decided' },
        { kind: 'handled' },
      ],
    });
  });

  it('holds a statement for each answer, about the record that it follows from', async () => {
    const { statements } = await receiptOf(told, 'approved', false);
    expect(statements.map(({ status }) => status)).toEqual(['pending', 'served']);
    expect(statements[0]?.leaf).not.toBe(statements[1]?.leaf);
  });

  it('tells that a request expired, though nothing was signed about that', async () => {
    const receipt = await receiptOf(told, 'expired', true);
    expect(eventIn(receipt)).toMatchObject({ outcome: 'refused', code: 'consent_expired' });
  });

  it('tells of the event that came first under its id; of a later one by its index', async () => {
    expect(eventIn(await receiptOf(told, 'duplicate', true)).outcome).toBe('served');
    const source = sourceOf(told);
    for (let index = 20; index < 40; index += 1) {
      const receipt = await receiptOfEvent(source, issuer, `${index}`, false).catch(
        () => undefined,
      );
      if (receipt === undefined || receipt.summary.about !== 'event') continue;
      if (receipt.summary.code !== 'duplicate' || receipt.summary.type !== 'data.request') continue;
      expect(verified(receipt).ok).toBe(true);
      return;
    }
    throw new Error('no receipt of the duplicate');
  });

  it('cannot be made closed where nothing was signed: no answer yet, or the owner’s own event', async () => {
    await expect(receiptOf(told, 'running', false)).rejects.toMatchObject({ code: 'NOTHING_SAID' });
    expect(eventIn(await receiptOf(told, 'running', true)).outcome).toBe('allowed');
    const source = sourceOf(told);
    const [approval] = await ownersEvents();
    await expect(receiptOfEvent(source, issuer, approval ?? '', false)).rejects.toMatchObject({
      code: 'NOTHING_SAID',
    });
    const receipt = await receiptOfEvent(source, issuer, approval ?? '', true);
    expect(eventIn(receipt)).toMatchObject({ connection: owner, type: 'owner.approve' });
  });

  it('is refused for an event or a record that is not there', async () => {
    const source = sourceOf(told);
    await expect(receiptOfEvent(source, issuer, 'nothing', true)).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
    });
    await expect(receiptOfEvent(source, issuer, '100000', true)).rejects.toMatchObject({
      code: 'BEYOND_END',
    });
  });

  it('is not made with another key than the one in force', async () => {
    const stranger = issuerOf(signerFrom(new Uint8Array(32).fill(9)));
    const { served = '' } = told.keys;
    await expect(receiptOfEvent(sourceOf(told), stranger, served, true)).rejects.toMatchObject({
      code: 'FOREIGN',
    });
  });

  /** Keys of the owner's events, as a receipt of the owner's own connection shows them. */
  async function ownersEvents(): Promise<string[]> {
    const verdict = verified(await receiptOfConnection(sourceOf(told), issuer, owner));
    if (!verdict.ok) throw new Error(verdict.message);
    return verdict.records.flatMap(({ kind, contents }) =>
      kind === 'received' ? [`${owner}/${(contents as { id: string }).id}`] : [],
    );
  }
});

describe('a receipt of one record', () => {
  const ofKind = async (kind: string): Promise<number> => {
    for (let index = 0; index < told.story.journal.state.size; index += 1) {
      const { store } = told.story;
      const signers = told.story.ledger.end.keys;
      const record = await lookUpRecord({ store, identity, signers }, storyKeys, index);
      if (record?.kind === kind) return index;
    }
    throw new Error(kind);
  };

  it('shows its kind, time and scope, and what it says where it is opened', async () => {
    const index = await ofKind('closed');
    const closed = await receiptOfEvent(sourceOf(told), issuer, `${index}`, false);
    expect(closed.summary).toMatchObject({ about: 'record', basis: 'headers' });
    expect(verified(closed)).toMatchObject({ ok: true, records: [{ index, kind: 'closed' }] });
    const open = await receiptOfEvent(sourceOf(told), issuer, `${index}`, true);
    expect(open.summary).toMatchObject({ about: 'record', basis: 'records' });
    expect(verified(open)).toMatchObject({ ok: true, records: [{ contents: {} }] });
  });

  it.each(['stored', 'queued', 'epoch_opened'])(
    'never opens %s: it holds a value, or a key to values',
    async (kind) => {
      const index = `${await ofKind(kind)}`;
      const receipt = await receiptOfEvent(sourceOf(told), issuer, index, false);
      expect(verified(receipt)).toMatchObject({ ok: true, records: [{ kind }] });
      await expect(receiptOfEvent(sourceOf(told), issuer, index, true)).rejects.toMatchObject({
        code: 'NOT_DISCLOSED',
      });
    },
  );

  it('of a forgotten connection still shows that it stands there, and that it was erased', async () => {
    const { source, erased, leftover } = await forgetShop();
    const closed = await receiptOfEvent(source, issuer, `${leftover}`, false);
    expect(verified(closed)).toMatchObject({ ok: true, records: [{ kind: 'decided' }] });
    await expect(receiptOfEvent(source, issuer, `${leftover}`, true)).rejects.toMatchObject({
      code: 'NOT_DISCLOSED',
    });
    const erasure = await receiptOfEvent(source, issuer, `${erased}`, true);
    const what = { kind: 'connection', name: shop };
    expect(verified(erasure)).toMatchObject({ ok: true, records: [{ contents: { what } }] });
    const { served = '' } = told.keys;
    await expect(receiptOfEvent(source, issuer, served, true)).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
    });
    await expect(receiptOfConnection(source, issuer, shop)).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
    });
  });
});

/** Another telling of the story, after which the shop's scope is erased and its key gone. */
async function forgetShop() {
  const { story, ...others } = await tellStory();
  const before = sourceOf({ story, ...others });
  const run = await receiptOfConnection(before, issuer, shop);
  const verdict = verified(run);
  if (!verdict.ok) throw new Error(verdict.message);
  const { leaf = '', index: leftover = 0 } = verdict.records.at(-1) ?? {};
  const scopes = [
    { scope: shopScope, records: verdict.records.length, last: Buffer.from(leaf, 'hex') },
  ];
  const what = { kind: 'connection' as const, name: shop };
  const body = { what, scopes, remains: { sent: [], unanswered: [] } };
  const erased = await story.turn((batch) => batch.add({ kind: 'erased', scope: ownScope, body }));
  const keys = (scope: string) => (scope === shopScope ? undefined : storyKeys(scope));
  return { source: { ...before, keys }, erased, leftover };
}

describe('a receipt of a connection', () => {
  const of = (range = {}): Promise<Receipt> =>
    receiptOfConnection(sourceOf(told), issuer, shop, range);
  const runIn = ({ summary }: Receipt): ConnectionSummary => summary as ConnectionSummary;

  it('holds every record of it, from the first on', async () => {
    const receipt = await of();
    expect(verified(receipt)).toMatchObject({ ok: true, summary: receipt.summary });
    expect(runIn(receipt)).toMatchObject({ connection: shop, first: { scope_index: 0 } });
    expect(runIn(receipt).count).toBe(runIn(receipt).last.scope_index + 1);
  });

  it('opens none of the records that hold its keys', async () => {
    const verdict = verified(await of());
    if (!verdict.ok) throw new Error(verdict.message);
    const closed = verdict.records.filter(({ contents }) => contents === undefined);
    expect(closed.map(({ kind }) => kind)).toEqual(['epoch_opened', 'epoch_opened']);
    expect(JSON.stringify(verdict)).not.toContain('encapsulationHash');
  });

  it('holds one record more at each end of a range, which shows that none is missing there', async () => {
    const whole = await of();
    const places = whole.records.map(({ index }) => index);
    for (const from of pick(places, [6, 17, 29]))
      for (const to of pick(places, [30, 33])) {
        const receipt = await of({ from: { index: from }, to: { index: to } });
        expect(verified(receipt).ok).toBe(true);
        const { first, last } = runIn(receipt);
        expect(first.record).toBe(places[places.indexOf(from) - 1]);
        expect(last.record).toBe(places[places.indexOf(to) + 1]);
        expect(receipt.records[0]?.key, 'the one before is closed').toBeUndefined();
      }
  });

  it('begins with an open record where the range begins with a closed one', async () => {
    const { records } = await of();
    const [, , open, closed] = records;
    expect([open?.key, closed?.key]).toEqual([expect.any(String), undefined]);
    const receipt = await of({ from: { index: closed?.index ?? 0 } });
    expect(receipt.records[0]).toEqual(expect.objectContaining({ index: open?.index }));
    expect(receipt.records[0]?.key).toBeDefined();
  });

  it('takes times for its ends too', async () => {
    const { records } = await of();
    const times = told.story.journal.state.time;
    const receipt = await of({ from: { time: 0 }, to: { time: times } });
    expect(receipt.records.map(({ index }) => index)).toEqual(records.map(({ index }) => index));
    await expect(of({ from: { time: times + 1 } })).rejects.toMatchObject({ code: 'EMPTY_RANGE' });
  });

  it('is refused where there is no such connection', async () => {
    const source = sourceOf(told);
    await expect(receiptOfConnection(source, issuer, 'a'.repeat(26))).rejects.toMatchObject({
      code: 'UNKNOWN_CONNECTION',
    });
  });
});

function pick(places: readonly number[], at: readonly number[]): number[] {
  return at.map((one) => places[one] ?? 0);
}
