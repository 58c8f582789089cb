/* Processes as the kernel shows them. Nothing here kills by name. */
import { readdir, readFile } from 'node:fs/promises';

/** Command line, with spaces between its words; empty when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.replaceAll('\0', ' ');
}

/** Children of a process, their children, and so on. */
export async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const id of await processIds()) parents.set(id, await parentOf(id));
  const found: number[] = [];
  const below = (parent: number): void => {
    for (const [id, its] of parents) {
      if (its !== parent) continue;
      found.push(id);
      below(id);
    }
  };
  below(pid);
  return found;
}

/** Whether a process runs: not whether its parent has yet to hear of its end. */
export async function runs(pid: number): Promise<boolean> {
  return !['Z', 'X', ''].includes((await stat(pid))[0] ?? '');
}

/** Processes whose command line holds `text`. */
export async function processesNaming(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const id of await processIds()) if ((await commandLine(id)).includes(text)) found.push(id);
  return found;
}

async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function parentOf(pid: number): Promise<number> {
  return Number((await stat(pid))[1] ?? 0);
}

/** Fields of `/proc/<pid>/stat` from the third on: state, parent, … */
async function stat(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
