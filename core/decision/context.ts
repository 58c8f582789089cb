import type { InstalledHandler, ReceivedEvent } from '../../ledger/bodies.ts';
import type { EntryAsked } from '../../ledger/decision.ts';
import {
  type Connection,
  eventKey,
  type OpenRequest,
  type VaultState,
} from '../../projections/vault-state.ts';
import type { Contract, ContractField } from '../../wire/contract.ts';
import { fieldsByName } from '../../wire/contract-fields.ts';
import { entryBytes } from '../../wire/entry.ts';
import { isMap } from '../../wire/event.ts';
import type { HandledType } from '../../wire/manifest.ts';
import { type WireType, wireTypes } from '../../wire/messages.ts';
import { parseSubject, type Subject } from '../../wire/subjects.ts';
import { type AgentAsk, agentAsk, isAskedWhole } from './agent.ts';
import type { Round } from './round.ts';

/** Everything a check may look at. */
export type CheckContext = {
  readonly state: VaultState;
  readonly received: ReceivedEvent;
  /** Time of the record, Unix milliseconds. */
  readonly time: number;
  readonly subject: Subject | undefined;
  readonly connection: Connection | undefined;
  readonly contract: Contract | undefined;
  /** One of the standard's own types, where the event is of one. */
  readonly wireType: WireType | undefined;
  /** The handler that serves the type, and its entry for it. */
  readonly handler: InstalledHandler | undefined;
  readonly handledType: HandledType | undefined;
  /** Names of the fields that the request asks for, those of the consent tier, and what the contract declares. */
  readonly fields: readonly string[];
  readonly consent: readonly string[];
  readonly declared: ReadonlyMap<string, ContractField>;
  /** Whether the owner is asked each time, whatever fields are asked for. */
  readonly always: boolean;
  /** Of an agent: what of its grant the request falls under. */
  readonly agent: AgentAsk | undefined;
  readonly round: Round;
  /** The request as it was decided about before; only when it is decided about again. */
  readonly open: OpenRequest | undefined;
};

/** What no contract declares. */
const nothing: CheckContext['declared'] = new Map();

/** Gathers what the checks look at. */
export function contextOf(
  state: VaultState,
  received: ReceivedEvent,
  time: number,
  round: Round,
): CheckContext {
  const subject = parseSubject(received.subject);
  const connection = state.connections.get(received.connection);
  const type = received.event?.type ?? subject?.type ?? '';
  const wireType = Object.hasOwn(wireTypes, type) ? wireTypes[type] : undefined;
  const { handler, handledType } = servedBy(state.handlers, type);
  const contract = connection?.contract?.contract;
  const fields = fieldsOf(received, handledType);
  const declared = contract === undefined ? nothing : fieldsByName(contract);
  const consent = fields.filter((name) => declared.get(name)?.tier === 'consent');
  const agent = agentAsk(connection, received, fields);
  const open =
    round === 'again' ? state.requests.get(eventKey(received.connection, received.id)) : undefined;
  return {
    state,
    received,
    time,
    subject,
    connection,
    contract,
    wireType,
    handler,
    handledType,
    fields,
    consent,
    declared,
    always: handledType?.consent === true || isAskedWhole(agent),
    agent,
    round,
    open,
  };
}

/** The handler that serves a type, and its entry for it: the first that has one. */
function servedBy(
  handlers: readonly InstalledHandler[],
  type: string,
): Partial<Pick<CheckContext, 'handler' | 'handledType'>> {
  for (const handler of handlers)
    for (const handledType of handler.manifest.types)
      if (handledType.type === type) return { handler, handledType };
  return {};
}

/** Key under which an event's effect may happen only once; `undefined` where its type has none. */
export function onceKey(context: CheckContext): string | undefined {
  const { handledType, received } = context;
  const payload = received.event?.payload;
  if (handledType?.once === undefined || !isMap(payload)) return undefined;
  const value = payload[handledType.once];
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return `${received.connection}/${handledType.type}/${value}`;
}

/** The stored entry that an event is about; `undefined` where its type is about none. */
export function entryAsked({ handledType, received }: CheckContext): EntryAsked | undefined {
  const members = handledType?.entry;
  const payload = received.event?.payload;
  if (members === undefined || !isMap(payload)) return undefined;
  const category = payload[members.category];
  const key = members.key === undefined ? undefined : payload[members.key];
  if (typeof category !== 'string') return undefined;
  if (typeof key !== 'string') return { category };
  if (members.value === undefined) return { category, key };
  return { category, key, bytes: entryBytes(category, key, received.valueBytes ?? 0) };
}

function fieldsOf(received: ReceivedEvent, handledType: HandledType | undefined): string[] {
  const payload = received.event?.payload;
  if (handledType?.fields === undefined || !isMap(payload)) return [];
  const names = payload[handledType.fields];
  if (!Array.isArray(names)) return [];
  return names.filter((name): name is string => typeof name === 'string');
}
