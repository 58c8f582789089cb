import type { LedgerRecord } from '../ledger/bodies.ts';
import type { ErasureTarget } from '../ledger/upkeep-bodies.ts';
import { namespaceOf, type VaultState } from '../projections/vault-state.ts';
import { isMap } from '../wire/event.ts';

/** What was erased, by name: a decision that looked at it cannot be made again. */
export class ErasedNames {
  readonly #names = new Set<string>();

  /** Takes one more erasure. */
  take({ kind, name }: ErasureTarget): void {
    if (kind !== 'outbox') this.#names.add(name);
  }

  /** Whether one of these connections or fields was erased, or the namespace of one. */
  has(names: readonly string[]): boolean {
    return names.some(
      (name) => this.#names.has(name) || (name.includes('/') && this.#names.has(namespaceOf(name))),
    );
  }
}

/** The connections and fields that a decision may have looked at. */
export function namesIn(
  { body, cause }: Extract<LedgerRecord, { readonly kind: 'decided' | 'handled' }>,
  state: VaultState,
): string[] {
  const connection = body.request.slice(0, body.request.indexOf('/'));
  const request =
    state.requests.get(body.request) ?? state.requests.find(({ index }) => index === cause);
  const payload = request?.received.event?.payload;
  const said = isMap(payload) ? Object.values(payload).flatMap(wordsIn) : [];
  const terms = [connection, ...said].flatMap((id) =>
    (state.connections.get(id)?.contract?.contract.fields ?? []).map(({ name }) => name),
  );
  return [connection, ...said, ...terms];
}

/** Names in a member of a payload: a connection, a field, a list of them, the key of a request. */
function wordsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(wordsIn);
  if (typeof value !== 'string') return [];
  const slash = value.indexOf('/');
  return slash < 0 ? [value] : [value, value.slice(0, slash)];
}
