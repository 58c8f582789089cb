/* A vault, its owner, and services that publish new versions of their contracts to it. */
import { expect } from 'vitest';
import { contractUpdate } from '../service/contract-update.ts';
import { addressOf, contractRef } from '../service/service-identity.ts';
import { type Contract, contractHash, signContract } from '../wire/contract.ts';
import type { Event } from '../wire/event.ts';
import type { Answer } from '../wire/messages.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { RawPeer } from './raw-peer.ts';

export const address = 'personal/shipping_address';
export const birth = 'personal/date_of_birth';

/** A connected service, and hands to do with its credential what one likes. */
export type Party = {
  readonly service: Service;
  readonly peer: RawPeer;
  /** Connection id. */
  readonly id: string;
};

/** The version that comes after another. */
export function nextOf(before: Contract, change: Partial<Contract> = {}): Contract {
  return { ...before, version: before.version + 1, previous: contractHash(before), ...change };
}

export class ContractWorld {
  readonly house: TestHouse;
  readonly owner: Owner;
  /** The contract that parties connect under. */
  readonly first: Contract;
  /** What the owner's app was told. */
  readonly heard: Event[] = [];
  readonly #peers: RawPeer[] = [];

  private constructor(house: TestHouse, owner: Owner, first: Contract) {
    this.house = house;
    this.owner = owner;
    this.first = first;
    owner.client.onEvent = (event) => this.heard.push(event);
  }

  static async create(): Promise<ContractWorld> {
    const house = await TestHouse.create();
    await house.open();
    const owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
    await owner.served('owner.set', { field: birth, value: '1815-12-10' });
    const limits = { requests_per_hour: 60, burst: 500 };
    return new ContractWorld(house, owner, { ...(await retailer()), limits });
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()));
    await this.house.destroy();
  }

  async party(contract: Contract = this.first): Promise<Party> {
    const service = await this.house.connectService(this.owner, contract);
    const peer = await this.peerOf(service);
    return { service, peer, id: service.connection.invite.connection };
  }

  /** Hands to do with a service's credential what one likes, for as long as this world is there. */
  async peerOf(service: Service): Promise<RawPeer> {
    const peer = await RawPeer.connect(service.connection, this.house.vine.url);
    this.#peers.push(peer);
    return peer;
  }

  /** Publishes a version, and gives its event's id once the vault has said that it waits. */
  async publish(
    { service, peer }: Party,
    next: Contract,
    before: Contract = service.connection.contract,
  ): Promise<string> {
    const { identity } = await addressOf(service.connection);
    const { type, payload } = contractUpdate(identity.signer, before, next);
    const sealed = peer.seal(type, payload);
    expect((await peer.send(sealed)).answer).toMatchObject({ status: 'pending', type });
    return sealed.id;
  }

  /** What a party would publish, signed with its key. */
  async signed({ service }: Party, contract: Contract) {
    const { identity } = await addressOf(service.connection);
    return { contract: signContract(identity.signer, contract) };
  }

  /** Asks for fields under a version. */
  async ask({ peer }: Party, fields: string[], under: Contract): Promise<Answer> {
    const contract = contractRef(under);
    return (await peer.send(peer.seal('data.request', { fields }, { contract }))).answer;
  }

  accept(id: string, next: Contract, optional: string[] = []): Promise<Answer> {
    const hash = contractHash(next);
    return this.owner.ask('owner.contract.accept', { connection: id, hash, optional });
  }

  reject(id: string, next: Contract): Promise<Answer> {
    return this.owner.ask('owner.contract.reject', { connection: id, hash: contractHash(next) });
  }
}
