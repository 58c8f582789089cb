import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnPath, isExecutable, runTool } from './process-tools.ts';

const keyrings = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
];
const askWaitMs = 10_000;
const fetchWaitMs = 120_000;
const maxArchives = 3;

/**
 * Takes `nats-server` from Debian testing with the machine's own package tools: no root needed,
 * nothing installed on the system, and the archive's signature is checked.
 * @param folder - absolute, empty; receives the program
 * @returns the program's path
 * @throws Error when this is no Debian machine, or the package cannot be had
 */
export async function fetchFromDebian(folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const tools = await findTools(env);
  const addresses = await archiveAddresses(tools, folder);
  const reasons: string[] = [];
  for (const [number, address] of addresses.slice(0, maxArchives).entries()) {
    try {
      return await fetchFrom(address, join(folder, String(number)), tools);
    } catch (error) {
      reasons.push(`${address}: ${(error as Error).message}`);
    }
  }
  throw new Error(reasons.join('; ') || "the machine's package sources name no archive");
}

type DebianTools = {
  readonly aptGet: string;
  readonly dpkgDeb: string;
  readonly keyring: string;
  readonly env: NodeJS.ProcessEnv;
};

async function findTools(env: NodeJS.ProcessEnv): Promise<DebianTools> {
  const { PATH, APT_CONFIG, http_proxy, https_proxy, no_proxy } = env;
  const [aptGet, dpkgDeb] = [await findOnPath('apt-get', PATH), await findOnPath('dpkg-deb', PATH)];
  if (aptGet === undefined || dpkgDeb === undefined) throw new Error('apt-get is not installed');
  for (const keyring of keyrings) {
    if (!(await isReadable(keyring))) continue;
    const given = { PATH, APT_CONFIG, http_proxy, https_proxy, no_proxy, LC_ALL: 'C' };
    return { aptGet, dpkgDeb, keyring, env: given };
  }
  throw new Error('the Debian archive keyring is not installed');
}

// The machine's own sources say where a Debian archive is reached from here: a mirror, or the way through a proxy.
// `update --print-uris` touches no network and, unlike `indextargets`, answers on a machine that was never updated.
async function archiveAddresses({ aptGet, env }: DebianTools, folder: string): Promise<string[]> {
  const args = ['-o', `Dir::State::Lists=${folder}`, '--print-uris', 'update'];
  const said = await runTool(aptGet, args, { timeoutMs: askWaitMs, env });
  const releases = said.matchAll(/^'([a-z+]+:\S+?)\/dists\/\S+\/InRelease'/gm);
  const addresses = new Set([...releases].map((found) => found[1] ?? ''));
  return [...addresses].sort((a, b) => securityLast(a) - securityLast(b));
}

function securityLast(address: string): number {
  return /security/.test(address) ? 1 : 0;
}

async function fetchFrom(address: string, folder: string, tools: DebianTools): Promise<string> {
  const apt = await aptOptions(address, folder, tools.keyring);
  const options = { timeoutMs: fetchWaitMs, cwd: folder, env: tools.env };
  await runTool(tools.aptGet, [...apt, 'update'], options);
  await runTool(tools.aptGet, [...apt, 'download', 'nats-server'], options);
  const package_ = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (package_ === undefined) throw new Error('apt-get download left no package');
  await runTool(tools.dpkgDeb, ['-x', package_, join(folder, 'unpacked')], options);
  for (const place of ['usr/sbin', 'usr/bin']) {
    const program = join(folder, 'unpacked', place, 'nats-server');
    if (await isExecutable(program)) return program;
  }
  throw new Error('the package holds no nats-server');
}

async function aptOptions(address: string, folder: string, keyring: string): Promise<string[]> {
  const [lists, cache, source] = ['lists', 'cache', 'testing.list'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  await writeFile(source, `deb [signed-by=${keyring}] ${address} testing main\n`);
  return [
    `Dir::Etc::SourceList=${source}`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${lists}`,
    `Dir::Cache=${cache}`,
    'Acquire::Languages=none',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=5',
    'Acquire::https::Timeout=5',
    // As root, apt would fetch as a user of its own, who may not write here.
    'APT::Sandbox::User=root',
    'APT::Get::List-Cleanup=false',
  ].flatMap((option) => ['-o', option]);
}

async function isReadable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
