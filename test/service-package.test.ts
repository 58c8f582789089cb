import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeInvite } from '../wire/invite.ts';
import { accept, address, type Home, invited, leave, neighbours, until } from './neighbours.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

describe('cambium/service, as others have it', () => {
  let homes: Home[];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'service-'));
    homes = await neighbours(2);
  }, 60_000);
  afterAll(async () => {
    await leave(homes ?? []);
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the example, with an invite of this vault, as a process of its own. */
  async function shop(home: Home): Promise<unknown[]> {
    const invite = await invited(home);
    const file = join(folder, 'invite');
    await writeFile(file, encodeInvite(invite));
    const running = run(process.execPath, ['examples/shop.mjs', file, join(folder, 'shop')], {
      cwd: root,
    });
    await until(async () => {
      const shown = (await home.owner.served('owner.pending')) as { connections: unknown[] };
      return shown.connections.length > 0;
    });
    accept(home, invite);
    const { stdout } = await running;
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  it('the example connects to one vault, and then to another with the same keys', async () => {
    const [one, two] = homes as [Home, Home];
    const first = { vault: one.house.card.vault, fields: { [address]: '0 Vine Street' } };
    const second = { vault: two.house.card.vault, fields: { [address]: '1 Vine Street' } };
    expect(await shop(one)).toMatchObject([first]);
    const both = await shop(two);
    expect(both).toHaveLength(2);
    expect(both).toEqual(
      expect.arrayContaining([first, second].map((line) => expect.objectContaining(line))),
    );
  });

  it('is what the package offers under its names', async () => {
    const program = `
      import { openService } from 'cambium/service';
      import { memoryStore } from 'cambium/service/store';
      import { ServiceError } from 'cambium/service/errors';
      const service = await openService({ store: memoryStore() });
      const error = await service.connect('no invite', {}).catch((thrown) => thrown);
      console.log(error instanceof ServiceError, error.code, service.connections);
      await service.close();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
    });
    expect(stdout.trim()).toBe('true BAD_INVITE 0');
  });
});
