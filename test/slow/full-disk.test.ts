import { type ChildProcess, spawn } from 'node:child_process';
import { cp, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { history } from '../../replay/history.ts';
import { passphrase } from '../harness.ts';
import { KillHouse } from './kill-house.ts';
import { LedgerFacts } from './ledger-facts.ts';
import { Load } from './load.ts';
import { connectParty, fillFields, ownerPeer } from './people.ts';
import { runs } from './processes.ts';
import { seededRandom } from './seeded-random.ts';
import { until } from './until.ts';

const diskMiB = 16;
const graceMs = 5_000;
const silenceMs = 10_000;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const task of cleanup.splice(0).reverse()) await task();
});

/** A small disk that only processes inside a namespace of their own see in the ledger's place. */
type SmallDisk = { readonly pid: number; readonly path: string };

/** Mounts it over the ledger's folder, with what lies there; `undefined` where that is not permitted. */
async function smallDisk({ data, folder }: KillHouse): Promise<SmallDisk | undefined> {
  const copy = join(folder, 'copy');
  await cp(data.ledger, copy, { recursive: true });
  const script = `mount -t tmpfs -o size=${diskMiB}m tmpfs "$1" && cp -a "$2/." "$1" && echo ready && exec sleep 1800`;
  const words = ['-Urm', 'sh', '-c', script, 'sh', data.ledger, copy];
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ready = await saysReady(holder);
  const pid = holder.pid ?? -1;
  cleanup.push(async () => {
    holder.kill('SIGKILL');
    await until('the disk is gone', async () => !(await runs(pid)), 5_000);
  });
  return ready ? { pid, path: `/proc/${pid}/root${data.ledger}` } : undefined;
}

function saysReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', () => resolve(false));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('ready')) resolve(true);
    });
  });
}

/** Writes a file until not one byte more fits. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [1 << 20, 4096, 1])
      while (await file.write(new Uint8Array(size)).catch(() => undefined));
  } finally {
    await file.close();
  }
}

it('stops on a full disk without another word, and opens whole when there is room', async (test) => {
  const house = await KillHouse.create();
  cleanup.push(() => house.remove());
  const disk = await smallDisk(house);
  test.skip(disk === undefined, 'no user namespace with a mount of its own on this machine');
  if (disk === undefined) return;
  house.wrapper = ['nsenter', '--preserve-credentials', '-U', '-m', '-t', String(disk.pid)];
  await house.start(false);
  const log = (): string => house.run?.log() ?? '';
  const url = await until('the vault opens', () => house.url(), 60_000, log);
  const owner = await ownerPeer(house);
  await owner.connectTo(url);
  await fillFields(owner);
  const service = await connectParty(owner, url);
  house.follow(owner, service.peer);
  const load = new Load(owner, service, seededRandom('full-disk'), 60);
  load.start();
  await until('requests are answered', () => load.answeredSinceMark >= 10, 60_000, log);

  await fill(join(disk.path, 'ballast'));
  await until(
    'the vault stops',
    () => log().includes('cannot be written; opening again'),
    120_000,
    log,
  );
  const messages = service.peer.messages.size;
  load.mark();
  await sleep(silenceMs);
  expect(service.peer.messages.size).toBe(messages);
  expect(load.answeredSinceMark).toBe(0);

  await rm(join(disk.path, 'ballast'));
  await until(
    'requests are answered again',
    async () => {
      await house.heal(false);
      return load.answeredSinceMark >= 10;
    },
    180_000,
    log,
  );
  load.check();
  expect(await house.verify()).toBeGreaterThan(0);
  await load.stop(graceMs);
  await house.stop();
  // Copied off first: removing the folder that it is mounted on would unmount the disk everywhere.
  const saved = join(house.folder, 'saved');
  await cp(disk.path, saved, { recursive: true });
  await rm(house.data.ledger, { recursive: true });
  await rename(saved, house.data.ledger);
  const facts = new LedgerFacts();
  await house.read(async ({ store, card, unlock }) => {
    for await (const record of history(store, card.ledger, await unlock(passphrase)))
      facts.take(record);
  });
  facts.checkAll(load);
  expect(facts.faults).toEqual([]);
  console.log({ records: facts.records.length, ...Object.fromEntries(house.notes) });
});
