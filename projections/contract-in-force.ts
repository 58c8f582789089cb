import type { Connection } from './vault-state.ts';

/**
 * Hash of the contract that is in force on a connection, or was when it was severed, hex; `undefined` for
 * one that the owner has not accepted.
 */
export function contractInForce({ status, contractHash }: Connection): string | undefined {
  return status === 'active' || status === 'severed' ? contractHash : undefined;
}
