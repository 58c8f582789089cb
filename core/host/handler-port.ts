/** One fact that a handler asks the vault to make true; checked against its manifest. */
export type Effect = { readonly type: string; readonly [member: string]: unknown };

/** What a handler is called with. It never holds keys, and no field that was not asked for. */
export type HandlerCall = {
  /** Unique for this run; names the call in logs and in the protocol. */
  readonly call: string;
  readonly type: string;
  readonly event: { readonly id: string; readonly time: number; readonly payload: unknown };
  readonly vault: string;
  readonly connection: string;
  readonly party: string;
};

/** What the vault answers when a handler asks. Each method is called for one `HandlerCall`. */
export type HandlerServices = {
  /** The field's value; `undefined` when it is absent, or when this call may not see it. */
  read(field: string): Promise<string | undefined>;
  /** Ed25519 signature (64 bytes) under the key of `purpose`, over domain ‖ `bytes`, with the public key. */
  sign(purpose: string, bytes: Uint8Array): Promise<{ signature: Uint8Array; key: Uint8Array }>;
  /** Value of an entry that the call's party has stored; `undefined` when there is none. */
  entry(category: string, key: string): Promise<string | undefined>;
  /** Keys of its entries in a category, sorted, behind `after`; not all of them where there are many. */
  entries(category: string, after: string): Promise<readonly string[]>;
};

/** One thing a handler asked the host for: names, never values. */
export type HandlerAccess = {
  readonly what: 'read' | 'sign' | 'entry' | 'entries';
  readonly name: string;
  /** Whether the manifest and the call permitted it. */
  readonly permitted: boolean;
};

/** How a run ended. Every run ends: a crash, a breach of protocol and a timeout are outcomes. */
export type HandlerOutcome = {
  readonly code: 'ok' | 'failed' | 'timeout';
  /** The result, when `code` is `ok`; it fits the manifest's response schema. */
  readonly result?: unknown;
  readonly effects: readonly Effect[];
  readonly accesses: readonly HandlerAccess[];
  readonly durationMs: number;
  /** Private: why it failed, for the owner's eyes. */
  readonly detail?: string;
};
