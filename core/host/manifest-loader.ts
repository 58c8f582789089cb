import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { schemaFault } from '../../wire/json-schema.ts';
import type { HandledType, HandlerManifest, JsonSchema } from '../../wire/manifest.ts';
import { isReservedType } from '../../wire/reserved-types.ts';
import { HandlerError } from './handler-error.ts';
import { manifestSchema } from './manifest-schema.ts';
import { findProgram, type HandlerProgram, programDigest } from './program-files.ts';

/** A handler that may be started: its manifest, its program, and the measure of both. */
export type LoadedHandler = {
  readonly manifest: HandlerManifest;
  readonly program: HandlerProgram;
  /** SHA-256 over manifest and program files, lower-case hex. */
  readonly digest: string;
};

const manifestBytesMax = 64 * 1024;

/**
 * Every handler of a folder: those of its sub-folders that have a `handler.json`, by name.
 * @param dir - absolute, or relative to the working directory
 * @throws HandlerError for the first handler that may not be used
 */
export async function loadManifests(dir: string): Promise<LoadedHandler[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const handlers: LoadedHandler[] = [];
  for (const name of names.sort()) {
    const folder = join(dir, name);
    if ((await readdir(folder)).includes('handler.json')) handlers.push(await loadHandler(folder));
  }
  refuseReserved(handlers);
  refuseDoubles(handlers);
  return handlers;
}

async function loadHandler(folder: string): Promise<LoadedHandler> {
  const bytes = await readFile(join(folder, 'handler.json'));
  const manifest = parseManifest(bytes, folder);
  const program = await findProgram(folder, manifest.start);
  return { manifest, program, digest: await programDigest(bytes, program) };
}

function parseManifest(bytes: Uint8Array, folder: string): HandlerManifest {
  if (bytes.length > manifestBytesMax) {
    throw new HandlerError('MANIFEST_UNREADABLE', `handler.json has ${bytes.length} bytes`, folder);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HandlerError('MANIFEST_UNREADABLE', 'handler.json is no JSON', folder, cause);
  }
  const fault = schemaFault(manifestSchema, value) ?? typesFault(value as HandlerManifest);
  if (fault !== undefined) throw new HandlerError('MANIFEST_INVALID', fault, folder);
  return value as HandlerManifest;
}

function typesFault(manifest: HandlerManifest): string | undefined {
  for (const handled of manifest.types) {
    const fault =
      schemaOwnFault(handled.request) ?? schemaOwnFault(handled.response) ?? membersFault(handled);
    if (fault !== undefined) return `${handled.type}: ${fault}`;
  }
  return undefined;
}

/** A schema that does not compile is found here, not at the first event. */
function schemaOwnFault(schema: JsonSchema): string | undefined {
  try {
    schemaFault(schema, null);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `fields`, `once` and the members of `entry` must be members that the request schema requires. */
function membersFault(handled: HandledType): string | undefined {
  if (handled.request['type'] !== 'object') return 'a request is an object';
  const required = handled.request['required'];
  const { fields, once, entry = {} } = handled;
  for (const name of [fields, once, ...Object.values(entry)]) {
    if (name === undefined) continue;
    if (!Array.isArray(required) || !required.includes(name)) {
      return `"${name}" is not a required member of the request`;
    }
  }
  return undefined;
}

/** The vault itself answers the standard's own types; a handler that declared one would never be asked. */
function refuseReserved(handlers: readonly LoadedHandler[]): void {
  for (const { manifest } of handlers) {
    const type = manifest.types.find((handled) => isReservedType(handled.type))?.type;
    if (type !== undefined)
      throw new HandlerError(
        'TYPE_RESERVED',
        `${type} is kept for the standard: no handler may serve it`,
        manifest.name,
      );
  }
}

function refuseDoubles(handlers: readonly LoadedHandler[]): void {
  const names = new Set<string>();
  const types = new Set<string>();
  for (const { manifest } of handlers) {
    if (names.has(manifest.name)) {
      throw new HandlerError('NAME_TAKEN', 'another handler has this name', manifest.name);
    }
    names.add(manifest.name);
    for (const { type } of manifest.types) {
      if (types.has(type)) {
        throw new HandlerError('TYPE_TAKEN', `${type} is served already`, manifest.name);
      }
      types.add(type);
    }
  }
}
