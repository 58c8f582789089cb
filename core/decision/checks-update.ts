import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { toBase64url } from '../../wire/bytes.ts';
import { type Contract, contractHash, parseContract } from '../../wire/contract.ts';
import { chainFault } from '../../wire/contract-chain.ts';
import type { ContractUpdate } from '../../wire/messages.ts';
import { type CommandFault, fault } from './command-fault.ts';

type Word = { readonly connection: string; readonly hash: string };

/**
 * What is wrong with a contract's next version. It follows the version that the vault has heard of last:
 * the one that waits for the owner, where one does, or the one in force.
 */
export function updateFault(
  connection: Connection | undefined,
  payload: ContractUpdate,
  time: number,
): CommandFault | undefined {
  const before = connection?.offered?.contract ?? connection?.contract;
  if (connection !== undefined && connection.kind !== 'service')
    return fault('event_unsupported', 'only a service has a contract of its own');
  if (before === undefined) return fault('contract_unknown', 'no contract is in force');
  const parsed = parseContract(payload.contract);
  if (!parsed.ok) return fault(parsed.reason, parsed.detail);
  // The key of now, which need not be the one that signed the version in force.
  const key = connection?.keys === undefined ? before.key : toBase64url(connection.keys.signing);
  if (payload.contract.key !== key)
    return fault('sender_subject_mismatch', 'the contract is of another publisher than the party');
  const hash = contractHash(parsed.value.contract);
  if (hash === connection?.offered?.hash || hash === connection?.contractHash)
    return fault('duplicate', 'this version was published before');
  const broken = chainFault(before.contract, parsed.value.contract);
  if (broken !== undefined) return broken;
  const { expires } = parsed.value.contract;
  return expires !== undefined && expires <= time
    ? fault('contract_expired', 'it has run out already')
    : undefined;
}

/** What keeps the owner's word on an offered version from counting. It names the exact document. */
export function versionFault(
  state: VaultState,
  { connection: id, hash }: Word,
): CommandFault | undefined {
  const connection = state.connections.get(id);
  if (connection === undefined || connection.kind !== 'service')
    return fault('connection_unknown', 'no such connection');
  if (connection.offered === undefined)
    return fault('contract_unknown', 'no new version of the contract waits');
  return connection.offered.hash === hash
    ? undefined
    : fault('contract_version_mismatch', 'another version waits by now');
}

/** What keeps the owner from accepting an offered version with these optional fields. */
export function newTermsFault(
  state: VaultState,
  payload: Word & { readonly optional: readonly string[] },
): CommandFault | undefined {
  const wrong = versionFault(state, payload);
  if (wrong !== undefined) return wrong;
  const offered = state.connections.get(payload.connection)?.offered?.contract.contract;
  return choiceFault(state, offered, payload.optional);
}

/** What keeps a contract from being accepted with these optional fields. */
export function choiceFault(
  state: VaultState,
  contract: Contract | undefined,
  optional: readonly string[],
): CommandFault | undefined {
  const missing = missingFields(state, contract);
  if (missing.length > 0)
    return fault('required_field_missing', `set these first: ${missing.join(', ')}`);
  const offered = contract?.fields ?? [];
  const other = optional.filter(
    (name) => !offered.some((field) => field.name === name && field.tier === 'optional'),
  );
  return other.length === 0
    ? undefined
    : fault('field_not_in_contract', `not optional here: ${other.join(', ')}`);
}

/** Required fields of a contract that the vault does not have. */
export function missingFields(state: VaultState, contract: Contract | undefined): string[] {
  return (contract?.fields ?? [])
    .filter(({ tier, name }) => tier === 'required' && !state.fields.has(name))
    .map(({ name }) => name);
}
