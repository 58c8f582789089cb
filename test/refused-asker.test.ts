import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addressOf,
  connectionRequest,
  newServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { type Contract, signContract } from '../wire/contract.ts';
import { signerFrom } from '../wire/crypto.ts';
import type { Invite } from '../wire/messages.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ledgerWhen, ofKind, readLedger, traceIn } from './ledger-view.ts';

const critical = { critical: true, timeoutMs: 15_000 } as const;

describe('an invitee whose request to connect is refused', () => {
  let house: TestHouse;
  let owner: Owner;
  let contract: Contract;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    contract = await retailer();
  });
  afterAll(() => house?.destroy());

  async function invited(): Promise<ServiceConnection> {
    const invite = (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
    return { keys: newServiceKeys(), invite, contract };
  }

  async function epochsOf({ invite }: ServiceConnection): Promise<string[]> {
    return ofKind(await readLedger(house), 'epoch_opened')
      .filter(({ body }) => body.connection === invite.connection)
      .map(({ body }) => body.direction);
  }

  it('is told why, with a statement; nothing is installed; and can mend it on the same session', async () => {
    const connection = await invited();
    const honest = await connectionRequest(connection);
    const client = await VaultClient.connect(await addressOf(connection));
    const ask = (payload: unknown) =>
      client.ask({ type: 'connection.request', payload }, { ...critical, acceptPending: true });
    const other = signContract(signerFrom(new Uint8Array(randomBytes(32))), contract);
    expect(await ask({ ...honest, contract: other })).toMatchObject({
      status: 'refused',
      code: 'sender_subject_mismatch',
      check: { ok: true, statement: { status: 'refused', code: 'sender_subject_mismatch' } },
    });
    const faulty = { ...honest.contract, contract: { ...contract, version: 0 } };
    expect(await ask({ ...honest, contract: faulty })).toMatchObject({
      code: 'schema_invalid',
      detail: expect.stringContaining('version'),
    });
    const forged = { ...honest.contract, signature: other.signature };
    expect(await ask({ ...honest, contract: forged })).toMatchObject({ code: 'signature_invalid' });
    expect(await epochsOf(connection)).toEqual([]);

    expect(await ask(honest)).toMatchObject({ status: 'pending', check: { ok: true } });
    expect(await epochsOf(connection)).toEqual(['to-vault', 'from-vault']);
    await client.close();
  });

  it('is told the same once more, byte for byte, when it sends the same once more', async () => {
    const connection = await invited();
    const honest = await connectionRequest(connection);
    const payload = { ...honest, contract: { ...honest.contract, signature: 'A'.repeat(86) } };
    const client = await VaultClient.connect(await addressOf(connection));
    const sealed = await client.seal({ type: 'connection.request', payload });
    const first = await client.askSealed(sealed, critical);
    const before = (await readLedger(house)).length;
    expect(await client.askSealed(sealed, critical)).toEqual(first);
    const records = await readLedger(house);
    expect(traceIn(records, connection.invite.connection, sealed.id).decided).toHaveLength(1);
    expect(ofKind(records.slice(before), 'queued')).toEqual([]);
    await client.close();
  });

  it('is told nothing when its keys are none, or the signature is another’s', async () => {
    const connection = await invited();
    const honest = await connectionRequest(connection);
    const stranger = { ...connection, keys: newServiceKeys() };
    for (const [who, payload] of [
      [connection, { ...honest, encapsulation: '_'.repeat(1622) }],
      [stranger, honest],
    ] as const) {
      const client = await VaultClient.connect(await addressOf(who));
      const sealed = await client.seal({ type: 'connection.request', payload });
      await client.submit(sealed);
      const at = connection.invite.connection;
      const records = await ledgerWhen(
        house,
        (found) => traceIn(found, at, sealed.id).decided.length > 0,
      );
      const [decided] = traceIn(records, at, sealed.id).decided;
      expect(decided?.outcome).toBe('denied');
      expect(ofKind(records, 'queued').filter(({ body }) => body.connection === at)).toEqual([]);
      await client.close();
    }
    expect(await epochsOf(connection)).toEqual([]);
  });
});
