import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../cli-world.ts';
import { passphrase, TestHouse } from '../harness.ts';

describe('a vault that another program opened last, run unattended', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open({ measure: async () => 'a'.repeat(96) });
    await house.closeVault();
    await Promise.all([house.ledger.stop(), house.vine.stop()]);
  });
  afterAll(() => house?.destroy());

  it('waits for the owner, answers meanwhile, and ends with what was missing', async () => {
    const run = command(house);
    await expect.poll(() => run.said(), { timeout: 20_000 }).toContain('--approve-image');
    expect(run.said()).toContain('measurement_unapproved');
    expect(await run.end()).toBe(1);
    expect(run.said()).toContain('IMAGE_UNAPPROVED');
  });

  it('opens with their word, and needs it no more after that', async () => {
    for (const options of [['--approve-image'], []]) {
      const run = command(house, ...options);
      await expect.poll(() => run.said(), { timeout: 20_000 }).toContain('is open');
      expect(await run.end()).toBe(0);
    }
  });
});

/** `cambium run`, unattended, on a house's data directory. */
function command(house: TestHouse, ...options: string[]) {
  const env = {
    ...process.env,
    CAMBIUM_PIN: passphrase,
    CAMBIUM_STATE: house.folder,
    CAMBIUM_DATA: house.data.path,
  };
  const child: ChildProcess = spawn(process.execPath, [main, 'run', ...options], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      said += String(text);
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    said: () => said,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
