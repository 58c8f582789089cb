import type { CheckedAnswer } from './checked-answer.ts';
import type { Credential } from './credentials.ts';
import type { OnAnswer } from './heard-answers.ts';
import type { PeerIdentity } from './session.ts';
import type { VaultClient } from './vault-client.ts';

/** Where and how to reach a vault. */
export type VaultAddress = {
  readonly servers: readonly string[];
  readonly credential: Credential;
  readonly identity: PeerIdentity;
};

/** How long to wait, and for what. */
export type AskOptions = {
  /** A critical event is acknowledged by the messaging layer, and waits there for the vault. */
  readonly critical?: boolean;
  readonly timeoutMs: number;
  /** Called once, when the answer is that the owner is asked first. */
  readonly onPending?: (answer: Extract<CheckedAnswer, { status: 'pending' }>) => void;
  /** Settle for `pending` as an answer, instead of waiting for the owner. */
  readonly acceptPending?: boolean;
};

/** What is heard besides the answers that an `ask` waits for. */
export type ClientOptions = { readonly onAnswer?: OnAnswer };

/** A client over a connection that others use too. */
export type SharedOptions = ClientOptions & {
  /** The client that this one goes on for, in its epochs. */
  readonly before?: VaultClient | undefined;
  /** Somebody waits for a kept answer now: whoever reads them for all gives them to `takeKept`. */
  readonly wake: () => void;
};
