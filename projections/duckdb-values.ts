import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBGeometryValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api';
import { toHex } from '../wire/bytes.ts';

/**
 * A value of DuckDB as one that JSON holds: integers as numbers while they are exact and as text
 * beyond, times as ISO 8601 text in UTC, blobs in hex, lists and structs as arrays and objects, a
 * map as an array of `{ key, value }`; decimals, intervals, UUIDs and the rest as DuckDB's text.
 */
export function plainValue(value: DuckDBValue): unknown {
  if (typeof value === 'bigint') return plainInteger(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value !== 'object') return value;
  return nested(value) ?? timestamp(value) ?? plainText(value);
}

type Wrapped = Exclude<DuckDBValue, null | boolean | number | bigint | string>;

function plainInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function nested(value: Wrapped): unknown {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
    return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(
      Object.entries(value.entries).map(([name, member]) => [name, plainValue(member)]),
    );
  if (value instanceof DuckDBMapValue)
    return value.entries.map((entry) => ({
      key: plainValue(entry.key),
      value: plainValue(entry.value),
    }));
  if (value instanceof DuckDBUnionValue) return { tag: value.tag, value: plainValue(value.value) };
  return undefined;
}

function timestamp(value: Wrapped): string | undefined {
  if (value instanceof DuckDBTimestampTZValue)
    return isoText(new DuckDBTimestampValue(value.micros).toString());
  const zoneless =
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue;
  return zoneless ? isoText(value.toString()) : undefined;
}

/** `2026-01-05 03:12:00.5` as `2026-01-05T03:12:00.5Z`; infinity and years BC stay as they are. */
function isoText(text: string): string {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?$/.test(text)
    ? `${text.replace(' ', 'T')}Z`
    : text;
}

function plainText(value: Wrapped): unknown {
  if (value instanceof DuckDBVariantValue) return plainValue(value.value);
  if (value instanceof DuckDBBlobValue || value instanceof DuckDBGeometryValue)
    return toHex(value.bytes);
  return value.toString();
}
