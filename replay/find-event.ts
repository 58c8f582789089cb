import type { LedgerRecord } from '../ledger/bodies.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, eventKey, type VaultState } from '../projections/vault-state.ts';
import { ReplayError } from './errors.ts';

/** A `received` record. */
export type ReceivedRecord = Extract<LedgerRecord, { readonly kind: 'received' }>;

/** Whether a `received` record is what a person named by its event id or event key. */
export function isNamed({ body }: ReceivedRecord, name: string): boolean {
  return body.id === name || eventKey(body.connection, body.id) === name;
}

/** The record index in a name; `undefined` when it is an event id or key. */
export function indexIn(name: string): number | undefined {
  return /^\d{1,15}$/.test(name) ? Number(name) : undefined;
}

/**
 * Index of the `received` record that record `index` belongs to: itself, the request that it is
 * about, or the event that it follows from.
 * @throws ReplayError NOT_AN_EVENT, BEYOND_END
 */
export async function receivedOf(
  records: AsyncIterable<LedgerRecord>,
  index: number,
): Promise<number> {
  const finder = new Finder();
  for await (const record of records) {
    const found = finder.take(record);
    if (record.index !== index) continue;
    if (found !== undefined) return found;
    throw new ReplayError('NOT_AN_EVENT', `record ${index} (${record.kind}) belongs to no event`);
  }
  throw new ReplayError('BEYOND_END', `the ledger has no record ${index}`);
}

class Finder {
  #state: VaultState = emptyState;
  /** Event that each record belongs to, by index. */
  readonly #events = new Map<number, number>();

  take(record: LedgerRecord): number | undefined {
    const event = this.#eventOf(record);
    if (event !== undefined) this.#events.set(record.index, event);
    this.#state = evolve(this.#state, record);
    return event;
  }

  #eventOf(record: LedgerRecord): number | undefined {
    if (record.kind === 'received') return record.index;
    const key = requestIn(record);
    const request = key === undefined ? undefined : this.#state.requests.get(key);
    if (request !== undefined) return request.index;
    return record.cause === undefined ? undefined : this.#events.get(record.cause);
  }
}

/** Key of the request that a record is about; a first decision follows from its event instead. */
function requestIn(record: LedgerRecord): string | undefined {
  switch (record.kind) {
    case 'decided':
      return record.body.again ? record.body.request : undefined;
    case 'consented':
    case 'handled':
    case 'expired':
      return record.body.request;
    default:
      return undefined;
  }
}
