import type { Kind } from '../ledger/kinds.ts';
import type { OpenedBody } from '../ledger/record.ts';
import { toHex } from '../wire/bytes.ts';
import { decodeEvent, isMap } from '../wire/event.ts';
import { schemaFault } from '../wire/json-schema.ts';
import type { JsonSchema } from '../wire/manifest.ts';
import type { MsgpackMap, MsgpackValue } from '../wire/msgpack.ts';
import { type PublicReason, publicReason, type Reason, reasons } from '../wire/reasons.ts';
import type { AnswerStatus } from '../wire/statement.ts';
import { ReceiptError } from './receipt-error.ts';

/*
 * What a disclosed record says, as plain data. Its bytes are the vault's own, but the vault may be the one
 * that a receipt is held against, so no member is used before its type was looked at.
 */

/** Any value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
/** An object of JSON. */
export type JsonMap = { readonly [member: string]: Json };

/** What a receipt uses of each kind of record; there may be more in it. */
export type Said = {
  readonly received: {
    readonly connection: string;
    readonly id: string;
    /** Hex. */
    readonly digest: string;
    readonly event?: {
      readonly type: string;
      readonly contract?: { readonly id: string; readonly version: number; readonly hash: string };
    };
  };
  readonly decided: {
    readonly request: string;
    readonly outcome: 'allowed' | 'denied' | 'pending';
    readonly reason?: Reason;
    readonly again: boolean;
    readonly facts: { readonly fields?: readonly string[] };
    readonly checks: readonly { readonly check: string; readonly inputs: JsonMap }[];
  };
  readonly consented: {
    readonly request: string;
    readonly outcome: 'approved' | 'denied';
    /** Digest of the request that the owner saw, hex. */
    readonly hash: string;
  };
  readonly handled: {
    readonly request: string;
    readonly code: string;
    readonly reason?: Reason;
    readonly provided: readonly string[];
  };
  readonly expired: { readonly request: string; readonly reason: Reason };
  readonly requested: { readonly connection: string; readonly event: string };
  readonly connected: { readonly connection: string };
  readonly credential_renewed: { readonly connection: string };
  readonly declined: { readonly connection: string };
  readonly invited: { readonly connection: string };
  readonly severed: { readonly connection: string };
  readonly contract_offered: {
    readonly connection: string;
    readonly event: string;
    readonly contract: { readonly contract: JsonMap };
  };
  readonly contract_accepted: { readonly connection: string; readonly hash: string };
  readonly contract_rejected: { readonly connection: string; readonly hash: string };
  readonly epoch_opened: { readonly connection: string };
  readonly granted: { readonly connection: string };
  readonly remembered: { readonly connection: string };
  readonly rule_revoked: { readonly connection: string };
  readonly keys_known: { readonly connection: string };
  readonly rekeyed: { readonly connection: string };
  readonly aggregate: { readonly connection?: string };
  readonly notified: { readonly connection?: string };
  readonly notice_held: { readonly connection?: string };
};

const text: JsonSchema = { type: 'string' };
const names: JsonSchema = { type: 'array', items: text };
const reason: JsonSchema = { enum: reasons };

/** An object with at least these members, of these forms. */
function open(members: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(members).filter((name) => !optional.includes(name));
  return { type: 'object', properties: members, required };
}

const ofSome = open({ connection: text }, ['connection']);
const ofConnection = open({ connection: text });
const ofVersion = open({ connection: text, hash: text });
const contract = open({ id: text, version: { type: 'integer' }, hash: text });
const check = open({ check: text, inputs: { type: 'object' } });

