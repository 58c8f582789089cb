/* Several vaults on one vine, each with its owner, and a service that talks to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import type { Credential } from '../service/credentials.ts';
import type { Service } from '../service/service.ts';
import type { Vault } from '../service/vault.ts';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Invite } from '../wire/messages.ts';
import { partyInbox } from '../wire/subjects.ts';
import { type Owner, TestHouse } from './harness.ts';

export const name = 'personal/full_name';
export const address = 'personal/shipping_address';

/** A vault and its owner, at their app. */
export type Home = { readonly house: TestHouse; readonly owner: Owner };

/** A vault, as its owner reaches it. */
type AtApp = Pick<Home, 'owner'>;

/** So many vaults on one vine, each with a name and an address that tells it apart. */
export async function neighbours(count: number): Promise<Home[]> {
  const houses = [await TestHouse.create()];
  while (houses.length < count) houses.push(await TestHouse.create(houses[0]));
  return Promise.all(
    houses.map(async (house, at) => {
      await house.open();
      const owner = await house.owner();
      await owner.served('owner.set', { field: name, value: `Owner ${at}` });
      await owner.served('owner.set', { field: address, value: `${at} Vine Street` });
      return { house, owner };
    }),
  );
}

/** The vine is the first one's: it goes last. */
export async function leave(homes: readonly Home[]): Promise<void> {
  for (const { house } of [...homes].reverse()) await house.destroy();
}

export async function invited({ owner }: AtApp): Promise<Invite> {
  return (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
}

export function accept({ owner }: AtApp, { connection }: Invite): void {
  void owner.served('owner.accept', { connection, optional: [] });
}

/** Connects a service to a vault whose owner accepts it. */
export async function connected(service: Service, home: AtApp, contract: Contract): Promise<Vault> {
  const invite = await invited(home);
  const result = await service.connect(encodeInvite(invite), contract, {
    onPending: () => accept(home, invite),
  });
  if (result.status !== 'connected') throw new Error(JSON.stringify(result));
  return result.vault;
}

/** Whether the vine still serves a credential. */
export async function lives(
  { house }: Home,
  credential: Credential,
  party: string,
): Promise<boolean> {
  const options = { name: 'probe', inboxPrefix: partyInbox(party) };
  try {
    const nc = await connectVine(house.vine.url, credential, options);
    await nc.close();
    return true;
  } catch {
    return false;
  }
}

/** Waits until it holds. */
export async function until(holds: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`);
    await sleep(20);
  }
}

/** Asks vaults one thing after another, without a pause, until it is ended: then tells what went wrong. */
export function traffic(vaults: readonly Vault[]): { served: number; end(): Promise<string[]> } {
  const wrong: string[] = [];
  let going = true;
  const state = { served: 0, end };
  const asking = vaults.map(async (vault) => {
    while (going) {
      const answer = await vault
        .request('data.request', { fields: [address] }, { timeoutMs: 15_000 })
        .catch((error: Error) => ({ status: error.message }));
      if (answer.status === 'served') state.served += 1;
      else wrong.push(JSON.stringify(answer));
      await sleep(20);
    }
  });
  async function end(): Promise<string[]> {
    going = false;
    await Promise.all(asking);
    return wrong;
  }
  return state;
}
