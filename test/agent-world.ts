/* A vault with an owner, and agents that the owner lets do something. */
import { openService, type Service } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { AgentGrant, GrantScope } from '../wire/agent-terms.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import type { TestHouse } from './harness.ts';
import type { Home } from './neighbours.ts';

export const name = 'personal/full_name';
export const address = 'personal/home_address';
export const phone = 'contact/phone';

const rate = { per_hour: 600, burst: 100 };

/** May read a name for the shop, is asked about the address, once about the phone, and about payments. */
export const scopes: readonly GrantScope[] = [
  {
    ...{ name: 'name', type: 'data.request', fields: [name], purpose: 'shopping', rate },
    ...{ approval: 'auto', targets: ['shop.example', '*.shop.example'] },
  },
  {
    ...{ name: 'address', type: 'data.request', fields: [address], purpose: 'delivery', rate },
    ...{ approval: 'ask', targets: ['shop.example'] },
  },
  {
    ...{ name: 'phone', type: 'data.request', fields: [phone], purpose: 'delivery', rate },
    ...{ approval: 'first', remember: 'P1D' },
  },
  {
    ...{ name: 'pay', type: 'payment.request', purpose: 'shopping', approval: 'ask', rate },
    targets: ['shop.example'],
  },
];

/** A grant that holds nobody up, but for what a test says. */
export function grant(other: Partial<AgentGrant> = {}): AgentGrant {
  return {
    scopes,
    expires: 'P30D',
    rate: { per_hour: 3_600, burst: 1_000 },
    cool_down: { refusals: 100, within_minutes: 60, minutes: 30 },
    ...other,
  };
}

/** An agent that is connected, at its end. */
export type Agent = {
  readonly service: Service;
  readonly vault: Vault;
  readonly connection: string;
};

/** An agent that the owner has invited with a grant, and let in. */
export async function agentOf(
  { house, owner }: Home,
  granted: AgentGrant = grant(),
): Promise<Agent> {
  const label = 'Shopping agent';
  const invite = (await owner.served('owner.invite', { label, agent: granted })) as Invite;
  const { connection } = invite;
  const service = await openAgent(house);
  const asked = service.connectAgent(
    encodeInvite(invite),
    { name: 'helper 3' },
    {
      timeoutMs: 20_000,
      onPending: () => void owner.served('owner.accept', { connection, optional: [] }),
    },
  );
  const result = await asked;
  if (result.status !== 'connected') throw new Error(JSON.stringify(result));
  return { service, vault: result.vault, connection };
}

/** An agent's own software, which keeps nothing. */
export function openAgent(house: TestHouse): Promise<Service> {
  return openService({ store: memoryStore(), servers: () => [house.vine.url] });
}

/** Asks for fields toward a domain; a request that waits for the owner is answered `pending`. */
export function asks(
  { vault }: Agent,
  fields: readonly string[],
  target?: string,
  more: Record<string, unknown> = {},
): Promise<Answer> {
  const toward = target === undefined ? {} : { target };
  return vault.request('data.request', { fields, ...toward, ...more }, { acceptPending: true });
}

/** The one request that waits for the owner. */
export async function held({ owner }: Home): Promise<{ request: string; hash: string }> {
  const { requests } = (await owner.served('owner.pending')) as {
    requests: { request: string; hash: string }[];
  };
  const [one] = requests;
  if (one === undefined || requests.length > 1) throw new Error(`${requests.length} wait`);
  return one;
}
