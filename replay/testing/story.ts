import { decide } from '../../core/decision/decide.ts';
import { type Batch, Journal } from '../../core/manager/journal.ts';
import type { HandledBody, InstalledHandler, ReceivedEvent } from '../../ledger/bodies.ts';
import { lastKey } from '../../ledger/chain-end.ts';
import type { Decision } from '../../ledger/decision.ts';
import { Ledger, type LedgerParts } from '../../ledger/ledger.ts';
import { fixedBytes, identity, signerFor, startTime } from '../../ledger/testing/fixtures.ts';
import { MemoryStore } from '../../ledger/testing/memory-store.ts';
import { dayOf, emptyState, eventKey } from '../../projections/vault-state.ts';
import { equalBytes, toHex } from '../../wire/bytes.ts';
import { contractHash } from '../../wire/contract.ts';
import { type Signer, sha256 } from '../../wire/crypto.ts';
import { decodeEvent, encodeEvent } from '../../wire/event.ts';
import { eventId } from '../../wire/identifiers.ts';
import {
  birth,
  blankRun,
  connect,
  contract,
  handlers,
  owner,
  ownerScope,
  ownScope,
  party,
  scopeId,
  shop,
  shopScope,
  storyKeys,
  vault,
} from './story-facts.ts';

/** How an event differs from an honest one. */
type Odd = {
  readonly id?: string;
  readonly valid?: boolean;
  readonly failure?: boolean;
  /** Version of the contract that it names. */
  readonly version?: number;
};

/** A vault's history, told without a vault: the same on every run, byte for byte in its facts. */
export class Story {
  readonly store: MemoryStore;
  readonly ledger: Ledger;
  readonly journal: Journal;
  #count = 0;
  readonly #clock: { now: number };

  private constructor(store: MemoryStore, ledger: Ledger, clock: { now: number }) {
    this.store = store;
    this.ledger = ledger;
    this.#clock = clock;
    this.journal = new Journal(ledger, emptyState);
  }

  /** @param later - keys that the ledger's may hand over to */
  static async begin(later: readonly Signer[] = []): Promise<Story> {
    const store = new MemoryStore();
    const clock = { now: startTime };
    const held: LedgerParts['signerFor'] = (publicKey) =>
      later.find((one) => equalBytes(one.publicKey, publicKey)) ?? signerFor(publicKey);
    const parts = { store, identity, signerFor: held, keys: storyKeys, now: () => clock.now };
    const story = new Story(store, await Ledger.create(parts), clock);
    await story.turn(birth);
    await story.turn(connect);
    return story;
  }

  /** One commit, a second after the one before. */
  async turn<T>(add: (batch: Batch) => T, afterMs = 1_000): Promise<T> {
    this.#clock.now += afterMs;
    const batch = this.journal.begin();
    const result = add(batch);
    await this.journal.commit(batch);
    return result;
  }

  /** The ledger's key hands over. */
  async rotate(next: Signer): Promise<void> {
    const batch = this.journal.beginRotation(next);
    const from = lastKey(this.ledger.end.keys);
    const body = { purpose: 'ledger' as const, from, to: next.publicKey };
    batch.add({ kind: 'rotated', scope: ownScope, body });
    await this.journal.commit(batch);
  }

  /** An event of the shop, or of the owner's app, as the vault reads it. */
  event(type: string, payload: object, odd: Odd = {}): ReceivedEvent {
    this.#count += 1;
    const owners = type.startsWith('owner.');
    const time = this.#clock.now;
    const id = odd.id ?? eventId(time, fixedBytes(`event ${this.#count}`, 10));
    const version = odd.version ?? contract.version;
    const ref = { id: contract.id, version, hash: contractHash(contract) };
    const bytes = encodeEvent({
      id,
      type,
      time,
      party: owners ? 'owner' : party,
      ...(owners ? {} : { contract: ref }),
      payload: payload as never,
    });
    const event = decodeEvent(bytes);
    if (!event.ok) throw new Error(event.detail);
    const outside = {
      subject: owners
        ? `OwnerSpace.${vault}.forVault.${type}`
        : `MessageSpace.${vault}.fromService.${party}.${type}`,
      connection: owners ? owner : shop,
      id,
      digest: sha256(bytes),
      bytes: bytes.length,
      epoch: 1,
      seen: 0,
    };
    if (odd.failure === true)
      return { ...outside, failure: { reason: 'decrypt_failed', detail: 'not authentic' } };
    const signature = { bytes: fixedBytes('signature'), valid: odd.valid ?? true };
    return { ...outside, event: event.value, signed: bytes, signature };
  }

  /** An event arrives: decided about as the vault does it. */
  arrive(received: ReceivedEvent, then: (batch: Batch, index: number) => void = () => {}) {
    return this.turn((batch) => {
      const decision = decide(batch.state, received, batch.time);
      const scope = received.connection === owner ? ownerScope : shopScope;
      const from = batch.add({ kind: 'received', scope, body: received });
      const request = eventKey(received.connection, received.id);
      const body = { request, again: false, ...decision };
      const index = batch.add({ kind: 'decided', scope, cause: from, body });
      if (decision.outcome !== 'allowed') queue(batch, received, index);
      then(batch, index);
      return { request, decision, from, index };
    });
  }

