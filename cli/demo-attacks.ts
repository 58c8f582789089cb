import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from './command.ts';
import { type DataDir, dataDir, type VaultCard, writeCard } from './data-dir.ts';
import { verifyCommand } from './verify.ts';

/** Flips one byte in a copy of the ledger's files, and has the copy verified. */
export async function showCaughtFlip(
  context: CommandContext,
  data: DataDir,
  card: VaultCard,
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'cambium-flip-'));
  try {
    const copy = dataDir(join(folder, 'copy'));
    await cp(data.ledger, copy.ledger, { recursive: true });
    await writeCard(copy, card);
    const { file, offset } = await flipByte(join(copy.ledger, 'jetstream'), card.vault);
    context.print(`\nOne byte flipped in a copy of the ledger (${file}, byte ${offset}):\n`);
    return (await verifyCommand({ ...context, data: copy.path, open: false })) === 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps a copy of the ledger's files as they are now; gives its folder. */
export async function keepEarlier(data: DataDir): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cambium-earlier-'));
  await cp(data.ledger, join(folder, 'copy', 'ledger'), { recursive: true });
  return folder;
}

/** Has an earlier copy verified in the ledger's place: it is whole, and the pins have seen more. */
export async function showCaughtRollback(
  context: CommandContext,
  folder: string,
  card: VaultCard,
): Promise<boolean> {
  try {
    const copy = dataDir(join(folder, 'copy'));
    await writeCard(copy, card);
    context.print('\nThe copy from before the payment, put in the place of the ledger:\n');
    return (await verifyCommand({ ...context, data: copy.path, open: false })) === 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function flipByte(folder: string, vault: string): Promise<{ file: string; offset: number }> {
  const files = await readdir(folder, { recursive: true });
  const file = files.find((name) => name.includes(`LEDGER_${vault}`) && name.endsWith('.blk'));
  if (file === undefined) throw new Error(`no ledger files in ${folder}`);
  const path = join(folder, file);
  const bytes = await readFile(path);
  const offset = Math.floor(bytes.length / 2);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  await writeFile(path, bytes);
  return { file: file.split('/').at(-1) ?? file, offset };
}
