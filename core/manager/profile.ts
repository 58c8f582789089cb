import type { Connection, VaultState } from '../../projections/vault-state.ts';
import { toBase64url, toHex, utf8 } from '../../wire/bytes.ts';
import { envelopeSuite, envelopeVersion } from '../../wire/envelope.ts';
import { eventVersion } from '../../wire/event.ts';
import { profileChangedType, profileGetType, profileShownType } from '../../wire/messages.ts';
import { type ServedType, type SignedProfile, signProfile } from '../../wire/profile.ts';
import { fromVault, parseSubject } from '../../wire/subjects.ts';
import { signerKnownTo } from './handovers.ts';
import { inTurns } from './in-turns.ts';
import type { InboundMessage } from './ports.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * The profile is a published document, not an event: whoever has an invite or a connection may have it, in clear, before
 * it has any key of the vault. It says nothing of who else is connected, and asking for it is not recorded.
 */

/** One party is shown the profile this often, at most. */
const shownEveryMs = 1_000;
const partiesMax = 4_096;

/** Answers those who ask for the profile. */
export class ProfileDesk {
  readonly #parts: VaultParts;
  readonly #shown = new Map<string, number>();

  constructor(parts: VaultParts) {
    this.#parts = parts;
  }

  /** Takes a message that asks for the profile; `false` for every other. */
  take({ batch, effects }: Turn, { subject }: InboundMessage): boolean {
    const place = parseSubject(subject);
    if (place?.space !== 'message' || !place.toVault || place.type !== profileGetType) return false;
    const { state, time } = batch;
    const connection = state.connections.get(state.parties.get(place.party) ?? '');
    if (place.vault !== state.vault || connection === undefined || !mayAsk(connection)) return true;
    if (time - (this.#shown.get(place.party) ?? 0) < shownEveryMs) return true;
    if (this.#shown.size >= partiesMax) this.#shown.clear();
    this.#shown.set(place.party, time);
    const bytes = utf8(JSON.stringify(profileFor(this.#parts, state, connection, time)));
    const to = fromVault(state.vault, place.party, profileShownType);
    effects.push(() => this.#parts.bus.publish(to, bytes));
    return true;
  }
}

/** The profile, signed with the vault's key that a connection knows. */
export function profileFor(
  { secrets, ledger }: VaultParts,
  state: VaultState,
  connection: Connection,
  time: number,
): SignedProfile {
  const { vault, keys, shown } = state;
  if (keys === undefined) throw new Error('the vault has no keys');
  const signer = signerKnownTo(secrets, state, connection);
  return signProfile(signer, {
    v: 1,
    vault,
    name: shown?.name ?? '',
    signing: toBase64url(signer.publicKey),
    encapsulation: toBase64url(keys.encapsulation),
    ledger: { id: toHex(ledger.identity.id), key: toBase64url(keys.ledger) },
    wire: { event: [eventVersion], envelope: [envelopeVersion], suites: [envelopeSuite] },
    types: servedTypes(state),
    time,
  });
}

/** Whether two states serve the same types in the same way. */
export function servesTheSame(one: VaultState, other: VaultState): boolean {
  return JSON.stringify(servedTypes(one)) === JSON.stringify(servedTypes(other));
}

/** Tells every connection in use that there is another profile to be had, some in each turn. */
export function tellProfile({ sealer }: VaultParts, turn: Turn): Promise<void> {
  return inTurns(turn, inUse(turn.batch.state), ({ batch }, connection) =>
    sealer.queue(batch, { connection, type: profileChangedType, payload: {} }),
  );
}

function servedTypes({ handlers }: VaultState): ServedType[] {
  return handlers
    .flatMap(({ manifest }) => manifest.types)
    .map(({ type, delivery, permission, request, response }) => ({
      type,
      delivery,
      ...(permission === undefined ? {} : { permission }),
      request,
      response,
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

function mayAsk({ kind, status }: Connection): boolean {
  return kind !== 'owner' && ['invited', 'requested', 'active'].includes(status);
}

function inUse({ connections }: VaultState): string[] {
  return connections
    .valueSeq()
    .filter(({ kind, status }) => kind !== 'owner' && status === 'active')
    .map(({ id }) => id)
    .toArray();
}
