import { SealerError } from '../core/enclave/sealer.ts';
import type { PassphraseRoots } from '../core/keys/root-key.ts';
import type { LedgerIdentity } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { beginsWith, isSameRing } from '../ledger/ring-copy.ts';
import { entryName } from '../ledger/ring-entry.ts';
import { parseRoot, rootName } from '../ledger/ring-root.ts';
import type { KeptValue } from '../ledger/ring-store.ts';
import { expectRing } from './ring-proof.ts';

type Values = readonly KeptValue[];

/** What may be the keyring of a ledger. */
export type RingChoice =
  /** The one that is there: nothing speaks against it. */
  | { readonly kind: 'own'; readonly values: Values }
  /** One of these, the best first: only the ledger can tell, and that takes the passphrase. */
  | {
      readonly kind: 'unproved';
      readonly candidates: readonly Values[];
      /** Whether the one that is there could be it, for all that can be seen. */
      readonly ownInForm: boolean;
    };

/**
 * What to take for the keyring. Without a key only its form can be seen: that every entry since the root is
 * there but for the last ones. So the damaged ledger's own is taken as it is only where the copy's is the same, or an
 * earlier one.
 * @param own - values of the damaged ledger's ring; `undefined` when they cannot be read
 * @param copy - values of the copy's; empty when it has none
 */
export function chooseRing(own: Values | undefined, copy: Values): RingChoice {
  const ownInForm = own !== undefined && isInForm(own);
  if (ownInForm && beginsWith(own, copy)) return { kind: 'own', values: own };
  const all = [own === undefined ? [] : joined(own, copy), own ?? [], copy];
  const candidates = all.filter(
    (values, at) => isInForm(values) && all.findIndex((one) => isSameRing(one, values)) === at,
  );
  return { kind: 'unproved', candidates, ownInForm };
}

/**
 * The first of several that is the keyring of a whole ledger: it opens every record that was not erased, and is
 * not older than the ledger last recorded.
 * @param rootsFor - a source of roots for one of them: they may have different ones
 * @throws LedgerError what is wrong with the last one, when none is; SealerError
 */
export async function provedRing(
  store: CommitStore,
  identity: LedgerIdentity,
  candidates: readonly Values[],
  rootsFor: () => PassphraseRoots,
): Promise<Values> {
  let failure: unknown = new LedgerError('RING_MALFORMED', 'there is no keyring in either copy');
  for (const values of candidates) {
    const roots = rootsFor();
    try {
      await expectRing(store, identity, values, roots);
      return values;
    } catch (error) {
      if (!(error instanceof LedgerError || error instanceof SealerError)) throw error;
      failure = error;
    } finally {
      roots.close();
    }
  }
  throw failure;
}

/** A root, and after it every entry with its number. */
function isInForm([root, ...entries]: Values): boolean {
  if (root?.name !== rootName) return false;
  try {
    const { generation } = parseRoot(root.bytes);
    return entries.every(({ name }, at) => name === entryName(generation + 1 + at));
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}

/** Entries of both under the same root, in the order of their numbers: what one has lost the other may have. */
function joined(own: Values, copy: Values): Values {
  if (own[0] === undefined || copy[0] === undefined || !isSameRing([own[0]], [copy[0]])) return own;
  const byName = new Map([...copy, ...own].map((value) => [value.name, value]));
  const number = ({ name }: KeptValue): number => Number(name.slice(entryName(0).length - 1));
  const entries = [...byName.values()].filter(({ name }) => name !== rootName);
  return [own[0], ...entries.sort((a, b) => number(a) - number(b))];
}
