import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOwnerApp } from '../cli/owner-app.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { toHex } from '../wire/bytes.ts';
import { encode, type MsgpackValue } from '../wire/msgpack.ts';
import { type Owner, passphrase, retailer, type Service, TestHouse } from './harness.ts';
import { ofKind, readLedger, traceOf, trailOf } from './ledger-view.ts';
import { RawPeer } from './raw-peer.ts';

const name = 'personal/full_name';
const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';
const values = ['Wilhelmina Testperson', '77 Nowhere Crescent', '1970-02-29', 'Old Secret Place'];
/** Values in commands that were never carried out. */
const misplaced = ['a-value-in-the-wrong-place', 'Z'.repeat(70_000)];

describe('a vault with a busy history', () => {
  let house: TestHouse;
  let records: LedgerRecord[];

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    const owner = await house.owner();
    const set = (field: string, value: unknown) => owner.ask('owner.set', { field, value });
    await set(name, values[0]);
    await set(address, values[3]);
    await set(address, values[1]);
    await set(birth, values[2]);
    expect(await set(name, [misplaced[0]])).toMatchObject({ code: 'schema_invalid' });
    expect(await set(name, misplaced[1])).toMatchObject({ code: 'schema_invalid' });
    expect(await set(misplaced[0] ?? '', misplaced[0])).toMatchObject({ code: 'schema_invalid' });
    const more = { field: name, value: values[0], note: misplaced[0] };
    expect(await owner.ask('owner.set', more)).toMatchObject({ code: 'schema_invalid' });
    await talk(owner, await house.connectService(owner, await retailer()));
    await house.closeVault();
    await house.open();
    await house.closeVault();
    records = await readLedger(house);
  });
  afterAll(() => house?.destroy());

  /** Served, held, approved, denied, refused, paid, repeated, severed. */
  async function talk(owner: Owner, service: Service): Promise<void> {
    const { connection } = service.connection.invite;
    const fields = [name, address];
    const ear = await RawPeer.connect(service.connection, house.vine.url);
    expect((await service.asked('data.request', { fields })).answer.status).toBe('served');
    await service.asked('data.request', { fields: ['health/blood_type'] });
    for (const word of ['owner.approve', 'owner.deny']) {
      const sealed = await service.seal('data.request', { fields: [birth, address] });
      await ear.send(sealed);
      const [received] = (await traceOf(house, connection, sealed.id)).received;
      const hash = toHex(received?.body.digest ?? new Uint8Array(0));
      await owner.served(word, { request: `${connection}/${sealed.id}`, hash });
      await ear.answer(sealed.id, 1);
      await ear.send(sealed);
    }
    await ear.close();
    const payment = { order: 'A-1', amount: 1200, currency: 'EUR', payee: 'Acme' };
    await service.asked('payment.request', payment, { critical: true });
    for (const type of ['owner.pending', 'owner.fields', 'owner.connections'])
      await owner.served(type);
    await owner.served('owner.audit', { from: 0, count: 1000 });
    await owner.served('owner.sever', { connection });
  }

  it('has all of it on record', () => {
    const kinds = new Set(records.map(({ kind }) => kind));
    for (const kind of ['stored', 'consented', 'handled', 'queued', 'sent', 'severed', 'aggregate'])
      expect(kinds).toContain(kind);
    expect(ofKind(records, 'handled').length).toBeGreaterThanOrEqual(3);
  });

  it('holds a field’s value in the record of the field, and in no other', () => {
    const stored = ofKind(records, 'stored').map(({ body }) => body.value);
    expect(stored.sort()).toEqual([...values].sort());
    for (const { kind, index, body } of records) {
      if (kind === 'stored') continue;
      const bytes = Buffer.from(encode(body as unknown as MsgpackValue));
      for (const value of [...values, ...misplaced])
        expect(bytes.includes(value), `${value.slice(0, 30)} in record ${index}, ${kind}`).toBe(
          false,
        );
    }
  });

  it('shows names in its trail, and no value', () => {
    const trail = JSON.stringify(trailOf(records));
    expect(trail).toContain(birth);
    for (const value of [...values, ...misplaced]) expect(trail).not.toContain(value);
  });

  it('writes none to its log', () => {
    const log = house.logged.join('\n');
    expect(log).toContain('the vault is open');
    for (const value of [...values, ...misplaced]) expect(log).not.toContain(value);
  });

  it('leaves no value, no passphrase and no secret of the app in the clear on the disk', async () => {
    const { signingSeed, credential } = await loadOwnerApp(house.data, passphrase, house.sealer);
    const entries = await readdir(house.folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(10);
    const secrets = [...values, ...misplaced, passphrase, credential.seed].map((text) =>
      Buffer.from(text),
    );
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      for (const secret of [...secrets, Buffer.from(signingSeed)])
        expect(bytes.includes(secret), path).toBe(false);
    }
  });
});
