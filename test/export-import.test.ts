import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../cli/command.ts';
import { exportCommand } from '../cli/export.ts';
import { importCommand } from '../cli/import.ts';
import { verifyCommand } from '../cli/verify.ts';
import { exportBytes, readFrames } from '../ledger/testing/export-bytes.ts';
import type { ServiceConnection } from '../service/service-identity.ts';
import { passphrase, retailer, TestHouse } from './harness.ts';
import { readLedger } from './ledger-view.ts';

const address = { fields: ['personal/shipping_address'] };

let house: TestHouse;
let connection: ServiceConnection;
let severed: ServiceConnection;
let file: string;
let printed: string[];

beforeAll(async () => {
  house = await TestHouse.create();
  process.env['CAMBIUM_STATE'] = house.folder;
  file = join(house.folder, 'vault.export');
  await house.open();
  const owner = await house.owner();
  await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
  await owner.served('owner.set', { field: address.fields[0], value: '12 St James Square' });
  const service = await house.connectService(owner, await retailer());
  connection = service.connection;
  severed = (await house.connectService(owner, await retailer())).connection;
  await owner.served('owner.sever', { connection: severed.invite.connection });
  expect(await service.request('data.request', address)).toMatchObject({ status: 'served' });
});
afterAll(async () => {
  delete process.env['CAMBIUM_STATE'];
  await house.destroy();
});

function context(data: string, json = true): CommandContext {
  printed = [];
  return {
    data,
    json,
    colour: false,
    columns: 100,
    progress: () => {},
    print: (text) => printed.push(text),
    passphrase: async () => passphrase,
  };
}

function answer(): Record<string, unknown> {
  return JSON.parse(printed[0] ?? '') as Record<string, unknown>;
}

describe('an export of a vault', () => {
  it('is made beside the running vault, and names what is not in it', async () => {
    expect(await exportCommand({ ...context(house.data.path), file })).toBe(0);
    const { records, sealer, files } = answer() as {
      records: number;
      sealer: string[];
      files: string[];
    };
    expect(records).toBeGreaterThan(20);
    // One for the keyring, one for the owner's app.
    expect(sealer).toHaveLength(2);
    for (const path of sealer) expect(await readFile(path)).toHaveLength(32);
    expect(files).toContain('owner-app.json');
    expect(files).toContain('vine/vine.conf');
    expect(files.every((name) => !name.startsWith('services/'))).toBe(true);
    const frames = await readFrames(new Uint8Array(await readFile(file)));
    expect(frames.filter(({ type }) => type === 'note')).toHaveLength(1);
  });

  it('holds no value, no seed and no sealer in clear', async () => {
    const bytes = await readFile(file);
    const folder = join(house.folder, 'sealer');
    const sealed = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name))),
    );
    for (const secret of ['12 St James Square', passphrase, ...sealed])
      expect(bytes.includes(secret)).toBe(false);
    expect(bytes.toString('latin1')).not.toMatch(/\bS[OAU][A-Z2-7]{56}\b/);
  });

  it('is not written over another file', async () => {
    await expect(exportCommand({ ...context(house.data.path), file })).rejects.toMatchObject({
      kind: 'usage',
    });
    expect((await readdir(house.folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('verifies without a server, and opens with the passphrase and the sealer', async () => {
    const whole = { ...context('/nowhere'), open: false, export: file };
    expect(await verifyCommand(whole)).toBe(0);
    expect(answer()).toMatchObject({ ok: true, opened: false, checkpoints: 1 });
    expect(await verifyCommand({ ...context('/nowhere'), open: true, export: file })).toBe(0);
    expect(answer()).toMatchObject({ ok: true, opened: true });
  });

  it('names the first bad record when it was changed', async () => {
    const frames = await readFrames(new Uint8Array(await readFile(file)));
    const at = frames.findIndex(({ type }) => type === 'commit') + 2;
    const bad = join(house.folder, 'bad.export');
    await writeFile(bad, exportBytes(frames.toSpliced(at, 1)));
    expect(await verifyCommand({ ...context('/nowhere'), open: false, export: bad })).toBe(1);
    expect(answer()).toMatchObject({ ok: false, code: 'INDEX_GAP', class: 'lost' });
  });
});

describe('importing it elsewhere', () => {
  let state: string;
  let data: string;
  let records: number;

  beforeAll(async () => {
    records = (await readLedger(house)).length;
    await house.closeVault();
    await Promise.all([house.ledger.stop(), house.vine.stop()]);
    await exportCommand({ ...context(house.data.path), file: join(house.folder, 'closed.export') });
    file = join(house.folder, 'closed.export');
    state = join(house.folder, 'elsewhere');
    process.env['CAMBIUM_STATE'] = state;
    data = join(state, 'data');
    await mkdir(state);
  });

  it('refuses a damaged file, and leaves nothing behind', async () => {
    const bytes = await readFile(file);
    const frames = await readFrames(new Uint8Array(bytes));
    const commit = frames.findIndex(({ type }) => type === 'commit');
    const evil = {
      type: 'file',
      name: 'vine/vine.conf',
      bytes: Buffer.from('include "/etc/x"'),
    } as const;
    const strange = {
      type: 'file',
      name: 'vine/server.conf',
      bytes: Buffer.from('port: 1'),
    } as const;
    const config = frames.findIndex((frame) => frame.type === 'file' && frame.name === evil.name);
    const bad = {
      'cut short': bytes.subarray(0, bytes.length - 1_000),
      'a byte changed': Buffer.from(bytes).fill(0, bytes.length - 2_000, bytes.length - 1_999),
      'a commit less': exportBytes(frames.toSpliced(commit + 1, 1)),
      'another configuration': exportBytes(frames.with(config, evil)),
      'a file that is none of ours': exportBytes(frames.toSpliced(config, 0, strange)),
      'no export': Buffer.from('{}'),
    };
    for (const [what, changed] of Object.entries(bad)) {
      const path = join(house.folder, 'damaged.export');
      await writeFile(path, changed);
      await expect(importCommand({ ...context(data), file: path }), what).rejects.toThrow();
      expect(await readdir(state), what).toEqual([]);
    }
  });

  it('gives a data directory whose export is the same, byte for byte', async () => {
    expect(await importCommand({ ...context(data), file })).toBe(0);
    expect(answer()).toMatchObject({ vault: house.card.vault, pinned: true });
    expect(answer()['missing']).toEqual(answer()['sealer']);
    const again = join(state, 'again.export');
    expect(await exportCommand({ ...context(data), file: again })).toBe(0);
    expect((await readFile(again)).equals(await readFile(file))).toBe(true);
  });

  it('refuses to do it twice in one place', async () => {
    await expect(importCommand({ ...context(data), file })).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  it('gives a vault that runs with its owner and its services, once the sealer is there', async () => {
    await cp(join(house.folder, 'sealer'), join(state, 'sealer'), { recursive: true });
    const other = await TestHouse.at(state, data);
    try {
      await other.open();
      const owner = await other.owner();
      expect(await owner.served('owner.fields')).toEqual([
        'personal/full_name',
        'personal/shipping_address',
      ]);
      const service = await other.asService(connection);
      const answered = await service.request('data.request', address);
      expect(answered).toMatchObject({ status: 'served' });
      expect(JSON.stringify(answered)).toContain('12 St James Square');
      // Its revocation came along.
      await expect(other.asService(severed)).rejects.toThrow();
      expect((await readLedger(other)).length).toBeGreaterThan(records);
      expect(other.failures).toEqual([]);
    } finally {
      await other.destroy();
    }
  });
});
