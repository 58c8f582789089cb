import { equalBytes } from '../../wire/bytes.ts';
import {
  type Envelope,
  type Epoch,
  encapsulationHash,
  epochInfo,
  type Opened,
  openEnvelope,
  parseEnvelope,
  sameOpening,
  verifyOpening,
} from '../../wire/envelope.ts';
import { decodeEvent, type Event } from '../../wire/event.ts';
import { decapsulate, keyId } from '../../wire/key-encapsulation.ts';
import type { PeerIdentity } from '../session.ts';

/** How far a message of the vault could be read, and what was wrong with it. */
export type Step = 'envelope' | 'opening' | 'box' | 'padding' | 'event';

/** A message of the vault, as it came, with everything that could be read of it. */
export type Heard = {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly envelope?: Envelope;
  readonly opened?: Opened;
  readonly event?: Event;
  readonly wrong?: { readonly step: Step; readonly what: string };
};

/** Who hears: what is sealed to a key of before, or opened with one of the vault's, may still be read. */
export type HearerIdentity = PeerIdentity & { readonly formerVaultSigning?: Uint8Array };

/** The vault's epochs on one connection, as its messages have opened them. */
export type VaultEpochs = Map<number, Epoch>;

/** Reads a message as envelope.md tells a party to, and says at which step it fails. */
export async function readHeard(
  identity: HearerIdentity,
  epochs: VaultEpochs,
  subject: string,
  bytes: Uint8Array,
): Promise<Heard> {
  const base = { subject, bytes };
  const parsed = parseEnvelope(bytes);
  if (!parsed.ok) return { ...base, wrong: { step: 'envelope', what: parsed.detail } };
  const envelope = parsed.value;
  if (envelope.connection !== identity.connection)
    return { ...base, envelope, wrong: { step: 'envelope', what: 'of another connection' } };
  const epoch = await epochOf(identity, epochs, envelope);
  if (typeof epoch === 'string')
    return { ...base, envelope, wrong: { step: 'opening', what: epoch } };
  const opened = openEnvelope(envelope, subject, epoch.key);
  if (!opened.ok) {
    const step = opened.detail === 'padding' ? 'padding' : 'box';
    return { ...base, envelope, wrong: { step, what: opened.detail } };
  }
  epochs.set(epoch.number, epoch);
  const known = { ...base, envelope, opened: opened.value };
  const event = decodeEvent(opened.value.event);
  return event.ok
    ? { ...known, event: event.value }
    : { ...known, wrong: { step: 'event', what: event.detail } };
}

/** The epoch of a message, or why there is none. */
async function epochOf(
  identity: HearerIdentity,
  epochs: VaultEpochs,
  envelope: Envelope,
): Promise<Epoch | string> {
  const { opening, epoch: number } = envelope;
  const known = epochs.get(number);
  if (opening === undefined) return known ?? 'an epoch that was never opened';
  const { encapsulation, alsoOpens = [], vaultSigning, formerVaultSigning, connection } = identity;
  const recipient = [encapsulation, ...alsoOpens].find(({ publicKey }) =>
    equalBytes(opening.recipient, keyId(publicKey)),
  );
  if (recipient === undefined) return 'an opening for another key';
  const signers = [vaultSigning, ...(formerVaultSigning === undefined ? [] : [formerVaultSigning])];
  if (!signers.some((signer) => verifyOpening(signer, 'from-vault', envelope, opening)))
    return 'an opening that the key of the invite did not sign';
  if (known !== undefined)
    return sameOpening(known, opening) ? known : 'a second secret for a known number';
  const info = epochInfo(connection, 'from-vault', number);
  const key = await decapsulate(recipient, info, opening.encapsulation);
  if (key === undefined) return 'an encapsulation that does not open';
  return { number, key, encapsulationHash: encapsulationHash(opening) };
}
