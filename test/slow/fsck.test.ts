import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataDir } from '../../cli/data-dir.ts';
import { main } from '../cli-world.ts';
import { type Contents, FsckWorld, fsck } from '../fsck-world.ts';
import { passphrase } from '../harness.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

const flips = 60;
const kills = 40;

let world: FsckWorld;
let whole: Contents;
let random: SeededRandom;

beforeAll(async () => {
  random = seededRandom('fsck');
  world = await FsckWorld.create();
  whole = await world.contents(await world.copy());
});
afterAll(() => world.destroy());

/** Changes some bytes of a file of the ledger's server, or cuts it, or takes it away. */
async function damage(data: DataDir): Promise<string> {
  const root = join(data.ledger, 'jetstream');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const file = files[random.between(0, files.length)];
  const path = join(file?.parentPath ?? '', file?.name ?? '');
  const bytes = await readFile(path);
  const how = random.pick(['flip', 'flip', 'flip', 'cut', 'remove']);
  if (how === 'remove') await rm(path);
  else if (how === 'cut') await writeFile(path, bytes.subarray(0, random.between(0, bytes.length)));
  else {
    const at = random.between(0, bytes.length);
    await writeFile(path, bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.between(0, 8))));
  }
  return `${how} ${path.slice(root.length)}`;
}

describe('whatever happens to the files of a ledger server', () => {
  it(`fsck gives back what was there, after any of ${flips} damages`, async () => {
    const ends: Record<string, number> = {};
    for (let turn = 0; turn < flips; turn++) {
      const data = await world.copy();
      const what: string[] = [];
      for (let count = random.between(1, 4); count > 0; count--) what.push(await damage(data));
      const found = await fsck(data);
      const after = await fsck(data, { from: world.late });
      const name = found.ledger.ok ? (found.keyring.ok ? 'whole' : 'keyring') : found.ledger.class;
      ends[name] = (ends[name] ?? 0) + 1;
      expect(after.code, what.join(', ')).toBe(0);
      expect(await world.contents(data), what.join(', ')).toEqual(whole);
      await rm(data.path, { recursive: true });
    }
    console.log('damages:', ends);
  });
});

describe('a repair that is killed', () => {
  /** Runs the command in a process of its own, and kills it after this time. */
  async function killed(data: DataDir, afterMs: number): Promise<boolean> {
    const child = spawn(process.execPath, [main, 'fsck', '--from', world.late], {
      stdio: 'ignore',
      env: { ...process.env, CAMBIUM_DATA: data.path, CAMBIUM_PIN: passphrase },
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    return code === null;
  }

  it(`leaves a ledger that the next one heals, at any of ${kills} moments`, async () => {
    let cutShort = 0;
    for (let turn = 0; turn < kills; turn++) {
      const data = await world.holding({ ...whole, commits: whole.commits.toSpliced(5, 1) });
      if (await killed(data, random.between(200, 1_500))) cutShort += 1;
      const { code } = await fsck(data, { from: world.late });
      expect(code).toBe(0);
      expect(await world.contents(data)).toEqual(whole);
      const left = (await readdir(data.path)).filter((name) => name.startsWith('ledger.'));
      expect(left).toEqual([expect.stringMatching(/^ledger\.damaged-/)]);
      await rm(data.path, { recursive: true });
    }
    console.log(`${cutShort} of ${kills} were cut short`);
    expect(cutShort).toBeGreaterThan(kills / 4);
  });
});
