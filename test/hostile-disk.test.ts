import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadOwnerApp, type OwnerApp } from '../cli/owner-app.ts';
import { keepCheckpoint } from '../cli/owner-checkpoint.ts';
import { connectLedger } from '../cli/servers.ts';
import { filePin } from '../core/pins/file-pin.ts';
import { createLedgerStream, jetStreamStore, ledgerStream } from '../ledger/jetstream-store.ts';
import { verifyLedger } from '../replay/verify.ts';
import { type Owner, passphrase, TestHouse } from './harness.ts';
import { altered } from './ledger-view.ts';

/** What somebody does to the ledger's commits, who has the disk. */
type Attack = (commits: readonly Uint8Array[]) => readonly Uint8Array[];

describe('a disk that is not on our side', () => {
  let house: TestHouse;
  let owner: Owner;
  let app: OwnerApp;
  /** The ledger's files as they ought to be, and as they were before the last things happened. */
  const kept = (name: 'right' | 'earlier'): string => join(house.folder, name);

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    app = await loadOwnerApp(house.data, passphrase, house.sealer);
    await say('Ada');
    await keepCheckpoint(app, appPin(), (asked) => owner.served('owner.checkpoint', asked));
    await house.closeVault();
    await keepFiles('earlier');
    await house.open();
    await say('Ada Lovelace');
    await keepCheckpoint(app, appPin(), (asked) => owner.served('owner.checkpoint', asked));
    await house.closeVault();
    await keepFiles('right');
  });
  afterEach(() => putBack('right'));
  afterAll(() => house?.destroy());

  const say = (value: string) => owner.served('owner.set', { field: 'personal/full_name', value });
  const appPin = () => filePin(join(house.folder, 'app'), "the owner's app");

  async function keepFiles(name: 'right' | 'earlier'): Promise<void> {
    await house.ledger.stop();
    await cp(house.data.ledger, kept(name), { recursive: true });
    await house.restartLedger();
  }

  async function putBack(name: 'right' | 'earlier'): Promise<void> {
    await house.vault?.abandon();
    house.vault = undefined;
    await house.ledger.stop();
    await rm(house.data.ledger, { recursive: true });
    await cp(kept(name), house.data.ledger, { recursive: true });
    await house.restartLedger();
  }

  /** The stream is taken away as a whole, and one with other commits is put in its place. */
  async function replaceCommits(attack: Attack): Promise<void> {
    const nc = await connectLedger(house.ledger.url, house.ledger.seeds.admin);
    const store = await jetStreamStore(nc, house.card.vault);
    const commits: Uint8Array[] = [];
    for await (const { bytes } of store.scan(1)) commits.push(bytes);
    await nc.request(`$JS.API.STREAM.DELETE.${ledgerStream(house.card.vault)}`);
    await createLedgerStream(nc, house.card.vault);
    const other = await jetStreamStore(nc, house.card.vault);
    for (const [at, bytes] of attack(commits).entries()) await other.append(bytes, at, `${at}`);
    await nc.close();
  }

  /** What the verification says, and what a vault says that is to open on it. */
  async function found(): Promise<{ verify: string; open: string }> {
    const nc = await connectLedger(house.ledger.url, house.ledger.seeds.reader);
    const store = await jetStreamStore(nc, house.card.vault);
    const pinned = [{ pin: house.pin.name, note: (await house.pin.read()) ?? '' }];
    const report = await verifyLedger(store, house.card.ledger, { pinned });
    await nc.close();
    const open = await house.open().then(
      () => 'opened',
      (error: { code?: string }) => error.code ?? String(error),
    );
    return { verify: report.ok ? 'whole' : `${report.class}: ${report.code}`, open };
  }

  it('shows nothing while it is on our side', async () => {
    await replaceCommits((commits) => commits);
    expect(await found()).toEqual({ verify: 'whole', open: 'opened' });
    await house.closeVault();
    await keepFiles('right');
  });

  it.each<[string, Attack, string, string]>([
    ['its end cut off', (c) => c.slice(0, -1), 'rolled_back: ROLLED_BACK', 'ROLLED_BACK'],
    [
      'all but its genesis cut off',
      (c) => c.slice(0, 1),
      'rolled_back: ROLLED_BACK',
      'ROLLED_BACK',
    ],
    ['nothing in it any more', () => [], 'store_lost: EMPTY', 'EMPTY'],
    ['a commit left out in the middle', (c) => c.toSpliced(3, 1), 'lost: INDEX_GAP', 'INDEX_GAP'],
    [
      'two commits exchanged',
      (c) => c.with(2, c[3] as Uint8Array).with(3, c[2] as Uint8Array),
      'reordered: INDEX_GAP',
      'INDEX_GAP',
    ],
    [
      'a header edited after the last checkpoint',
      (c) => c.with(-1, altered(c.at(-1) as Uint8Array)),
      'corrupted: SIGNATURE_INVALID',
      'SIGNATURE_INVALID',
    ],
  ])('is found out with %s', async (_, attack, verify, open) => {
    await replaceCommits(attack);
    expect(await found()).toEqual({ verify, open });
  });

  it('is found out with an earlier copy in its place, ring and all', async () => {
    await putBack('earlier');
    expect(await found()).toEqual({ verify: 'rolled_back: ROLLED_BACK', open: 'ROLLED_BACK' });
  });

  it('is found out with another history of the same vault, as long and signed with the same key', async () => {
    await putBack('earlier');
    await house.open({ pins: [] });
    for (let time = 0; time < 8; time++) await say('Somebody else');
    await house.closeVault();
    expect(await found()).toEqual({ verify: 'forked: FORKED', open: 'FORKED' });
  });

  it("is found out by the owner's app alone, which raises an alarm, and the vault is told", async () => {
    await putBack('earlier');
    await house.open({ pins: [] });
    const ask = (asked: unknown) => owner.served('owner.checkpoint', asked);
    await expect(keepCheckpoint(app, appPin(), ask)).rejects.toThrow(/ALARM.*has seen/s);
    await expect.poll(() => house.failures.at(-1)).toMatchObject({ code: 'ROLLED_BACK' });
  });

  it("is found out by the owner's app when the vault shows another history", async () => {
    await putBack('earlier');
    await house.open({ pins: [] });
    for (let time = 0; time < 5; time++) await say('Somebody else');
    const ask = (asked: unknown) => owner.served('owner.checkpoint', asked);
    await expect(keepCheckpoint(app, appPin(), ask)).rejects.toThrow(/ALARM.*does not continue/s);
    await expect.poll(() => house.failures.at(-1)).toMatchObject({ code: 'FORKED' });
  });
});
