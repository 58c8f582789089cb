import { readFile } from 'node:fs/promises';

/** Ids of the processes that this one has started and that still run. */
export async function childProcesses(): Promise<number[]> {
  const list = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return list.split(' ').filter(Boolean).map(Number);
}
