import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { withLedger } from '../../cli/attach.ts';
import type { RunningVault } from '../../cli/wiring.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { history } from '../../replay/history.ts';
import { passphrase, TestHouse } from '../harness.ts';
import { type Cambium, startCambium } from './cambium-command.ts';
import { KillHouse } from './kill-house.ts';
import { LedgerFacts } from './ledger-facts.ts';
import { Load } from './load.ts';
import { askUntilAnswered, connectParty, fillFields, ownerPeer, type Party } from './people.ts';
import { runs } from './processes.ts';
import { randomFrom, type SeededRandom, seededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const takeovers = 10;
const tries = 30;
const ebbMs = 700;
/** What another writer was handed and could not record comes again after the grace of a minute. */
const graceMs = 65_000;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const task of cleanup.splice(0).reverse()) await task();
});

describe('two `cambium run` on one data directory', () => {
  async function houseWithVault(): Promise<{ house: KillHouse; party: Party }> {
    const house = await KillHouse.create();
    cleanup.push(() => house.remove());
    await house.start(false);
    const url = await until('the vault opens', () => house.url(), 60_000);
    const owner = await ownerPeer(house);
    await owner.connectTo(url);
    await fillFields(owner);
    const party = await connectParty(owner, url);
    house.follow(owner, party.peer);
    return { house, party };
  }

  async function expectServed({ peer, contract }: Party): Promise<void> {
    const payload = { fields: ['personal/shipping_address'] };
    const sealed = await peer.seal({ type: 'data.request', payload, contract });
    expect(await askUntilAnswered(peer, sealed)).toMatchObject({ status: 'served' });
  }

  /** A second vault on the same directory, and whatever becomes of it. */
  function second(house: KillHouse): Cambium {
    const child = startCambium(['run', '--data', house.data.path], house.folder);
    cleanup.push(async () => {
      if (child.running()) child.kill('SIGKILL');
      await child.ended;
    });
    return child;
  }

  it('refuses the second at once, and the first goes on', async () => {
    const { house, party } = await houseWithVault();
    for (let round = 0; round < 3; round++) {
      await expectServed(party);
      const startedMs = performance.now();
      const refused = second(house);
      expect((await refused.ended).code).toBe(1);
      expect(performance.now() - startedMs).toBeLessThan(8_000);
      expect(refused.log()).toMatch(/is in use: its ledger server runs as process \d+/);
      expect(house.run?.running()).toBe(true);
      await expectServed(party);
    }
    expect(await house.verify()).toBeGreaterThan(0);
  });

  it('lets one of two that start at the same moment run', async () => {
    const { house, party } = await houseWithVault();
    await house.killVault();
    const both = [second(house), second(house)] as const;
    const ended = await Promise.race(both.map((child) => child.ended.then(() => child)));
    expect((await ended.ended).code).toBe(1);
    expect(ended.log()).toMatch(/is in use/);
    const winner = both.find((child) => child !== ended);
    expect(await runs(winner?.pid ?? -1)).toBe(true);
    await expectServed(party);
    expect(await house.verify()).toBeGreaterThan(0);
    winner?.kill('SIGTERM');
    expect((await winner?.ended)?.code).toBe(0);
  });
});

describe('two vaults on one ledger server', () => {
  /** A second vault takes the ledger from the first, or is refused. */
  async function contend(house: TestHouse, load: Load): Promise<'took over' | 'refused'> {
    const first = house.vault as RunningVault;
    const before = house.failures.length;
    try {
      await house.open();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      expect(error.code).toMatch(/^(FENCED|PIN_CONFLICT)$/);
      expect(house.vault).toBe(first);
      expect(house.failures).toHaveLength(before);
      return 'refused';
    } finally {
      load.held = false;
    }
    await until('the first notices', () => house.failures.length > before, 60_000);
    expect(house.failures.slice(before)).toMatchObject([
      { code: expect.stringMatching(/^(FENCED|PIN_CONFLICT)$/) },
    ]);
    await first.abandon();
    return 'took over';
  }

  async function roundsOf(house: TestHouse, load: Load, random: SeededRandom): Promise<number> {
    let refused = 0;
    for (let round = 0; round < takeovers; round++) {
      let attempts = 0;
      do {
        await sleep(random.between(100, 1_000));
        load.check();
        // A ledger that grows all the time cannot be taken: the busy one keeps it. So the load ebbs, a little
        // earlier at each attempt, and what is under way still ends while the second opens.
        load.held = attempts > 0;
        await sleep(random.between(0, 1 + ebbMs * attempts));
        attempts += 1;
        expect(attempts).toBeLessThan(tries);
      } while ((await contend(house, load)) === 'refused');
      refused += attempts - 1;
      console.log(`takeover ${round + 1}, after ${attempts - 1} refusals`);
    }
    return refused;
  }

  it(`fence each other, ${takeovers} times under load, and the ledger is whole`, async () => {
    const random = seededRandom('two-writers');
    const house = await TestHouse.create();
    cleanup.push(() => house.destroy());
    await house.open();
    const owner = await ownerPeer(house);
    await owner.connectTo(house.vine.url);
    await fillFields(owner);
    const service = await connectParty(owner, house.vine.url);
    cleanup.push(() => owner.close());
    cleanup.push(() => service.peer.close());
    const load = new Load(owner, service, randomFrom(random.seed + 1), 100);
    load.start();
    const refused = await roundsOf(house, load, random);
    await load.stop(graceMs);
    await house.closeVault();
    const facts = await factsOf(house);
    facts.checkAll(load);
    expect(facts.faults).toEqual([]);
    const opened = facts.records.filter(({ kind }) => kind === 'opened');
    expect(opened).toHaveLength(1 + takeovers);
    console.log({ takeovers, refused, records: facts.records.length });
  });

  async function factsOf(house: TestHouse): Promise<LedgerFacts> {
    process.env['CAMBIUM_STATE'] = house.folder;
    return withLedger(
      house.data,
      () => {},
      async ({ store, card, unlock }) => {
        const facts = new LedgerFacts();
        for await (const record of history(store, card.ledger, await unlock(passphrase)))
          facts.take(record);
        return facts;
      },
    );
  }
});
