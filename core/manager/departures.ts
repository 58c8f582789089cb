import type { LedgerRecord } from '../../ledger/bodies.ts';
import type { Connection, VaultState } from '../../projections/vault-state.ts';
import type { VaultParts } from './turn.ts';
import { revokeOwn, takeNothing } from './ways-in.ts';

type Leaving = { readonly connection: Connection; readonly timer: NodeJS.Timeout };

/** How long a party that was severed may take to be told so, before its credential ends all the same. */
const graceMs = 2_000;

/**
 * Parties whose connection was severed: each is told so for everything that it had waiting, and then its
 * credential ends. Nothing of theirs is taken meanwhile.
 */
export class Departures {
  readonly #parts: VaultParts;
  /** By connection id. */
  readonly #leaving = new Map<string, Leaving>();
  readonly #revocations = new Set<Promise<void>>();

  constructor(parts: VaultParts) {
    this.#parts = parts;
  }

  /** These records are durable: whoever was severed in them leaves. */
  take(records: readonly LedgerRecord[], { connections }: VaultState): void {
    for (const { kind, body } of records) {
      const severed = kind === 'severed' ? connections.get(body.connection) : undefined;
      if (severed !== undefined) this.begin(severed);
    }
  }

  /** The connection was severed, and that is durable. */
  begin(connection: Connection): void {
    const { id, kind } = connection;
    // A device is no party with an account of its own: its credential ends with its removal (devices.ts).
    if (kind === 'owner') return;
    takeNothing(this.#parts, connection);
    if (this.#leaving.has(id)) return;
    const timer = setTimeout(() => this.#end(id), graceMs).unref();
    this.#leaving.set(id, { connection, timer });
  }

  /** The state has moved on: whoever has been told everything is let go. */
  afterRecords(state: VaultState): void {
    for (const id of this.#leaving.keys()) if (!isWaiting(state, id)) this.#end(id);
  }

  /** Lets everybody go who is leaving, and waits until the messaging layer knows. */
  async finish(): Promise<void> {
    for (const id of this.#leaving.keys()) this.#end(id);
    await Promise.all(this.#revocations);
  }

  /** Ends no credential any more: the next opening does. */
  stop(): void {
    for (const { timer } of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  #end(id: string): void {
    const leaving = this.#leaving.get(id);
    if (leaving === undefined) return;
    clearTimeout(leaving.timer);
    this.#leaving.delete(id);
    const done = revokeOwn(this.#parts, leaving.connection);
    this.#revocations.add(done);
    void done.finally(() => this.#revocations.delete(done));
  }
}

/** Whether something is still to be said to this connection. */
function isWaiting({ requests, outbox }: VaultState, id: string): boolean {
  return (
    requests.some(({ connection }) => connection === id) ||
    outbox.some(({ connection }) => connection === id)
  );
}
