import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filePin } from './file-pin.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-pin-'));
});
afterEach(() => rm(folder, { recursive: true }));

const pinHere = () => filePin(join(folder, 'pin'), 'the file');

describe('a pin in a file', () => {
  it('keeps nothing at first, then what it was given last', async () => {
    expect(await pinHere().read()).toBeUndefined();
    await pinHere().replace(undefined, 'one');
    expect(await pinHere().read()).toBe('one');
    await pinHere().replace('one', 'two');
    expect(await pinHere().read()).toBe('two');
    expect(await readdir(join(folder, 'pin'))).toEqual(['2.checkpoint']);
  });

  it('is not replaced by whoever does not know what it keeps', async () => {
    await pinHere().replace(undefined, 'one');
    for (const expected of [undefined, 'another'])
      await expect(pinHere().replace(expected, 'two')).rejects.toMatchObject({
        code: 'PIN_CONFLICT',
      });
    expect(await pinHere().read()).toBe('one');
  });

  it('lets one of many through who replace the same one at once', async () => {
    await pinHere().replace(undefined, 'one');
    const tries = Array.from({ length: 20 }, (_, at) => pinHere().replace('one', `next ${at}`));
    const ends = await Promise.allSettled(tries);
    const through = ends.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
    expect(through).toHaveLength(1);
    expect(await pinHere().read()).toBe(`next ${through[0]}`);
  });

  it('counts the later one after a crash that left both, and passes over what is half written', async () => {
    await pinHere().replace(undefined, 'one');
    await writeFile(join(folder, 'pin', '2.checkpoint'), 'two');
    await writeFile(join(folder, 'pin', '77.3.partial'), 'thr');
    expect(await pinHere().read()).toBe('two');
    await pinHere().replace('two', 'three');
    expect(await pinHere().read()).toBe('three');
  });
});
