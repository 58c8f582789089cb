import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataDir } from '../cli/data-dir.ts';
import { renderFsck } from '../cli/render-fsck.ts';
import { natsBinary, startLedger } from '../cli/servers.ts';
import { decode, encode, type MsgpackValue } from '../wire/msgpack.ts';
import { type Contents, FsckWorld, fsck } from './fsck-world.ts';
import { TestHouse } from './harness.ts';

let world: FsckWorld;
let whole: Contents;

beforeAll(async () => {
  world = await FsckWorld.create();
  whole = await world.contents(await world.copy());
});
afterAll(() => world.destroy());

async function damagedFolders(data: DataDir): Promise<string[]> {
  return (await readdir(data.path)).filter((name) => name.startsWith('ledger.'));
}

/** Heals it, and expects it to be what the vault had written, byte for byte. */
async function expectHealed(data: DataDir, from: string): Promise<void> {
  const before = await readdir(data.ledger).catch(() => undefined);
  const { code, healed } = await fsck(data, { from });
  expect({ code, commits: healed?.commits }).toEqual({ code: 0, commits: whole.commits.length });
  expect(await world.contents(data)).toEqual(whole);
  const [aside = '', ...others] = await damagedFolders(data);
  expect(aside).toMatch(/^ledger\.damaged-\d{8}T\d{6}Z$/);
  expect(others).toEqual([]);
  if (before !== undefined)
    expect(await readdir(join(data.path, aside))).toEqual(expect.arrayContaining(before));
  expect(await fsck(data)).toMatchObject({ code: 0, ledger: { ok: true } });
}

/** Expects that nothing was changed. */
async function expectLeft(data: DataDir, from: string) {
  const files = await readdir(data.ledger, { recursive: true });
  const report = await fsck(data, { from });
  expect(report.code).toBe(1);
  expect(report.healed).toBeUndefined();
  expect(await damagedFolders(data)).toEqual([]);
  expect(await readdir(data.ledger, { recursive: true })).toEqual(files);
  return report;
}

function at(commits: readonly Uint8Array[], place: number): Uint8Array {
  return commits[place] ?? new Uint8Array(0);
}

function edited(commit: Uint8Array): Uint8Array {
  const middle = commit.length >> 1;
  return commit.with(middle, (commit[middle] ?? 0) ^ 1);
}

function ofAnother(commit: Uint8Array): Uint8Array {
  return encode((decode(commit) as MsgpackValue[]).with(1, new Uint8Array(16)));
}

describe('a whole ledger', () => {
  it('is left as it is', async () => {
    const data = await world.copy();
    expect(await fsck(data)).toMatchObject({
      code: 0,
      ledger: { ok: true },
      keyring: { ok: true },
    });
    const beside = await fsck(data, { from: world.late });
    expect(beside).toMatchObject({ code: 0, plan: { heals: false } });
    expect(await fsck(data, { from: world.early })).toMatchObject({
      code: 0,
      plan: { heals: false },
    });
    expect(await damagedFolders(data)).toEqual([]);
  });

  it('is not looked at while a vault runs on it', async () => {
    const data = await world.copy();
    const server = await startLedger(data, await natsBinary(() => {}), 'lasting');
    await expect(fsck(data, { from: world.late })).rejects.toMatchObject({ kind: 'failed' });
    await server.stop();
  });
});

describe('a damaged ledger is healed', () => {
  it('when a bit of its files is flipped: from an export, and from another directory', async () => {
    for (const from of [world.late, world.house.data.path]) {
      const data = await world.copy();
      const [block = ''] = (await readdir(world.blocks(data))).filter((name) =>
        name.endsWith('.blk'),
      );
      const path = join(world.blocks(data), block);
      const bytes = await readFile(path);
      const at = bytes.length >> 1;
      await writeFile(path, bytes.with(at, (bytes[at] ?? 0) ^ 0x10));
      const found = await fsck(data);
      expect(found).toMatchObject({ code: 1, ledger: { ok: false } });
      const dry = await fsck(data, { from, dryRun: true });
      expect(dry).toMatchObject({ code: 1, plan: { heals: true, ending: { kind: 'whole' } } });
      expect(await damagedFolders(data)).toEqual([]);
      expect((await readFile(path)).length).toBe(bytes.length);
      await expectHealed(data, from);
    }
  });

  it.each<readonly [string, (data: DataDir) => Promise<void>, string]>([
    [
      'its message files are gone',
      async (data) => rm(world.blocks(data), { recursive: true }),
      'store_lost',
    ],
    [
      'its streams are gone',
      async (data) => rm(join(data.ledger, 'jetstream'), { recursive: true }),
      'store_lost',
    ],
    ['its folder is gone', async (data) => rm(data.ledger, { recursive: true }), 'store_lost'],
    [
      'no server starts on its files',
      async (data) => {
        await rm(join(data.ledger, 'jetstream'), { recursive: true });
        await writeFile(join(data.ledger, 'jetstream'), 'not a folder');
      },
      'store_lost',
    ],
    [
      'an old copy of it was put back',
      async (data) => {
        await rm(data.ledger, { recursive: true });
        await cp(world.earlyLedger, data.ledger, { recursive: true });
      },
      'rolled_back',
    ],
  ])('when %s', async (_, damage, name) => {
    const data = await world.copy();
    await damage(data);
    expect(await fsck(data)).toMatchObject({ code: 1, ledger: { ok: false, class: name } });
    await expectHealed(data, world.late);
  });

  it.each<readonly [string, (commits: readonly Uint8Array[]) => readonly Uint8Array[]]>([
    ['reordered', (all) => all.with(3, at(all, 8)).with(8, at(all, 3))],
    ['lost', (all) => all.toSpliced(5, 2)],
    ['corrupted', (all) => all.with(8, edited(at(all, 8)))],
    ['foreign', (all) => all.toSpliced(2, 0, ofAnother(at(all, 8)))],
  ])('when its commits are %s, whatever their sequences', async (name, damage) => {
    const data = await world.holding({ ...whole, commits: damage(whole.commits) });
    expect(await fsck(data)).toMatchObject({ code: 1, ledger: { class: name } });
    await expectHealed(data, world.late);
  });

  it('and then the vault runs on it', async () => {
    const data = await world.holding({ ...whole, commits: whole.commits.toSpliced(4, 3) });
    await expectHealed(data, world.late);
    const state = await mkdtemp(join(tmpdir(), 'cambium-state-'));
    for (const part of ['sealer', 'checkpoints'])
      await cp(join(world.house.folder, part), join(state, part), { recursive: true });
    const house = await TestHouse.at(state, data.path);
    try {
      await house.open();
      const owner = await house.owner();
      expect(await owner.served('owner.fields')).toContain('personal/full_name');
      expect(house.failures).toEqual([]);
    } finally {
      await house.destroy();
    }
  });
});

