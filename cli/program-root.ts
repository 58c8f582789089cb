import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the program: holds `dist/` and `handlers/`. */
export const programRoot: string = fileURLToPath(
  new URL(import.meta.url.includes('/dist/cli/') ? '../..' : '..', import.meta.url),
);

/** Version of the program, as its package names it. */
export function programVersion(): string {
  const text = readFileSync(join(programRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
