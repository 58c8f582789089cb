/* What the ledger of a vault with an agent says afterwards, and what another grant would have changed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { checkDecisions } from '../replay/check-decisions.ts';
import { checkDigests } from '../replay/check-digests.ts';
import { explain } from '../replay/explain.ts';
import { whatIfGranted } from '../replay/what-if.ts';
import type { WhatIfReport } from '../replay/what-if-report.ts';
import type { AgentGrant } from '../wire/agent-terms.ts';
import {
  AgentWorld,
  address,
  agentWith,
  asks,
  grant,
  name,
  oneByOne,
  scopes,
} from './agent-world.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

const shop = 'shop.example';
const cools = (refusals: number) => ({ refusals, within_minutes: 60, minutes: 30 });
const denied = { decision: 'denied', connection_kind: 'agent', name: 'Shopping agent' };

let world: AgentWorld;
let records: LedgerRecord[];
let connection: string;

/** One name, two foreign targets, two noes of the owner, and a grant that is written anew. */
beforeAll(async () => {
  world = await AgentWorld.create();
  const agent = await world.agent();
  connection = agent.connection;
  await asks(agent, [name], shop);
  for (const target of ['evil.example', 'evilshop.example']) await asks(agent, [name], target);
  for (let count = 0; count < 2; count += 1) {
    await asks(agent, [address], shop);
    await world.say('deny');
  }
  await world.owner.served('owner.agent', { connection, grant: grant() });
  await asks(agent, [name], shop);
  await world.house.closeVault();
  records = await readLedger(world.house);
});

afterAll(() => world?.destroy());

describe('the ledger of a vault with an agent', () => {
  it('decides the same again, and folds to the same state', async () => {
    const decisions = await checkDecisions(oneByOne(records));
    expect(decisions.differences).toEqual([]);
    expect(decisions.reproduced).toBeGreaterThan(10);
    expect((await checkDigests(oneByOne(records))).differences).toEqual([]);
  });

  it('has an entry for each request and each word of the owner about the agent', async () => {
    const trail = trailOf(records);
    expect(trail.filter(({ target }) => target !== null)).toMatchObject([
      { decision: 'approved', target: shop, fields_provided: [name] },
      { ...denied, reason: 'purpose_mismatch', target: 'evil.example' },
      { ...denied, reason: 'purpose_mismatch', target: 'evilshop.example' },
      { ...denied, reason: 'consent_denied', target: shop, fields_asked: [address] },
      { ...denied, reason: 'consent_denied', target: shop, fields_asked: [address] },
      // It had not heard of the other grant, and has asked once more.
      ...trail.filter(({ reason }) => reason === 'contract_version_mismatch'),
      { decision: 'approved', target: shop, contract_version: 2 },
    ]);
    expect(trail.filter(({ kind }) => kind.startsWith('agent_'))).toMatchObject([
      {
        detail: 'version 1: name, address, phone, pay',
        decided_by: expect.stringMatching(/^owner:/),
      },
      { detail: '3 refused' },
      { detail: '4 refused' },
      { detail: 'version 2: name, address, phone, pay' },
    ]);
    expect(JSON.stringify(trail)).not.toContain('Elm Street');
  });

  it('explains what it refused, with the scopes and the target that were looked at', async () => {
    const entry = trailOf(records).find(({ target }) => target === 'evilshop.example');
    const explained = await explain(oneByOne(records), entry?.event ?? '');
    expect(explained?.decisions[0]).toMatchObject({ reproduced: true });
    const fields = entry?.checks.find(({ check }) => check === 'fields');
    expect(fields?.inputs).toMatchObject({ scopes: ['name'], target: 'evilshop.example' });
    expect(ofKind(records, 'agent_refused')).toHaveLength(2);
  });
});

describe('another grant', () => {
  const judged = (other: Partial<AgentGrant>): Promise<WhatIfReport> =>
    whatIfGranted(oneByOne(records), grant(other), connection);

  it('would have changed nothing where it is the same', async () => {
    const report = await judged({});
    expect(report).toMatchObject({ flips: [], otherReason: 0, unreproduced: 0 });
    expect(report.same).toBe(report.judged);
    expect(report.judged).toBeGreaterThanOrEqual(6);
  });

  it('would have given what it gives, and asked for what it asks for', async () => {
    const wider = [agentWith({ targets: ['shop.example', 'evil.example'] }), ...scopes.slice(1)];
    expect((await judged({ scopes: wider })).flips).toMatchObject([
      { from: 'denied', to: 'allowed', check: 'fields', count: 1 },
    ]);
    expect((await judged({ scopes: scopes.slice(1) })).flips).toMatchObject([
      { from: 'allowed', to: 'denied', reason: 'field_not_in_contract', count: 2 },
    ]);
  });

  it('would have cooled down earlier, for refusals of its checks and of its owner', async () => {
    expect((await judged({ cool_down: cools(2) })).flips).toContainEqual(
      expect.objectContaining({ from: 'pending', to: 'denied', reason: 'rate_limited', count: 2 }),
    );
    expect((await judged({ cool_down: cools(3) })).flips).toContainEqual(
      expect.objectContaining({ from: 'pending', to: 'denied', reason: 'rate_limited', count: 1 }),
    );
  });

  it('is tried on an agent that there is', async () => {
    const nobody = whatIfGranted(oneByOne(records), grant(), 'n'.repeat(26));
    await expect(nobody).rejects.toMatchObject({ code: 'UNKNOWN_CONNECTION' });
  });
});
