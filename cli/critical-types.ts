import type { HandlerRunner } from '../core/manager/ports.ts';
import { wireTypes } from '../wire/messages.ts';

/** Event types that the messaging layer keeps until the vault has them. */
export function criticalTypes(runner: HandlerRunner): string[] {
  const own = Object.entries(wireTypes)
    .filter(([, { delivery }]) => delivery === 'critical')
    .map(([type]) => type);
  const handled = runner.handlers
    .flatMap(({ manifest }) => manifest.types)
    .filter(({ delivery }) => delivery === 'critical')
    .map(({ type }) => type);
  return [...own, ...handled];
}
