/* The whole conformance suite, from its command, on a vault that is a process beside a vine that is another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Report } from '../../service/conformance/report.ts';
import { CliWorld, main, until } from '../cli-world.ts';

let world: CliWorld;
let vine: ChildProcess;
let script: string;

/** Plays the owner, and opens and closes the vault, whose process id it keeps. */
const ownerScript = (node: string, folder: string): string => `#!/bin/sh
cd "${folder}"
case "$1" in
stop)
  kill -TERM "$(cat pid)"
  while kill -0 "$(cat pid)" 2> /dev/null; do sleep 0.1; done
  ;;
start)
  "${node}" "${main}" run > run.log 2>&1 < /dev/null &
  echo $! > pid
  until grep -q "is open; messaging" run.log; do sleep 0.1; done
  ;;
*)
  exec "${node}" "${main}" owner "$@"
  ;;
esac
`;

beforeAll(async () => {
  world = await CliWorld.create();
  await world.json(['init']);
  script = join(world.folder, 'owner.sh');
  await writeFile(script, ownerScript(process.execPath, world.folder));
  const env = world.environment();
  vine = spawn(process.execPath, [main, 'vine'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  await once(vine.stdout as NodeJS.ReadableStream, 'data');
  await play('start');
});
afterAll(async () => {
  await play('stop').catch(() => undefined);
  vine?.kill('SIGTERM');
  if (vine?.exitCode === null) await once(vine, 'exit');
  await world?.destroy();
});

async function play(word: string): Promise<void> {
  const child = spawn('/bin/sh', [script, word], { env: world.environment(), stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${word} ended with ${code}`);
}

it('a vault that runs keeps every rule, and none is left untried', async () => {
  const file = join(world.folder, 'conformance.invite');
  await until(async () => {
    const { code } = await world.run(['owner', 'invite', 'Conformance', '--out', file]);
    return code === 0 ? true : undefined;
  });
  const owner = ['--owner-command', `/bin/sh "${script}"`];
  const run = ['conformance', '--invite', file, '--patience', '60', '--json', ...owner];
  const { code, out } = await world.run(run);
  const report = JSON.parse(out) as Report;
  expect(report.rules.filter(({ result }) => result !== 'passed')).toEqual([]);
  expect(report).toMatchObject({ conforms: 'yes', counts: { failed: 0, skipped: 0 } });
  expect(code).toBe(0);
});
