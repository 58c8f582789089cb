import { contractVersionMax, isContractId, isEventId, isEventType } from './identifiers.ts';
import { decode, encode, integer, MsgpackError, type MsgpackValue } from './msgpack.ts';
import type { Reason } from './reasons.ts';

/** Version of the event format. */
export const eventVersion = 1;
/** An event older than this is always `expired`, so ids need not be kept for ever. */
export const eventAgeMaxMs: number = 16 * 24 * 60 * 60 * 1000;
/** How far a sender's clock may run ahead. */
export const clockSkewMaxMs: number = 2 * 60 * 1000;
/** Largest event, in bytes of msgpack. */
export const eventBytesMax: number = 128 * 1024;
/** How deep an event may nest: half of what `decode` takes, since it stands inside records and answers. */
const eventDepthMax = 16;

/** Which contract a request is made under. */
export type ContractRef = {
  readonly id: string;
  readonly version: number;
  /** SHA-256 of the canonical contract, hex. */
  readonly hash: string;
};

/** A wire message with meaning. */
export type Event = {
  /** UUIDv7. */
  readonly id: string;
  /** Dotted, for example `data.request`. */
  readonly type: string;
  /** Unix time of sending, in milliseconds. */
  readonly time: number;
  /** After this time (Unix, milliseconds) the event must not take effect. */
  readonly expires?: number;
  /** Who says it: the token of its subject, or `owner` or the vault's id. */
  readonly party: string;
  readonly contract?: ContractRef;
  /** Id of the event that this one answers. */
  readonly cause?: string;
  readonly payload: MsgpackValue;
};

/** A value, or why there is none: an expected refusal is not an exception. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Reason; readonly detail: string };

/** An event that is too large to be sent: no reader would take it. */
export class EventError extends Error {
  override readonly name = 'EventError';
  readonly code = 'TOO_LARGE';
  /** Length of its msgpack, in bytes. */
  readonly bytes: number;

  constructor(bytes: number) {
    super(`an event has at most ${eventBytesMax} bytes, and this one ${bytes}`);
    this.bytes = bytes;
  }
}

/**
 * msgpack bytes of an event: what is signed. They are never made a second time.
 * @throws EventError TOO_LARGE when they are more than `eventBytesMax`
 */
export function encodeEvent(event: Event): Uint8Array {
  const bytes = encode({
    v: eventVersion,
    id: event.id,
    type: event.type,
    time: integer(event.time),
    expires: event.expires === undefined ? undefined : integer(event.expires),
    party: event.party,
    contract: event.contract,
    cause: event.cause,
    payload: event.payload,
  });
  if (bytes.length > eventBytesMax) throw new EventError(bytes.length);
  return bytes;
}

/**
 * The event in attacker-controlled bytes: every member checked, unknown members refused. Details name
 * our own words only, never what was sent: a map of the sender's may not even be printable.
 */
export function decodeEvent(bytes: Uint8Array): Parsed<Event> {
  if (bytes.length > eventBytesMax) return refuse('too_large', `${bytes.length} bytes`);
  let value: MsgpackValue;
  try {
    value = decode(bytes, eventDepthMax);
  } catch (error) {
    if (error instanceof MsgpackError) return refuse('malformed', error.message);
    throw error;
  }
  if (!isMap(value)) return refuse('malformed', 'an event is a map');
  const { v, ...event } = value;
  if (v !== eventVersion) return refuse('version_unsupported', 'version of the event');
  const wrong = wrongMember(value);
  if (wrong !== undefined) return refuse('malformed', wrong);
  return { ok: true, value: event as unknown as Event };
}

const memberChecks: Readonly<Record<string, (value: MsgpackValue | undefined) => boolean>> = {
  v: (value) => value === eventVersion,
  id: (value) => typeof value === 'string' && isEventId(value),
  type: (value) => typeof value === 'string' && isEventType(value),
  time: (value) => isTime(value),
  expires: (value) => value === undefined || isTime(value),
  party: (value) => typeof value === 'string' && /^[A-Za-z0-9]{1,64}$/.test(value),
  contract: (value) => value === undefined || isContractRef(value),
  cause: (value) => value === undefined || (typeof value === 'string' && isEventId(value)),
  payload: (value) => value !== undefined,
};

function wrongMember(map: { readonly [key: string]: MsgpackValue }): string | undefined {
  for (const [name, check] of Object.entries(memberChecks))
    if (!check(map[name])) return `member ${name}`;
  const known = Object.keys(map).every((name) => Object.hasOwn(memberChecks, name));
  return known ? undefined : 'a member that is not known';
}

function isContractRef(value: MsgpackValue): boolean {
  if (!isMap(value) || Object.keys(value).length !== 3) return false;
  const { id, version, hash } = value;
  return (
    typeof id === 'string' &&
    isContractId(id) &&
    Number.isSafeInteger(version) &&
    (version as number) >= 1 &&
    (version as number) <= contractVersionMax &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash)
  );
}

function isTime(value: MsgpackValue | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 48;
}

/** Whether a decoded value is a map. */
export function isMap(
  value: MsgpackValue | undefined,
): value is { readonly [key: string]: MsgpackValue } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
  );
}

/** A refusal. */
export function refuse(
  reason: Reason,
  detail: string,
): { readonly ok: false; readonly reason: Reason; readonly detail: string } {
  return { ok: false, reason, detail };
}
