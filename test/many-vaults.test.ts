import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openService, type Service } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Invite } from '../wire/messages.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ofKind, readLedger } from './ledger-view.ts';

const name = 'personal/full_name';
const address = 'personal/shipping_address';

type Household = { readonly house: TestHouse; readonly owner: Owner };

describe('a service with several vaults on one vine', () => {
  let homes: Household[];
  let contract: Contract;
  let service: Service;
  let vaults: Vault[];

  beforeAll(async () => {
    contract = await retailer();
    const first = await TestHouse.create();
    const houses = [first, await TestHouse.create(first), await TestHouse.create(first)];
    homes = await Promise.all(
      houses.map(async (house, at) => {
        await house.open();
        const owner = await house.owner();
        await owner.served('owner.set', { field: name, value: `Owner ${at}` });
        await owner.served('owner.set', { field: address, value: `${at} Vine Street` });
        return { house, owner };
      }),
    );
    service = await openService({ store: memoryStore() });
    vaults = [];
    for (const home of homes) vaults.push(await connected(service, home));
  }, 60_000);
  afterAll(async () => {
    await service?.close();
    for (const { house } of [...(homes ?? [])].reverse()) await house.destroy();
  });

  async function invited({ owner }: Household): Promise<Invite> {
    return (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
  }

  async function connected(of: Service, home: Household): Promise<Vault> {
    const invite = await invited(home);
    const result = await of.connect(encodeInvite(invite), contract, {
      onPending: () =>
        void home.owner.served('owner.accept', { connection: invite.connection, optional: [] }),
    });
    if (result.status !== 'connected') throw new Error(JSON.stringify(result));
    return result.vault;
  }

  it('talks to all of them over one connection', async () => {
    expect(service.connections).toBe(1);
    const answers = await Promise.all(
      vaults.map((vault) => vault.request('data.request', { fields: [address] })),
    );
    expect(answers.map((answer) => answer.status === 'served' && answer.result)).toEqual(
      [0, 1, 2].map((at) => ({ fields: { [address]: `${at} Vine Street` }, refused: [] })),
    );
    for (const { house } of homes) {
      const parties = ofKind(await readLedger(house), 'connected').map(({ body }) => body.party);
      expect(parties.slice(1)).toHaveLength(1);
    }
  });
});
