import type { Event } from '../wire/event.ts';
import { parseInvite } from '../wire/invite.ts';
import {
  type ConnectionAccepted,
  type CredentialGranted,
  connectionSeveredType,
  type Invite,
} from '../wire/messages.ts';
import { peerSharedType } from '../wire/peer-messages.ts';
import { sameServers } from '../wire/servers.ts';
import type { LateAnswer } from './heard-answers.ts';
import { letInBy, type PeerWord } from './peer-knock.ts';
import { PeerQuestions, sharesType } from './peer-questions.ts';
import { type AskedOfPeer, type PeerSaid, said, unreached } from './peer-said.ts';
import { type StandHooks, standOver } from './peer-stand.ts';
import { addressOf, type ServiceKeys, type WayToVault } from './service-identity.ts';
import { renewedBy } from './vault.ts';
import type { VaultClient } from './vault-client.ts';
import type { KeptVaultKeys } from './vault-keys.ts';
import { isTurnedAway, VineLink } from './vine-link.ts';

const reachWithinMs = 5_000;
const pauseMinMs = 250;
const pauseMaxMs = 60_000;
/** So many tries in a row that a vine turns away are its word: one alone may come of a restart there. */
const turnedAwayMax = 5;
/** So often a peer may move in an hour: each time is a record here. */
const movesMax = 8;
const hourMs = 60 * 60_000;

/** How a vault reaches another one. */
export type PeerWay = {
  /** Text of its invite. */
  readonly invite: string;
  readonly keys?: ServiceKeys;
  /** Text of an invite of ours, for it to reach us by. */
  readonly offer?: string;
  readonly accepted?: ConnectionAccepted;
  readonly peerKeys?: KeptVaultKeys;
  /** Where it says that it is reached, where that is not what its invite says. */
  readonly servers?: readonly string[];
};

/** What a line tells of. */
export type LineHooks = {
  readonly granted: (accepted: ConnectionAccepted) => Promise<void>;
  readonly rekeyed: (keys: KeptVaultKeys) => Promise<void>;
  readonly moved: (servers: readonly string[]) => Promise<void>;
  readonly refused: () => Promise<void>;
  readonly severed: () => Promise<void>;
  readonly lost: () => Promise<void>;
  readonly answered: (said: PeerSaid) => Promise<void>;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

/** A vault's line to one other vault: it asks to be let in, then stands, and comes back after every loss. */
export class PeerLine {
  readonly #hooks: LineHooks;
  readonly #name: string;
  #way: PeerWay;
  #ended = false;
  #open: VaultClient | undefined;
  /** Lets go of what is open now. */
  #close: () => void = () => {};
  /** Ends the pause between two tries. */
  #wake: () => void = () => {};
  #reached: (() => void)[] = [];
  readonly #questions: PeerQuestions;
  /** When it moved of late: Unix milliseconds. */
  #moves: readonly number[] = [];

  constructor(way: PeerWay, name: string, hooks: LineHooks) {
    this.#way = way;
    this.#name = name;
    this.#hooks = hooks;
    this.#questions = new PeerQuestions(hooks.log);
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
  async ask(asked: AskedOfPeer): Promise<PeerSaid> {
    const client = await this.#reach();
    if (client === undefined) return unreached(asked.type);
    const critical = this.#way.accepted?.critical.includes(asked.type) === true;
    return this.#questions.ask(client, asked, critical);
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

  /** Stands where the peer is reached, and goes on where it goes. */
  async #stand(accepted: ConnectionAccepted): Promise<void> {
    let link: VineLink | undefined = await this.#linkTo(accepted);
    while (link !== undefined) {
      const { identity } = await addressOf(this.#toVault());
      link = await standOver(link, identity, this.#standHooks());
    }
  }

  #linkTo(accepted: ConnectionAccepted): Promise<VineLink> {
    return VineLink.open({ servers: this.#servers, party: accepted.party }, accepted);
  }

  get #servers(): readonly string[] {
    const { servers, invite } = this.#toVault();
    return servers ?? invite.servers;
  }

  #standHooks(): StandHooks {
    return {
      closable: (close) => {
        this.#close = close;
        if (this.#ended) close();
      },
      opened: (client) => {
        this.#open = client;
        for (const reached of this.#reached.splice(0)) reached();
      },
      over: () => {
        this.#open = undefined;
      },
      settled: () => this.#questions.settled(),
      late: (late) => this.#late(late),
      heard: (event) => this.#heard(event),
      rekeyed: async (peerKeys) => {
        await this.#hooks.rekeyed(peerKeys);
        this.#way = { ...this.#way, peerKeys };
      },
      moved: (servers) => this.#moved(servers),
      renew: (client) => this.#renew(client),
      servers: () => this.#servers,
      elsewhere: async () => {
        const { accepted } = this.#way;
        if (accepted === undefined || this.#ended) throw new Error('this line has ended');
        return this.#linkTo(accepted);
      },
    };
  }

  /** Kept before the peer is told so. What is passed over is said again with an epoch of ours. Attacker-controlled. */
  async #moved(servers: readonly string[]): Promise<void> {
    if (sameServers(servers, this.#servers)) return;
    const now = Date.now();
    this.#moves = this.#moves.filter((at) => at > now - hourMs);
    if (this.#moves.length >= movesMax) throw new Error('this peer moves too often');
    this.#moves = [...this.#moves, now];
    await this.#hooks.moved(servers);
    this.#way = { ...this.#way, servers };
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
    if (type === peerSharedType) this.#questions.learn(payload);
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
    return this.#open;
  }

  #toVault(): WayToVault & { readonly invite: Invite } {
    const { invite: text, keys, accepted, peerKeys, servers } = this.#way;
    const invite = parseInvite(text);
    if (invite === undefined || keys === undefined) throw new Error('there is no way to this peer');
    return {
      ...{ keys, invite },
      ...(accepted === undefined ? {} : { accepted }),
      ...(peerKeys === undefined ? {} : { vaultKeys: peerKeys }),
      ...(servers === undefined ? {} : { servers }),
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
