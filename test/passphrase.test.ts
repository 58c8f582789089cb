import { afterAll, beforeAll, expect, it } from 'vitest';
import { changePassphrase, type UnderPassphrase } from '../cli/change-passphrase.ts';
import { connectLedger } from '../cli/servers.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { jetStreamRing, type RingStore } from '../ledger/ring-store.ts';
import { passphrase, TestHouse } from './harness.ts';

const next = 'another horse battery';
let house: TestHouse;

beforeAll(async () => {
  house = await TestHouse.create();
});
afterAll(async () => {
  await house.destroy();
});

/** What is under the passphrase of the house, whose vault is closed. */
async function withParts<T>(use: (parts: UnderPassphrase) => Promise<T>): Promise<T> {
  const { data, card, sealer, ledger } = house;
  const nc = await connectLedger(ledger.url, ledger.seeds.runtime);
  try {
    const commits = await jetStreamStore(nc, card.vault);
    const note = await house.pin.read();
    const pinned = note === undefined ? [] : [{ pin: house.pin.name, note }];
    const ring = await jetStreamRing(nc, card.vault);
    return await use({ data, card, commits, pinned, ring, sealer });
  } finally {
    await nc.close();
  }
}

it('a ring that was rolled back gets no other passphrase', async () => {
  await withParts(async ({ ring }) => {
    // A key that no record needs yet: without it the ledger opens all the same.
    const unlocked = await Keyring.unlock(ring, house.card.ledger.id, house.roots);
    await unlocked.createScope();
  });
  await house.open();
  await house.closeVault();
  await withParts(async (parts) => {
    const rolledBack: RingStore = {
      ...parts.ring,
      read: async () => {
        const { last, values } = await parts.ring.read();
        return { last, values: values.slice(0, -1) };
      },
    };
    const { last } = await parts.ring.read();
    const changing = changePassphrase({ ...parts, ring: rolledBack }, passphrase, next);
    await expect(changing).rejects.toMatchObject({ code: 'RING_ROLLED_BACK' });
    expect((await parts.ring.read()).last).toBe(last);
  });
});

it('a ring whose ledger was rolled back with it gets none either', async () => {
  await withParts(async (parts) => {
    expect(parts.pinned).toHaveLength(1);
    const last = (await parts.commits.last()) - 1;
    const commits: CommitStore = {
      ...parts.commits,
      last: async () => last,
      scan: async function* (from) {
        for await (const commit of parts.commits.scan(from))
          if (commit.sequence <= last) yield commit;
      },
    };
    const changing = changePassphrase({ ...parts, commits }, passphrase, next);
    await expect(changing).rejects.toMatchObject({ code: 'ROLLED_BACK' });
  });
});

it('a vault whose passphrase was changed opens with the other one, and has all that it had', async () => {
  await house.open();
  const owner = await house.owner();
  await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada' });
  await house.closeVault();
  await withParts((parts) => changePassphrase(parts, passphrase, next));
  await expect(house.open()).rejects.toMatchObject({ code: 'RING_LOCKED' });
  const roots = rootsFrom(next, house.sealer, house.card.ledger.id);
  await house.open({ roots });
  expect(await (await house.owner()).served('owner.fields')).toEqual(['personal/full_name']);
});
