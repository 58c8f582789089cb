import type { Check } from '../../ledger/decision.ts';
import { LedgerError, type LedgerErrorCode } from '../../ledger/errors.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import { answerType } from '../../wire/messages.ts';
import type { Reason } from '../../wire/reasons.ts';
import { decide } from '../decision/decide.ts';
import { refusal } from './answers.ts';
import { readInbound } from './inbound.ts';
import { Mailbox } from './mailbox.ts';
import type { InboundMessage } from './ports.ts';
import type { VaultParts } from './turn.ts';
import { letInAll } from './ways-in.ts';

/** Why a vault does nothing, as those are told who ask. */
export type ShutReason = Extract<
  Reason,
  'vault_locked' | 'measurement_unapproved' | 'audit_unavailable'
>;

/** Answers that one connection gets while the vault is shut: they are counted in no epoch. */
const answersMax = 100;
/** Messages that wait; beyond, the newest are lost, which is what their class allows. */
const waitingMax = 200;
/** What says who asks, that it is new, and that they may: nothing else is judged while nothing can be recorded. */
const judged: ReadonlySet<Check['check']> = new Set([
  'envelope',
  'sender',
  'freshness',
  'connection',
]);

const reasons: Partial<Record<LedgerErrorCode, ShutReason>> = {
  CLOCK_JUMPED: 'vault_locked',
  IMAGE_UNAPPROVED: 'measurement_unapproved',
  STORE_UNAVAILABLE: 'audit_unavailable',
};

/**
 * What those who ask are told of a failure; `undefined` where they are told nothing: what is wrong with the ledger is between
 * the vault and its owner, and where another writer has it, that one answers.
 */
export function shutReason(error: unknown): ShutReason | undefined {
  return error instanceof LedgerError ? reasons[error.code] : undefined;
}

/** What the door knows of the vault behind it. */
export type DoorStates = {
  /** With what may not have become durable: an event that may be recorded gets no other answer here. */
  readonly latest: VaultState;
  /** Only what is durable: what is sealed has to be known after the next opening. */
  readonly durable: VaultState;
};

/**
 * Answers for a vault that cannot record anything: who has a connection is told why nothing happens. Best-effort events
 * only, in the epoch that is recorded last; what is critical waits in the messaging layer. Nothing of it is recorded, and nothing else is done.
 */
export class Door {
  readonly #parts: Pick<VaultParts, 'bus' | 'secrets' | 'sealer' | 'log'>;
  readonly #states: DoorStates;
  readonly #reason: ShutReason;
  readonly #mailbox = new Mailbox();
  readonly #said = new Map<string, number>();

  constructor(
    parts: Pick<VaultParts, 'bus' | 'secrets' | 'sealer' | 'log'>,
    states: DoorStates,
    reason: ShutReason,
  ) {
    this.#parts = parts;
    this.#states = states;
    this.#reason = reason;
  }

  /** Answers until the messaging layer is let go of. */
  async open(): Promise<void> {
    const { bus, log } = this.#parts;
    await letInAll(bus, this.#states.durable);
    await bus.hear((message) => {
      if (this.#mailbox.waiting >= waitingMax) return;
      this.#mailbox
        .post(() => this.#answer(message))
        .catch((error: unknown) => log('not answered at the door', { error: String(error) }));
    });
    log('the vault is shut', { reason: this.#reason });
  }

  async #answer(message: InboundMessage): Promise<void> {
    const { bus, secrets, sealer } = this.#parts;
    const { latest, durable } = this.#states;
    const arrival = await readInbound(latest, secrets, message);
    if (arrival.kind === 'stranger' || arrival.received.event === undefined) return;
    const { received, connection } = arrival;
    const { id, event } = arrival.received;
    const said = this.#said.get(connection.id) ?? 0;
    if (event === undefined || said >= answersMax) return;
    // By its sender's time: this machine's may be what is wrong, and nothing comes of it but an answer.
    const { checks } = decide(latest, received, event.time);
    if (checks.some(({ check, result }) => judged.has(check) && result !== 'pass')) return;
    const detail = connection.kind === 'owner' ? 'the vault does nothing for now' : undefined;
    const payload = refusal(event.type, this.#reason, detail);
    const asked = { epoch: received.epoch, seen: received.seen };
    const outgoing = { connection: connection.id, type: answerType, payload, cause: id, asked };
    const sealed = sealer.sealKept(durable, event.time, outgoing);
    if (sealed === undefined) return;
    this.#said.set(connection.id, said + 1);
    bus.publish(sealed.subject, sealed.bytes);
  }
}
