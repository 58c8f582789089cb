import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** A fault for each rule that keeps the rooms apart: the linter has to find it. */
const faults: readonly (readonly [file: string, imported: string])[] = [
  ['wire/planted.ts', '../ledger/chain.ts'],
  ['wire/deep/planted.ts', '../../core/bus/nats-server.ts'],
  ['wire/planted.ts', 'node:fs'],
  ['wire/planted.ts', '@nats-io/transport-node'],
  ['ledger/planted.ts', '../projections/evolve.ts'],
  ['ledger/planted.ts', '../core/decision/decide.ts'],
  ['projections/planted.ts', '../core/decision/decide.ts'],
  ['projections/planted.ts', '../replay/explain.ts'],
  ['core/planted.ts', '../replay/explain.ts'],
  ['core/deep/planted.ts', '../../cli/wiring.ts'],
  ['core/deep/planted.ts', '../../handlers/sdk/serve.ts'],
  ['replay/planted.ts', '../cli/attach.ts'],
  ['replay/planted.ts', '../service/session.ts'],
  ['service/planted.ts', '../ledger/chain.ts'],
  ['service/planted.ts', '../core/keys/root-key.ts'],
  ['handlers/data-request/planted.ts', '../../wire/bytes.ts'],
  ['handlers/sdk/planted.ts', '../../core/host/frames.ts'],
  ['core/decision/planted.ts', 'node:fs'],
  ['core/decision/planted.ts', 'node:crypto'],
];

describe('the linter keeps the rooms apart', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cambium-rules-'));
    for (const file of ['biome.json', 'purity.grit'])
      await cp(join(root, file), join(folder, file));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(faults)('finds a fault planted in %s: an import of %s', async (file, imported) => {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `import { planted } from '${imported}';\n\nplanted();\n`);
    expect(await lint(folder, file)).toContain('noRestrictedImports');
    await rm(path);
  });

  it.each([
    ['Date.now()', 'export const now: number = Date.now();\n'],
    ['new Date()', 'export const now: Date = new Date();\n'],
    ['performance.now()', 'export const now: number = performance.now();\n'],
  ])('finds %s in a decision', async (_, text) => {
    for (const room of ['core/decision', 'projections']) {
      const path = join(folder, room, 'planted.ts');
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      expect(await lint(folder, `${room}/planted.ts`)).toContain('noRestrictedGlobals');
      await rm(path);
    }
  });

  it('finds Math.random() anywhere', async () => {
    await mkdir(join(folder, 'service'), { recursive: true });
    const path = join(folder, 'service', 'luck.ts');
    await writeFile(path, 'export const luck: number = Math.random();\n');
    expect(await lint(folder, 'service/luck.ts')).toContain('noMathRandom');
  });

  it('finds no fault where there is none', async () => {
    await mkdir(join(folder, 'replay'), { recursive: true });
    const text = `import { decide } from '../core/decision/decide.ts';\n\ndecide();\n`;
    await writeFile(join(folder, 'replay', 'fine.ts'), text);
    expect(await lint(folder, 'replay/fine.ts')).not.toContain('noRestrictedImports');
  });
});

async function lint(folder: string, file: string): Promise<string> {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const options = { cwd: folder, env: { ...process.env, NO_COLOR: '1' } };
  const { stdout, stderr } = await run(biome, ['lint', file], options).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
}
