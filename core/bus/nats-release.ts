import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnPath, runTool } from './process-tools.ts';

/** A release archive of the nats-io project and what its bytes must hash to. */
export type ReleaseArchive = {
  readonly url: string;
  /** SHA-256, lower-case hexadecimal. */
  readonly sha256: string;
  /** Path of the program inside the archive. */
  readonly member: string;
};

const version = '2.15.0';

// As the nats-io project itself pins them when it builds its container images. A platform whose hash is not known
// here is not fetched.
const hashes: ReadonlyMap<string, string> = new Map([
  ['linux-amd64', '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92'],
  ['linux-arm64', 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112'],
]);

const answerWaitMs = 4_000;
const downloadWaitMs = 120_000;
const unpackWaitMs = 30_000;
const maxArchiveBytes = 64 * 1024 * 1024;

/**
 * The archive for a platform.
 * @param platform - as `process.platform`
 * @param arch - as `process.arch`
 * @returns `undefined` when no hash is pinned for it
 */
export function releaseArchive(platform: string, arch: string): ReleaseArchive | undefined {
  const target = `${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const sha256 = hashes.get(target);
  if (sha256 === undefined) return undefined;
  const name = `nats-server-v${version}-${target}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${version}/${name}.tar.gz`;
  return { url, sha256, member: `${name}/nats-server` };
}

/**
 * Downloads an archive and unpacks its program.
 * @param folder - empty; receives the program
 * @returns the program's path
 * @throws Error when it cannot be had or its hash differs; nothing is unpacked before the hash is checked
 */
export async function fetchRelease(
  archive: ReleaseArchive,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { PATH } = env;
  const tar = await findOnPath('tar', PATH);
  if (tar === undefined) throw new Error('tar is not installed');
  const bytes = await download(archive.url);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== archive.sha256) {
    throw new Error(`${archive.url} has SHA-256 ${found}, expected ${archive.sha256}`);
  }
  const file = join(folder, 'archive.tar.gz');
  await writeFile(file, bytes);
  const args = ['-xzf', file, '-C', folder, '--no-same-owner', archive.member];

  await runTool(tar, args, { timeoutMs: unpackWaitMs, env: { PATH } });
  return join(folder, archive.member);
}

async function download(url: string): Promise<Uint8Array> {
  const abort = new AbortController();
  const giveUp = (waitMs: number) =>
    setTimeout(() => abort.abort(new Error(`no answer in ${waitMs} ms`)), waitMs);
  let timer = giveUp(answerWaitMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    clearTimeout(timer);
    timer = giveUp(downloadWaitMs);
    return await collect(response.body);
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    byteCount += chunk.length;
    if (byteCount > maxArchiveBytes) throw new Error(`longer than ${maxArchiveBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// `fetch` says only "fetch failed"; why is in its cause.
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
