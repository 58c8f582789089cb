/* Two peers, one of which is away, or stops, while the other goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../ledger/bodies.ts';
import { ledgerWhen, readLedger, trailOf } from '../ledger-view.ts';
import { type Home, until } from '../neighbours.ts';
import { asked, home, knocked, peers, replayed, seen } from '../peer-world.ts';

let alice: Home;
let bob: Home;

beforeAll(async () => {
  alice = await home('Alice');
  bob = await home('Bob');
});

afterAll(async () => {
  await alice.house.destroy();
  await bob.house.destroy();
});

/** Bob's vault is stopped, as if at any moment, and back after that. */
async function whileBobIsAway(happens: () => Promise<void>): Promise<void> {
  await bob.house.closeVault();
  await happens();
  await bob.house.open();
}

async function severedBy({ house }: Home, id: string): Promise<string | undefined> {
  const records = await readLedger(house);
  const [severed] = records.flatMap(({ kind, body }) =>
    kind === 'severed' && body.connection === id ? [body] : [],
  );
  return severed?.by;
}

describe('a peer that was away', () => {
  it('finds its connections ended on its own side as well, whatever it had heard', async () => {
    const [there, here] = await peers(alice, bob);
    const [early, hadAsked] = await knocked(alice, bob);
    const [late, askedToo] = await knocked(alice, bob);
    await whileBobIsAway(async () => {
      await alice.owner.served('owner.sever', { connection: there });
      await alice.owner.served('owner.accept', { connection: early, optional: [] });
      await alice.owner.served('owner.sever', { connection: early });
      await alice.owner.served('owner.decline', { connection: late });
      // Stopped at once, before anybody was told or any credential has ended by itself.
      await alice.house.closeVault();
      await alice.house.open();
    });
    await until(async () => (await seen(bob, here))?.status === 'severed', 30_000);
    // Alice's vault had come to Bob's in turn: that half stood until it found that the other is no more.
    await until(async () => (await seen(bob, hadAsked))?.status === 'severed', 30_000);
    await until(async () => (await seen(bob, askedToo))?.status === 'declined', 30_000);
    expect(await severedBy(alice, there)).toBe('owner');
    expect(await severedBy(bob, here)).toBe('vine');
  });

  it('is told so to its owner, in the trail and as a notice', async () => {
    const trail = trailOf(await readLedger(bob.house));
    expect(trail.filter(({ kind }) => kind === 'severed')).toMatchObject([
      { connection_kind: 'peer', detail: "by the peer's vine" },
      { connection_kind: 'peer', detail: "by the peer's vine" },
    ]);
    expect(
      JSON.stringify(await bob.owner.served('owner.notifications', { from: 0, count: 200 })),
    ).toContain('connection_severed');
  });
});

describe('a vault whose ledger fails as it is let in', () => {
  it('is let in when it is back: both are peers, and nobody is half connected', async () => {
    const [there, here] = await knocked(alice, bob);
    await bob.house.ledger.stop();
    await alice.owner.served('owner.accept', { connection: there, optional: [] });
    await until(async () => bob.house.failures.length > 0, 30_000);
    await bob.house.closeVault();
    expect(await seen(alice, there)).toMatchObject({ status: 'active' });
    await bob.house.restartLedger();
    await bob.house.open();
    await until(async () => (await asked(bob, here, 'peer.shares', {})).status === 'served');
    await until(async () => (await asked(alice, there, 'peer.shares', {})).status === 'served');
    const granted = (records: readonly LedgerRecord[]): boolean =>
      records.some(({ kind, body }) => kind === 'dial_granted' && body.connection === here);
    await ledgerWhen(bob.house, granted);
  });

  it('decides the same again, and comes to the same states', async () => {
    for (const { house } of [alice, bob]) {
      expect((await replayed(house)).differences).toEqual([]);
    }
  });
});
