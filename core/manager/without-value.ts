import type { InstalledHandler } from '../../ledger/bodies.ts';
import { fieldNamePattern } from '../../wire/contract.ts';
import { categoryPattern, entryKeyPattern } from '../../wire/entry.ts';
import { type Event, isMap } from '../../wire/event.ts';
import type { HandledType } from '../../wire/manifest.ts';
import { fieldValueMax } from '../../wire/messages.ts';

/** An event as it may be recorded, and the value that was taken out of it. */
export type WithoutValue = {
  readonly kept: Event;
  readonly value?: string;
  /** Of an entry's value, in UTF-8. */
  readonly valueBytes?: number;
  /** Whether nothing was taken out: only then may the signed bytes be kept. */
  readonly whole: boolean;
};

const fieldNameMax = 128;
const fieldName = new RegExp(fieldNamePattern);
const category = new RegExp(categoryPattern);
const entryKey = new RegExp(entryKeyPattern);

/**
 * Takes a value out of an event: only the record of the field or entry itself may hold it. Of what is not in
 * form nothing is kept but the names, and null in the value's place, which no schema takes.
 */
export function withoutValue(event: Event, handlers: readonly InstalledHandler[]): WithoutValue {
  if (event.type === 'owner.set') return withoutFieldValue(event);
  const members = handlers
    .flatMap(({ manifest }) => manifest.types)
    .find(({ type }) => type === event.type)?.entry;
  return members?.value === undefined
    ? { kept: event, whole: true }
    : withoutEntryValue(event, { ...members, value: members.value });
}

function withoutFieldValue(event: Event): WithoutValue {
  const { field = null, value, ...others } = isMap(event.payload) ? event.payload : {};
  const isName = typeof field === 'string' && field.length <= fieldNameMax && fieldName.test(field);
  const kept = (put: '' | null): Event => ({
    ...event,
    payload: { field: isName ? field : null, value: put },
  });
  const inForm =
    typeof value === 'string' && value.length <= fieldValueMax && Object.keys(others).length === 0;
  return inForm ? { kept: kept(''), value, whole: false } : { kept: kept(null), whole: false };
}

type Members = NonNullable<HandledType['entry']> & { readonly value: string };

function withoutEntryValue(event: Event, members: Members): WithoutValue {
  const payload = isMap(event.payload) ? event.payload : {};
  const named = (member: string, form: RegExp): string | null => {
    const name = payload[member];
    return typeof name === 'string' && form.test(name) ? name : null;
  };
  const names: Record<string, string | null> = {
    [members.category]: named(members.category, category),
    ...(members.key === undefined ? {} : { [members.key]: named(members.key, entryKey) }),
  };
  const kept = (put: '' | null): Event => ({
    ...event,
    payload: { ...names, [members.value]: put },
  });
  const value = payload[members.value];
  const known = Object.keys(payload).length === Object.keys(names).length + 1;
  return typeof value === 'string' && known
    ? { kept: kept(''), value, valueBytes: Buffer.byteLength(value), whole: false }
    : { kept: kept(null), whole: false };
}
