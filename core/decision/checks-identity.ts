import { seenBefore } from '../../projections/seen-event.ts';
import { toHex } from '../../wire/bytes.ts';
import { clockSkewMaxMs, eventAgeMaxMs } from '../../wire/event.ts';
import { type CheckFunction, fail, pass, skip } from './check-result.ts';

/** Check 1: the envelope opened, and what it is bound to fits the subject. */
export const envelopeCheck: CheckFunction = ({ received }) => {
  const inputs = { subject: received.subject, bytes: received.bytes, epoch: received.epoch };
  const { failure } = received;
  return failure === undefined ? pass(inputs) : fail(failure.reason, failure.detail, inputs);
};

/** Check 2: signed, and the subject's sender = the signer = the party of the connection. */
export const senderCheck: CheckFunction = ({ received, subject, connection }) => {
  const { event, signature } = received;
  const inputs = {
    subject_party: subject?.space === 'owner' ? 'owner' : (subject?.party ?? null),
    connection_party: connection?.party ?? null,
    event_party: event?.party ?? null,
    event_type: event?.type ?? null,
    signature_valid: signature?.valid ?? null,
  };
  if (event === undefined || connection === undefined)
    return fail('connection_unknown', 'no connection has this party', inputs);
  if (subject?.toVault !== true)
    return fail('sender_subject_mismatch', 'the subject leads away from the vault', inputs);
  if (inputs.subject_party !== connection.party || event.party !== connection.party)
    return fail('sender_subject_mismatch', 'subject, connection and event name others', inputs);
  if (event.type !== subject?.type || event.id !== received.id)
    return fail('sender_subject_mismatch', 'type or id is not the one outside', inputs);
  if (signature === undefined) return fail('signature_invalid', 'the event is not signed', inputs);
  if (!signature.valid) return fail('signature_invalid', 'not the key of the connection', inputs);
  return pass(inputs);
};

/** Check 3: not expired, not from the future, not seen before. */
export const freshnessCheck: CheckFunction = ({ state, received, connection, time }) => {
  const { event } = received;
  const sent = event?.time ?? 0;
  const before = connection && seenBefore(state, connection, received.id);
  const inputs = {
    now: time,
    sent,
    expires: event?.expires ?? null,
    seen_before: before !== undefined,
  };
  if (time - sent > eventAgeMaxMs) return fail('expired', 'older than any event may be', inputs);
  if (event?.expires !== undefined && event.expires <= time)
    return fail('expired', 'its sender let it expire', inputs);
  if (sent - time > clockSkewMaxMs) return fail('future_timestamp', 'sent in the future', inputs);
  if (before !== undefined)
    return fail('duplicate', repeated(before.digest, received.digest), inputs);
  return pass(inputs);
};

/** Check 3 once more, before an event takes effect: its sender may have let it expire meanwhile. */
export const stillFreshCheck: CheckFunction = ({ received, time }) => {
  const expires = received.event?.expires;
  if (expires === undefined) return skip('checked when it arrived');
  const inputs = { now: time, expires };
  return expires <= time
    ? fail('expired', 'its sender let it expire before it took effect', inputs)
    : pass(inputs);
};

/** Check 4: the connection is there and in use. */
export const connectionCheck: CheckFunction = ({ connection, received, time }) => {
  const inputs = { connection: received.connection, status: connection?.status ?? null };
  if (connection === undefined) return fail('connection_unknown', 'no such connection', inputs);
  const handshake = received.event?.type === 'connection.request';
  if (connection.status === 'severed')
    return fail('connection_severed', 'the owner ended this connection', inputs);
  if (handshake && connection.status === 'invited')
    return (connection.inviteExpires ?? 0) > time
      ? pass(inputs)
      : fail('expired', 'the invite has expired', inputs);
  if (handshake) return fail('duplicate', 'the invite was used before', inputs);
  if (connection.status !== 'active')
    return fail('connection_inactive', `the connection is ${connection.status}`, inputs);
  return pass(inputs);
};

function repeated(before: string, digest: Uint8Array): string {
  return before === toHex(digest)
    ? 'the same event once more'
    : 'this id was used with other bytes';
}
