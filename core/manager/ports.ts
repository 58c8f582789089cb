import type { PeerVaultKeys } from '../../ledger/peer-bodies.ts';
import type { Dial } from '../../projections/dial.ts';
import type { Answer, ConnectionAccepted } from '../../wire/messages.ts';
import type { AllowedForCall } from '../host/call-session.ts';
import type { HandlerCall, HandlerOutcome, HandlerServices } from '../host/handler-port.ts';
import type { LoadedHandler } from '../host/manifest-loader.ts';
import type { Kept } from './answer-keeper.ts';

/** A message from the messaging layer. Everything in it is attacker-controlled. */
export type InboundMessage = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** For critical types: the vault has it, and it need not be delivered again. */
  readonly acknowledge?: () => void;
  /** The vault has stopped with this in its hands more than once: it is to be set aside unread. */
  readonly suspect?: boolean;
};

/** The messaging layer, as the vault sees it. At most once unless it says otherwise. */
export type VaultBus = {
  /** Begins to deliver: the owner's space, and of the parties admitted so far what they may send. */
  listen(deliver: (message: InboundMessage) => void): Promise<void>;
  /** Delivers best-effort events only, to a vault that is not open: what is kept waits, and is not touched. */
  hear(deliver: (message: InboundMessage) => void): Promise<void>;
  /** Takes a party's request to connect, or everything of it, once this resolves. */
  admit(party: string, scope: 'handshake' | 'connected'): Promise<void>;
  /** Takes nothing of it any more: neither in the messaging layer's store nor beside it. */
  dismiss(party: string): void;
  /** Sends; whether it arrived is known after `flush`. */
  publish(subject: string, bytes: Uint8Array): void;
  /** Publishes an answer that is to be kept for its party; resolves with what became of that, and never rejects. */
  keep(subject: string, bytes: Uint8Array): Promise<Kept>;
  /** Resolves when the server has everything published so far. */
  flush(): Promise<void>;
  /**
   * Delivers no more.
   * @param blameless - the event that the vault has in its hands is not why it stops
   */
  stop(blameless: boolean): Promise<void>;
};

/** A user of the messaging layer: what a party connects with. */
export type Credential = { readonly jwt: string; readonly seed: string };

/** Who may use the messaging layer, and for what. */
export type Admission = {
  /** Servers that a party connects to. */
  readonly servers: readonly string[];
  /** How long a credential lasts, in milliseconds. */
  readonly credentialMs: number;
  /** A new party, which may do nothing but ask to connect until `expires` (Unix milliseconds). */
  invite(expires: number): Promise<{ party: string; credential: Credential }>;
  /** Lets a party send requests until `expires`, and ask for another credential until `renewalExpires` (Unix milliseconds). */
  accept(
    way: WayIn,
    until: { readonly expires: number; readonly renewalExpires: number },
  ): Promise<Issued>;
  /** Ends every credential of a party that was issued before a time (Unix milliseconds), or until now. */
  revoke(way: WayIn, before?: number): Promise<void>;
  /** Drops the answers of this vault that are kept for a party. */
  forget(way: WayIn): Promise<void>;
};

/** Which account a party has, and whether other vaults share it. */
export type WayIn = { readonly party: string; readonly shared: boolean };

/** Credentials, and when they were issued by the clock of the messaging layer: Unix milliseconds. */
export type Issued = {
  readonly credential: Credential;
  /** Can do nothing but ask for another credential. */
  readonly renewal: Credential;
  readonly at: number;
};

/** How the owner's devices reach the messaging layer. */
export type DeviceAccess = {
  /** What a new device connects with, and the name of that user. */
  issue(): Promise<{ credential: Credential; user: string }>;
  /** Ends the credentials of all removed devices; has to be told of all of them each time. */
  revoke(users: readonly string[]): Promise<void>;
};

/** What a peer answered. */
export type PeerAnswer = {
  /** Id of the event that it answers, and its type. */
  readonly event: string;
  readonly type: string;
  readonly answer: Answer;
  /** The peer's ledger has signed it. */
  readonly signed: boolean;
};

/** What a vault is told about its peers. What a promise says is done is durable. */
export type PeerEvents = {
  /** The peer has let us in, or gave us another credential. */
  granted(connection: string, accepted: ConnectionAccepted): Promise<void>;
  /** The peer's keys are these from now on. */
  rekeyed(connection: string, keys: PeerVaultKeys): Promise<void>;
  /** The peer is reached at these addresses from now on. */
  moved(connection: string, servers: readonly string[]): Promise<void>;
  /** The peer's owner does not want us. */
  refused(connection: string): Promise<void>;
  /** The peer has ended the connection. */
  severed(connection: string): Promise<void>;
  /** The peer's vine lets us in no more: our credential is revoked there, or the last one has run out. */
  lost(connection: string): Promise<void>;
  /** An answer has come that nobody waits for any more. */
  answered(connection: string, answer: PeerAnswer): Promise<void>;
};

/** How the vault reaches other vaults: as a party on their vines. It never throws for what a peer does. */
export type PeerLines = {
  begin(events: PeerEvents): void;
  /**
   * Reaches a peer from now on: asks to be let in where that has not been, and comes back after every loss, until it
   * says `refused`, `severed` or `lost`; what could not be recorded of that is said again.
   */
  dial(connection: string, dial: Dial, name: string): void;
  /** Asks a peer for something; refused by ourselves, with a detail, where it cannot be reached. */
  ask(connection: string, asked: { type: string; payload: unknown }): Promise<PeerAnswer>;
  /** Lets go of a peer. */
  drop(connection: string): void;
  /** Lets go of all; questions that wait are refused. */
  stop(): Promise<void>;
};

/** Where handlers run. */
export type HandlerRunner = {
  readonly handlers: readonly LoadedHandler[];
  run(
    handler: LoadedHandler,
    call: HandlerCall,
    services: HandlerServices,
    allowed: AllowedForCall,
  ): Promise<HandlerOutcome>;
  stop(): Promise<void>;
};
