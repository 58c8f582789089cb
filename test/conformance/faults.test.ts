import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Lab, type LabOptions } from '../../service/conformance/lab.ts';
import { rules, tryRule } from '../../service/conformance/suite.ts';
import type { Invite } from '../../wire/messages.ts';
import { type Owner, TestHouse } from '../harness.ts';
import { faultsAsking, generousVine } from './faults-asking.ts';
import { faultsDecided } from './faults-decided.ts';
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
vi.mock('../../core/bus/vine/permissions.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongPermissions(await real()),
);
vi.mock('../../core/bus/vine/credentials.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongCredentials(await real()),
);
vi.mock('../../core/bus/vine/party-accounts.ts', async (real) =>
  (await import('./wrong-vault.ts')).wrongAccounts(await real()),
);

const plans: Plans = { ...faultsAsking, ...faultsReceived, ...faultsDecided, ...faultsSent };
/** Long, where an answer must come; short, where a wrong vault may never give it. */
const patience = { withoutFault: 30_000, withFault: 700 };
const waits = { patienceMs: patience.withoutFault, pauseMs: 50 };

describe('a vault that is wrong', () => {
  let house: TestHouse;
  let owner: Owner;
  let shared: Lab;
  let generous: Lab;
  /** Where those who have yet to connect are tried without a fault. */
  let door: Lab;
  let open: Awaited<ReturnType<typeof openServer>>;
  const labs: Lab[] = [];

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    open = await openServer();
    shared = await newLab();
    door = await newLab(await invited(), () => true);
    await shared.main();
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

  function labFor({ lab, again }: Plan, rule: string): Promise<Lab> | Lab {
    for (const name of again) shared.again(name);
    switch (lab) {
      case 'shared':
        return shared;
      case 'generous':
        return generous;
      case 'open':
        return newLab(undefined, undefined, [open.url]);
      default:
        return newLab(undefined, ({ id }) => id === rule);
    }
  }

  it('is found by every rule: there is a fault for each', () => {
    expect(Object.keys(plans).toSorted()).toEqual(rules.map(({ id }) => id).toSorted());
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))('breaks %s', async (id, rule) => {
    const plan = plans[id];
    if (plan === undefined) throw new Error('no fault is planted for it');
    const { wrong, lab: where, during = (run) => run() } = plan;
    for (const name of plan.again) shared.again(name);
    const honest = where === 'shared' || where === 'generous' ? shared : door;
    expect(await tryRule(honest, rule)).toMatchObject({ result: 'passed' });
    const before = where === 'before' ? undefined : await labFor(plan, id);
    waits.patienceMs = patience.withFault;
    await withFault(wrong(), () =>
      during(async () => {
        const lab = before ?? (await labFor(plan, id));
        lab.forget();
        expect(await tryRule(lab, rule)).toMatchObject({ result: 'failed' });
      }),
    ).finally(() => {
      waits.patienceMs = patience.withoutFault;
    });
    shared.forget();
    for (const name of plan.again) shared.again(name);
    expect(house.failures).toEqual([]);
  });
});