describe('nothing is healed', () => {
  it('from a copy that is too old: what is missing is named', async () => {
    const data = await world.holding({ ...whole, commits: whole.commits.toSpliced(-2, 1) });
    const { plan } = await expectLeft(data, world.early);
    expect(plan).toMatchObject({ heals: false, ending: { kind: 'short' } });
  });

  it('from a copy that has gone on for itself: both heads are named', async () => {
    const copies = [await world.copy(), await world.copy()] as const;
    const heads: string[] = [];
    for (const data of copies) {
      const state = await mkdtemp(join(tmpdir(), 'cambium-state-'));
      for (const part of ['sealer', 'checkpoints'])
        await cp(join(world.house.folder, part), join(state, part), { recursive: true });
      const house = await TestHouse.at(state, data.path);
      await house.open();
      await house.destroy();
      const { ledger } = await fsck(data);
      if (ledger.ok) heads.push(ledger.head);
    }
    const { ledger, plan } = await expectLeft(copies[0], copies[1].path);
    expect(ledger).toMatchObject({ ok: false, class: 'forked', code: 'FORKED' });
    const branches = [
      { of: 'ledger', head: heads[0] },
      { of: 'copy', head: heads[1] },
    ];
    expect(plan).toMatchObject({ heals: false, ending: { kind: 'forked', branches } });
  });

  it('from a copy of another vault, or one that is none', async () => {
    const other = await TestHouse.create();
    await Promise.all([other.ledger.stop(), other.vine.stop()]);
    const data = await world.copy();
    await expect(fsck(data, { from: other.data.path })).rejects.toThrow('another vault');
    await other.destroy();
    await expect(fsck(data, { from: '/nowhere' })).rejects.toMatchObject({ kind: 'usage' });
    await expect(fsck(data, { from: data.vaultFile })).rejects.toMatchObject({
      code: 'EXPORT_MALFORMED',
    });
  });
});

describe('the keyring', () => {
  it('is healed from a copy when it is the one that the ledger recorded', async () => {
    const data = await world.copy();
    await rm(world.ringFolder(data), { recursive: true });
    expect(await fsck(data)).toMatchObject({
      code: 1,
      ledger: { ok: true },
      keyring: { ok: false },
    });
    await expectHealed(data, world.late);
  });

  it('is healed when entries of it are missing', async () => {
    for (const ring of [whole.ring.toSpliced(2, 1), whole.ring.slice(0, -1)]) {
      const data = await world.holding({ ...whole, ring });
      await expectHealed(data, world.late);
    }
  });

  it('is not healed with an older one, or with the wrong passphrase', async () => {
    const data = await world.holding({ ...whole, ring: [] });
    await expect(fsck(data, { from: world.early })).rejects.toMatchObject({ name: 'LedgerError' });
    const wrong = { from: world.late, passphrase: 'another passphrase' };
    await expect(fsck(data, wrong)).rejects.toMatchObject({ code: 'RING_LOCKED' });
    expect(await damagedFolders(data)).toEqual([]);
  });

  it('stays when the copy has an older one', async () => {
    const data = await world.holding({ ...whole, commits: whole.commits.toSpliced(4, 1) });
    const { healed } = await fsck(data, { from: world.early });
    expect(healed?.commits).toBe(whole.commits.length);
    expect(await world.contents(data)).toEqual(whole);
  });
});

describe('a replacement that was interrupted', () => {
  it('is completed by the next start, whoever starts', async () => {
    const data = await world.copy();
    const healed = 'ledger.healed-20260101T000000Z';
    await rename(data.ledger, join(data.path, healed));
    const note = { healed, aside: 'ledger.damaged-20260101T000000Z', pid: 1, began: 'before' };
    await writeFile(join(data.path, 'repair.json'), JSON.stringify(note));
    const server = await startLedger(data, await natsBinary(() => {}), 'brief');
    await server.stop();
    expect(await world.contents(data)).toEqual(whole);
  });
});

describe('the report', () => {
  it('says in words what was found and done', async () => {
    const data = await world.holding({ ...whole, commits: whole.commits.toSpliced(5, 1) });
    const found = renderFsck(await fsck(data), data.path, false);
    expect(found).toContain('NOT WHOLE, lost: record');
    expect(found).toContain('--from');
    const dry = renderFsck(await fsck(data, { from: world.late, dryRun: true }), data.path, false);
    expect(dry).toContain('1 of them from the copy');
    const done = renderFsck(await fsck(data, { from: world.late }), data.path, false);
    expect(done).toMatch(/healed {2}\d+ records/);
    expect(done).toContain('ledger.damaged-');
    expect(renderFsck(await fsck(data), data.path, false)).toContain('whole:');
  });
});