const schemas: Readonly<Record<keyof Said, JsonSchema>> = {
  received: open(
    {
      connection: text,
      id: text,
      digest: text,
      event: open({ type: text, contract }, ['contract']),
    },
    ['event'],
  ),
  decided: open(
    {
      request: text,
      outcome: { enum: ['allowed', 'denied', 'pending'] },
      reason,
      again: { type: 'boolean' },
      facts: open({ fields: names }, ['fields']),
      checks: { type: 'array', items: check },
    },
    ['reason'],
  ),
  consented: open({ request: text, outcome: { enum: ['approved', 'denied'] }, hash: text }),
  handled: open({ request: text, code: text, reason, provided: names }, ['reason']),
  expired: open({ request: text, reason }),
  requested: open({ connection: text, event: text }),
  connected: ofConnection,
  credential_renewed: ofConnection,
  declined: ofConnection,
  invited: ofConnection,
  severed: ofConnection,
  contract_offered: open({
    connection: text,
    event: text,
    contract: open({ contract: { type: 'object' } }),
  }),
  contract_accepted: ofVersion,
  contract_rejected: ofVersion,
  epoch_opened: ofConnection,
  granted: ofConnection,
  remembered: ofConnection,
  rule_revoked: ofConnection,
  keys_known: ofConnection,
  rekeyed: ofConnection,
  aggregate: ofSome,
  notified: ofSome,
  notice_held: ofSome,
};

/**
 * The contents of an opened record as plain data: bytes as hex, a received event read from its signed bytes.
 * @throws ReceiptError BODY_MALFORMED when they are not what a record of this kind says
 */
export function contentsOf(kind: Kind, { body }: OpenedBody, index: number): Json {
  const contents = plain(kind === 'received' ? withEvent(body, index) : body);
  const schema = isSaid(kind) ? schemas[kind] : undefined;
  const fault = schema === undefined ? undefined : schemaFault(schema, contents);
  if (fault === undefined) return contents;
  throw new ReceiptError('BODY_MALFORMED', `record ${index} (${kind}): ${fault}`, index);
}

/** Types that are allowed, and then wait for the owner. */
const waitingTypes: ReadonlySet<string> = new Set(['connection.request', 'contract.update']);

/** The answer that a service gets from a record, if any follows from it. */
export type AnswerFrom = { readonly status: AnswerStatus; readonly reason?: Reason };

/**
 * What is answered because of a record of this kind; `undefined` when nothing is.
 * @param body - its contents, checked
 * @param type - of the event; some are allowed, and then wait for the owner
 */
export function answerFrom(kind: Kind, body: unknown, type: string): AnswerFrom | undefined {
  switch (kind) {
    case 'decided': {
      const { outcome, reason: why = 'internal' } = body as Said['decided'];
      if (outcome === 'denied') return { status: 'refused', reason: why };
      const waits = outcome === 'pending' || waitingTypes.has(type);
      return waits ? { status: 'pending' } : undefined;
    }
    case 'consented': {
      const { outcome } = body as Said['consented'];
      return outcome === 'denied' ? { status: 'refused', reason: 'consent_denied' } : undefined;
    }
    case 'handled': {
      const { code, reason: why = 'internal' } = body as Said['handled'];
      return code === 'ok' ? { status: 'served' } : { status: 'refused', reason: why };
    }
    case 'expired':
      return { status: 'refused', reason: (body as Said['expired']).reason };
    case 'connected':
    case 'contract_accepted':
    case 'credential_renewed':
      return { status: 'served' };
    case 'declined':
      return { status: 'refused', reason: 'consent_denied' };
    default:
      return undefined;
  }
}

/** What the service is told of a refusal's reason. */
export function codeFor({ reason: why }: AnswerFrom): { readonly code?: PublicReason } {
  return why === undefined ? {} : { code: publicReason(why) };
}

/** Whether receipts use what records of this kind say. */
export function isSaid(kind: Kind): kind is keyof Said {
  return Object.hasOwn(schemas, kind);
}

function withEvent(body: MsgpackValue, index: number): MsgpackValue {
  if (!isMap(body) || body['signed'] === undefined || body['failure'] !== undefined) return body;
  const { signed, event: _, ...others } = body as MsgpackMap;
  const event = signed instanceof Uint8Array ? decodeEvent(signed) : undefined;
  if (event?.ok !== true)
    throw new ReceiptError('BODY_MALFORMED', `record ${index} holds no event`, index);
  return { ...others, event: event.value } as unknown as MsgpackMap;
}

function plain(value: MsgpackValue): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
