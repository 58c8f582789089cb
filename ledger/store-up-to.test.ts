import { expect, it } from 'vitest';
import { verifyStore } from './reader.ts';
import { storeUpTo } from './store-up-to.ts';
import { begin, identity, otherScope, stored } from './testing/fixtures.ts';
import { MemoryStore } from './testing/memory-store.ts';

it('shows a ledger as it stood, though it has grown under a key that came later', async () => {
  const store = new MemoryStore();
  const ledger = await begin(store);
  await ledger.append([stored('then')]).durable;
  const then = storeUpTo(store, await store.last());
  await ledger.append([stored('later', otherScope)]).durable;
  const sizes: number[] = [];
  for await (const { end } of verifyStore(then, identity)) sizes.push(end.size);
  expect(sizes).toEqual([1, 2]);
  expect(await then.last()).toBe(2);
  expect(await then.read(3)).toBeUndefined();
  expect((await then.read(2))?.sequence).toBe(2);
});
