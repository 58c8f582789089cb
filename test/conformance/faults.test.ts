import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Lab, type LabOptions } from '../../service/conformance/lab.ts';
import type { Rule } from '../../service/conformance/rule.ts';
import { type Result, rules, tryRule } from '../../service/conformance/suite.ts';
import type { Invite } from '../../wire/messages.ts';
import { type Owner, TestHouse } from '../harness.ts';
import { faultsAsked } from './faults-asked.ts';
import { faultsAsking, generousVine } from './faults-asking.ts';
import { faultsDecided } from './faults-decided.ts';
import { faultsLater } from './faults-later.ts';
import { faultsReceived } from './faults-received.ts';
import { faultsSent } from './faults-sent.ts';
import { houseOwner } from './house-owner.ts';
import { openServer } from './open-server.ts';
import type { Plan, Plans } from './plan.ts';
import { withFault } from './wrong-vault.ts';

vi.mock('../../core/bus/vault-bus.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongBus(await real()),
);
vi.mock('../../core/manager/inbound.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongInbound(await real()),
);
vi.mock('../../core/decision/decide.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongDecide(await real()),
);
vi.mock('../../core/manager/sealer.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongSealer(await real()),
);
vi.mock('../../core/manager/statements.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongStatements(await real()),
);
vi.mock('../../wire/profile.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongProfile(await real()),
);
vi.mock('../../core/manager/handovers.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongHandovers(await real()),
);
vi.mock('../../core/manager/address.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongAddress(await real()),
);
vi.mock('../../core/bus/vine/permissions.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongPermissions(await real()),
);
vi.mock('../../core/bus/vine/credentials.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongCredentials(await real()),
);
vi.mock('../../core/bus/vine/party-accounts.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongAccounts(await real()),
);

const plans: Plans = {
  ...faultsAsking,
  ...faultsReceived,
  ...faultsDecided,
  ...faultsSent,
  ...faultsLater,
  ...faultsAsked,
};
/** Long, where an answer must come; short, where a wrong vault may never give it. */
const patience = { withoutFault: 30_000, withFault: 500 };
const waits = { patienceMs: patience.withoutFault, pauseMs: 50 };

describe('a vault that is wrong', () => {
  let house: TestHouse;
  let owner: Owner;
  let shared: Lab;
  let generous: Lab;
  let open: Awaited<ReturnType<typeof openServer>>;
  const labs: Lab[] = [];

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    open = await openServer();
    shared = await newLab(await invited(), () => true);
    generous = await newLab(await withFault(generousVine, invited));
    await withFault(generousVine, () => generous.main());
  });
  afterAll(async () => {
    await Promise.all(labs.map((lab) => lab.close()));
    await open?.stop();
    await house?.destroy();
  });

  async function invited(): Promise<Invite> {
    return (await owner.served('owner.invite', { label: 'Conformance' })) as Invite;
  }

  async function newLab(
    invite?: Invite,
    cases: LabOptions['cases'] = () => false,
    servers?: readonly string[],
  ): Promise<Lab> {
    const lab = new Lab({
      invite: invite ?? (await invited()),
      owner: houseOwner(house, owner),
      waits,
      cases,
      ...(servers === undefined ? {} : { servers }),
    });
    labs.push(lab);
    return lab;
  }

  function labFor({ lab, again }: Plan, ids: readonly string[]): Promise<Lab> | Lab {
    for (const name of again) shared.again(name);
    switch (lab) {
      case 'shared':
        return shared;
      case 'generous':
        return generous;
      case 'open':
        return newLab(undefined, undefined, [open.url]);
      default:
        return newLab(undefined, ({ id }) => ids.includes(id));
    }
  }

  it('is found by every rule: there is a fault for each', () => {
    expect(Object.keys(plans).toSorted()).toEqual(rules.map(({ id }) => id).toSorted());
  });

  it.each(groups())('breaks %s', async (_, plan, together) => {
    const { wrong, lab: where, during = (run) => run() } = plan;
    const ids = together.map(({ id }) => id);
    for (const name of plan.again) shared.again(name);
    for (const rule of together) expect(wordsOf(await tryRule(shared, rule))).toBe('passed');
    const before = where === 'before' ? undefined : await labFor(plan, ids);
    waits.patienceMs = patience.withFault;
    await withFault(wrong(), () =>
      during(async () => {
        const lab = before ?? (await labFor(plan, ids));
        lab.forget();
        for (const rule of together) expect(wordsOf(await tryRule(lab, rule))).toMatch(/^failed/);
      }),
    ).finally(() => {
      waits.patienceMs = patience.withoutFault;
    });
    shared.forget();
    for (const name of plan.again) shared.again(name);
    expect(house.failures).toEqual([]);
  });
});

/** A result with its reason, so that a failing test says what is wrong. */
function wordsOf(result: Result): string {
  if (result.result === 'passed') return 'passed';
  if (result.result !== 'failed') return `${result.result}: ${result.why}`;
  return `failed: expected ${result.expected}; came ${result.came}`;
}

/** Rules in their order; those that stand together and have one plan are tried together, which spares its way there. */
function groups(): (readonly [string, Plan, readonly Rule[]])[] {
  const found: [string, Plan, Rule[]][] = [];
  for (const rule of rules) {
    const plan = plans[rule.id];
    if (plan === undefined) continue;
    const last = found.at(-1);
    if (last?.[1] === plan) {
      last[0] += `, ${rule.id}`;
      last[2].push(rule);
    } else found.push([rule.id, plan, [rule]]);
  }
  return found;
}
