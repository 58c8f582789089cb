import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDir } from '../cli/data-dir.ts';
import { connectLedger, natsBinary, startLedger } from '../cli/servers.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { verifyStore } from '../ledger/reader.ts';
import { openRecord, type StoredRecord } from '../ledger/record.ts';
import type { ScopeKeys } from '../ledger/record-opener.ts';
import { jetStreamRing } from '../ledger/ring-store.ts';
import { evolve } from '../projections/evolve.ts';
import { stateDigest } from '../projections/state-digest.ts';
import { emptyState } from '../projections/vault-state.ts';
import { checkDecisions } from '../replay/check-decisions.ts';
import { checkDigests } from '../replay/check-digests.ts';
import { replayed } from '../replay/testing/records.ts';
import { toHex } from '../wire/bytes.ts';
import { type Owner, passphrase, retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, trailOf } from './ledger-view.ts';

const address = 'personal/shipping_address';
const secret = '12 Analytical Row, where nobody must ever be found';

/** What somebody has who copied a data directory earlier: its records, and its keyring's entries. */
type Loot = {
  readonly records: readonly (StoredRecord & { readonly index: number })[];
  /** Tries to unlock the copied ring with the passphrase and whatever the sealer holds now. */
  readonly unlock: () => Promise<Keyring>;
};

