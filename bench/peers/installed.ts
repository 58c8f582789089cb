import { createRequire } from 'node:module';
import { join } from 'node:path';
import { programRoot } from '../../cli/program-root.ts';

/*
 * Programs that we compare with and do not depend on: `npm --prefix bench/peers ci` installs them, and
 * needs a compiler for some.
 */

const load = createRequire(join(programRoot, 'bench', 'peers', 'package.json'));

/** A package of `bench/peers`; `undefined` where it is not installed. */
export function peerPackage(name: string): unknown {
  try {
    return load(name);
  } catch {
    return undefined;
  }
}
