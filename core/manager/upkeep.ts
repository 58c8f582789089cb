import type { Ledger } from '../../ledger/ledger.ts';
import type { Reason } from '../../wire/reasons.ts';
import { addCheckpoint, checkpointDue } from './checkpoints.ts';
import { addErasure, scopesOf } from './erasure.ts';
import { FoldedRefusals } from './folded-refusals.ts';
import type { Batch } from './journal.ts';
import { retireDue } from './key-rotation.ts';
import { noticeOfCounted } from './notice-of-refusal.ts';
import { hold, tellHeld } from './notices.ts';
import { expireDue, nextEnd } from './requests.ts';
import { Counter } from './strangers.ts';
import type { Task, Turn, VaultParts } from './turn.ts';

const everyMs = 60_000;
const timerMaxMs = 2 ** 31 - 1;

/** What upkeep sets off. */
export type UpkeepHooks = {
  /** A turn whose failure stops the vault. */
  readonly post: (task: Task, begin?: () => Batch) => void;
  /** The ledger was closed under a vault that nobody stopped. */
  readonly abandoned: () => void;
};

/**
 * What a vault does when nobody asks: ends requests whose time is over, records what it has counted,
 * signs checkpoints, and destroys the keys of answers that nobody can ask for again.
 */
export class Upkeep {
  readonly #parts: VaultParts;
  readonly #ledger: Ledger;
  readonly #hooks: UpkeepHooks;
  readonly #counter = new Counter();
  /** Refusals of connections whose bucket is empty. */
  readonly folded: FoldedRefusals = new FoldedRefusals();
  #deadline: NodeJS.Timeout | undefined;
  #every: NodeJS.Timeout | undefined;
  #checkpointing = false;
  #stopped = false;

  constructor(parts: VaultParts, hooks: UpkeepHooks) {
    this.#parts = parts;
    this.#ledger = parts.ledger;
    this.#hooks = hooks;
  }

  /** Begins. Its timers keep no process alive: a vault that was abandoned must not. */
  start(): void {
    this.afterRecords();
    this.#every = setInterval(() => {
      if (this.#ledger.closed !== undefined) this.#hooks.abandoned();
      else this.#hooks.post(async (turn) => this.#regular(turn));
    }, everyMs).unref();
  }

  /** Does nothing any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#deadline);
    clearInterval(this.#every);
  }

  /** The state has moved on. */
  afterRecords(): void {
    this.#watchDeadlines();
    if (this.#checkpointing || !checkpointDue(this.#parts.journal.state)) return;
    this.#checkpointing = true;
    this.#hooks.post(
      async (turn) => {
        this.#checkpointing = false;
        await this.checkpoint(turn);
      },
      () => this.#parts.journal.beginCommit(),
    );
  }

  /** Records a checkpoint of everything so far, in a batch that begins its commit. */
  async checkpoint({ batch }: Turn): Promise<void> {
    addCheckpoint(batch, this.#ledger);
  }

  /** Counts one message that is not recorded by itself. */
  count(time: number, type: string, reason: Reason, digest: Uint8Array): void {
    this.#counter.add(time, type, reason, digest);
  }

  /** Records what was counted since the last time. */
  async recordCounts(turn: Turn): Promise<void> {
    const { batch } = turn;
    const body = this.#counter.take(batch.time);
    if (body !== undefined) batch.add({ kind: 'aggregate', scope: batch.state.scope, body });
    for (const counted of this.folded.take(batch.time)) {
      // Of a connection that was forgotten meanwhile there is nothing more to say.
      const scope = batch.state.connections.get(counted.connection)?.scope;
      if (scope === undefined) continue;
      const cause = batch.add({ kind: 'aggregate', scope, body: counted });
      for (const count of counted.counts) {
        const notice = noticeOfCounted(counted.connection, count);
        if (notice !== undefined) hold(turn, notice, cause);
      }
    }
  }

  async #regular(turn: Turn): Promise<void> {
    await this.recordCounts(turn);
    await tellHeld(this.#parts, turn);
    retireDue(this.#parts, turn);
    const target = { kind: 'outbox', name: '' } as const;
    const scopes = scopesOf(turn.batch.state, target);
    if (scopes.length === 0) return;
    addErasure(turn.batch, target, scopes);
    const { ring } = this.#parts;
    turn.later(async () => {
      await ring.forget(scopes);
      const body = { purpose: 'ring' as const, ring: ring.state() };
      return {
        task: async ({ batch }) => {
          batch.add({ kind: 'rotated', scope: batch.state.scope, body });
        },
      };
    });
  }

  /** A timer may be a moment early by the clock of records: then nothing is due yet, and it is set anew. */
  async #expire(turn: Turn): Promise<void> {
    await expireDue(this.#parts, turn);
    if (turn.batch.records.length === 0) this.#watchDeadlines();
  }

  #watchDeadlines(): void {
    clearTimeout(this.#deadline);
    if (this.#stopped) return;
    const next = nextEnd(this.#parts.journal.state);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#deadline = setTimeout(
      () => this.#hooks.post((turn) => this.#expire(turn)),
      Math.min(timerMaxMs, Math.max(10, next - Date.now())),
    ).unref();
  }
}
