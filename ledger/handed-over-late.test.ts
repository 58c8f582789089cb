import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handedOverLate } from './handed-over-late.ts';

async function* counting(count: number, read: number[], failure?: Error): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) {
    read.push(item);
    yield item;
  }
  if (failure !== undefined) throw failure;
}

describe('items that are handed over late', () => {
  it('are all there, in order, each after the ones that have to be read before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(50), fc.nat(20), async (count, late) => {
        const read: number[] = [];
        let next = 0;
        for await (const item of handedOverLate(counting(count, read), late)) {
          expect(item).toBe(next);
          expect(read.length).toBe(Math.min(count, item + late + 1));
          next += 1;
        }
        expect(next).toBe(count);
      }),
    );
  });

  it('come before the error of their source', async () => {
    const failure = new Error('no more');
    const taken: number[] = [];
    const take = async (): Promise<void> => {
      for await (const item of handedOverLate(counting(3, [], failure), 5)) taken.push(item);
    };
    await expect(take()).rejects.toBe(failure);
    expect(taken).toEqual([0, 1, 2]);
  });

  it('end their source when nobody wants more', async () => {
    let ended = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (let item = 0; ; item++) yield item;
      } finally {
        ended = true;
      }
    }
    for await (const _ of handedOverLate(source(), 3)) break;
    expect(ended).toBe(true);
  });
});