describe('forgetting', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;
  let other: Service;
  const earlier = (): string => join(house.folder, 'earlier');

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: 'an earlier address' });
    await owner.served('owner.set', { field: address, value: secret });
    service = await house.connectService(owner, await retailer());
    other = await house.connectService(owner, await retailer());
    expect(await ask(service, address)).toMatchObject({ status: 'served' });
    expect(await ask(other, 'personal/full_name')).toMatchObject({ status: 'served' });
    await house.closeVault();
    await house.ledger.stop();
    await cp(house.data.path, earlier(), { recursive: true });
    await house.restartLedger();
    await house.open();
  });
  afterAll(() => house?.destroy());

  function ask(by: Service, field: string) {
    return by.request('data.request', { fields: [field] });
  }

  async function use<T>(path: string, look: (loot: Loot) => Promise<T>): Promise<T> {
    const server = await startLedger(dataDir(path), await natsBinary(() => {}), 'lasting');
    const nc = await connectLedger(server.url, server.seeds.reader);
    try {
      const records: (StoredRecord & { index: number })[] = [];
      const store = await jetStreamStore(nc, house.card.vault);
      for await (const commit of verifyStore(store, house.card.ledger))
        records.push(...commit.records);
      const { id } = house.card.ledger;
      const ring = await jetStreamRing(nc, house.card.vault);
      const unlock = () => Keyring.unlock(ring, id, rootsFrom(passphrase, house.sealer, id));
      return await look({ records, unlock });
    } finally {
      await nc.close();
      await server.stop();
    }
  }

  /** Keys of today's keyring. */
  async function keysNow<T>(look: (keys: ScopeKeys) => Promise<T>): Promise<T> {
    const nc = await connectLedger(house.ledger.url, house.ledger.seeds.reader);
    const ring = await Keyring.unlock(
      await jetStreamRing(nc, house.card.vault),
      house.card.ledger.id,
      house.roots,
    );
    try {
      return await look((scope) => ring.scopeKey(scope));
    } finally {
      ring.close();
      await nc.close();
    }
  }

  function openAll({ records }: Loot, keys: ScopeKeys): { texts: string[]; shut: Set<string> } {
    const texts: string[] = [];
    const shut = new Set<string>();
    for (const record of records) {
      const key = keys(record.header.scope);
      if (key === undefined) shut.add(record.header.scope);
      else {
        const { body } = openRecord(record, house.card.ledger.id, record.index, key);
        texts.push(
          JSON.stringify(body, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)),
        );
      }
    }
    return { texts, shut };
  }

  async function erasedScopes(): Promise<string[]> {
    const records = ofKind(await readLedger(house), 'erased');
    return records.flatMap(({ body }) => body.scopes.map(({ scope }) => scope));
  }

  /** The state that replay gives, and the digests that were recorded, held against it. */
  async function replayedWhole(): Promise<LedgerRecord[]> {
    const records = await readLedger(house);
    expect(await checkDigests(replayed(records))).toMatchObject({ differences: [] });
    expect(await checkDecisions(replayed(records))).toMatchObject({
      differences: [],
      undecided: [],
    });
    return records;
  }

  it('a field leaves nothing of it to whoever has the whole earlier directory, the passphrase, and all that is there today', async () => {
    await use(earlier(), async (loot) => {
      await keysNow(async (keys) => {
        // Before it was forgotten, all of this opens, and says the value in clear.
        expect(openAll(loot, keys).texts.join()).toContain(secret);
      });
    });
    expect(await owner.served('owner.forget', { kind: 'field', name: address })).toMatchObject({
      kind: 'field',
    });
    const erased = await erasedScopes();
    expect(erased.length).toBeGreaterThanOrEqual(2);
    await use(earlier(), async (loot) => {
      await expect(loot.unlock()).rejects.toThrow();
      await keysNow(async (keys) => {
        const { texts, shut } = openAll(loot, keys);
        expect(texts.join()).not.toContain(secret);
        expect([...shut].toSorted()).toEqual(erased.toSorted());
        expect(texts.length).toBeGreaterThan(10);
      });
    });
  });

  it('a field goes on as if it had never been there, and can be had anew', async () => {
    expect(await ask(service, address)).toMatchObject({ status: 'refused', code: 'refused' });
    expect(await ask(other, 'personal/full_name')).toMatchObject({ status: 'served' });
    await owner.served('owner.set', { field: address, value: 'a new address' });
    expect(await ask(service, address)).toMatchObject({
      result: { fields: { [address]: 'a new address' } },
    });
    await replayedWhole();
  });

  it('survives a restart: the live state is the one that replay gives over tombstones', async () => {
    await house.closeVault();
    const closed = await replayedWhole();
    await house.open();
    const live = stateDigest(closed.reduce(evolve, emptyState));
    const again = stateDigest(
      (await readLedger(house)).slice(0, closed.length).reduce(evolve, emptyState),
    );
    expect(again).toEqual(live);
    expect(closed.some(({ kind }) => kind === 'tombstone')).toBe(true);
  });

  it('is refused for a connection that still stands, and for what is not there', async () => {
    const { connection } = service.connection.invite;
    const refused = { status: 'refused' };
    const target = { kind: 'connection', name: connection };
    expect(await owner.ask('owner.forget', target)).toMatchObject({
      ...refused,
      code: 'connection_inactive',
    });
    for (const unknown of [
      { kind: 'connection', name: 'a'.repeat(26) },
      { kind: 'field', name: 'personal/nothing' },
      { kind: 'namespace', name: 'nowhere' },
    ])
      expect(await owner.ask('owner.forget', unknown)).toMatchObject(refused);
    for (const odd of [
      { kind: 'vault', name: 'x' },
      { kind: 'field' },
      { kind: 'outbox', name: '' },
    ])
      expect(await owner.ask('owner.forget', odd)).toMatchObject(refused);
  });

  it('a connection that was severed is gone from state and trail; the others are untouched', async () => {
    const { connection } = service.connection.invite;
    await owner.served('owner.sever', { connection });
    await owner.served('owner.forget', { kind: 'connection', name: connection });
    const records = await replayedWhole();
    const state = records.reduce(evolve, emptyState);
    expect(state.connections.has(connection)).toBe(false);
    expect([...state.seen.keys()].some((key) => key.startsWith(connection))).toBe(false);
    const trail = trailOf(records);
    expect(trail.filter((entry) => entry.connection === connection)).toEqual([]);
    expect(trail.filter(({ kind }) => kind === 'erased entry').length).toBeGreaterThan(3);
    expect(trail.at(-1)?.detail ?? '').not.toContain('Acme');
    expect(await ask(other, 'personal/full_name')).toMatchObject({ status: 'served' });
  });

  it('a namespace takes all its fields with it', async () => {
    await owner.served('owner.set', { field: 'medical/blood_type', value: 'O' });
    await owner.served('owner.set', { field: 'medical/allergies', value: 'none' });
    await owner.served('owner.forget', { kind: 'namespace', name: 'medical' });
    const fields = (await owner.served('owner.fields')) as string[];
    expect(fields).not.toContain('medical/blood_type');
    expect(fields).toContain('personal/full_name');
    await house.closeVault();
    await replayedWhole();
    await house.open();
  });

  it('is completed at the next opening when it was cut short after its record', async () => {
    await owner.served('owner.set', { field: 'personal/nickname', value: 'Countess' });
    await house.closeVault();
    const scope = ofKind(await readLedger(house), 'stored').at(-1)?.scope ?? '';
    await forgetThenCrash('personal/nickname');
    await keysNow(async (keys) => expect(keys(scope)).toBeDefined());
    expect(await erasedScopes()).toContain(scope);
    await house.open();
    await keysNow(async (keys) => expect(keys(scope)).toBeUndefined());
    await replayedWhole();
  });

  /** A vault that dies between the record of an erasure and the destruction of the keys. */
  async function forgetThenCrash(field: string): Promise<void> {
    const forget = Keyring.prototype.forget;
    Keyring.prototype.forget = async (scopes) => {
      if ([...scopes].length === 0) return;
      throw new Error('the machine stops here');
    };
    try {
      await house.open();
      const asked = { type: 'owner.forget', payload: { kind: 'field', name: field } };
      await expect(owner.client.ask(asked, { timeoutMs: 1_500 })).rejects.toThrow();
      await house.vault?.abandon();
    } finally {
      Keyring.prototype.forget = forget;
    }
  }
});
