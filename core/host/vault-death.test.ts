import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A vault that calls a handler which never comes back, and says so when the handler runs. */
const vault = `
const built = (name) => import(${JSON.stringify(`file://${root}/dist/core/host/`)} + name + '.js');
const { createHandlerHost } = await built('handler-host');
const { loadManifests } = await built('manifest-loader');
const { detectSandbox } = await built('sandbox');
const [handler] = await loadManifests(process.argv[1]);
const host = createHandlerHost([handler], {
  sandbox: await detectSandbox(),
  allowWeakSandbox: true,
  onLog: (name, line) => console.log(line),
});
const event = { id: 'event', time: 0, payload: { mode: 'spin' } };
const call = { call: '1', type: 'unruly.request', event, vault: 'v', connection: 'c', party: 'p' };
await host.run(handler, call, {}, { fields: new Set() });
`;

/** Process ids whose command line names `text`. */
async function processesNaming(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')),
  );
  return ids.filter((_, index) => lines[index]?.includes(text));
}

it.runIf(process.platform === 'linux')(
  'a handler that hears nothing any more dies with a vault that is killed',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cambium-death-'));
    const handlers = join(folder, 'handlers');
    for (const name of ['sdk', 'unruly']) {
      await cp(join(import.meta.dirname, 'fixtures', name), join(handlers, name), {
        recursive: true,
      });
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    const manifest = join(handlers, 'unruly/handler.json');
    const patient = (await readFile(manifest, 'utf8')).replace('"timeMs": 800', '"timeMs": 60000');
    await writeFile(manifest, patient);

    const child = spawn(process.execPath, ['--input-type=module', '-e', vault, handlers], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    expect(line).toBe('spinning');
    expect((await processesNaming(join(handlers, 'unruly'))).length).toBeGreaterThan(0);

    child.kill('SIGKILL');
    await expect.poll(() => processesNaming(handlers), { timeout: 5000 }).toEqual([]);
    await rm(folder, { recursive: true });
  },
);
