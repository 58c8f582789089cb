import type { Range } from './proofs.ts';
import { emptyFrontier, extend, type Frontier, rootOf, tileLeaves, treeHashBytes } from './tree.ts';

/**
 * Gives the leaves `start` to `end - 1` of a stored ledger. Whoever reads them checks them: a leaf
 * that is not the ledger's makes a proof that does not verify.
 */
export type LeavesOf = (start: number, end: number) => Promise<readonly Uint8Array[]>;

/**
 * The inner nodes of a tree, as far as proofs need them: the root of every full, aligned subtree of 256
 * leaves (a tile), of 256 tiles, and so on. 32 bytes for 256 leaves, so 4 MiB for 32 million.
 */
export class Tiles {
  /** Level 0 has the roots of tiles, level 1 those of 256 tiles, … */
  readonly #levels: HashList[] = [];
  /** Leaves of the last tile, which is not full. */
  #tail: Uint8Array[] = [];
  #size = 0;

  /** Count of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next leaf (32 bytes). About one hash. */
  add(leaf: Uint8Array): void {
    if (this.#fills(leaf)) this.#endTile(rootOf(extend(emptyFrontier, this.#tail)));
  }

  /**
   * Takes the next leaves (32 bytes each), for whoever extends the tree itself and so has hashed them.
   * @param roots - of the tiles that they complete, in order: what `extend` has told
   */
  take(leaves: readonly Uint8Array[], roots: readonly Uint8Array[]): void {
    let ended = 0;
    for (const leaf of leaves) {
      if (!this.#fills(leaf)) continue;
      const root = roots[ended];
      if (root === undefined) throw new RangeError(`${roots.length} roots of more tiles`);
      this.#endTile(root);
      ended += 1;
    }
  }

  /**
   * Root of the leaves in `range`, which is one of a proof (proofs.ts) for a tree of these leaves.
   * Reads at most 255 leaves: those of a tile that the range has only a part of.
   * @throws RangeError when the range is empty, beyond the leaves, or no subtree of such a tree
   */
  async hashOf(range: Range, leavesOf: LeavesOf): Promise<Uint8Array> {
    this.#assertSubtree(range);
    let frontier: Frontier = emptyFrontier;
    let { start } = range;
    for (let level = this.#levels.length - 1; level >= 0; level -= 1) {
      const span = tileLeaves ** (level + 1);
      const first = Math.floor(start / span);
      const count = Math.floor((range.end - start) / span);
      frontier = extend(ofSmaller(frontier), this.#list(level).slice(first, first + count));
      start += count * span;
    }
    const leaves = start < range.end ? await this.#leaves(start, range.end, leavesOf) : [];
    return rootOf(extend(ofSmaller(frontier), leaves));
  }

  /** A whole proof: the roots of its ranges, in their order. */
  async hashesOf(ranges: readonly Range[], leavesOf: LeavesOf): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (const range of ranges) hashes.push(await this.hashOf(range, leavesOf));
    return hashes;
  }

  /** Adds a leaf to the last tile, and tells whether that is full with it. */
  #fills(leaf: Uint8Array): boolean {
    if (leaf.length !== treeHashBytes) throw new RangeError(`a leaf of ${leaf.length} bytes`);
    this.#tail.push(leaf);
    this.#size += 1;
    return this.#tail.length === tileLeaves;
  }

  #endTile(root: Uint8Array): void {
    this.#keep(0, root);
    this.#tail = [];
  }

  #keep(level: number, root: Uint8Array): void {
    const list = this.#list(level);
    list.push(root);
    if (list.length % tileLeaves !== 0) return;
    const full = list.slice(list.length - tileLeaves, list.length);
    this.#keep(level + 1, rootOf(extend(emptyFrontier, full)));
  }

  #list(level: number): HashList {
    this.#levels[level] ??= new HashList();
    return this.#levels[level];
  }

  async #leaves(start: number, end: number, leavesOf: LeavesOf): Promise<readonly Uint8Array[]> {
    const tailStart = this.#size - this.#tail.length;
    if (start >= tailStart) return this.#tail.slice(start - tailStart, end - tailStart);
    const leaves = await leavesOf(start, end);
    if (leaves.length !== end - start)
      throw new RangeError(`${leaves.length} leaves for ${start} to ${end}`);
    return leaves;
  }

  #assertSubtree({ start, end }: Range): void {
    const fits = Number.isSafeInteger(start) && Number.isSafeInteger(end) && end <= this.#size;
    if (!fits || start < 0 || start >= end) throw new RangeError(`no leaves ${start} to ${end}`);
    let width = 1;
    while (width < end - start) width *= 2;
    if (start % width !== 0) throw new RangeError(`${start} to ${end} is no subtree`);
  }
}

/** The same peaks, counted in units of a 256th. */
function ofSmaller({ size, peaks }: Frontier): Frontier {
  return { size: size * tileLeaves, peaks };
}

/** Hashes after one another in one buffer, which doubles when it is full. */
class HashList {
  #bytes = new Uint8Array(tileLeaves * treeHashBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(hash: Uint8Array): void {
    const at = this.#length * treeHashBytes;
    if (at === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, at);
    this.#length += 1;
  }

  slice(start: number, end: number): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    for (let at = start; at < end; at += 1)
      hashes.push(this.#bytes.slice(at * treeHashBytes, (at + 1) * treeHashBytes));
    return hashes;
  }
}
