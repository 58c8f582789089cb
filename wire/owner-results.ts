/* Results of what the owner's app says: docs/spec/owner.md. */

/** Result of `owner.checkpoint`. */
export type CheckpointShown = {
  /** Signed note over all records that are durable. */
  readonly note: string;
  /** That it continues the tree of the size that was asked about: base64 hashes (RFC 6962 §2.1.2). */
  readonly proof: readonly string[];
  /** How the ledger's keys followed one another, from the first; bytes are base64. */
  readonly rotations: readonly {
    readonly index: number;
    readonly head: string;
    readonly key: string;
    readonly by_old: string;
    readonly by_new: string;
  }[];
};

/** Result of `owner.pair`: what the new device needs beside the keys that it has made itself. */
export type DevicePaired = {
  readonly vault: string;
  readonly connection: string;
  readonly credential: { readonly jwt: string; readonly seed: string };
  /** The vault's Ed25519 and MLKEM768-X25519 keys, and its ledger's first key; base64url. */
  readonly signing: string;
  readonly encapsulation: string;
  readonly ledger: string;
};
