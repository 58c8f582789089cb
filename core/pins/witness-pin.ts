import { parseCheckpoint } from '../../ledger/checkpoint.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { NoteKey } from '../../ledger/note-key.ts';
import { type Note, parseNote } from '../../ledger/signed-note.ts';
import { addCheckpointUrl, type Posted } from '../witness/add-checkpoint.ts';
import { askWitness, type WitnessVerdict } from '../witness/witness-client.ts';
import type { Pin } from './pin.ts';

const behindMs = 60_000;

/** Where a witness is, and the key by which its word is known. */
export type WitnessAddress = {
  /** Of type `cosignature`. */
  readonly key: NoteKey;
  /** Prefix of its URL. */
  readonly url: string;
};

/** What a vault asks its witnesses with. */
export type WitnessParts = {
  readonly witnesses: readonly WitnessAddress[];
  /** How many of them have to cosign. */
  readonly quorum: number;
  /** Posts a body to a URL, outside the vault's process. */
  readonly post: (url: string, body: string) => Promise<Posted>;
  /** That the tree of `to` records continues the one of `from`. */
  readonly prove: (from: number, to: number) => Promise<readonly Uint8Array[]>;
  readonly log: (line: string, details?: Record<string, unknown>) => void;
};

type Asked = { readonly note: Note; readonly text: string; readonly size: number };

/**
 * Witnesses as one pin: a checkpoint is kept when a quorum has cosigned it. Where there is none, and one
 * claims to have seen more or other records, the vault stops: that claim proves nothing, but whoever stands
 * between could as well keep all witnesses away.
 */
export function witnessPin(parts: WitnessParts): Pin {
  const known = new Map<WitnessAddress, number>();
  return {
    name: parts.witnesses.length === 1 ? 'the witness' : 'the witnesses',
    behindMs,
    replace: async (_, next) => {
      const asked = readNote(next);
      const verdicts = await Promise.all(
        parts.witnesses.map(async (witness) => {
          const verdict = await ask(parts, witness, known.get(witness) ?? 0, asked);
          if (verdict.outcome === 'cosigned') known.set(witness, asked.size);
          else parts.log('a witness did not cosign', { name: witness.key.name, ...verdict });
          return verdict;
        }),
      );
      expectQuorum(verdicts, parts.quorum);
    },
  };
}

function ask(
  { post, prove }: WitnessParts,
  { key, url }: WitnessAddress,
  knownSize: number,
  { note, text, size }: Asked,
): Promise<WitnessVerdict> {
  return askWitness({
    key,
    note,
    text,
    size,
    knownSize,
    post: (body) => post(addCheckpointUrl(url), body),
    prove: (from) => prove(from, size),
  });
}

function expectQuorum(verdicts: readonly WitnessVerdict[], quorum: number): void {
  if (verdicts.filter(({ outcome }) => outcome === 'cosigned').length >= quorum) return;
  for (const verdict of verdicts) {
    if (verdict.outcome === 'ahead')
      throw new LedgerError('ROLLED_BACK', `a witness has seen ${verdict.size} records`);
    if (verdict.outcome === 'forked')
      throw new LedgerError('FORKED', 'a witness has seen another history');
  }
  throw new Error(`fewer than ${quorum} witnesses have cosigned`);
}

function readNote(text: string): Asked {
  const note = parseNote(text);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) throw new RangeError('not a checkpoint');
  return { note, text, size: checkpoint.size };
}
