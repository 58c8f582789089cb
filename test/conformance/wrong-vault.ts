/*
 * A vault with a fault. The real vault runs on real servers; where a fault is planted, one of its parts does
 * something else. Parts are wrapped where a test's modules are loaded (see faults.test.ts).
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { UserPermissions } from '../../core/bus/vine/claims.ts';
import type { PartyScope } from '../../core/bus/vine/permissions.ts';
import type { Arrival, Stranger } from '../../core/manager/inbound.ts';
import type { Batch } from '../../core/manager/journal.ts';
import type { InboundMessage } from '../../core/manager/ports.ts';
import type { Outgoing, SealedMessage } from '../../core/manager/sealer.ts';
import type { ReceivedEvent } from '../../ledger/bodies.ts';
import type { Decision } from '../../ledger/decision.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import type { Answer } from '../../wire/messages.ts';
import type { Profile, SignedProfile } from '../../wire/profile.ts';

/** What is decided about. */
export type Case = {
  readonly state: VaultState;
  readonly received: ReceivedEvent;
  readonly time: number;
  readonly round: 'first' | 'again';
};

/** The vault's messaging layer, behind its port. */
export type Behind = {
  readonly messages: NatsConnection;
  readonly vault: string;
  /** Parties that were admitted. */
  readonly parties: ReadonlySet<string>;
};

/** What one wrong vault does otherwise. Everything that is left out is right. */
export type Wrong = {
  /** What reaches the vault; nothing, where it is lost. */
  readonly hears?: (message: InboundMessage) => InboundMessage | undefined;
  /** What leaves it. */
  readonly publishes?: (send: () => void) => void;
  /** How a message is read, before and after. */
  readonly opens?: (message: InboundMessage, state: VaultState) => InboundMessage;
  readonly reads?: (arrival: Arrival, message: InboundMessage, state: VaultState) => Arrival;
  readonly decides?: (decision: Decision, about: Case) => Decision;
  /** What is said, and how it is sealed; nothing, where it is not said. */
  readonly says?: (outgoing: Outgoing, batch: Batch) => Outgoing | undefined;
  readonly seals?: (sealed: SealedMessage, outgoing: Outgoing, batch: Batch) => SealedMessage;
  readonly states?: (answer: Answer) => Answer;
  /** What it shows of itself; `sign` is how it would. */
  readonly shows?: (profile: Profile, sign: (profile: Profile) => SignedProfile) => SignedProfile;
  /** How many of its handovers it takes a party to know, from how many it has said. */
  readonly knows?: (said: number) => number;
  /** The addresses that its invites have. */
  readonly invites?: (servers: readonly string[]) => readonly string[];
  readonly permits?: (scope: PartyScope) => UserPermissions | undefined;
  readonly credentialLasts?: boolean;
  readonly neverRevokes?: boolean;
};

/** The fault that is planted now. */
let wrong: Wrong = {};
let behind: Behind | undefined;

/** Does something while a fault is planted. */
export async function withFault<T>(fault: Wrong, run: () => Promise<T>): Promise<T> {
  wrong = fault;
  try {
    return await run();
  } finally {
    wrong = {};
  }
}

/** What stands behind the vault's bus. */
export function behindTheBus(): Behind {
  if (behind === undefined) throw new Error('no vault is open');
  return behind;
}

type BusModule = typeof import('../../core/bus/vault-bus.ts');
type InboundModule = typeof import('../../core/manager/inbound.ts');
type DecideModule = typeof import('../../core/decision/decide.ts');
type SealerModule = typeof import('../../core/manager/sealer.ts');
type StatementsModule = typeof import('../../core/manager/statements.ts');
type ProfileModule = typeof import('../../wire/profile.ts');
type AddressModule = typeof import('../../core/manager/address.ts');
type HandoversModule = typeof import('../../core/manager/handovers.ts');
type PermissionsModule = typeof import('../../core/bus/vine/permissions.ts');
type CredentialsModule = typeof import('../../core/bus/vine/credentials.ts');
type AccountsModule = typeof import('../../core/bus/vine/party-accounts.ts');

