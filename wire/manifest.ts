/** A JSON Schema (draft 2020-12) as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** How an event type travels: `critical` is persisted until the vault has it, `best-effort` is not. */
export type DeliveryClass = 'critical' | 'best-effort';

/** What a contract must allow before an event type may be used (the contract's `permissions`). */
export type Permission =
  | 'store'
  | 'messages'
  | 'authentication'
  | 'payment'
  | 'signatures'
  | 'identity'
  | 'location';

/** One event type that a handler serves. */
export type HandledType = {
  /** Dotted event type, for example `data.request`. */
  readonly type: string;
  readonly delivery: DeliveryClass;
  /** The contract permission this type needs, where it needs one. */
  readonly permission?: Permission;
  /** Top-level payload member that lists the vault fields asked for, where the type asks for any. */
  readonly fields?: string;
  /** Top-level payload member whose value may take effect only once per connection. */
  readonly once?: string;
  /** Whether the owner is asked each time, whatever fields are asked for. */
  readonly consent?: true;
  /** Whether it counts against the notifications that the contract allows in an hour. */
  readonly notifies?: true;
  /** Where the type is about stored entries: the payload members with category, key and value. */
  readonly entry?: {
    readonly category: string;
    readonly key?: string;
    /** The value is taken out of the event and sealed apart; no record but its own holds it. */
    readonly value?: string;
  };
  /** Schema of the request payload. */
  readonly request: JsonSchema;
  /** Schema of the handler's result. */
  readonly response: JsonSchema;
};

/** The contents of `handler.json`: what a handler is, may do and may use. */
export type HandlerManifest = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly types: readonly HandledType[];
  /** `read:*`, `read:<namespace>/*`, `read:<field>`, `sign:<purpose>` or `entries`; the host refuses all else. */
  readonly permissions: readonly string[];
  /** Effect types that its results may carry. */
  readonly effects: readonly string[];
  readonly limits: {
    /** From call to result, in milliseconds. */
    readonly timeMs: number;
    /** Heap of the process, in mebibytes. */
    readonly memoryMiB: number;
    /** Largest result with its effects, in bytes of msgpack. */
    readonly resultBytes: number;
  };
  /** Program and arguments. `node` is this runtime's own; paths are relative to the manifest. */
  readonly start: readonly [string, ...string[]];
};
