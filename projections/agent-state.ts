import type { Bucket, CoolingDown } from '../ledger/decision.ts';

/** What a vault has counted of an agent. */
export type AgentState = {
  /** What it calls itself; nobody has checked it. Absent until it has asked to connect. */
  readonly name?: string;
  /** The bucket of each scope, by its name; those that are full yet are not there. */
  readonly scopes?: Readonly<Record<string, Bucket>>;
  /** Its refusals, and how long it gets nothing for them; absent where there are none. */
  readonly cooling?: CoolingDown;
};
