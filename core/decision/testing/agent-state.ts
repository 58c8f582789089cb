import { Map as Table } from 'immutable';
import type { ReceivedEvent } from '../../../ledger/bodies.ts';
import type { Bucket } from '../../../ledger/decision.ts';
import {
  type Connection,
  emptyState,
  eventKey,
  type OpenRequest,
  type Rule,
  type VaultState,
} from '../../../projections/vault-state.ts';
import type { GrantScope } from '../../../wire/agent-terms.ts';
import { type Contract, type ContractField, contractHash } from '../../../wire/contract.ts';
import { eventId } from '../../../wire/identifiers.ts';
import {
  type AgentScenario,
  cools,
  patterns,
  rate,
  type ScopeIs,
  type ScopeName,
  scopeKinds,
  wasRemembered,
  within,
} from './agent-scenario.ts';
import { minute, now } from './scenario.ts';
import { handlers } from './scenario-handlers.ts';
import type { Given } from './scenario-state.ts';

const vault = 'v'.repeat(26);
const id = 'a'.repeat(26);
const party = `A${'D'.repeat(55)}`;
const scope = 'f'.repeat(32);
const bytes = new Uint8Array(32);
const event = eventId(now, new Uint8Array(10).fill(9));

/** The state and the event that a scenario describes. */
export function givenAgent(scenario: AgentScenario): Given {
  const contract = contractOf(scenario);
  const received = receivedOf(scenario, contract);
  return { state: stateOf(scenario, contract, received), received, time: now };
}

/** Scopes of a grant, in the order of their kinds. */
export function scopesOf({ scopes }: AgentScenario): GrantScope[] {
  return Object.entries(scopeKinds).flatMap(([name, { type, fields }]) => {
    const is = scopes[name as ScopeName];
    if (is === undefined) return [];
    const { written } = patterns[is.targets];
    return [
      {
        ...{ name, type, purpose: 'shopping', approval: is.approval, rate },
        ...(fields === undefined ? {} : { fields }),
        ...(written === undefined ? {} : { targets: written }),
      },
    ];
  });
}

function contractOf(scenario: AgentScenario): Contract {
  const scopes = scopesOf(scenario);
  const fields = scopes.flatMap(({ fields: names = [], approval }) =>
    names.map((name): ContractField => {
      const tier = approval === 'auto' ? 'on_demand' : 'consent';
      return { name, tier, purpose: 'shopping', retention: 'until_revoked' };
    }),
  );
  return {
    ...{ v: 1, id: `agent.${id}`, version: 2, service: { id, name: 'Agent' } },
    ...{ title: 'What an agent may do', description: 'In short.', published: 1 },
    expires: now + scenario.endsIn,
    fields,
    permissions: {
      ...{ store: false, messages: false, authentication: false, payment: true },
      ...{ signatures: false, identity: true, location: false },
    },
    limits: { requests_per_hour: rate.per_hour, burst: rate.burst },
    agent: {
      scopes,
      cool_down: { refusals: scenario.refusalsMost, within_minutes: within, minutes: cools },
    },
  };
}

function stateOf(scenario: AgentScenario, contract: Contract, received: ReceivedEvent): VaultState {
  const value = { value: '', scope, index: 1, leaf: bytes, at: now };
  const { names } = { names: contract.fields.map(({ name }) => name) };
  const open = openBefore(scenario, received);
  return {
    ...emptyState,
    vault,
    handlers,
    connections: Table([[id, connectionOf(scenario, contract)]]),
    fields: Table(names.map((name) => [name, value])),
    requests: Table(open === undefined ? [] : [[open.key, open]]),
  };
}

function connectionOf(scenario: AgentScenario, contract: Contract): Connection {
  const { bucket, scopes, refusedAgo, coolingEndsIn } = scenario;
  const counted = Object.entries(scopes).flatMap(([name, is]) =>
    is?.bucket === undefined ? [] : [[name, bucketOf(is.bucket)] as const],
  );
  const refusals = refusedAgo.map((ago) => now - ago);
  const until = coolingEndsIn === undefined ? {} : { until: now + coolingEndsIn };
  return {
    ...{ id, kind: 'agent', party, name: 'Agent', scope, optional: [], seen: 0 },
    status: scenario.active ? 'active' : 'severed',
    served: Table(),
    receiving: Table(),
    contract: { contract, key: '', signature: '' },
    contractHash: contractHash(contract),
    rules: Table(rulesOf(scenario, contract)),
    ...(bucket === undefined ? {} : { bucket: bucketOf(bucket) }),
    agent: { scopes: Object.fromEntries(counted), cooling: { refusals, ...until } },
  };
}

function rulesOf({ remembered }: AgentScenario, contract: Contract): [number, Rule][] {
  if (remembered === undefined) return [];
  const { target, endsIn } = remembered;
  return scopeKinds.address.fields.map((field, at) => [
    70 + at,
    {
      ...{ index: 70 + at, at: now, connection: id, field, type: 'data.request' },
      ...{ purpose: 'shopping', contract: contractHash(contract), until: now + endsIn },
      ...(target === undefined ? {} : { target }),
      device: '',
    },
  ]);
}

function openBefore(scenario: AgentScenario, received: ReceivedEvent): OpenRequest | undefined {
  const { round, fields } = scenario;
  if (round === 'first') return undefined;
  const open = { key: eventKey(id, event), connection: id, index: 5, receivedAt: now, received };
  const names: readonly string[] = scopeKinds.address.fields;
  const rules = Object.fromEntries(fields.map((name) => [name, 70 + names.indexOf(name)]));
  return wasRemembered(scenario)
    ? { ...open, status: 'running', facts: { rules } }
    : { ...open, status: 'pending', facts: {}, approved: [...fields] };
}

function bucketOf({ tokens, countedAgo }: NonNullable<ScopeIs['bucket']>): Bucket {
  return { tokens, at: now - countedAgo };
}

function receivedOf(scenario: AgentScenario, contract: Contract): ReceivedEvent {
  const { type, signed, names } = scenario;
  const version = names === 'the grant in force' ? 2 : 1;
  const under = { id: contract.id, version, hash: contractHash(contract) };
  const payload = payloadOf(scenario) as never;
  return {
    subject: `MessageSpace.${vault}.fromService.${party}.${type}`,
    ...{ connection: id, id: event, digest: bytes, bytes: 100, epoch: 1, seen: 0 },
    event: { id: event, type, time: now - minute, party, contract: under, payload },
    signature: { bytes, valid: signed },
  };
}

function payloadOf({ type, fields, purpose, target, unfit }: AgentScenario): object {
  const toward = target === undefined ? {} : { target };
  const odd = unfit ? { unknown: true } : {};
  if (type === 'payment.request') return { order: 'A-1', ...toward, ...odd };
  if (type === 'peer.shares') return odd;
  if (type === 'note.send') return { ...toward, ...odd };
  return { fields, ...(purpose === undefined ? {} : { purpose }), ...toward, ...odd };
}
