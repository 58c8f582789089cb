/* The verifier of docs/spec/verifier, another program in another language, and exports to try it on. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LedgerError } from '../ledger/errors.ts';
import { openExport } from '../replay/export-file.ts';
import { verifyExport } from '../replay/verify-export.ts';

export const verifierFolder: string = programFolder('verifier');

/** A program in Python beside the specification. */
export type PythonProgram = 'verifier' | 'client';

/** What a run of Python came to. */
export type PythonRun = { readonly code: number; readonly out: string; readonly err: string };

/** What a verifier says of a file: what it holds, or the first thing that is wrong with it. */
export type Finding =
  | {
      readonly records: number;
      readonly commits: number;
      readonly head: string;
      readonly root: string;
    }
  | { readonly code: string; readonly index: number };

function programFolder(program: PythonProgram): string {
  return fileURLToPath(new URL(`../docs/spec/${program}`, import.meta.url));
}

/** The Python of this machine; `undefined`, and a loud word, where it has none of 3.9 or newer. */
export function findPython(program: PythonProgram = 'verifier'): string | undefined {
  try {
    const version = execFileSync('python3', ['--version']).toString();
    const [, minor = '0'] = /^Python 3\.(\d+)/.exec(version) ?? [];
    if (Number(minor) >= 9) return 'python3';
  } catch {
    // Said below.
  }
  console.warn(
    `\n*** NOT TESTED: the ${program} in Python needs python3 >= 3.9, which is not here ***\n`,
  );
  return undefined;
}

/** Runs Python in the verifier's folder, and writes nothing there. */
export function runPython(args: readonly string[]): Promise<PythonRun> {
  return runPythonIn('verifier', args);
}

/** Runs Python in the folder of a program, and writes nothing there. */
export function runPythonIn(program: PythonProgram, args: readonly string[]): Promise<PythonRun> {
  const options = {
    cwd: programFolder(program),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    maxBuffer: 64 * 1024 * 1024,
  };
  return new Promise((resolve) => {
    execFile('python3', [...args], options, (error, out, err) => {
      const failed = typeof error?.code === 'number' ? error.code : -1;
      resolve({ code: error === null ? 0 : failed, out, err });
    });
  });
}

/** What both verifiers say of each of these files, by name. */
export async function judge(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ReadonlyMap<string, { readonly ours: Finding; readonly theirs: Finding }>> {
  const folder = await mkdtemp(join(tmpdir(), 'cambium-python-'));
  try {
    const paths = [...files.keys()].map((_, at) => join(folder, `${at}.export`));
    const found = new Map<string, { ours: Finding; theirs: Finding }>();
    for (const [at, bytes] of [...files.values()].entries())
      await writeFile(paths[at] ?? '', bytes);
    const lines = (await runPython(['verify.py', ...paths, '/dev/null'])).out.split('\n');
    for (const [at, name] of [...files.keys()].entries())
      found.set(name, {
        ours: await ourFinding(paths[at] ?? ''),
        theirs: finding(lines[at] ?? ''),
      });
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ourFinding(path: string): Promise<Finding> {
  try {
    const report = await verifyExport(await openExport(path));
    if (!report.ok) return { code: report.code, index: report.index };
    const { records, commits, head, root } = report;
    return { records, commits, head, root };
  } catch (error) {
    if (error instanceof LedgerError) return { code: error.code, index: error.index ?? 0 };
    throw error;
  }
}

/** A line of the verifier in Python, read. */
export function finding(line: string): Finding {
  const whole =
    /whole: (\d+) records in (\d+) commits(?:, \d+ checkpoints)?, head (\w{64}), root (\w{64})$/.exec(
      line,
    );
  if (whole !== null && !line.includes('not whole'))
    return {
      records: Number(whole[1]),
      commits: Number(whole[2]),
      head: whole[3] ?? '',
      root: whole[4] ?? '',
    };
  const [, code = line, index = '-1'] = /not whole: (\w+) at record (\d+): /.exec(line) ?? [];
  return { code, index: Number(index) };
}
