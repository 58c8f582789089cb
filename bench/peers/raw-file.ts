import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../wire/bytes.ts';
import { sha256 } from '../../wire/crypto.ts';
import { batchRecords, bodyBytes, type Contender } from '../contender.ts';

const headBytes = 32;
const entryBytes = bodyBytes + headBytes;
const firstHead = new Uint8Array(headBytes);

/** A file of records of one length, each with the chain's head after it; one fdatasync a batch. */
export async function startRawFile(folder: string): Promise<Contender> {
  const path = join(folder, 'raw-file');
  const file = await open(path, 'w+');
  const body = new Uint8Array(randomBytes(bodyBytes));
  let head: Uint8Array = firstHead;
  const append = async (records: number): Promise<void> => {
    const bytes = new Uint8Array(records * entryBytes);
    for (let at = 0; at < bytes.length; at += entryBytes) {
      head = sha256(head, body);
      bytes.set(body, at);
      bytes.set(head, at + bodyBytes);
    }
    await file.write(bytes);
    await file.datasync();
  };
  return {
    name: 'file: chained, fdatasync, not sealed',
    burst: async (count) => {
      for (let done = 0; done < count; done += batchRecords) await append(batchRecords);
      return count;
    },
    alone: () => append(1),
    verify: () => verify(file),
    close: () => file.close(),
  };
}

async function verify(file: FileHandle): Promise<number> {
  const chunk = new Uint8Array(batchRecords * entryBytes);
  let head: Uint8Array = firstHead;
  let count = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, count * entryBytes);
    for (let at = 0; at < bytesRead; at += entryBytes) {
      head = sha256(head, chunk.subarray(at, at + bodyBytes));
      if (!equalBytes(head, chunk.subarray(at + bodyBytes, at + entryBytes)))
        throw new Error(`record ${count} is not the one that was chained`);
      count += 1;
    }
    if (bytesRead < chunk.length) return count;
  }
}
