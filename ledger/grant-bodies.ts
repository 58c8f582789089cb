/** An approval that stands for the owner's yes to requests like the one that was approved. */
export type RememberedBody = {
  readonly connection: string;
  /** Event type, field and declared purpose that it is for. */
  readonly type: string;
  readonly field: string;
  readonly purpose: string;
  /** Of an agent: the domain that it acted toward; absent where it named none. */
  readonly target?: string;
  /** Hash of the contract that it is under, hex. */
  readonly contract: string;
  /** From then on it stands for nothing, Unix time in milliseconds. */
  readonly until: number;
  /** Id of the device key that approved, hex. */
  readonly device: string;
};

/** Contents of the records about what the owner grants by an act of their own. */
export type GrantBodies = {
  /** Fields whose retention begins anew. */
  readonly granted: {
    readonly connection: string;
    readonly fields: readonly string[];
    /** Id of the device key that granted, hex. */
    readonly device: string;
  };
  readonly remembered: RememberedBody;
  readonly rule_revoked: {
    readonly connection: string;
    /** Index of the `remembered` record. */
    readonly rule: number;
    /** Id of the device key that revoked, hex. */
    readonly device: string;
  };
};
