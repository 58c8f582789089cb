import { contractHash, parseContract } from '../wire/contract.ts';
import type { ContractRef } from '../wire/event.ts';
import { isMap } from '../wire/event.ts';
import { type AskedOfPeer, isStale, type PeerSaid, said, unreached } from './peer-said.ts';
import { newEventId } from './session.ts';
import type { VaultClient } from './vault-client.ts';

const answerWithinMs = 8_000;

/** Asks what a peer shares with us. */
export const sharesType = 'peer.shares';

/** What one peer is asked, each time under what it shares with us as far as we know. */
export class PeerQuestions {
  readonly #log: (line: string, details?: Record<string, unknown>) => void;
  /** What the peer shares with us. */
  #shared: ContractRef | undefined;
  readonly #asked = new Set<Promise<PeerSaid>>();

  constructor(log: (line: string, details?: Record<string, unknown>) => void) {
    this.#log = log;
  }

  /** Asks; what is not answered in time is refused by ourselves. */
  ask(client: VaultClient, asked: AskedOfPeer, critical: boolean): Promise<PeerSaid> {
    const answered = this.#ask(client, asked, critical);
    this.#asked.add(answered);
    return answered.finally(() => this.#asked.delete(answered));
  }

  /** Resolves when all that was asked so far is answered, or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#asked);
  }

  async #ask(client: VaultClient, asked: AskedOfPeer, critical: boolean): Promise<PeerSaid> {
    const { type } = asked;
    const event = newEventId();
    try {
      const said = await this.#askOnce(client, event, asked, critical);
      if (!isStale(said.answer)) return said;
      this.#shared = undefined;
      return await this.#askOnce(client, newEventId(), asked, critical);
    } catch (error) {
      this.#log('a peer did not answer', { type, error: String(error) });
      return { ...unreached(type, 'the peer has not answered in time'), event };
    }
  }

  /** What is shared is named as its owner's vault has written it. Attacker-controlled. */
  learn(told: unknown): void {
    const parsed = parseContract(
      isMap(told as never) ? (told as { contract?: unknown }).contract : 0,
    );
    if (!parsed.ok) return;
    const { contract } = parsed.value;
    this.#shared = { id: contract.id, version: contract.version, hash: contractHash(contract) };
  }

  async #askOnce(
    client: VaultClient,
    id: string,
    { type, payload }: AskedOfPeer,
    critical: boolean,
  ): Promise<PeerSaid> {
    const contract = type === sharesType ? undefined : await this.#sharedBy(client);
    const answer = await client.ask(
      { id, type, payload, ...(contract === undefined ? {} : { contract }) },
      { timeoutMs: answerWithinMs, acceptPending: true, critical },
    );
    if (type === sharesType && answer.status === 'served') this.learn(answer.result);
    return said(id, answer);
  }

  async #sharedBy(client: VaultClient): Promise<ContractRef | undefined> {
    if (this.#shared !== undefined) return this.#shared;
    const asked = { type: sharesType, payload: {} };
    const answer = await client.ask(asked, { timeoutMs: answerWithinMs });
    if (answer.status === 'served') this.learn(answer.result);
    return this.#shared;
  }
}
