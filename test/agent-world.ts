/* A vault with an owner, and agents that the owner lets do something. */
import { expect } from 'vitest';
import type { TimeSource } from '../core/manager/host-clock.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { openService, type Service } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import type { AgentGrant, GrantScope } from '../wire/agent-terms.ts';
import { encodeInvite } from '../wire/invite.ts';
import type { Answer, Invite } from '../wire/messages.ts';
import { type Owner, TestHouse } from './harness.ts';
import { until } from './neighbours.ts';

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

const fields = { [name]: 'Ada', [address]: 'Elm Street 1', [phone]: '555' };

/** The clocks of a machine that is ahead by so many milliseconds. */
const aheadBy = (clock: { readonly ahead: number }): TimeSource => ({
  wall: () => Date.now() + clock.ahead,
  monotonic: () => performance.now() + clock.ahead,
});

/** A vault whose clock can be set forward, its owner, and their agents. */
export class AgentWorld {
  readonly house: TestHouse;
  readonly owner: Owner;
  readonly #services: Service[] = [];
  readonly #clock: { ahead: number };

  private constructor(house: TestHouse, owner: Owner, clock: { ahead: number }) {
    this.house = house;
    this.owner = owner;
    this.#clock = clock;
  }

  static async create(): Promise<AgentWorld> {
    const house = await TestHouse.create();
    const clock = { ahead: 0 };
    await house.open({ time: aheadBy(clock) });
    const world = new AgentWorld(house, await house.owner(), clock);
    for (const [field, value] of Object.entries(fields))
      await world.owner.served('owner.set', { field, value });
    return world;
  }

  /** Closes the vault and opens it again, with the clock of this world. */
  async reopen(): Promise<void> {
    await this.house.closeVault();
    await this.house.open({ time: aheadBy(this.#clock) });
  }

  /** Sets the vault's clock forward. */
  later(minutes: number): void {
    this.#clock.ahead += minutes * 60_000;
  }

  /** An agent that the owner has invited with a grant, and let in. */
  async agent(other: Partial<AgentGrant> = {}): Promise<Agent> {
    const asked = { label: 'Shopping agent', agent: grant(other) };
    const invite = (await this.owner.served('owner.invite', asked)) as Invite;
    const { connection } = invite;
    const service = await this.software();
    const accept = (): void => void this.owner.served('owner.accept', { connection, optional: [] });
    const options = { timeoutMs: 20_000, onPending: accept };
    const result = await service.connectAgent(encodeInvite(invite), { name: 'helper 3' }, options);
    if (result.status !== 'connected') throw new Error(JSON.stringify(result));
    return { service, vault: result.vault, connection };
  }

  /** An agent's own software, which keeps nothing. */
  async software(): Promise<Service> {
    const servers = () => [this.house.vine.url];
    const service = await openService({ store: memoryStore(), servers });
    this.#services.push(service);
    return service;
  }

  /** The one request that waits for the owner. */
  async held(): Promise<{ request: string; hash: string }> {
    const { requests } = (await this.owner.served('owner.pending')) as {
      requests: { request: string; hash: string }[];
    };
    const [one] = requests;
    if (one === undefined || requests.length > 1) throw new Error(`${requests.length} wait`);
    return one;
  }

  /** The owner's word on it, as soon as there is one. */
  async say(word: 'approve' | 'deny'): Promise<void> {
    await until(() =>
      this.held().then(
        () => true,
        () => false,
      ),
    );
    const { request, hash } = await this.held();
    await this.owner.served(`owner.${word}`, { request, hash });
  }

  /** An agent as its owner sees it. */
  async seen({ connection }: Agent): Promise<Record<string, unknown> | undefined> {
    const { connections } = (await this.owner.served('owner.connections')) as {
      connections: Record<string, unknown>[];
    };
    return connections.find((one) => one['connection'] === connection);
  }

  async destroy(): Promise<void> {
    for (const service of this.#services) await service.close();
    await this.house.destroy();
    expect(this.house.failures).toEqual([]);
  }
}

/** Asks for fields toward a domain; a request that waits for the owner is answered `pending`. */
export function asks(
  { vault }: Agent,
  fields: readonly string[],
  target?: unknown,
  more: Record<string, unknown> = {},
): Promise<Answer> {
  const toward = target === undefined ? {} : { target };
  return vault.request('data.request', { fields, ...toward, ...more }, { acceptPending: true });
}

/** Asks to pay toward a domain, and waits for the owner. */
export function pays({ vault }: Agent, order: string, target: string): Promise<Answer> {
  const payment = { order, amount: 900, currency: 'EUR', payee: 'The Shop' };
  return vault.request('payment.request', { ...payment, target });
}

/** The scope of the name, with other members where they are given. */
export function agentWith(other: Partial<GrantScope>): GrantScope {
  const [first] = scopes;
  if (first === undefined) throw new Error('there is no scope');
  return { ...first, ...other };
}

/** Records as those who read a ledger get them. */
export async function* oneByOne(records: readonly LedgerRecord[]): AsyncGenerator<LedgerRecord> {
  yield* records;
}
