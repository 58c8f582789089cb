import { contractHash, parseContract } from '../wire/contract.ts';
import type { ContractRef, Event } from '../wire/event.ts';
import { isMap } from '../wire/event.ts';
import { parseInvite } from '../wire/invite.ts';
import {
  type ConnectionAccepted,
  type CredentialGranted,
  connectionSeveredType,
  type Invite,
} from '../wire/messages.ts';
import { peerSharedType } from '../wire/peer-messages.ts';
import type { LateAnswer } from './heard-answers.ts';
import { KeptAnswers } from './kept-answers.ts';
import { letInBy, type PeerWord } from './peer-knock.ts';
import { type AskedOfPeer, isStale, type PeerSaid, said, unreached } from './peer-said.ts';
import { keepRenewed } from './renewals.ts';
import { addressOf, type ServiceKeys, type WayToVault } from './service-identity.ts';
import { newEventId } from './session.ts';
import { renewedBy } from './vault.ts';
import { VaultClient } from './vault-client.ts';
import { type KeptVaultKeys, keptVaultKeys } from './vault-keys.ts';
import { isTurnedAway, VineLink } from './vine-link.ts';

const reachWithinMs = 5_000;
const answerWithinMs = 8_000;
const pauseMinMs = 250;
const pauseMaxMs = 60_000;
/** So many tries in a row that a vine turns away are its word: one alone may come of a restart there. */
const turnedAwayMax = 5;
const sharesType = 'peer.shares';

/** How a vault reaches another one. */
export type PeerWay = {
  /** Text of its invite. */
  readonly invite: string;
  readonly keys?: ServiceKeys;
  /** Text of an invite of ours, for it to reach us by. */
  readonly offer?: string;
  readonly accepted?: ConnectionAccepted;
  readonly peerKeys?: KeptVaultKeys;
};

