import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evolve } from '../../projections/evolve.ts';
import { stateDigest } from '../../projections/state-digest.ts';
import { emptyState } from '../../projections/vault-state.ts';
import { checkDecisions } from '../../replay/check-decisions.ts';
import { history } from '../../replay/history.ts';
import { passphrase } from '../harness.ts';
import { KillHouse, type Target } from './kill-house.ts';
import { LedgerFacts } from './ledger-facts.ts';
import { Load } from './load.ts';
import { connectParty, fillFields, ownerPeer } from './people.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const rounds = Number(process.env['CAMBIUM_ROUNDS'] ?? 50);
const targets = ['vault', 'handler', 'ledger server', 'messaging server'] as const;
const pauseMs = 120;
const graceMs = 5_000;
const recoveryWaitMs = 120_000;

let house: KillHouse;
let random: SeededRandom;
let load: Load;
const kills = new Map<string, number>();

beforeAll(async () => {
  random = seededRandom('kill-rounds');
  house = await KillHouse.create();
  await house.start(false);
  const url = await until(
    'the vault opens',
    () => house.url(),
    60_000,
    () => house.run?.log() ?? '',
  );
  const owner = await ownerPeer(house);
  await owner.connectTo(url);
  await fillFields(owner);
  const service = await connectParty(owner, url);
  house.follow(owner, service.peer);
  load = new Load(owner, service, random, pauseMs);
});

afterAll(() => house?.remove());

/** Kills one of them; whether it was there to be killed. */
async function kill(target: Target): Promise<boolean> {
  switch (target) {
    case 'vault':
      await house.killVault();
      // The messaging layer goes on in some rounds, and critical events find their place there.
      if (random.next() < 0.5) await house.killVine();
      await sleep(random.between(0, 600));
      await house.start(random.next() < 0.5);
      return true;
    case 'handler':
      return house.killHandler((count) => random.between(0, Math.max(1, count)));
    case 'ledger server':
      return house.killServer('ledger');
    case 'messaging server':
      return house.killServer('vine');
  }
}

/** Until requests that were made after the kill are answered. */
async function recovered(): Promise<void> {
  load.mark();
  await until(
    'requests are answered again',
    async () => {
      load.check();
      await house.heal(random.next() < 0.5);
      return load.answeredSinceMark >= 5;
    },
    recoveryWaitMs,
    () => house.run?.log() ?? '',
  );
}

async function round(number: number): Promise<void> {
  await sleep(random.between(50, 1_200));
  const target = random.pick(targets);
  const killed = await kill(target);
  const what = killed ? target : `no ${target}`;
  kills.set(what, (kills.get(what) ?? 0) + 1);
  const startedMs = performance.now();
  await recovered();
  const recoveryMs = Math.round(performance.now() - startedMs);
  const records = await house.verify();
  expect(records, `round ${number}: the ledger is there`).toBeGreaterThan(0);
  expect([...load.owner.faults, ...load.service.peer.faults]).toEqual([]);
  console.log(`round ${number}: ${what}, answers again after ${recoveryMs} ms, ${records} records`);
}

/** Folds the whole ledger anew, and takes a look at each record on the way. */
async function digest(look: (facts: LedgerFacts) => void = () => {}): Promise<string> {
  return house.read(async ({ store, card, unlock }) => {
    const facts = new LedgerFacts();
    let state = emptyState;
    for await (const record of history(store, card.ledger, await unlock(passphrase))) {
      facts.take(record);
      state = evolve(state, record);
    }
    look(facts);
    return stateDigest(state).total;
  });
}

it(`survives ${rounds} kills at random moments under load`, async () => {
  load.start();
  for (let number = 1; number <= rounds; number++) await round(number);
  await load.stop(graceMs);
  await house.stop();
  const { service, requests, consents, payments } = load;
  const first = await digest((facts) => {
    const authorized = facts.checkAll(load);
    const counts = {
      records: facts.records.length,
      requests: requests.length,
      consents: consents.length,
      payments: payments.length,
      acknowledged: payments.filter(({ acknowledged }) => acknowledged).length,
      authorized,
      answersLost: payments.filter(({ sentAgain }) => sentAgain !== undefined).length,
      received: service.peer.messages.size,
      repeated: [...service.peer.messages.values()].filter(({ times }) => times > 1).length,
    };
    console.log({
      ...counts,
      kills: Object.fromEntries(kills),
      ...Object.fromEntries(house.notes),
    });
    expect(facts.faults).toEqual([]);
  });
  expect(await digest()).toBe(first);
  const decisions = await house.read(async ({ store, card, unlock }) =>
    checkDecisions(history(store, card.ledger, await unlock(passphrase))),
  );
  expect(decisions.differences).toEqual([]);
  expect(decisions.undecided).toEqual([]);
});
