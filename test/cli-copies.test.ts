import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld } from './cli-world.ts';

let world: CliWorld;
let file: string;

beforeAll(async () => {
  world = await CliWorld.create();
  file = join(world.folder, 'vault.export');
  await world.json(['init']);
});
afterAll(() => world.destroy());

describe('a person who looks after a vault', () => {
  it('writes it to a file, and verifies that', async () => {
    const { code, out } = await world.run(['export', file]);
    expect(code).toBe(0);
    expect(out).toContain('the wrapped keyring');
    expect(out).toContain('.sealer');
    expect((await world.run(['export', file])).code).toBe(2);
    expect((await world.run(['verify', '--export', file])).out).toContain('whole:');
    expect((await world.run(['verify', '--export', file, '--open'])).code).toBe(0);
    expect(await world.json(['verify', '--export', file])).toMatchObject({ ok: true });
  });

  it('is told of a file that is damaged, cut, or none', async () => {
    const bytes = await readFile(file);
    const bad = join(world.folder, 'bad.export');
    await writeFile(bad, bytes.subarray(0, bytes.length - 9));
    const cut = await world.run(['verify', '--export', bad]);
    expect(cut).toMatchObject({ code: 1 });
    expect(cut.out).toContain('EXPORT_MALFORMED');
    await writeFile(bad, 'something else');
    expect(await world.run(['verify', '--export', bad])).toMatchObject({ code: 1 });
    expect((await world.run(['verify', '--export', join(world.folder, 'none')])).code).toBe(2);
    expect((await world.run(['import', bad, '--data', join(world.folder, 'x')])).code).toBe(1);
  });

  it('finds damage, and heals it', async () => {
    expect((await world.run(['fsck', '--data', join(world.folder, 'nowhere')])).code).toBe(2);
    await rm(join(world.data, 'ledger'), { recursive: true });
    const found = await world.run(['fsck']);
    expect(found).toMatchObject({ code: 1 });
    expect(found.out).toContain('NOT WHOLE, store_lost');
    const dry = await world.run(['fsck', '--from', file, '--dry-run']);
    expect(dry).toMatchObject({ code: 1 });
    expect(dry.out).toContain('would heal it');
    const { code, out } = await world.run(['fsck', '--from', file]);
    expect(out).toContain('healed');
    expect(code).toBe(0);
    expect(await world.json(['fsck'])).toMatchObject({ ledger: { ok: true } });
  });

  it('makes a vault of it elsewhere, which holds what the first one held', async () => {
    const data = join(world.folder, 'elsewhere');
    expect((await world.run(['import', file])).code).toBe(2);
    const { code, out } = await world.run(['import', file, '--data', data]);
    expect(code).toBe(0);
    expect(out).toContain('run it only when the old copy runs no more');
    expect(await world.json(['verify', '--data', data])).toMatchObject({ ok: true });
    expect((await world.run(['owner', 'fields', '--data', data])).code).toBe(0);
    // The one here has been left behind: a copy that is as old does not help.
    expect(await world.run(['verify'])).toMatchObject({ code: 1 });
    const behind = await world.run(['fsck', '--from', file]);
    expect(behind).toMatchObject({ code: 1 });
    expect(behind.out).toContain('ROLLED_BACK');
    expect((await world.run(['fsck', '--from', data])).out).toContain('healed');
    expect(await world.json(['verify'])).toMatchObject({ ok: true });
  });
});
