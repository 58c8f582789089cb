import { type Contract, contractHash } from './contract.ts';

/** Why a contract is not the next version of another. */
export type ChainFault = {
  readonly reason: 'contract_unknown' | 'contract_version_mismatch';
  readonly detail: string;
};

/**
 * What keeps `after` from being the version that comes next after `before`: the same contract of the same
 * service, its number one more, and it names the hash of the one before. `undefined` when it is.
 */
export function chainFault(before: Contract, after: Contract): ChainFault | undefined {
  if (after.id !== before.id || after.service.id !== before.service.id)
    return { reason: 'contract_unknown', detail: 'another contract, or of another service' };
  if (after.version !== before.version + 1)
    return mismatch(`version ${after.version} does not come next after ${before.version}`);
  return after.previous === contractHash(before)
    ? undefined
    : mismatch('it names another document as the version before');
}

function mismatch(detail: string): ChainFault {
  return { reason: 'contract_version_mismatch', detail };
}
