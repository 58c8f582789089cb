import type { AgentOffer } from './agent-terms.ts';
import type { ConnectionRequest } from './messages.ts';
import type { PeerOffer } from './peer-messages.ts';

/* Who asks to connect besides a service: docs/spec/peers.md and docs/spec/agents.md. */

/** Payload of `connection.request` of another vault: it says who it is in place of a contract. */
export type PeerRequest = Pick<ConnectionRequest, 'signing' | 'encapsulation'> & {
  readonly peer: PeerOffer;
};

/** Payload of `connection.request` of an agent, whose owner has written what it may do. */
export type AgentRequest = Omit<ConnectionRequest, 'contract'> & { readonly agent: AgentOffer };

/** Any of them, as its schema lets it through. */
export type AskedConnection = Omit<ConnectionRequest, 'contract'> &
  Partial<
    Pick<ConnectionRequest, 'contract'> & Pick<PeerRequest, 'peer'> & Pick<AgentRequest, 'agent'>
  >;
