import type { Draft } from '../../ledger/bodies.ts';
import type { Connection, OpenRequest, VaultState } from '../../projections/vault-state.ts';
import { toHex } from '../../wire/bytes.ts';
import { durationMs } from '../../wire/duration.ts';
import { keyId } from '../../wire/key-encapsulation.ts';
import { targetOf } from '../decision/agent.ts';
import type { Turn } from './turn.ts';

/*
 * What the owner grants by an act of their own, beside a yes to one request: a field anew whose retention is
 * over, and approvals that are remembered. Requires commands that were allowed.
 */

/** A remembered approval in the words that the owner's app shows. */
export type DescribedRule = {
  /** Index of its record: what it is revoked by. */
  readonly rule: number;
  readonly connection: string;
  readonly party: string;
  readonly type: string;
  readonly field: string;
  readonly purpose: string;
  /** Of an agent: the domain that it is for; absent where none was named. */
  readonly target?: string;
  readonly contract: { readonly id: string; readonly version: number } | null;
  /** Unix milliseconds. */
  readonly since: number;
  readonly until: number;
  readonly device: string;
  /** Whether it stands for anything: it does not once it has run out, or was made under another contract. */
  readonly stands: boolean;
};

/** Id of the key of the device that a command came from, hex. */
export function deviceOf(state: VaultState, connection: string): string {
  const keys = state.connections.get(connection)?.keys;
  return toHex(keyId(keys?.signing ?? new Uint8Array(0)));
}

/** Grants fields anew: their retention begins with the next time that they are served. */
export function grantFields(
  { batch }: Turn,
  connection: Connection,
  granted: { readonly fields: readonly string[]; readonly device: string; readonly from: number },
): void {
  const { fields, device, from } = granted;
  const body = { connection: connection.id, fields, device };
  batch.add({ kind: 'granted', scope: connection.scope, cause: from, body });
}

/** Remembers the approval of a request: one rule for each field that was approved. */
export function remember(
  { batch }: Turn,
  request: OpenRequest,
  approved: {
    readonly fields: readonly string[];
    /** ISO 8601 duration; where the owner says nothing, what an agent's scope says for a first yes. */
    readonly lasts: string | undefined;
    readonly device: string;
    /** Index of the `consented` record. */
    readonly cause: number;
  },
): void {
  const connection = batch.state.connections.get(request.connection);
  const { contract, contractHash: hash } = connection ?? {};
  if (connection === undefined || contract === undefined || hash === undefined) return;
  const target = targetOf(connection, request.received.event?.payload);
  for (const field of approved.fields) {
    const lasts = approved.lasts ?? firstYesLasts(connection, request, field);
    if (lasts === undefined) continue;
    const until = batch.time + (durationMs(lasts) ?? 0);
    const purpose = contract.contract.fields.find(({ name }) => name === field)?.purpose ?? '';
    const { device, cause } = approved;
    const type = request.received.event?.type ?? '';
    const toward = target === undefined ? {} : { target };
    const shared = { connection: connection.id, type, field, purpose, ...toward };
    const draft: Draft = {
      kind: 'remembered',
      scope: connection.scope,
      cause,
      body: { ...shared, contract: hash, until, device },
    };
    batch.add(draft);
  }
}

/** For how long the owner's first yes to a field stands by an agent's grant; `undefined` where each has to be given. */
function firstYesLasts(
  { contract }: Connection,
  { received }: OpenRequest,
  field: string,
): string | undefined {
  const scope = contract?.contract.agent?.scopes.find(
    ({ type, fields }) => type === received.event?.type && fields?.includes(field) === true,
  );
  return scope?.approval === 'first' ? scope.remember : undefined;
}

/** Every remembered approval of connections that stand. */
export function describeRules({ connections, time }: VaultState): readonly DescribedRule[] {
  return connections
    .valueSeq()
    .filter(({ status }) => status === 'active')
    .flatMap((connection) =>
      (connection.rules?.toList() ?? []).map((rule) => ({ rule, connection })),
    )
    .map(({ rule, connection }) => {
      const { index, type, field, purpose, at: since, until, device, target } = rule;
      const inForce = rule.contract === connection.contractHash;
      const { id, version } = connection.contract?.contract ?? {};
      return {
        rule: index,
        connection: connection.id,
        party: connection.name,
        type,
        field,
        purpose,
        ...(target === undefined ? {} : { target }),
        contract: !inForce || id === undefined || version === undefined ? null : { id, version },
        since,
        until,
        device,
        stands: inForce && until > time,
      };
    })
    .toArray();
}

/** Revokes a remembered approval: from this record on it stands for nothing. */
export function revokeRule(
  { batch }: Turn,
  rule: number,
  { device, from }: { readonly device: string; readonly from: number },
): void {
  const known = batch.state.connections.find(({ rules }) => rules?.has(rule) === true);
  if (known === undefined) return;
  const body = { connection: known.id, rule, device };
  batch.add({ kind: 'rule_revoked', scope: known.scope, cause: from, body });
}
