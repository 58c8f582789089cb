import { randomBytes } from 'node:crypto';
import type { InstalledHandler } from '../../ledger/bodies.ts';
import { hold } from './notices.ts';
import type { Turn, VaultParts } from './turn.ts';

/** Takes the ledger: `opened` fences every other writer. The owner is told when it was another program that opened it last. */
export function recordOpening(
  { runner, ring }: VaultParts,
  turn: Turn,
  measurement: string,
  before: string,
): void {
  const { batch } = turn;
  const index = batch.add({
    kind: 'opened',
    scope: batch.state.scope,
    body: {
      writer: new Uint8Array(randomBytes(16)),
      measurement,
      handlers: runner.handlers.map(
        ({ manifest, digest }): InstalledHandler => ({ manifest, digest }),
      ),
      ring: ring.state(),
    },
  });
  // Told when somebody can hear it: nothing is sent before the vault listens.
  if (before !== measurement) hold(turn, { about: 'image_changed', detail: measurement }, index);
}
