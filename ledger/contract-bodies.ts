import type { SignedContract } from '../wire/contract.ts';

/** The owner's word on the version of a contract that was offered. */
export type ContractWord = {
  readonly connection: string;
  readonly version: number;
  /** Of the version's canonical form, hex: the owner decides about an exact document. */
  readonly hash: string;
  /** Id of the device key that decided, hex. */
  readonly device: string;
};

/** Contents of what is said about a contract, and of what is stored under one. */
export type ContractBodies = {
  /** A service published its contract's next version: the one in force is frozen. */
  readonly contract_offered: {
    readonly connection: string;
    readonly contract: SignedContract;
    /** Event id of the update. */
    readonly event: string;
  };
  /** The offered version is in force. */
  readonly contract_accepted: ContractWord & {
    /** Optional fields that the owner gave under it. */
    readonly optional: readonly string[];
  };
  /** The owner did not want it; `severed` follows in the same commit. */
  readonly contract_rejected: ContractWord;
  /** The value that an event brought to be stored, under the scope of its party's entries. */
  readonly value_received: {
    readonly connection: string;
    /** Event key of the request. */
    readonly request: string;
    readonly value: string;
  };
};
