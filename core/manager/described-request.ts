import type { Connection, OpenRequest } from '../../projections/vault-state.ts';
import { toHex } from '../../wire/bytes.ts';
import { isMap } from '../../wire/event.ts';
import { agentAsk } from '../decision/agent.ts';
import { nearRules } from './near-rules.ts';

/** A held request in the words that the owner's app shows: who, what, why, under which terms. */
export function describeRequest(
  request: OpenRequest,
  connection: Connection,
): Record<string, unknown> {
  const { contract } = connection.contract ?? {};
  const payload = request.received.event?.payload;
  const purpose = isMap(payload) ? payload['purpose'] : undefined;
  return {
    request: request.key,
    hash: toHex(request.received.digest),
    type: request.received.event?.type,
    connection: connection.id,
    party: connection.name,
    fields: (request.facts.fields ?? []).map((name) => {
      const field = contract?.fields.find((one) => one.name === name);
      return { name, tier: field?.tier ?? null, purpose: field?.purpose ?? null };
    }),
    purpose: purpose ?? null,
    ...agentWords(request, connection),
    ...(request.facts.always === true ? { asks: payload ?? null } : {}),
    rules: nearRules(request, connection),
    contract:
      contract === undefined
        ? null
        : { id: contract.id, version: contract.version, hash: connection.contractHash ?? null },
    asked: request.receivedAt,
    until: request.facts.deadline ?? null,
  };
}

/** Of an agent: that it is one, the domain that it acts toward, and the scopes that it asks under. */
function agentWords(
  { received, facts }: OpenRequest,
  connection: Connection,
): Record<string, unknown> {
  const ask = agentAsk(connection, received, facts.fields ?? []);
  if (ask === undefined) return {};
  const scopes = ask.scopes.map(({ name, purpose, approval }) => ({ name, purpose, approval }));
  return { kind: 'agent', target: ask.target ?? null, scopes };
}
