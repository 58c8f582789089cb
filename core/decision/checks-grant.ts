import type { VaultState } from '../../projections/vault-state.ts';
import { durationMs } from '../../wire/duration.ts';
import { type CommandFault, fault, statusFault } from './command-fault.ts';

/** Payload of `owner.grant`. */
export type Granted = { readonly connection: string; readonly fields: readonly string[] };

/** How long an approval may be remembered, in milliseconds: a year. */
export const rememberMaxMs: number = 366 * 86_400_000;

/** Fields can be granted anew that are served without asking the owner; the others are asked for each time. */
export function grantFault(state: VaultState, payload: Granted): CommandFault | undefined {
  const wrong = statusFault(state, payload, ['active']);
  if (wrong !== undefined) return wrong;
  const connection = state.connections.get(payload.connection);
  for (const name of payload.fields) {
    const field = connection?.contract?.contract.fields.find((one) => one.name === name);
    if (field === undefined) return fault('field_not_in_contract', `not declared: ${name}`);
    if (field.tier === 'consent')
      return fault('malformed', `${name} is granted by approving a request for it`);
    if (field.tier === 'optional' && connection?.optional.includes(name) !== true)
      return fault('optional_declined', `${name} was declined`);
  }
  return undefined;
}

/** An approval is remembered for a while, never for good. */
export function rememberFault({ remember }: { remember?: string }): CommandFault | undefined {
  if (remember === undefined) return undefined;
  const lasts = durationMs(remember) ?? 0;
  return lasts > 0 && lasts <= rememberMaxMs
    ? undefined
    : fault('malformed', 'an approval is remembered for a minute at least, for a year at most');
}

/** A remembered approval is revoked by the index of its record. */
export function ruleFault(
  { connections }: VaultState,
  { rule }: { readonly rule: number },
): CommandFault | undefined {
  return connections.some(({ rules }) => rules?.has(rule) === true)
    ? undefined
    : fault('malformed', 'no approval is remembered under this number');
}
