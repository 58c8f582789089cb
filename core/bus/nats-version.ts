import { runTool } from './process-tools.ts';

/** Oldest version without a warning: older ones have published security advisories. */
export const wantedVersion = '2.14.3';

/** Oldest version that is used at all. */
export const oldestVersion = '2.12.0';

/** What the rules above say of a version. */
export type VersionVerdict = 'good' | 'outdated' | 'refused';

const waitMs = 10_000;

/**
 * The version that a `nats-server` program says it has.
 * @returns three numbers with dots; a pre-release suffix is kept
 * @throws Error when it does not run or says something else
 */
export async function readVersion(binary: string): Promise<string> {
  const said = await runTool(binary, ['--version'], { timeoutMs: waitMs });
  const version = /^nats-server: v(\d+\.\d+\.\d+\S*)\s*$/m.exec(said)?.[1];
  if (version === undefined) throw new Error(`--version says ${JSON.stringify(said.slice(0, 80))}`);
  return version;
}

/** Judges a version as `readVersion` gives it; a pre-release counts as older than its release. */
export function judgeVersion(version: string): VersionVerdict {
  if (compareVersions(version, oldestVersion) < 0) return 'refused';
  return compareVersions(version, wantedVersion) < 0 ? 'outdated' : 'good';
}

/** Negative when `a` is older than `b`, 0 when they are the same release, else positive. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (const [position, number] of left.entries()) {
    const difference = number - (right[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(version: string): number[] {
  const [release = '', preRelease] = version.split(/[-+~](.*)/s);
  return [...release.split('.').map(Number), preRelease === undefined ? 0 : -1];
}
