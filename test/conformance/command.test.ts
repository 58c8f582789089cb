import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../service/conformance/report.ts';
import { CliWorld, main } from '../cli-world.ts';

const ownerCommand = `"${process.execPath}" "${main}" owner`;
/** A few of each kind: what an invitee, the owner and a party are needed for. */
const some = ['routing.invitee', 'contract.members', 'handshake.pending', 'routing.publish'];

describe('cambium conformance, on a vault that runs', () => {
  let world: CliWorld;
  let running: ChildProcess;
  let invites = 0;

  beforeAll(async () => {
    world = await CliWorld.create();
    await world.json(['init']);
    running = spawn(process.execPath, [main, 'run', '--json'], {
      env: world.environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(running.stdout as NodeJS.ReadableStream, 'data');
  });
  afterAll(async () => {
    if (running?.exitCode === null) {
      running.kill('SIGTERM');
      await once(running, 'exit');
    }
    await world?.destroy();
  });

  async function invite(): Promise<string> {
    invites += 1;
    const file = join(world.folder, `${invites}.invite`);
    const { code, err } = await world.run(['owner', 'invite', 'Conformance', '--out', file]);
    if (code !== 0) throw new Error(err);
    return file;
  }

  const tried = async (...more: string[]) =>
    world.run(['conformance', '--invite', await invite(), '--patience', '60', ...more]);

  it('prints what holds, page by page, and ends with 0 when all that was asked for does', async () => {
    const { code, out } = await tried('--owner-command', ownerCommand, '--rule', ...some);
    expect(out).toContain('routing.md\n  ok    routing.invitee-publish\n');
    expect(out).toMatch(
      /\d+ passed, 0 failed, 0 skipped, 0 not applicable: vault [a-z2-7]{26} keeps every rule/,
    );
    expect(code).toBe(0);
  });

  it('says which rules nobody could try, where nobody plays the owner, and ends with 1', async () => {
    const { code, out, err } = await tried('--json', '--rule', ...some);
    const report = JSON.parse(out) as Report;
    expect(report).toMatchObject({ type: 'cambium-conformance', v: 1, conforms: 'open' });
    const result = (id: string) => report.rules.find((rule) => rule.id === id);
    expect(result('handshake.pending')).toMatchObject({ result: 'passed', page: 'handshake.md' });
    expect(result('routing.publish-owner')).toMatchObject({
      result: 'skipped',
      why: 'nobody plays the owner, to "approve"',
    });
    expect(err).toContain('skip  routing.publish-owner');
    expect(code).toBe(1);
  });

  it('takes an owner command that has not every word, and skips what needs it', async () => {
    const { code, out } = await tried('--owner-command', 'exit 2;', '--rule', 'handshake.accepted');
    expect(out).toContain('skip  handshake.accepted: who plays the owner cannot "approve"');
    expect(code).toBe(1);
  });

  it('lists its rules, and is told when there is none of that name, or no invite', async () => {
    const listed = await world.run(['conformance', '--invite', 'x', '--list', '--rule', 'event.']);
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('event.duplicate ') });
    const none = await world.run(['conformance', '--invite', 'x', '--rule', 'nothing']);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('--list') });
    expect(await world.run(['conformance', '--invite', 'x'])).toMatchObject({ code: 2 });
  });
});
