import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld, contract } from './cli-world.ts';

let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});
afterAll(() => world.destroy());

describe('wrong use ends with 2', () => {
  it.each([
    [['nonsense']],
    [['verify', '--nonsense']],
    [['explain']],
    [['owner', 'set', 'personal/name']],
    [['service', 'request', 'data.request', '--timeout', 'soon']],
    [['service', 'connect', 'invite', '--as', '../acme', '--contract', contract]],
    [['owner', 'set', 'name', 'Ada']],
    [['owner', 'sever', 'acme']],
    [['owner', 'servers', 'nats://host:4222', '--default']],
    [['owner', 'grant', 'acme', '--fields', 'personal/full_name']],
    [['owner', 'rules', 'revoke', 'all']],
    [['owner', 'rules', 'forget', '1']],
    [['owner', 'approve', 'id', '--remember', 'always']],
    [['audit', '--export', 'trail.xlsx']],
    [['what-if']],
    [['what-if', '--contract', 'nowhere.json']],
    [['contract', 'diff', contract]],
  ])('of %j', async (args) => {
    expect((await world.run(args)).code).toBe(2);
  });

  it.each(['run', 'verify', 'replay', 'audit', 'vine'])(
    'of %s where there is no vault, and says how to make one',
    async (command) => {
      const { code, err } = await world.run([command]);
      expect(code).toBe(2);
      expect(err).toContain('cambium init');
    },
  );

  it('of a passphrase that can be searched, or of none', async () => {
    expect((await world.run(['init'], { CAMBIUM_PIN: '123456' })).code).toBe(2);
    expect((await world.run(['init'], { CAMBIUM_PIN: '' })).err).toContain('CAMBIUM_PIN');
  });
});

it('says its version', async () => {
  expect((await world.run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it.each([
  'init',
  'run',
  'vine',
  'verify',
  'replay',
  'audit',
  'explain',
  'what-if',
  'doctor',
  'demo',
])('%s has --help', async (command) => {
  const { code, out } = await world.run([command, '--help']);
  expect(code).toBe(0);
  expect(out).toContain(`Usage: cambium ${command}`);
  expect(out).toContain('--json');
});
