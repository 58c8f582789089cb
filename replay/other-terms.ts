import { Map as Table } from 'immutable';
import { coolingUntil, refusedOnceMore } from '../core/decision/cooling.ts';
import type { ReceivedEvent } from '../ledger/bodies.ts';
import type { Decision, DecisionFacts } from '../ledger/decision.ts';
import type { Connection, Rule, VaultState } from '../projections/vault-state.ts';
import { type Contract, contractHash } from '../wire/contract.ts';
import type { ContractRef } from '../wire/event.ts';

/*
 * What makes the comparison of two contracts a fair one.
 *
 * The other contract stands in the place of the accepted one from the first request on, and whoever
 * named the one in force names it instead; who named another, or none, still does. So check 7 fails
 * for the same events as before, unless the other contract has run out.
 *
 * What follows from decisions follows from those under the other terms: tokens are spent from a bucket with
 * the other limits, a field that would have been refused was not served and starts no retention, an
 * order that would have been refused was not carried out. Where both terms let a request through, what
 * the history served is taken as served, since the owner's word and the handler's run are facts. Where only the
 * other ones allow it, it is taken as served at once, with what the vault held. Where only the other ones would
 * have asked the owner, nobody knows the answer, and nothing is taken as served.
 *
 * The owner's choice of optional fields stands, unless another is given.
 */

/** A request that was not refused under the other terms. */
type Asked = {
  readonly facts: DecisionFacts;
  /** Whether the owner was asked. */
  readonly held: boolean;
  /** Epoch of the sender that it came in. */
  readonly epoch: number;
};

/** The history of one connection as it would be under another contract. */
export class OtherTerms {
  readonly #contract: Contract;
  readonly #ref: ContractRef;
  readonly #optional: readonly string[] | undefined;
  #bucket: Connection['bucket'];
  #agent: NonNullable<Connection['agent']> = {};
  #buckets: Connection['buckets'] = {};
  #served: Connection['served'] = Table();
  #sessions: NonNullable<Connection['sessions']> = Table();
  /** Keys that are used up under the other terms; a request asks for those of its own connection only. */
  #once: VaultState['once'] = Table();
  /** Requests whose results of then count. */
  readonly #counted = new Map<string, Asked>();

  /** @param optional - optional fields that the owner would have given; what they gave by default */
  constructor(contract: Contract, optional?: readonly string[]) {
    this.#contract = contract;
    const { id, version } = contract;
    this.#ref = { id, version, hash: contractHash(contract) };
    this.#optional = optional;
  }

  /** The state with the other contract, and with what would have followed from it so far. */
  state(state: VaultState, connection: Connection): VaultState {
    const { bucket: _, buckets: _others, agent: _counted, ...rest } = connection;
    const known: Connection = {
      ...rest,
      contract: { key: '', signature: '', ...connection.contract, contract: this.#contract },
      contractHash: this.#ref.hash,
      optional: this.#optional ?? connection.optional,
      ...(connection.agent === undefined ? {} : { agent: { ...connection.agent, ...this.#agent } }),
      served: this.#served,
      buckets: this.#buckets ?? {},
      sessions: this.#sessions,
      ...(connection.rules === undefined ? {} : { rules: this.#rules(connection) }),
      ...(this.#bucket === undefined ? {} : { bucket: this.#bucket }),
    };
    return {
      ...state,
      connections: state.connections.set(connection.id, known),
      once: this.#once,
    };
  }

  /** The event as its sender would have made it: under the contract in force. */
  event(received: ReceivedEvent, connection: Connection): ReceivedEvent {
    const { event } = received;
    return event?.contract !== undefined && isInForce(event.contract, connection)
      ? { ...received, event: { ...event, contract: this.#ref } }
      : received;
  }

  /** Takes a decision under the other terms, and what was decided then. */
  decided(
    request: string,
    then: Decision['outcome'],
    now: Decision,
    at: {
      readonly state: VaultState;
      readonly index: number;
      readonly time: number;
      readonly epoch: number;
    },
  ): void {
    this.#bucket = now.facts.bucket ?? this.#bucket;
    this.#buckets = { ...this.#buckets, ...now.facts.buckets };
    const { scopes, cooling } = now.facts;
    this.#agent = {
      ...this.#agent,
      ...(scopes === undefined ? {} : { scopes: { ...this.#agent.scopes, ...scopes } }),
      ...(cooling === undefined ? {} : { cooling }),
    };
    if (now.outcome === 'denied') return;
    const asked = { facts: now.facts, held: now.outcome === 'pending', epoch: at.epoch };
    if (then === now.outcome) this.#counted.set(request, asked);
    else if (now.outcome === 'allowed') this.#ran(asked, at);
  }

  /** The owner said no to a held request: that counts where it would have been held. */
  denied(request: string, state: VaultState, connection: Connection, time: number): void {
    if (this.#counted.get(request)?.held !== true) return;
    const known = this.state(state, connection).connections.get(connection.id);
    if (coolingUntil(known, time) !== undefined) return;
    const cooling = refusedOnceMore(known, time);
    if (cooling !== undefined) this.#agent = { ...this.#agent, cooling };
  }

  /** The owner granted fields anew. */
  granted(fields: readonly string[]): void {
    this.#served = this.#served.deleteAll(fields);
    this.#sessions = this.#sessions.deleteAll(fields);
  }

  /** Takes what a handler's run came to. */
  handled(
    {
      request,
      code,
      provided,
      once,
    }: {
      readonly request: string;
      readonly code: string;
      readonly provided: readonly string[];
      readonly once?: string;
    },
    { index, time }: { readonly index: number; readonly time: number },
  ): void {
    const asked = this.#counted.get(request);
    if (asked === undefined) return;
    this.#counted.delete(request);
    this.#serve(provided, time, asked);
    if (code === 'ok' && once !== undefined) this.#once = this.#once.set(once, index);
  }

  #ran(
    asked: Asked,
    {
      state,
      index,
      time,
    }: { readonly state: VaultState; readonly index: number; readonly time: number },
  ): void {
    const { facts } = asked;
    const provided = (facts.fields ?? []).filter((name) => state.fields.has(name));
    this.#serve(provided, time, asked);
    if (facts.once !== undefined) this.#once = this.#once.set(facts.once, index);
  }

  #serve(names: readonly string[], time: number, { facts, held, epoch }: Asked): void {
    // What the owner said yes to is granted with that.
    if (held) this.granted(names.filter((name) => facts.consent?.includes(name)));
    for (const name of names.filter((one) => !this.#served.has(one))) {
      this.#served = this.#served.set(name, time);
      if (facts.session?.includes(name)) this.#sessions = this.#sessions.set(name, epoch);
    }
  }

  /** What the owner remembered under the contract of then is remembered under the other one. */
  #rules({ rules, contractHash: hash }: Connection): NonNullable<Connection['rules']> {
    return (rules ?? Table<number, Rule>()).map((rule) =>
      rule.contract === hash ? { ...rule, contract: this.#ref.hash } : rule,
    );
  }
}

function isInForce({ id, version, hash }: ContractRef, connection: Connection): boolean {
  const contract = connection.contract?.contract;
  return contract?.id === id && contract.version === version && connection.contractHash === hash;
}