/** What a line tells of. */
export type LineHooks = {
  readonly granted: (accepted: ConnectionAccepted) => Promise<void>;
  readonly rekeyed: (keys: KeptVaultKeys) => Promise<void>;
  readonly refused: () => Promise<void>;
  readonly severed: () => Promise<void>;
  readonly lost: () => Promise<void>;
  readonly answered: (said: PeerSaid) => Promise<void>;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

type Open = { readonly client: VaultClient; readonly link: VineLink };

/** A vault's line to one other vault: it asks to be let in, then stands, and comes back after every loss. */
export class PeerLine {
  readonly #hooks: LineHooks;
  readonly #name: string;
  #way: PeerWay;
  #ended = false;
  #open: Open | undefined;
  /** Lets go of what is open now. */
  #close: () => void = () => {};
  /** Ends the pause between two tries. */
  #wake: () => void = () => {};
  #reached: (() => void)[] = [];
  /** What the peer shares with us, as far as we know. */
  #shared: ContractRef | undefined;

  constructor(way: PeerWay, name: string, hooks: LineHooks) {
    this.#way = way;
    this.#name = name;
    this.#hooks = hooks;
  }

  /** Resolves when the line has been ended. */
  async run(): Promise<void> {
    let pauseMs = pauseMinMs;
    let turnedAway = 0;
    while (!this.#ended) {
      const since = performance.now();
      try {
        if (turnedAway >= turnedAwayMax || this.#isOver()) return await this.#lose();
        if (this.#way.accepted === undefined) await this.#knock();
        const { accepted } = this.#way;
        if (accepted !== undefined && !this.#ended) await this.#stand(accepted);
        turnedAway = 0;
      } catch (error) {
        if (turnedAway < turnedAwayMax) turnedAway = isTurnedAway(error) ? turnedAway + 1 : 0;
        this.#hooks.log('a peer is not reached', { error: String(error) });
      }
      if (this.#ended) return;
      const stood = performance.now() - since > pauseMaxMs;
      pauseMs = stood ? pauseMinMs : Math.min(pauseMs * 2, pauseMaxMs);
      await this.#pause(pauseMs);
    }
  }

  /** Nothing more is sent or heard. */
  end(): void {
    this.#ended = true;
    this.#wake();
    this.#close();
    for (const reached of this.#reached.splice(0)) reached();
  }

  /** Asks, under what the peer shares with us; what cannot be asked is refused by ourselves. */
  async ask({ type, payload }: AskedOfPeer): Promise<PeerSaid> {
    const client = await this.#reach();
    if (client === undefined) return unreached(type);
    const event = newEventId();
    try {
      const said = await this.#askOnce(client, event, { type, payload });
      if (!isStale(said.answer)) return said;
      this.#shared = undefined;
      return await this.#askOnce(client, newEventId(), { type, payload });
    } catch (error) {
      this.#hooks.log('a peer did not answer', { type, error: String(error) });
      return { ...unreached(type, 'the peer has not answered in time'), event };
    }
  }

  async #askOnce(client: VaultClient, id: string, asked: AskedOfPeer): Promise<PeerSaid> {
    const { type, payload } = asked;
    const contract = type === sharesType ? undefined : await this.#sharedBy(client);
    const answer = await client.ask(
      { id, type, payload, ...(contract === undefined ? {} : { contract }) },
      {
        timeoutMs: answerWithinMs,
        acceptPending: true,
        critical: this.#way.accepted?.critical.includes(type) === true,
      },
    );
    if (type === sharesType && answer.status === 'served') this.#learn(answer.result);
    return said(id, answer);
  }

  async #sharedBy(client: VaultClient): Promise<ContractRef | undefined> {
    if (this.#shared !== undefined) return this.#shared;
    const asked = { type: sharesType, payload: {} };
    const answer = await client.ask(asked, { timeoutMs: answerWithinMs });
    if (answer.status === 'served') this.#learn(answer.result);
    return this.#shared;
  }

  /** What is shared is named as its owner's vault has written it. Attacker-controlled. */
  #learn(told: unknown): void {
    const parsed = parseContract(
      isMap(told as never) ? (told as { contract?: unknown }).contract : 0,
    );
    if (!parsed.ok) return;
    const { contract } = parsed.value;
    this.#shared = { id: contract.id, version: contract.version, hash: contractHash(contract) };
  }

  /** Whether the last credential has run out: where the vine is down for that long, nothing leads back. */
  #isOver(): boolean {
    const { accepted } = this.#way;
    return accepted !== undefined && accepted.renewal.expires <= Date.now();
  }

  /** The peer's vine lets nobody in with what we have: where that cannot be recorded, the next try says it again. */
  async #lose(): Promise<void> {
    await (this.#way.accepted === undefined ? this.#hooks.refused() : this.#hooks.lost());
    this.end();
  }

  async #knock(): Promise<void> {
    const way = this.#toVault();
    await letInBy(way, {
      peer: {
        name: this.#name,
        ...(this.#way.offer === undefined ? {} : { invite: this.#way.offer }),
      },
      keep: (word) => this.#keep(word),
      closable: (close) => {
        this.#close = close;
        if (this.#ended) close();
      },
    });
  }

  async #keep(word: PeerWord): Promise<void> {
    if (this.#ended) throw new Error('this line has ended');
    if (word === 'refused') {
      await this.#hooks.refused();
      return this.end();
    }
    await this.#hooks.granted(word);
    this.#way = { ...this.#way, accepted: word };
  }

  async #stand(accepted: ConnectionAccepted): Promise<void> {
    const way = this.#toVault();
    const { party } = accepted;
    const link = await VineLink.open({ servers: way.invite.servers, party }, accepted);
    this.#close = () => void link.close();
    if (this.#ended) return link.close();
    let wake = (): void => {};
    const client = await VaultClient.over(link.nc, (await addressOf(way)).identity, {
      wake: () => wake(),
      onAnswer: (late) => this.#late(late),
    });
    client.onEvent = (event) => this.#heard(event);
    client.onIdentity = async (identity) => {
      const peerKeys = keptVaultKeys(identity);
      await this.#hooks.rekeyed(peerKeys);
      this.#way = { ...this.#way, peerKeys };
    };
    const kept = KeptAnswers.start(link.nc, party, {
      take: (message) => client.takeKept(message),
      interested: () => client.wantsKept,
    });
    wake = () => kept.wake();
    const renewals = keepRenewed(link, () => this.#renew(client));
    this.#open = { client, link };
    for (const reached of this.#reached.splice(0)) reached();
    try {
      if (link.isOver) await renewals.now();
      await link.nc.closed();
    } finally {
      this.#open = undefined;
      renewals.end();
      await kept.stop();
      await client.close();
    }
  }

  async #renew(client: VaultClient): Promise<CredentialGranted | undefined> {
    const granted = await renewedBy(client);
    const { accepted } = this.#way;
    if (granted === undefined || accepted === undefined) return undefined;
    const next = { ...accepted, ...granted };
    await this.#hooks.granted(next);
    this.#way = { ...this.#way, accepted: next };
    return granted;
  }

  async #late({ event, answer }: LateAnswer): Promise<void> {
    if (answer.type === 'connection.request' || answer.type === sharesType) return;
    await this.#hooks.answered(said(event, answer));
  }

  #heard({ type, payload }: Event): void {
    if (type === peerSharedType) this.#learn(payload);
    if (type === connectionSeveredType) this.#hooks.severed().catch(() => undefined);
  }

  /** The client of now, or of soon; `undefined` where there is none in time. */
  async #reach(): Promise<VaultClient | undefined> {
    if (this.#open === undefined && !this.#ended) {
      this.#wake();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, reachWithinMs);
        this.#reached.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#open?.client;
  }

  #toVault(): WayToVault & { readonly invite: Invite } {
    const { invite: text, keys, accepted, peerKeys } = this.#way;
    const invite = parseInvite(text);
    if (invite === undefined || keys === undefined) throw new Error('there is no way to this peer');
    return {
      ...{ keys, invite },
      ...(accepted === undefined ? {} : { accepted }),
      ...(peerKeys === undefined ? {} : { vaultKeys: peerKeys }),
    };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
