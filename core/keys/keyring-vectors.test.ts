import { describe, expect, it } from 'vitest';
import vectors from '../../docs/spec/vectors/keyring.json' with { type: 'json' };
import { Keyring } from '../../ledger/keyring.ts';
import { sealEntry } from '../../ledger/ring-entry.ts';
import { type RootRecipe, sealRoot, wrapKeyFrom } from '../../ledger/ring-root.ts';
import type { RingStore } from '../../ledger/ring-store.ts';
import { fromHex, toHex } from '../../wire/bytes.ts';
import type { Sealer } from '../enclave/sealer.ts';
import { rootsFrom } from './root-key.ts';

/* The vectors beside the standard: data for other implementations. */

type Values = readonly { readonly name: string; readonly bytes: string }[];
type Secrets = Readonly<Record<string, string>>;
const secrets: Secrets = Object.fromEntries(
  vectors.rings.map(({ sealer }) => [`${sealer.generation}`, sealer.secret]),
);

/** A sealer that has these secrets. */
function sealerOf(own: Secrets): Sealer {
  const secret: Sealer['secret'] = async (_, generation) => fromHex(own[generation] ?? '');
  return { name: 'file', secret } as Partial<Sealer> as Sealer;
}

/** Stretched once for all vectors that are right. */
const right = rootsFrom(vectors.passphrase, sealerOf(secrets), fromHex(vectors.ledgerId));

function unlock(values: Values, given: { ledgerId?: string; passphrase?: string; own?: Secrets }) {
  const ledgerId = fromHex(given.ledgerId ?? vectors.ledgerId);
  const own = given.own ?? secrets;
  const kept = values.map(({ name, bytes }) => ({ name, bytes: fromHex(bytes) }));
  const store = {
    read: async () => ({ last: 9, values: kept }),
  } as Partial<RingStore> as RingStore;
  const roots =
    given.passphrase === undefined && given.own === undefined
      ? right
      : rootsFrom(given.passphrase ?? vectors.passphrase, sealerOf(own), ledgerId);
  return Keyring.unlock(store, ledgerId, roots);
}

describe('keyring.json', () => {
  it.each(vectors.rings)('$name: it opens', async ({ values }) => {
    const keys = Object.assign({}, ...values.map((value) => value.keys)) as Record<string, string>;
    for (let count = 1; count <= values.length; count++) {
      const ring = await unlock(values.slice(0, count), {});
      const { generation, hash } = ring.state();
      expect([generation, toHex(hash)]).toEqual([
        values[count - 1]?.generation,
        values[count - 1]?.hash,
      ]);
    }
    const ring = await unlock(values, {});
    for (const [name, key] of Object.entries(keys)) {
      const [kind, id] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
      expect(toHex((kind === 'scope' ? ring.scopeKey(id) : ring.secret(id)) ?? fromHex(''))).toBe(
        key,
      );
    }
  });

  it.each(vectors.rings)('$name: it is derived and written', async (ring) => {
    const ledgerId = fromHex(vectors.ledgerId);
    const recipe = {
      ...vectors.recipe,
      salt: fromHex(vectors.recipe.salt),
      sealerGeneration: ring.sealer.generation,
    } as RootRecipe;
    const root = await right.rootOf(recipe);
    expect(toHex(root)).toBe(ring.root);
    const wrapKey = wrapKeyFrom(root);
    expect(toHex(wrapKey)).toBe(ring.wrapKey);
    for (const { name, generation, nonce, keys, bytes } of ring.values) {
      const sealing = { ledgerId, wrapKey, nonce: fromHex(nonce) };
      const held = new Map(Object.entries(keys).map(([key, hex]) => [key, fromHex(`${hex}`)]));
      const made =
        name === 'root'
          ? sealRoot({ generation, recipe }, held, sealing)
          : sealEntry(generation, held, sealing);
      expect(toHex(made)).toBe(bytes);
    }
    expect(ring.values[0]?.bytes).toContain(ring.commitment);
  });

  it.each(vectors.refused)('$name: it is refused as $code', async (given) => {
    const { values, code, sealerSecrets: own, ...others } = given;
    const unlocking = unlock(values as Values, { ...others, ...(own && { own }) });
    await expect(unlocking).rejects.toMatchObject({ code });
  });
});
