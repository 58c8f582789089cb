import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WitnessAddress } from '../core/pins/witness-pin.ts';
import { openWitness, type Witness } from '../core/witness/witness.ts';
import { serveWitness, type WitnessServer } from '../core/witness/witness-server.ts';
import { ledgerLog } from '../ledger/checkpoint.ts';
import { type Owner, TestHouse } from './harness.ts';

type Running = { witness: Witness; server: WitnessServer; address: WitnessAddress };

describe('a vault with witnesses', () => {
  let house: TestHouse;
  let owner: Owner;
  let running: Running[];
  let environment: { witnesses: { witnesses: WitnessAddress[]; quorum: number } };

  async function start(number: number): Promise<Running> {
    const { id, publicKey } = house.card.ledger;
    const log = ledgerLog(id, [publicKey]);
    const logs = new Map([[log.origin, log]]);
    const witness = await openWitness({ folder: join(house.folder, `witness ${number}`), logs });
    const server = await serveWitness(witness, { host: '127.0.0.1', port: 0 });
    return { witness, server, address: { key: witness.key, url: server.url } };
  }

  beforeAll(async () => {
    house = await TestHouse.create();
    running = await Promise.all([1, 2, 3].map(start));
    environment = { witnesses: { witnesses: running.map(({ address }) => address), quorum: 2 } };
    await house.open(environment);
    owner = await house.owner();
  });
  afterAll(async () => {
    await house?.destroy();
    for (const { server, witness } of running ?? []) {
      await server.close();
      await witness.close();
    }
  });

  /** Puts the ledger, and everything that this machine keeps of it, back to an earlier copy. */
  async function rollBack(): Promise<void> {
    await house.closeVault();
    await house.ledger.stop();
    const kept = join(house.folder, 'checkpoints');
    for (const path of [house.data.ledger, kept])
      await cp(path, `${path}.earlier`, { recursive: true });
    await house.restartLedger();
    await house.open(environment);
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada' });
    await house.closeVault();
    await house.ledger.stop();
    for (const path of [house.data.ledger, kept]) {
      await rename(path, `${path}.newest`);
      await cp(`${path}.earlier`, path, { recursive: true });
    }
    await house.restartLedger();
  }

  async function putRight(): Promise<void> {
    await house.ledger.stop();
    for (const path of [house.data.ledger, join(house.folder, 'checkpoints')]) {
      await rm(path, { recursive: true });
      await rename(`${path}.newest`, path);
    }
    await house.restartLedger();
  }

  it('opens, and goes on, while a quorum of them cosigns', async () => {
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await house.closeVault();
    await running[0]?.server.close();
    await house.open(environment);
    expect(house.logged.join()).toContain('did not cosign');
  });

  it('does not open when it was rolled back together with all that this machine keeps', async () => {
    await rollBack();
    await expect(house.open(environment)).rejects.toMatchObject({ code: 'ROLLED_BACK' });
    await putRight();
    await house.open(environment);
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada, Countess' });
  });

  it('follows the ledger to another key only when its keeper knows that key', async () => {
    const rotated = owner.served('owner.rotate', { purpose: 'ledger' });
    expect(await rotated).toMatchObject({ purpose: 'ledger' });
    await house.closeVault();
    expect(house.logged.join()).toContain('does not know the key that signed');
  });
});
