import { leafOf } from '../../../ledger/chain.ts';
import { type Log, signCheckpoint } from '../../../ledger/checkpoint.ts';
import { noteKey } from '../../../ledger/note-key.ts';
import { consistencyRanges } from '../../../ledger/proofs.ts';
import { Tiles } from '../../../ledger/tiles.ts';
import { emptyFrontier, extend, rootOf } from '../../../ledger/tree.ts';
import { u64 } from '../../../wire/bytes.ts';
import { type Signer, signerFrom } from '../../../wire/crypto.ts';
import { formatAddCheckpoint } from '../add-checkpoint.ts';

/** Leaves of the sample log. */
const leavesMax = 1200;

/** A log that grows, and everything that a witness wants of it. Two logs of another `branch` differ from leaf 5 on. */
export class SampleLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly log: Log;
  readonly #leaves: readonly Uint8Array[];
  readonly #tiles = new Tiles();

  constructor(origin = 'example.org/sample', branch = 0, signer = sampleSigner(1)) {
    this.origin = origin;
    this.signer = signer;
    this.log = { origin, keys: [noteKey('note', origin, signer.publicKey)] };
    this.#leaves = Array.from({ length: leavesMax }, (_, index) =>
      leafOf(u64(index < 5 ? index : index + branch * leavesMax)),
    );
    for (const leaf of this.#leaves) this.#tiles.add(leaf);
  }

  /** The signed checkpoint of this size. */
  note(size: number): string {
    const root = rootOf(extend(emptyFrontier, this.#leaves.slice(0, size)));
    return signCheckpoint(this.signer, { origin: this.origin, size, root });
  }

  async prove(from: number, to: number): Promise<Uint8Array[]> {
    return await this.#tiles.hashesOf(consistencyRanges(from, to), async (start, end) =>
      this.#leaves.slice(start, end),
    );
  }

  /** Body of a request, as a log that knows the witness's state sends it. */
  async request(oldSize: number, size: number): Promise<string> {
    const proof = await this.prove(oldSize, size);
    return formatAddCheckpoint({ oldSize, proof, note: this.note(size) });
  }
}

/** A key that is always the same for one number. */
export function sampleSigner(number: number): Signer {
  return signerFrom(new Uint8Array(32).fill(number));
}
