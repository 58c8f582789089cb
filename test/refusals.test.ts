import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { addressOf, contractRef, type ServiceConnection } from '../service/service-identity.ts';
import { PeerSession } from '../service/session.ts';
import type { Contract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { PublicReason, Reason } from '../wire/reasons.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, type Trace, traceOf, trailOf } from './ledger-view.ts';
import { type Forgery, RawPeer, type Sealed } from './raw-peer.ts';

const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';
const request = { fields: [address] };
const payment = { order: 'A-1', amount: 1200, currency: 'EUR', payee: 'Acme' };
const day = 24 * 60 * 60 * 1000;
const served = { status: 'served', result: { fields: { [address]: '12 Analytical Row' } } };

describe('what a vault refuses', () => {
  let house: TestHouse;
  let owner: Owner;
  let connection: ServiceConnection;
  let peer: RawPeer;
  let other: RawPeer;
  let otherConnection: ServiceConnection;
  let contract: Contract;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    const base = await retailer();
    contract = { ...base, limits: { requests_per_hour: 60, burst: 500 } };
    ({ connection, peer } = await connected(contract));
    const poor = { ...contract, permissions: { ...contract.permissions, payment: false } };
    ({ connection: otherConnection, peer: other } = await connected(poor));
  });
  afterAll(async () => {
    await peer?.close();
    await other?.close();
    await house?.destroy();
  });

  async function connected(
    terms: Contract,
  ): Promise<{ connection: ServiceConnection; peer: RawPeer }> {
    const service = await house.connectService(owner, terms);
    await service.client.close();
    const { connection: made } = service;
    return { connection: made, peer: await RawPeer.connect(made, house.vine.url) };
  }

  const trace = (id: string, on = connection): Promise<Trace> =>
    traceOf(house, on.invite.connection, id);

  /** Sends it, and expects that it is refused, recorded with every check, and never handled. */
  async function refuse(
    sealed: Sealed,
    reason: Reason & PublicReason,
    by: RawPeer = peer,
    on: ServiceConnection = connection,
  ): Promise<Trace> {
    const { answer } = await by.send(sealed);
    expect(answer).toMatchObject({ status: 'refused', code: reason });
    expect(answer).not.toHaveProperty('detail');
    const found = await trace(sealed.id, on);
    expect(found.decided.at(-1)).toMatchObject({ outcome: 'denied', reason });
    expect(found.decided.at(-1)?.checks).toHaveLength(13);
    expect(found.handled).toEqual([]);
    return found;
  }

  describe('by the contract', () => {
    it.each<[string, unknown, Forgery, Reason & PublicReason]>([
      ['an undeclared field', { fields: ['health/blood_type'] }, {}, 'field_not_in_contract'],
      [
        'an undeclared field beside a declared one',
        { fields: [address, 'health/blood_type'] },
        {},
        'field_not_in_contract',
      ],
      [
        'a field for another purpose',
        { fields: [address], purpose: 'marketing' },
        {},
        'purpose_mismatch',
      ],
      ['no contract', request, { contract: undefined } as unknown as Forgery, 'contract_unknown'],
    ])('a request with %s', async (_, payload, forgery, reason) => {
      await refuse(peer.seal('data.request', payload, forgery), reason);
    });

    it('a request under another contract, version or text of it', async () => {
      const ref = contractRef(contract);
      const forged = (change: object): Sealed =>
        peer.seal('data.request', request, { contract: { ...ref, ...change } });
      await refuse(forged({ id: 'someone-else' }), 'contract_unknown');
      await refuse(forged({ version: 2 }), 'contract_version_mismatch');
      await refuse(forged({ hash: '0'.repeat(64) }), 'contract_version_mismatch');
    });

    it('a payment without the permission', async () => {
      const sealed = other.seal('payment.request', payment);
      const { decided } = await refuse(sealed, 'permission_missing', other, otherConnection);
      const check = decided[0]?.checks.find(({ check: name }) => name === 'permission');
      expect(check?.inputs).toEqual({ permission: 'payment', granted: false });
    });

    it('more requests than it allows, with the tokens on record, denied ones counted', async () => {
      const limits = { requests_per_hour: 1, burst: 2 };
      const hasty = await connected({ ...contract, limits });
      const send = (payload: unknown): Sealed => hasty.peer.seal('data.request', payload);
      await refuse(
        send({ fields: ['health/blood_type'] }),
        'field_not_in_contract',
        hasty.peer,
        hasty.connection,
      );
      const last = send(request);
      expect((await hasty.peer.send(last)).answer).toMatchObject(served);
      const { decided } = await refuse(send(request), 'rate_limited', hasty.peer, hasty.connection);
      const tokens = async (id: string): Promise<number | undefined> =>
        (await trace(id, hasty.connection)).decided[0]?.facts.bucket?.tokens;
      expect(await tokens(last.id)).toBeLessThan(0.1);
      expect(decided[0]?.facts.bucket?.tokens).toBeLessThan(1);
      const rate = decided[0]?.checks.find(({ check }) => check === 'rate');
      expect(rate).toMatchObject({ result: 'fail', inputs: { burst: 2, requests_per_hour: 1 } });
      await hasty.peer.close();
    });
  });

  describe('by its form', () => {
    it('an event type that no handler serves, or that belongs to the owner', async () => {
      await refuse(peer.seal('calendar.read', {}), 'event_unsupported');
      await refuse(peer.seal('owner.set', { field: address, value: 'x' }), 'event_unsupported');
    });

    it.each([
      ['not a list', { fields: address }],
      ['an empty list', { fields: [] }],
      ['a party of its own', { fields: [address], party: 'owner' }],
      ['nothing', null],
    ])('a payload that does not fit the schema: %s', async (_, payload) => {
      await refuse(peer.seal('data.request', payload), 'schema_invalid');
    });

    it('an event that is too large', async () => {
      await refuse(peer.seal('data.request', { fields: ['x'.repeat(140_000)] }), 'too_large');
    });

    it('bytes that are no envelope, or too many: recorded, and nobody can be answered', async () => {
      const before = (await readLedger(house)).length;
      const subject = peer.subject('data.request');
      peer.publish({ subject, bytes: new Uint8Array(randomBytes(300)) });
      peer.publish({ subject, bytes: new Uint8Array(200_000) });
      const reasons = (records: readonly LedgerRecord[]): unknown[] =>
        ofKind(records.slice(before), 'decided').map(({ body }) => body.reason);
      const records = await ledgerWhen(house, (found) => reasons(found).length === 2);
      expect(reasons(records)).toEqual(['malformed', 'too_large']);
      expect(ofKind(records.slice(before), 'queued')).toEqual([]);
    });
  });

  describe('by who says it', () => {
    it('a signature by another key, or none', async () => {
      const signer = signerFrom(new Uint8Array(randomBytes(32)));
      await refuse(peer.seal('data.request', request, { signer }), 'signature_invalid');
      await refuse(peer.seal('data.request', request, { unsigned: true }), 'signature_invalid');
    });

    it('an envelope with one bit changed', async () => {
      const sealed = peer.seal('data.request', request);
      sealed.bytes[sealed.bytes.length - 1] = (sealed.bytes.at(-1) ?? 0) ^ 1;
      await refuse(sealed, 'decrypt_failed');
    });

    it('an event sealed for another subject', async () => {
      const sealedFor = other.subject('data.request');
      await refuse(peer.seal('data.request', request, { sealedFor }), 'decrypt_failed');
    });

    it('an event of another type, or party, than its subject says', async () => {
      await refuse(
        peer.seal('data.request', payment, { type: 'payment.request' }),
        'sender_subject_mismatch',
      );
      const { party } = otherConnection.invite;
      await refuse(peer.seal('data.request', request, { party }), 'sender_subject_mismatch');
    });

    it('one connection’s envelope on the subject of another', async () => {
      const theirs = other.seal('data.request', request);
      const found = await refuse(
        { ...theirs, subject: peer.subject('data.request') },
        'sender_subject_mismatch',
      );
      expect(found.received).toHaveLength(1);
      expect((await trace(theirs.id, otherConnection)).received).toEqual([]);
    });

    it('an epoch that was never opened', async () => {
      await refuse(peer.seal('data.request', request, { epoch: 7 }), 'key_unknown');
    });
  });

  describe('by when it comes', () => {
    it('an event that is expired, too old, or from the future', async () => {
      const now = Date.now();
      const at = (times: object): Sealed => peer.seal('data.request', request, times);
      await refuse(at({ expires: now - 1 }), 'expired');
      await refuse(at({ time: now - 17 * day }), 'expired');
      await refuse(at({ time: now + 10 * 60 * 1000 }), 'future_timestamp');
      expect((await peer.send(at({}))).answer).toMatchObject(served);
    });

    it('a clock that runs ahead, but not the same service once it is right again', async () => {
      const { identity } = await addressOf(connection);
      const outgoing = { type: 'data.request', payload: request, contract: contractRef(contract) };
      const ahead = new PeerSession(identity, () => Date.now() + 60 * 60 * 1000);
      await refuse(await ahead.seal(peer.subject('data.request'), outgoing), 'future_timestamp');
      const right = new PeerSession(identity);
      const sealed = await right.seal(peer.subject('data.request'), outgoing);
      expect((await peer.send(sealed)).answer).toMatchObject(served);
    });

    it('the same id with other bytes: a duplicate, and the first answer stays what it was', async () => {
      const first = peer.seal('data.request', request);
      const { bytes } = await peer.send(first);
      const forged = peer.seal('data.request', { fields: [birth] }, { id: first.id });
      await refuseAgain(forged, 'duplicate');
      const tampered = { ...first, bytes: new Uint8Array(first.bytes) };
      tampered.bytes[tampered.bytes.length - 1] = (tampered.bytes.at(-1) ?? 0) ^ 1;
      await refuseAgain(tampered, 'decrypt_failed');
      expect((await peer.send(first)).bytes).toEqual(bytes);
    });

    it('forged copies of a request that waits for the owner do not end it', async () => {
      const held = peer.seal('data.request', { fields: [birth] });
      expect((await peer.send(held)).answer).toMatchObject({ status: 'pending' });
      await refuseAgain(peer.seal('data.request', request, { id: held.id }), 'duplicate');
      const [received] = (await trace(held.id)).received;
      const key = `${connection.invite.connection}/${held.id}`;
      const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
      await owner.served('owner.deny', { request: key, hash });
      expect((await peer.answer(held.id, 2)).answer).toMatchObject({ code: 'refused' });
      const entries = trailOf(await readLedger(house)).filter(({ event }) => event === held.id);
      expect(entries.map(({ reason }) => reason)).toEqual(['consent_denied', 'duplicate']);
    });

    it('the same bytes again: the same answer, no new decision, and counted', async () => {
      const sealed = peer.seal('data.request', request);
      const first = await peer.send(sealed);
      const second = await peer.send(sealed);
      const third = await peer.send(sealed);
      expect(second.bytes).toEqual(first.bytes);
      expect(third.bytes).toEqual(first.bytes);
      const found = await trace(sealed.id);
      expect(found.received).toHaveLength(1);
      expect([found.decided.length, found.handled.length, found.answers.length]).toEqual([1, 1, 1]);
      expect(found.answers[0]?.bytes).toEqual(first.bytes);
      await house.closeVault();
      const counts = ofKind(await readLedger(house), 'aggregate').flatMap(
        ({ body }) => body.counts,
      );
      expect(counts).toMatchObject([{ type: 'data.request', reason: 'duplicate', count: 3 }]);
      await house.open();
      expect((await peer.send(sealed)).bytes).toEqual(first.bytes);
    });
  });

  /** For an id that was used before: the answers to it are several. */
  async function refuseAgain(sealed: Sealed, reason: Reason): Promise<void> {
    const { answer } = await peer.send(sealed);
    expect(answer).toMatchObject({ status: 'refused', code: reason });
    expect((await trace(sealed.id)).decided.at(-1)).toMatchObject({ outcome: 'denied', reason });
  }
});