export function wrongBus(real: BusModule): BusModule {
  return {
    ...real,
    natsVaultBus: (parts) => {
      const bus = real.natsVaultBus(parts);
      const parties = new Set<string>();
      behind = { messages: parts.messages, vault: parts.vault, parties };
      return {
        ...bus,
        listen: (deliver) =>
          bus.listen((message) => {
            const heard = wrong.hears === undefined ? message : wrong.hears(message);
            if (heard !== undefined) deliver(heard);
          }),
        admit: (...of) => {
          parties.add(of[0]);
          return bus.admit(...of);
        },
        publish: (subject, bytes) => {
          const send = (): void => bus.publish(subject, bytes);
          if (wrong.publishes === undefined) send();
          else wrong.publishes(send);
        },
      };
    },
  };
}

export function wrongInbound(real: InboundModule): InboundModule {
  return {
    ...real,
    readInbound: async (state, secrets, message): Promise<Arrival | Stranger> => {
      const opened = wrong.opens?.(message, state) ?? message;
      const arrival = await real.readInbound(state, secrets, opened);
      if (arrival.kind === 'stranger') return arrival;
      return wrong.reads?.(arrival, message, state) ?? arrival;
    },
  };
}

export function wrongDecide(real: DecideModule): DecideModule {
  return {
    ...real,
    decide: (state, received, time, round = 'first') => {
      const decision = real.decide(state, received, time, round);
      return wrong.decides?.(decision, { state, received, time, round }) ?? decision;
    },
  };
}

export function wrongSealer(real: SealerModule): SealerModule {
  class WrongSealer extends real.Sealer {
    override async seal(batch: Batch, outgoing: Outgoing): Promise<SealedMessage | undefined> {
      const said = wrong.says === undefined ? outgoing : wrong.says(outgoing, batch);
      const sealed = said && (await super.seal(batch, said));
      return sealed && (wrong.seals?.(sealed, said, batch) ?? sealed);
    }
  }
  return { ...real, Sealer: WrongSealer };
}

export function wrongStatements(real: StatementsModule): StatementsModule {
  return {
    ...real,
    withStatement: (...parts) => {
      const answer = real.withStatement(...parts);
      return answer.statement === undefined ? answer : (wrong.states?.(answer) ?? answer);
    },
  };
}

export function wrongProfile(real: ProfileModule): ProfileModule {
  return {
    ...real,
    signProfile: (signer, profile) => {
      const sign = (shown: Profile): SignedProfile => real.signProfile(signer, shown);
      return wrong.shows?.(profile, sign) ?? sign(profile);
    },
  };
}

export function wrongHandovers(real: HandoversModule): HandoversModule {
  return {
    ...real,
    signerKnownTo: (secrets, state, connection) => {
      const { knows: said = 0 } = connection;
      const knows = wrong.knows?.(said) ?? said;
      return real.signerKnownTo(secrets, state, { ...connection, knows });
    },
  };
}

export function wrongAddress(real: AddressModule): AddressModule {
  return {
    ...real,
    serversOf: (...of) => {
      const servers = real.serversOf(...of);
      return wrong.invites?.(servers) ?? servers;
    },
  };
}

export function wrongPermissions(real: PermissionsModule): PermissionsModule {
  return {
    ...real,
    partyPermissions: (vault, party, scope) =>
      wrong.permits?.(scope) ?? real.partyPermissions(vault, party, scope),
  };
}

export function wrongCredentials(real: CredentialsModule): CredentialsModule {
  return {
    ...real,
    partyCredential: (keys, options) => {
      const { expiresAt: _, ...lasting } = options;
      const given = wrong.credentialLasts === true ? (lasting as typeof options) : options;
      return real.partyCredential(keys, given);
    },
  };
}

export function wrongAccounts(real: AccountsModule): AccountsModule {
  return {
    ...real,
    revokeParty: async (...of) => {
      if (wrong.neverRevokes !== true) await real.revokeParty(...of);
    },
  };
}
