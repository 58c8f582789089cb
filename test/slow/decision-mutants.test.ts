import { readdirSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { decide } from '../../core/decision/decide.ts';
import { agentDisagreement } from '../../core/decision/testing/agent-agrees.ts';
import { agentCases, agentRecorded } from '../../core/decision/testing/agent-cases.ts';
import { type AgentScenario, agentScenarios } from '../../core/decision/testing/agent-scenario.ts';
import { disagreement } from '../../core/decision/testing/agrees.ts';
import {
  commandCases,
  eventOf,
  handshakeCases,
  stateFor,
} from '../../core/decision/testing/command-cases.ts';
import { type Mutant, mutantsOf } from '../../core/decision/testing/mutations.ts';
import { partyCases } from '../../core/decision/testing/party-cases.ts';
import { peerCases } from '../../core/decision/testing/peer-cases.ts';
import { recordedCases, recordingFault } from '../../core/decision/testing/recorded-cases.ts';
import { now, type Scenario, scenarios } from '../../core/decision/testing/scenario.ts';
import { storageCases } from '../../core/decision/testing/storage-cases.ts';

const built = resolve('dist');
const rooms = ['wire', 'ledger', 'projections'];
const numRuns = 30_000;

let folder: string;
let cases: readonly (readonly [Scenario, AgentScenario])[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-mutants-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  cases = fc.sample(fc.tuple(scenarios, agentScenarios), { numRuns, seed: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the decision with one file replaced, beside the rooms that it imports. */
async function decider(name: string, mutant?: Mutant): Promise<typeof decide> {
  const home = join(folder, name);
  const decision = join(home, 'core', 'decision');
  await cp(join(built, 'core', 'decision'), decision, { recursive: true });
  for (const room of rooms) await symlink(join(built, room), join(home, room));
  if (mutant !== undefined) await writeFile(join(decision, mutant.file), mutant.source);
  const url = pathToFileURL(join(decision, 'decide.js')).href;
  return ((await import(/* @vite-ignore */ url)) as { decide: typeof decide }).decide;
}

/** The first thing that tells a decider from one that follows the specification. */
function found(decider: typeof decide): string | undefined {
  try {
    for (const given of [...commandCases, ...handshakeCases])
      if (decider(stateFor(given), eventOf(given), now).reason !== given.reason) return given.about;
    for (const { about, state, received, reason } of [...partyCases, ...peerCases, ...agentCases])
      if (decider(state, received, now).reason !== reason) return about;
    const unrecorded = recordingFault(decider, [
      ...recordedCases,
      ...storageCases,
      ...agentRecorded,
    ]);
    if (unrecorded !== undefined) return unrecorded;
    for (const [scenario, ofAgent] of cases) {
      const differs = disagreement(scenario, decider) ?? agentDisagreement(ofAgent, decider);
      if (differs !== undefined) return differs;
    }
    return undefined;
  } catch (error) {
    return `it throws: ${String(error)}`;
  }
}

it('the decision itself differs from the specification in nothing', async () => {
  expect(found(await decider('original'))).toBeUndefined();
});

const files = readdirSync(join(built, 'core', 'decision')).filter((file) => file.endsWith('.js'));

it.each(files)('every small fault in %s is found by a test', async (file) => {
  const mutants = mutantsOf(file, await readFile(join(built, 'core', 'decision', file), 'utf8'));
  const survivors: string[] = [];
  for (const [at, mutant] of mutants.entries()) {
    // One that does not load is no fault that a test could find.
    const result = found(await decider(`${file}-${at}`, mutant));
    if (result === undefined) survivors.push(`${mutant.file}:${mutant.line} ${mutant.what}`);
  }
  console.log(`${file}: ${mutants.length} mutants, ${survivors.length} survive`);
  expect(survivors).toEqual([]);
});
