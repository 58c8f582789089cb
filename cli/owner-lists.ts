import type { DescribedConnection, Pending } from './render-pending.ts';
import type { OwnerSession } from './with-owner.ts';

type Next = { readonly next: string | null };

/** All connections of the vault, page by page. */
export async function readConnections(owner: OwnerSession): Promise<DescribedConnection[]> {
  const all: DescribedConnection[] = [];
  for await (const page of pages<{ connections: DescribedConnection[] }>(
    owner,
    'owner.connections',
  ))
    all.push(...page.connections);
  return all;
}

/** Everything that waits for the owner's word, page by page. */
export async function readPending(owner: OwnerSession): Promise<Pending> {
  const all = { requests: [], connections: [], updates: [] } as Record<keyof Pending, unknown[]>;
  for await (const page of pages<Pending>(owner, 'owner.pending')) {
    all.requests.push(...page.requests);
    all.connections.push(...page.connections);
    all.updates.push(...page.updates);
  }
  return all as Pending;
}

async function* pages<T>(owner: OwnerSession, type: string): AsyncGenerator<T> {
  for (let from: string | null | undefined; from !== null; ) {
    const page = await owner.ask(type, from === undefined ? {} : { from });
    yield page as T;
    from = (page as Next).next;
  }
}
