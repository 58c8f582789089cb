import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Connection } from '../../projections/vault-state.ts';
import type { AgentTerms, GrantScope } from '../../wire/agent-terms.ts';
import { isMap } from '../../wire/event.ts';
import type { MsgpackValue } from '../../wire/msgpack.ts';
import { isTarget, targetMatches } from '../../wire/target.ts';

/*
 * What a request of an agent is held against: the scopes that it falls under, and the domain that it acts toward. The
 * checks look at it where they look at the contract; there is no check of its own for agents.
 */

/** A request of an agent, and what of its grant it falls under. */
export type AgentAsk = {
  readonly terms: AgentTerms;
  /** Scopes of its type, and of them those that have a field that it asks for, or that have none where it asks for none. */
  readonly ofType: readonly GrantScope[];
  readonly scopes: readonly GrantScope[];
  /** The domain that it names, not judged yet; absent where it names none. */
  readonly target?: string;
};

/** What of an agent's grant a request falls under; `undefined` for everybody else's. */
export function agentAsk(
  connection: Connection | undefined,
  { event }: ReceivedEvent,
  fields: readonly string[],
): AgentAsk | undefined {
  if (connection?.kind !== 'agent') return undefined;
  const terms = connection.contract?.contract.agent ?? nothing;
  const ofType = terms.scopes.filter(({ type }) => type === event?.type);
  const scopes = ofType.filter((scope) =>
    scope.fields === undefined
      ? fields.length === 0
      : fields.some((name) => scope.fields?.includes(name)),
  );
  const target = targetOf(connection, event?.payload);
  return { terms, ofType, scopes, ...(target === undefined ? {} : { target }) };
}

/** The domain toward which an agent's request says that it acts, as it stands; `undefined` for everybody else's. */
export function targetOf(
  connection: Pick<Connection, 'kind'> | undefined,
  payload: MsgpackValue | undefined,
): string | undefined {
  if (connection?.kind !== 'agent' || !isMap(payload)) return undefined;
  const { target } = payload;
  return typeof target === 'string' ? target : undefined;
}

/** The payload as its type knows it: an agent says beside it toward whom it acts. */
export function payloadOfType(
  connection: Connection | undefined,
  payload: MsgpackValue,
): MsgpackValue {
  if (connection?.kind !== 'agent' || !isMap(payload)) return payload;
  const { target: _, ...own } = payload;
  return own;
}

/** Whether the owner is asked about a request although it asks for no field. */
export function isAskedWhole(ask: AgentAsk | undefined): boolean {
  return (
    ask?.scopes.some((scope) => scope.fields === undefined && scope.approval !== 'auto') ?? false
  );
}

/** Names of the fields that no scope of the type has. */
export function outsideScopes({ scopes }: AgentAsk, fields: readonly string[]): readonly string[] {
  return fields.filter((name) => !scopes.some((scope) => scope.fields?.includes(name)));
}

/**
 * What is wrong with the domain that a request acts toward, in words. It is named in the one spelling that is taken,
 * whether or not its scopes restrict it: an owner who is asked is shown no lookalike.
 */
export function targetFault({ scopes, target }: AgentAsk): string | undefined {
  if (target !== undefined && !isTarget(target)) return 'the target is no domain in lower case';
  const restricted = scopes.filter(({ targets }) => targets !== undefined);
  const [first] = restricted;
  if (first === undefined) return undefined;
  if (target === undefined) return `scope ${first.name} asks for a target`;
  const other = restricted.find(
    ({ targets = [] }) => !targets.some((pattern) => targetMatches(pattern, target)),
  );
  return other === undefined ? undefined : `not a target of scope ${other.name}`;
}

const nothing: AgentTerms = {
  scopes: [],
  cool_down: { refusals: 1, within_minutes: 1, minutes: 1 },
};
