/* Vaults that read what they should refuse, or refuse what they should read. */
import type { Arrival } from '../../core/manager/inbound.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import { elsewhere } from '../../service/conformance/envelope-rules.ts';
import { equalBytes } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';
import { encodeEvent } from '../../wire/event.ts';
import type { MsgpackValue } from '../../wire/msgpack.ts';
import { allowed, calls, denies, lets } from './lax-decisions.ts';
import {
  believes,
  digests,
  forgives,
  mends,
  opensBoundTo,
  recasts,
  refusesWhere,
  remembersOpenings,
} from './lax-reading.ts';
import { type Plan, type Plans, planted } from './plan.ts';
import { behindTheBus, type Wrong } from './wrong-vault.ts';

const hourMs = 60 * 60 * 1000;

const malformed = (detail: RegExp): Plan => planted(forgives('malformed', detail));

/** Every event has another digest each time that it comes. */
export const forgetsBytes: Wrong = digests(({ digest }) =>
  sha256(digest, new Uint8Array([++times])),
);
let times = 0;

function depthOf(value: MsgpackValue): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Whether an event's bytes are not those that we would write. */
function isOtherwiseWritten({ received: { event, signed } }: Arrival): boolean {
  return event !== undefined && signed !== undefined && !equalBytes(encodeEvent(event), signed);
}

const greatest = (state: VaultState, { connection }: Arrival): number =>
  Math.max(0, ...(state.connections.get(connection.id)?.receiving.keys() ?? []));

const events: Plans = {
  'event.member-missing': malformed(/member id/),
  'event.member-nil': malformed(/member expires/),
  'event.member-unknown': malformed(/not known/),
  'event.member-form': malformed(/member type/),
  'event.version': planted(forgives('version_unsupported')),
  'event.version-after-msgpack': planted(recasts(/trailing bytes/, 'version_unsupported')),
  'event.too-large': planted(forgives('too_large')),
  'event.largest': planted(refusesWhere('too_large', ({ received }) => received.bytes > 100_000)),
  'event.type': planted(lets('sender_subject_mismatch')),
  'event.id': planted(lets('sender_subject_mismatch')),
  'event.party': planted(lets('sender_subject_mismatch')),
  'event.signed': planted(believes),
  'event.expired': planted(lets('expired')),
  'event.too-old': planted(lets('expired')),
  'event.future': planted(lets('future_timestamp')),
  'event.skew': planted(
    denies('expired', ({ received, time }) => time - (received.event?.time ?? time) > hourMs),
  ),
  'event.same-again': planted(forgetsBytes),
  'event.same-resealed': planted(digests((_, { data }) => sha256(data))),
  'event.duplicate': planted(calls('duplicate', 'expired')),
  'event.order': planted(calls('sender_subject_mismatch', 'signature_invalid')),
  'event.msgpack-whole': malformed(/trailing bytes/),
  'event.msgpack-keys': malformed(/key is not taken/),
  'event.msgpack-twice': malformed(/stands twice/),
  'event.msgpack-extensions': malformed(/type 0xd6/),
  'event.msgpack-text': malformed(/not UTF-8/),
  'event.msgpack-numbers': malformed(/integer too large/),
  'event.msgpack-depth': malformed(/too deep/),
  'event.msgpack-counts': malformed(/cut short/),
  'event.msgpack-deep': planted(
    refusesWhere('malformed', ({ received }) => depthOf(received.event?.payload ?? null) > 8),
  ),
  'event.msgpack-widths': planted(refusesWhere('malformed', isOtherwiseWritten)),
  'event.msgpack-floats': planted(refusesWhere('malformed', isOtherwiseWritten)),
};

const bound = (other: Parameters<typeof opensBoundTo>[0]): Plan => planted(opensBoundTo(other));
const at = (index: number, value: MsgpackValue): Plan =>
  planted(mends((parts) => parts.map((old, place) => (place === index ? value : old))));

const envelopes: Plans = {
  'envelope.version': at(0, 1),
  'envelope.suite': at(1, 1),
  'envelope.parts': planted(mends((parts) => parts.slice(0, 8))),
  'envelope.msgpack': planted({
    opens: (message) =>
      message.data.at(-1) === 0xc0 ? { ...message, data: message.data.subarray(0, -1) } : message,
  }),
  'envelope.too-large': planted(forgives('too_large')),
  'envelope.connection': planted(forgives('sender_subject_mismatch')),
  'envelope.aad-subject': bound(({ party }) => ({ subject: subjectOf(party) })),
  'envelope.aad-connection': bound(() => ({ connection: elsewhere.connection })),
  'envelope.aad-epoch': bound((_, epoch) => ({ epoch: epoch + 1 })),
  'envelope.aad-event': bound(() => ({ event: elsewhere.event })),
  'envelope.aad-version': bound(() => ({ version: 2 })),
  'envelope.aad-suite': bound(() => ({ suite: 2 })),
  'envelope.aad-domain': bound(() => ({ domain: 'cambium/envelope/v2' })),
  'envelope.altered': planted(forgives('decrypt_failed')),
  'envelope.padding': malformed(/padding/),
  'envelope.inner': malformed(/sealed part/),
  'envelope.signature-subject': planted(believes),
  'envelope.signature-connection': planted(believes),
  'envelope.signature-epoch': planted(believes),
  'envelope.signature-encapsulation': planted(believes),
  'envelope.signature-domain': planted(believes),
  'envelope.signature-bytes': planted(believes),
  'envelope.signature-order': planted(believes),
};

const epochs: Plans = {
  'envelope.epoch-unknown': planted(forgives('key_unknown', /never opened/)),
  'envelope.opening-recipient': planted(forgives('key_unknown', /sealed to a key/)),
  'envelope.opening-forged': planted(forgives('signature_invalid', /opening/)),
  'envelope.opening-direction': planted(forgives('signature_invalid', /opening/)),
  'envelope.opening-number': planted(forgives('signature_invalid', /opening/)),
  'envelope.opening-altered': planted(forgives('signature_invalid', /opening/)),
  'envelope.opening-stale': planted(remembersOpenings),
  'envelope.opening-unsigned': planted(remembersOpenings),
  'envelope.opening-repeated': planted(
    refusesWhere(
      'key_unknown',
      ({ epoch, received, connection }) =>
        epoch === undefined && connection.receiving.get(received.epoch) !== undefined,
    ),
  ),
  'envelope.opening-second': planted(forgives('key_unknown', /another opening/)),
  'envelope.epoch-smaller': planted(
    refusesWhere(
      'key_unknown',
      (arrival, state) =>
        arrival.epoch !== undefined && arrival.received.epoch < greatest(state, arrival),
    ),
  ),
  'envelope.epoch-next': planted(
    refusesWhere(
      'key_unknown',
      (arrival, state) =>
        arrival.epoch === undefined && arrival.received.epoch < greatest(state, arrival),
    ),
  ),
};

const subjects: Plans = {
  'subjects.forms': planted({
    hears: (message) => ({ ...message, subject: message.subject.replace('Data.R', 'data.r') }),
  }),
  'subjects.unknown-type': planted(lets('event_unsupported')),
  'subjects.owners-types': planted({
    decides: (decision, about) =>
      about.received.event?.type === 'owner.fields' ? allowed(decision, about) : decision,
  }),
};

function subjectOf(party: string): string {
  return `MessageSpace.${behindTheBus().vault}.fromService.${party}.${elsewhere.type}`;
}

export const faultsReceived: Plans = { ...events, ...envelopes, ...epochs, ...subjects };
