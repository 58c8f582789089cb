import type { SignedContract } from '../wire/contract.ts';
import type { CoolingDown } from './decision.ts';

/** Contents of the records about agents. */
export type AgentBodies = {
  /** What an agent may do from now on: a contract that the vault has drawn up of its owner's grant, and signed itself. */
  readonly agent_granted: {
    readonly connection: string;
    readonly contract: SignedContract;
    /** Id of the device key that said so, hex. */
    readonly device: string;
  };
  /** The owner has said no to an agent, and what that comes to with the refusals before. */
  readonly agent_refused: { readonly connection: string } & CoolingDown;
};