  /** A running request is handled, answered and published. */
  async handle(key: string, body: Partial<HandledBody> = {}): Promise<void> {
    const id = await this.turn((batch) => {
      const request = batch.state.requests.get(key);
      if (request === undefined) throw new Error(`${key} is not open`);
      const { manifest, digest } = handlers[0] as InstalledHandler;
      const handler = { name: manifest.name, version: manifest.version, digest };
      const from = batch.add({
        kind: 'handled',
        scope: shopScope,
        cause: request.index,
        body: { ...blankRun, request: key, handler, ...body },
      });
      return queue(batch, request.received, from);
    });
    await this.sent([id]);
  }

  sent(ids: readonly string[]): Promise<unknown> {
    return this.turn((batch) => batch.add({ kind: 'sent', scope: ownScope, body: { ids } }));
  }

  /** The owner's word on a held request. */
  consent(key: string, outcome: 'approved' | 'denied') {
    const request = this.journal.state.requests.get(key);
    if (request === undefined) throw new Error(`${key} is not open`);
    const { received, facts } = request;
    const type = outcome === 'approved' ? 'owner.approve' : 'owner.deny';
    const word = this.event(type, { request: key, hash: toHex(received.digest) });
    return this.arrive(word, (batch, from) => {
      const fields = outcome === 'approved' ? (facts.consent ?? []) : [];
      const said = { request: key, hash: received.digest, outcome, fields, device: 'de71ce' };
      const scope = shopScope;
      const cause = batch.add({ kind: 'consented', scope, cause: from, body: said });
      if (outcome === 'denied') queue(batch, received, cause);
      else {
        const decision = decide(batch.state, received, batch.time, 'again');
        const body = { request: key, again: true, ...decision };
        batch.add({ kind: 'decided', scope, cause, body });
      }
      queue(batch, word, cause);
    });
  }
}

/** What every event in `tellStory` came to. */
export type Told = {
  readonly story: Story;
  readonly keys: Readonly<Record<string, string>>;
  readonly decisions: Readonly<Record<string, Decision>>;
};

/** A history with everything in it: served, refused, held, approved, denied, expired, handled twice. */
export async function tellStory(later: readonly Signer[] = []): Promise<Told> {
  const story = await Story.begin(later);
  const keys: Record<string, string> = {};
  const decisions: Record<string, Decision> = {};
  const ask = async (name: string, type: string, payload: object, odd: Odd = {}) => {
    const told = await story.arrive(story.event(type, payload, odd));
    keys[name] = told.request;
    decisions[name] = told.decision;
    return told.request;
  };
  const address = { fields: ['personal/shipping_address'] };
  const birthday = { fields: ['personal/date_of_birth'] };
  const served = await ask('served', 'data.request', address);
  await story.handle(served, { provided: address.fields });
  await ask('undeclared', 'data.request', { fields: ['personal/income'] });
  await ask('unsupported', 'horoscope.request', {});
  await ask('forged', 'data.request', address, { valid: false });
  await ask('unreadable', 'data.request', address, { failure: true });
  await ask('duplicate', 'data.request', birthday, { id: served.slice(shop.length + 1) });
  const approved = await ask('approved', 'data.request', birthday);
  await story.consent(approved, 'approved');
  await story.handle(approved, { provided: birthday.fields });
  await story.consent(await ask('denied', 'data.request', birthday), 'denied');
  const late = await ask('expired', 'data.request', birthday);
  const body = { request: late, reason: 'consent_expired' as const };
  await story.turn((batch) => {
    const cause = batch.state.requests.get(late)?.index ?? 0;
    batch.add({ kind: 'expired', scope: shopScope, cause, body });
  });
  const payment = { order: 'A-1', amount: 100, currency: 'EUR', payee: 'Acme' };
  const paid = await ask('paid', 'payment.request', payment);
  await story.handle(paid, { once: `${shop}/payment.request/A-1` });
  await ask('paid twice', 'payment.request', payment);
  await ask('held', 'data.request', birthday);
  await ask('running', 'data.request', address);
  await story.turn((batch) => batch.add({ kind: 'closed', scope: ownScope, body: {} }), 3_600_000);
  return { story, keys, decisions };
}

function queue(batch: Batch, received: ReceivedEvent, from: number): string {
  const { connection } = received;
  const id = eventId(batch.time, fixedBytes(`answer ${from} ${connection}`, 10));
  const answers = eventKey(connection, received.id);
  const subject = connection === owner ? `forApp.${id}` : `fromVault.${id}`;
  const body = { id, connection, subject, bytes: fixedBytes(id), answers };
  const scope = scopeId(`outbox ${connection} ${dayOf(batch.time)}`);
  batch.add({ kind: 'queued', scope, cause: from, body });
  return id;
}
