/* Two vaults on two vines, each with its owner, that become peers. */
import { checkDecisions } from '../replay/check-decisions.ts';
import { checkDigests } from '../replay/check-digests.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import { TestHouse } from './harness.ts';
import { readLedger } from './ledger-view.ts';
import { type Home, until } from './neighbours.ts';

export const name = 'personal/full_name';
export const address = 'personal/home_address';

type Seen = {
  readonly connection: string;
  readonly kind: string;
  readonly status: string;
  readonly name: string;
};

/** A vault with its owner, on a vine of its own. */
export async function home(who: string): Promise<Home> {
  const house = await TestHouse.create();
  await house.open();
  const owner = await house.owner();
  await owner.served('owner.set', { field: name, value: who });
  await owner.served('owner.set', { field: address, value: `${who}'s house` });
  return { house, owner };
}

/** A connection as its owner sees it; `undefined` where there is none of this id. */
export async function seen({ owner }: Home, connection: string): Promise<Seen | undefined> {
  const all = (await owner.served('owner.connections')) as { connections: Seen[] };
  return all.connections.find((one) => one.connection === connection);
}

/** The first has invited the second, whose owner has told their vault so: it has asked. Each end's id of the connection. */
export async function knocked(one: Home, other: Home): Promise<readonly [string, string]> {
  const invite = (await one.owner.served('owner.invite', {
    label: 'Bob',
    peer: true,
  })) as Invite;
  const reached = (await other.owner.served('owner.connect', {
    label: 'Alice',
    invite: encodeInvite(invite),
  })) as { connection: string };
  await until(async () => (await seen(one, invite.connection))?.status === 'requested');
  return [invite.connection, reached.connection];
}

/** Peers, each let in by the other. */
export async function peers(one: Home, other: Home): Promise<readonly [string, string]> {
  const [there, here] = await knocked(one, other);
  await one.owner.served('owner.accept', { connection: there, optional: [] });
  await until(async () => (await asked(other, here, 'peer.shares', {})).status === 'served');
  await until(async () => (await asked(one, there, 'peer.shares', {})).status === 'served');
  return [there, here];
}

/** Asks a peer by way of one's own vault: the peer's answer, or why there is none. */
export async function asked(
  { owner }: Home,
  connection: string,
  type: string,
  payload: unknown,
): Promise<Answer> {
  const answer = await owner.ask('owner.ask', { connection, type, payload });
  return answer.status === 'served' ? (answer.result as { answer: Answer }).answer : answer;
}

/** Says all that a peer may have from now on. */
export async function shared(
  { owner }: Home,
  connection: string,
  sharing: {
    readonly fields: readonly string[];
    readonly consent: readonly string[];
    readonly types: readonly string[];
  },
): Promise<void> {
  await owner.served('owner.share', { connection, ...sharing });
}

/** Its vault is closed in order and opened again. */
export async function reopened({ house }: Home): Promise<void> {
  await house.closeVault();
  await house.open();
}

/** What a replay of its ledger makes of the decisions and the states in it. */
export async function replayed(
  house: TestHouse,
): Promise<{ readonly reproduced: number; readonly differences: readonly unknown[] }> {
  const records = await readLedger(house);
  const oneByOne = async function* () {
    yield* records;
  };
  const { reproduced, differences } = await checkDecisions(oneByOne());
  const digests = await checkDigests(oneByOne());
  return { reproduced, differences: [...differences, ...digests.differences] };
}
