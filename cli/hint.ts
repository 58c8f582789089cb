import { basename, dirname, join, relative, resolve } from 'node:path';

/** Data directory that a command works on where none is named. */
export function defaultData(env: NodeJS.ProcessEnv = process.env): string {
  return env['CAMBIUM_DATA'] ?? '.cambium';
}

/**
 * A command line of this program that works when it is pasted where the person stands: under the
 * name by which they have just called it, with the data directory unless it is the default one.
 * @param words - command and arguments, quoted where need be: `owner approve ID`
 * @param data - path of the data directory; `undefined` for a command that needs none
 */
export function pasteable(words: string, data?: string): string {
  const isDefault = data === undefined || resolve(data) === resolve(defaultData());
  const flag = isDefault ? '' : ` --data ${quoted(fromHere(data))}`;
  return `${programName(process.argv[1] ?? '')} ${words}${flag}`;
}

/** An installed program goes by its name; in a checkout, a script beside `dist` calls it. */
function programName(script: string): string {
  if (basename(script) !== 'main.js') return basename(script) || 'cambium';
  const path = fromHere(join(dirname(script), '../../cambium'));
  return quoted(path.includes('/') ? path : `./${path}`);
}

function fromHere(path: string): string {
  const near = relative('', path);
  return near.startsWith('..') || near === '' ? resolve(path) : near;
}

/** A word as a shell takes it whole. */
export function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
