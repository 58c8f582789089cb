import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { batchRecords, bodyBytes, type Contender } from '../contender.ts';
import { peerPackage } from './installed.ts';

/** The part of hypercore that is used here. */
type Core = {
  ready(): Promise<void>;
  append(blocks: readonly Uint8Array[]): Promise<unknown>;
  close(): Promise<void>;
};

/** A hypercore: Merkle tree, signed, neither sealed nor fsynced. `undefined` where it is not installed. */
export async function startHypercore(folder: string): Promise<Contender | undefined> {
  const Hypercore = peerPackage('hypercore') as (new (path: string) => Core) | undefined;
  if (Hypercore === undefined) return undefined;
  const core = new Hypercore(join(folder, 'hypercore'));
  await core.ready();
  const batch = Array.from({ length: batchRecords }, () => randomBytes(bodyBytes));
  return {
    name: 'hypercore: tree, signed, not sealed, not fsynced',
    burst: async (count) => {
      for (let done = 0; done < count; done += batchRecords) await core.append(batch);
      return count;
    },
    alone: () => core.append(batch.slice(0, 1)),
    close: () => core.close(),
  };
}
