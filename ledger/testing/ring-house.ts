import type { LedgerError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { openRing, partsOf } from '../open-ring.ts';
import type { KeptValue } from '../ring-store.ts';
import { fixedBytes, identity } from './fixtures.ts';
import { RingWorld } from './ring-world.ts';

export type RingHouse = {
  readonly world: RingWorld;
  readonly ring: Keyring;
  /** The scope that is going to be forgotten, one that stays, and their keys. */
  readonly gone: string;
  readonly stays: string;
  readonly goneKey: Uint8Array;
  readonly staysKey: Uint8Array;
};

/** A ring with two scopes and a secret. */
export async function filledRing(): Promise<RingHouse> {
  const world = new RingWorld();
  const ring = await world.create();
  const [gone, stays] = [await ring.createScope(), await ring.createScope()];
  await ring.addSecret('signing', fixedBytes('signing'));
  const copy = (scope: string) => ring.scopeKey(scope)?.slice() ?? new Uint8Array(0);
  return { world, ring, gone, stays, goneKey: copy(gone), staysKey: copy(stays) };
}

/** The passphrases, of those that there ever were, that open the ring now. */
export async function opening(world: RingWorld): Promise<string[]> {
  const found: string[] = [];
  for (const passphrase of ['right', 'other'])
    await world.unlock(passphrase).then(
      () => found.push(passphrase),
      (error: LedgerError) => {
        if (error.code !== 'RING_LOCKED') throw error;
      },
    );
  return found;
}

/** Tries to open values of earlier with every secret of now. Gives what was found. */
export async function attack(
  world: RingWorld,
  values: readonly KeptValue[],
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const passphrase of ['right', 'other'])
    for (const secret of world.secrets.values()) {
      const thief = new RingWorld();
      for (let generation = 1; generation < 9; generation++) thief.secrets.set(generation, secret);
      const opened = openRing(partsOf({ last: 0, values }), identity.id, thief.roots(passphrase));
      await opened.then(
        ({ keys }) => found.push(...keys.values()),
        () => undefined,
      );
    }
  return found;
}
