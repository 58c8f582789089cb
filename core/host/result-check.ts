import { eventBytesMax } from '../../wire/event.ts';
import { schemaFault } from '../../wire/json-schema.ts';
import type { HandlerManifest } from '../../wire/manifest.ts';
import { encode } from '../../wire/msgpack.ts';

/** What is left of an event for the result in an answer: the rest says whose it is, and signs that. */
const answerResultBytesMax = eventBytesMax - 2_048;
/** Effects that one result may carry. */
const effectsMax = 64;

/**
 * Why a result may not take effect under `manifest`, in words without its values; `undefined` when
 * it may. Both parts must be JSON data: a schema says nothing about bytes, so there are none.
 */
export function resultFault(
  manifest: HandlerManifest,
  type: string,
  result: unknown,
  effects: unknown,
): string | undefined {
  const handled = manifest.types.find((candidate) => candidate.type === type);
  if (handled === undefined) return `it does not serve ${type}`;
  if (holdsBytes(result) || holdsBytes(effects)) return 'the result holds bytes, no JSON data';
  const sizeBytes = encode([result, effects]).length;
  const bytesMax = Math.min(manifest.limits.resultBytes, answerResultBytesMax);
  if (sizeBytes > bytesMax) return `the result has ${sizeBytes} bytes, of ${bytesMax}`;
  const fault = schemaFault(handled.response, result);
  if (fault !== undefined) return `the result does not fit its schema: ${fault}`;
  return effectsFault(manifest, effects);
}

function effectsFault(manifest: HandlerManifest, effects: unknown): string | undefined {
  if (!Array.isArray(effects)) return 'the effects are no list';
  if (effects.length > effectsMax) return `${effects.length} effects, of ${effectsMax}`;
  for (const effect of effects as readonly unknown[]) {
    const type = typeof effect === 'object' && effect !== null && 'type' in effect && effect.type;
    if (typeof type !== 'string' || Array.isArray(effect)) return 'an effect without a type';
    if (!manifest.effects.includes(type)) return 'an effect that its manifest does not name';
  }
  return undefined;
}

function holdsBytes(value: unknown): boolean {
  if (value instanceof Uint8Array) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(holdsBytes);
}
