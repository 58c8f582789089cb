import { randomBytes } from 'node:crypto';
import { utf8 } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';
import { Keyring } from '../keyring.ts';
import type { RootRecipe, RootSource } from '../ring-root.ts';
import type { KeptRing, KeptValue, RingStore } from '../ring-store.ts';
import { fixedBytes, identity } from './fixtures.ts';

/**
 * Where a crash is: before the nth lasting effect, after it, or so that the effect comes late, when
 * somebody else is at work already.
 */
export type Crash = { readonly at: number; readonly how: 'before' | 'after' | 'late' };

/**
 * What outlives a process that uses a ring: the store's values and the sealer's secrets, in memory.
 * For the faults that the real ones cannot be made to show.
 */
export class RingWorld {
  values: (KeptValue & { readonly sequence: number })[] = [];
  last = 0;
  readonly secrets = new Map<number, Uint8Array>();
  valueBytesMax = 1_000_000;
  crash: Crash | undefined;
  /** Lasting effects so far. */
  effects = 0;
  /** An effect that has not come about yet. */
  late: (() => void) | undefined;
  readFails = false;

  readonly store: RingStore = (() => {
    const world = this;
    return {
      get valueBytesMax() {
        return world.valueBytesMax;
      },
      read: async () => this.#read(),
      add: (value, last) => this.#write(value, last, false),
      replaceAll: (value, last) => this.#write(value, last, true),
    };
  })();

  /** Roots of a passphrase, and of this world's sealer. */
  roots(passphrase = 'right'): RootSource {
    const newest = () => Math.max(0, ...this.secrets.keys());
    return {
      rootOf: async ({ salt, sealerGeneration }) => {
        const secret = this.secrets.get(sealerGeneration);
        if (secret === undefined) throw new Error('the sealer has no such secret');
        return sha256(utf8(passphrase), salt, secret);
      },
      renew: async () => {
        const sealerGeneration = newest() + 1;
        const secret = new Uint8Array(randomBytes(32));
        this.#lasting(() => this.secrets.set(sealerGeneration, secret));
        return { ...recipe, sealerGeneration };
      },
      newest: async () => newest(),
      retire: async ({ sealerGeneration }) => {
        for (const generation of [...this.secrets.keys()])
          if (generation < sealerGeneration) this.#lasting(() => this.secrets.delete(generation));
      },
    };
  }

  create(passphrase?: string): Promise<Keyring> {
    return Keyring.create(this.store, identity.id, this.roots(passphrase));
  }

  unlock(passphrase?: string, ledgerId: Uint8Array = identity.id): Promise<Keyring> {
    return Keyring.unlock(this.store, ledgerId, this.roots(passphrase));
  }

  /** Whatever is on its way arrives. */
  arrive(): void {
    this.late?.();
    this.late = undefined;
  }

  #read(): KeptRing {
    if (this.readFails) throw new Error('no answer');
    return { last: this.last, values: [...this.values] };
  }

  async #write(value: KeptValue, last: number, alone: boolean): Promise<number> {
    await Promise.resolve();
    if (value.bytes.length > this.valueBytesMax) throw new Error('payload too large');
    if (this.last !== last) throw new Error('wrong last sequence');
    return this.#lasting(() => {
      // Looked at once more, for a write that comes late.
      if (this.last !== last) return last;
      this.last += 1;
      const kept = { ...value, sequence: this.last };
      this.values = alone ? [kept] : [...this.values, kept];
      return this.last;
    }, true);
  }

  /** @param distant - over a network, where it may come late */
  #lasting<T>(effect: () => T, distant = false): T {
    this.effects += 1;
    const { crash } = this;
    if (crash === undefined || this.effects < crash.at) return effect();
    // A process that has crashed does nothing more.
    if (this.effects === crash.at && crash.how === 'after') effect();
    if (this.effects === crash.at && crash.how === 'late' && distant) this.late = effect;
    throw new Error('crashed');
  }
}

const recipe: Omit<RootRecipe, 'sealerGeneration'> = {
  kdf: 'argon2id',
  timeCost: 2,
  memoryKiB: 19_456,
  lanes: 1,
  salt: fixedBytes('salt', 16),
  sealer: 'file',
};
