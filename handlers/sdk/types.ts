/** One call of a handler: what arrived, and over which connection. */
export type Call = {
  /** Unique for this run. */
  readonly call: string;
  /** Dotted event type, for example `data.request`. */
  readonly type: string;
  readonly event: {
    readonly id: string;
    /** When the vault received the event, in Unix milliseconds. A handler reads no clock of its own. */
    readonly time: number;
    /** Already checked against the request schema of the manifest. */
    readonly payload: unknown;
  };
  readonly vault: string;
  readonly connection: string;
  readonly party: string;
};

/** What a handler may ask for while one call runs. Each ask is recorded, by name. */
export type Host = {
  /**
   * The value of a vault field; `undefined` when it is absent or this call may not see it.
   * @throws Error when the call has ended or the vault cannot answer
   */
  read(field: string): Promise<string | undefined>;
  /**
   * Ed25519 signature (64 bytes) under the vault's key of `purpose`, and its public key (32 bytes).
   * @throws Error when the purpose is not permitted or the call has ended
   */
  sign(purpose: string, bytes: Uint8Array): Promise<Signed>;
  /** The value of an entry that the calling party has stored; `undefined` where there is none. */
  entry(category: string, key: string): Promise<string | undefined>;
  /**
   * Keys of the calling party's entries in a category, sorted, behind `after` (the empty text for all).
   * Where there are many it is not all of them: ask again behind the last.
   */
  entries(category: string, after: string): Promise<readonly string[]>;
};

/** A signature and the public key that verifies it. */
export type Signed = { readonly signature: Uint8Array; readonly key: Uint8Array };

/** A fact for the vault to record; its type stands in the manifest's `effects`. */
export type Effect = { readonly type: string; readonly [member: string]: unknown };

/** What a call comes to. Both parts are JSON data: no bytes, no dates. */
export type Answer = { readonly result: unknown; readonly effects?: readonly Effect[] };

/** The work itself. What it throws ends the call as failed; the message is for the owner only. */
export type Work = (call: Call, host: Host) => Promise<Answer>;

/** A handler program: its name and version as in its manifest, and its work by event type. */
export type Program = {
  readonly name: string;
  readonly version: string;
  readonly handlers: Readonly<Record<string, Work>>;
};
