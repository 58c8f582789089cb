import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * First executable file called `name` on `path`.
 * @param path - like `$PATH`; relative and empty entries are skipped, since they depend on where one stands
 * @returns its absolute path; `undefined` when there is none
 */
export async function findOnPath(
  name: string,
  path: string | undefined,
): Promise<string | undefined> {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  for (const folder of folders) {
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/** Whether `file` is a regular file that this user may run. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** Whether a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** How `runTool` runs a program: only what is named here reaches it. */
export type ToolOptions = {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
};

/**
 * Runs a program to its end.
 * @returns what it wrote to its standard output
 * @throws Error with its last words, when it fails or is not done after `timeoutMs`
 */
export function runTool(
  program: string,
  args: readonly string[],
  { timeoutMs, cwd = '/', env = {} }: ToolOptions,
): Promise<string> {
  const options = { cwd, env, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const words = stderr.trim().split('\n').slice(-3).join(' ');
      const what = error.killed === true ? `not done after ${timeoutMs} ms` : error.message;
      reject(new Error(words === '' ? what : words, { cause: error }));
    });
  });
}
