/* What goes on in a vault while it is killed: best-effort requests, consents, payments. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SealedEvent } from '../../service/session.ts';
import type { Answer } from '../../wire/messages.ts';
import { askUntilAnswered, type Party } from './people.ts';
import type { RawPeer } from './raw-peer.ts';
import type { SeededRandom } from './seeded-random.ts';

type Held = { readonly request: string; readonly hash: string };

/** A payment as its client sees it. */
export type Payment = {
  readonly event: SealedEvent;
  readonly order: string;
  /** The messaging layer said that it has it. */
  acknowledged: boolean;
  /** When it was sent once more because its answer was lost, Unix milliseconds. */
  sentAgain?: number;
};

const payers = 2;
const askers = 3;
const ownerLooksMs = 1_500;
const quietWaitMs = 5_000;

/** Everything that clients asked for, and the loops that do it until `stop`. */
export class Load {
  readonly owner: RawPeer;
  readonly service: Party;
  /** Nothing new is begun while this is set. */
  held = false;
  readonly requests: SealedEvent[] = [];
  readonly consents: SealedEvent[] = [];
  readonly payments: Payment[] = [];
  /** Questions of the owner's app whose answers are not kept in the ledger. */
  readonly readings = new Set<string>();
  /** Requests that were sealed and answered since `mark`. */
  answeredSinceMark = 0;
  readonly #random: SeededRandom;
  readonly #pauseMs: number;
  readonly #deciding = new Set<string>();
  readonly #commands: Promise<unknown>[] = [];
  readonly #loops: Promise<void>[] = [];
  #mark = 0;
  #failure: unknown;
  /** No loop begins anything more. */
  #stopped = false;
  /** Every request is answered, so the owner need not look any more. */
  #asked = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(owner: RawPeer, service: Party, random: SeededRandom, pauseMs: number) {
    this.owner = owner;
    this.service = service;
    this.#random = random;
    this.#pauseMs = pauseMs;
    owner.onEvent = ({ type, payload }) => {
      if (type === 'consent.requested') this.#decide(payload as unknown as Held);
    };
  }

  start(): void {
    for (let at = 0; at < askers; at++) this.#loop(() => this.#ask('personal/shipping_address'));
    this.#loop(() => this.#ask('personal/date_of_birth'));
    for (let at = 0; at < payers; at++) this.#loop(() => this.#pay());
    this.#looking = this.#repeat(
      () => this.#look(),
      () => this.#asked,
    );
  }

  /** Begins to count answers to what is sealed from now on. */
  mark(): void {
    this.#mark += 1;
    this.answeredSinceMark = 0;
  }

  /** Throws what stopped a loop. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Lets every loop come to the end of what it has begun, and asks for the answers that were lost.
   * @param graceMs - how long what was acknowledged may take to be answered
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#asked = true;
    await this.#looking;
    await Promise.allSettled(this.#commands);
    this.check();
    await this.#settled(graceMs);
    for (const payment of this.payments) {
      if (this.service.peer.finalAnswer(payment.event.id) !== undefined) continue;
      payment.sentAgain = Date.now();
      await askUntilAnswered(this.service.peer, payment.event);
    }
    for (const { event } of this.payments) {
      const answer = this.service.peer.finalAnswer(event.id);
      if (answer !== undefined) expectKnown(answer, ['handler_failed', 'duplicate']);
    }
  }

  async #settled(graceMs: number): Promise<void> {
    const { peer } = this.service;
    const until = performance.now() + graceMs;
    const open = () => this.payments.some(({ event }) => peer.finalAnswer(event.id) === undefined);
    while (open() && performance.now() < until) await peer.heard(until - performance.now());
  }

  #loop(step: () => Promise<void>): void {
    this.#loops.push(this.#repeat(step, () => this.#stopped));
  }

  async #repeat(step: () => Promise<void>, ended: () => boolean): Promise<void> {
    try {
      while (!ended()) {
        if (!this.held) await step();
        await sleep(this.#pauseMs * (0.5 + this.#random.next()));
      }
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** A best-effort request, sent again until it is answered. */
  async #ask(field: string): Promise<void> {
    const { peer, contract } = this.service;
    const mark = this.#mark;
    const payload = { fields: [field] };
    const sealed = await peer.seal({ type: 'data.request', payload, contract });
    const consent = field === 'personal/date_of_birth';
    (consent ? this.consents : this.requests).push(sealed);
    const answer = await askUntilAnswered(peer, sealed);
    expectKnown(answer, consent ? ['refused', 'handler_failed'] : ['handler_failed']);
    if (mark === this.#mark && answer.status === 'served') this.answeredSinceMark += 1;
  }

  /**
   * A critical request, handed over until that is acknowledged, and never again: from then on it is
   * the vault's. Its order id may be another's too.
   */
  async #pay(): Promise<void> {
    const { peer, contract } = this.service;
    const before = this.payments.at(-1)?.order;
    const fresh = `order-${this.payments.length}`;
    const order = before !== undefined && this.#random.next() < 0.2 ? before : fresh;
    const payload = { order, amount: 1250, currency: 'EUR', payee: 'Acme Retail' };
    const event = await peer.seal({ type: 'payment.request', payload, contract });
    const payment: Payment = { event, order, acknowledged: false };
    this.payments.push(payment);
    while (!payment.acknowledged) {
      if (peer.finalAnswer(event.id) !== undefined) break;
      payment.acknowledged = await peer.submit(event);
      if (!payment.acknowledged) await sleep(100);
    }
    const until = performance.now() + quietWaitMs;
    while (peer.finalAnswer(event.id) === undefined && performance.now() < until)
      await peer.heard(until - performance.now());
  }

  /**
   * Notifications are at most once: what the owner missed, they find by looking. The answer is not
   * kept, so a question that was lost is not sent again, but asked anew.
   */
  async #look(): Promise<void> {
    await sleep(ownerLooksMs);
    const { owner } = this;
    const sealed = await owner.seal({ type: 'owner.pending', payload: {} });
    this.readings.add(sealed.id);
    owner.send(sealed);
    const until = performance.now() + quietWaitMs;
    while (owner.finalAnswer(sealed.id) === undefined && performance.now() < until)
      await owner.heard(until - performance.now());
    const answer = owner.finalAnswer(sealed.id);
    if (answer?.status !== 'served') return;
    for (const held of (answer.result as { requests: Held[] }).requests) this.#decide(held);
  }

  /** The owner approves three of four, each with one command, sent until it is answered. */
  #decide({ request, hash }: Held): void {
    if (this.#deciding.has(request)) return;
    this.#deciding.add(request);
    const type = this.#random.next() < 0.75 ? 'owner.approve' : 'owner.deny';
    const decided = this.owner
      .seal({ type, payload: { request, hash } })
      .then((sealed) => askUntilAnswered(this.owner, sealed));
    this.#commands.push(decided);
    decided.catch((error: unknown) => {
      this.#failure ??= error;
    });
  }
}

function expectKnown(answer: Answer, codes: readonly string[]): void {
  if (answer.status === 'refused' && !codes.includes(answer.code))
    throw new Error(`refused for a reason that nobody gave: ${JSON.stringify(answer)}`);
}
