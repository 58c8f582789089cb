import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DiscardPolicy,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, headers, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LedgerSeeds, type LedgerServer, startLedgerServer } from './ledger-server.ts';
import { findNatsServer } from './nats-binary.ts';

const stream = 'LEDGER_v1';
const subject = 'ledger.v1';
const ring = 'ring_v1';

let folder: string;
let binary: string;
let server: LedgerServer;
let admin: NatsConnection;
let runtime: NatsConnection;
let reader: NatsConnection;
let manager: JetStreamManager;

function as(user: keyof LedgerSeeds): Promise<NatsConnection> {
  const seed = new TextEncoder().encode(server.seeds[user]);
  return connect({ servers: server.url, authenticator: nkeyAuthenticator(seed) });
}

function start(): Promise<LedgerServer> {
  return startLedgerServer({
    binary,
    dir: join(folder, 'store'),
    runDir: join(folder, 'run'),
    lockWaitMs: 10_000,
  });
}

async function stored(): Promise<{ commits: number; ringRevision: number | undefined }> {
  const commits = (await manager.streams.info(stream)).state.messages;
  const entry = await (await new Kvm(admin).open(ring)).get('scope');
  return { commits, ringRevision: entry?.revision };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-ledger-'));
  binary = (await findNatsServer()).path;
  server = await start();
  admin = await as('admin');
  runtime = await as('runtime');
  reader = await as('reader');
  manager = await jetstreamManager(admin);
  await manager.streams.add({
    name: stream,
    subjects: [subject],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
  });
  await new Kvm(admin).create(ring, { history: 1 });
});

afterAll(async () => {
  await Promise.all([admin?.close(), runtime?.close(), reader?.close()]);
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the runtime user of the ledger server', () => {
  it('appends with an expected sequence and reads the head back', async () => {
    const before = (await manager.streams.info(stream)).state.last_seq;
    const ack = await jetstream(runtime).publish(subject, 'commit', {
      expect: { lastSubjectSequence: before },
    });
    const head = await (await jetstreamManager(runtime)).streams.getMessage(stream, {
      last_by_subj: subject,
    });
    expect(head?.seq).toBe(ack.seq);
    expect(head?.string()).toBe('commit');
  });

  it('replays through an ordered consumer', async () => {
    await jetstream(runtime).publish(subject, 'commit');
    const consumer = await jetstream(runtime).consumers.get(stream);
    const first = await consumer.next({ expires: 5000 });
    expect(first?.seq).toBe(1);
  });

  it('puts, gets, lists, watches and destroys keys of the ring', async () => {
    const keyring = await new Kvm(runtime).open(ring);
    const revision = await keyring.put('scope', 'wrapped');
    await keyring.update('scope', 'wrapped again', revision);
    expect((await keyring.get('scope'))?.string()).toBe('wrapped again');
    const keys = [];
    for await (const key of await keyring.keys()) keys.push(key);
    expect(keys).toEqual(['scope']);
    await keyring.create('other', 'wrapped');
    await keyring.purge('other');
    expect((await keyring.get('other'))?.operation).toBe('PURGE');
    expect((await keyring.status()).values).toBeGreaterThan(0);
  });

  it('replaces all of the ring in one message, and none of the ledger', async () => {
    const alone = headers();
    alone.set('Nats-Rollup', 'all');
    const keyring = await new Kvm(runtime).open(ring);
    await keyring.put('one', 'wrapped');
    const publish = jetstream(runtime).publish.bind(jetstream(runtime));
    await publish(`$KV.${ring}.scope`, 'wrapped anew', { headers: alone });
    expect((await keyring.status()).values).toBe(1);
    expect((await keyring.get('scope'))?.string()).toBe('wrapped anew');
    const before = await stored();
    await expect(publish(subject, 'commit', { headers: alone })).rejects.toThrow(/rollup/);
    expect(await stored()).toEqual(before);
  });

  it.each(['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'RESTORE', 'SNAPSHOT', 'MSG.DELETE'])(
    'is refused STREAM.%s',
    async (verb) => {
      const before = await stored();
      const request = runtime.request(`$JS.API.STREAM.${verb}.${stream}`, '{"seq":1}');
      await expect(request).rejects.toThrow(/Permissions Violation/);
      expect(await stored()).toEqual(before);
    },
  );

  it('is refused the system subjects', async () => {
    await expect(runtime.request('$SYS.REQ.SERVER.PING')).rejects.toThrow(/Permissions Violation/);
  });

  it.each(['PURGE', 'DELETE'])('cannot have the server itself ask for STREAM.%s', async (verb) => {
    const before = await stored();
    const target = `$JS.API.STREAM.${verb}.${stream}`;
    runtime.publish(`$JS.API.STREAM.INFO.${stream}`, '', { reply: target });
    const config = {
      name: `push-${verb}`,
      deliver_subject: target,
      deliver_policy: 'all',
      ack_policy: 'none',
      headers_only: true,
    };
    const body = JSON.stringify({ stream_name: stream, config });
    await runtime.request(`$JS.API.CONSUMER.CREATE.${stream}.push-${verb}`, body);
    await manager.consumers.info(stream, `push-${verb}`);
    await manager.consumers.delete(stream, `push-${verb}`);
    expect(await stored()).toEqual(before);
  });
});

describe('the reader user of the ledger server', () => {
  it('reads the stream in batches, single messages and ring keys', async () => {
    await jetstream(runtime).publish(subject, 'commit');
    const reads = await jetstreamManager(reader);
    const { messages } = (await reads.streams.info(stream)).state;
    const seen = [];
    for await (const message of await reads.direct.getBatch(stream, { seq: 1, batch: 1000 })) {
      seen.push(message.seq);
    }
    expect(seen).toHaveLength(messages);
    expect((await reads.streams.getMessage(stream, { last_by_subj: subject }))?.seq).toBe(messages);
    await (await new Kvm(admin).open(ring)).put('scope', 'wrapped');
    expect((await (await new Kvm(reader).open(ring)).get('scope'))?.string()).toBe('wrapped');
  });

  it('lists the ring without a consumer', async () => {
    await (await new Kvm(admin).open(ring)).put('scope', 'wrapped');
    const direct = (await jetstreamManager(reader)).direct;
    const subjects = [];
    for await (const message of await direct.getLastMessagesFor(`KV_${ring}`, {
      multi_last: [`$KV.${ring}.>`],
    })) {
      subjects.push(message.subject);
    }
    expect(subjects).toContain(`$KV.${ring}.scope`);
  });

  it.each([subject, `$KV.${ring}.scope`, `$JS.API.STREAM.DELETE.${stream}`])(
    'cannot publish to %s',
    async (target) => {
      const before = await stored();
      await expect(reader.request(target, 'x')).rejects.toThrow(/Permissions Violation/);
      expect(await stored()).toEqual(before);
    },
  );

  it.each([subject, `$KV.${ring}.scope`])(
    'cannot have the server publish its answer to %s',
    async (target) => {
      const before = await stored();
      for (const ask of ['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET']) {
        const body = ask === 'STREAM.INFO' ? '' : '{"seq":1}';
        reader.publish(`$JS.API.${ask}.${stream}`, body, { reply: target });
      }
      // Answered after those before it, on the same connection.
      await reader.request(`$JS.API.STREAM.INFO.${stream}`);
      expect(await stored()).toEqual(before);
    },
  );

  it('cannot create a consumer, whose deliver subject would be a way to publish', async () => {
    const body = JSON.stringify({
      stream_name: `KV_${ring}`,
      config: { name: 'c', deliver_subject: subject, deliver_policy: 'all', ack_policy: 'none' },
    });
    const request = reader.request(`$JS.API.CONSUMER.CREATE.KV_${ring}.c`, body);
    await expect(request).rejects.toThrow(/Permissions Violation/);
  });

  it('does not see what the vault publishes', async () => {
    const overheard: string[] = [];
    reader.subscribe('_INBOX.>', {
      callback: (_, message) => void overheard.push(message.subject),
    });
    await reader.flush();
    await jetstream(runtime).publish(subject, 'commit');
    await reader.flush();
    expect(overheard).toEqual([]);
  });
});

describe('the ledger server', () => {
  it('lets nobody in without one of its keys', async () => {
    await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow(
      /Authorization Violation/i,
    );
  });

  it('keeps its store and configuration to their owner', async () => {
    expect((await stat(join(folder, 'store'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'run', 'server.conf'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a second server on its store, and has its commits after a restart', async () => {
    const second = { binary, dir: join(folder, 'store'), runDir: join(folder, 'run-2') };
    await expect(startLedgerServer(second)).rejects.toMatchObject({ code: 'LOCKED' });
    const before = await stored();
    const earlier = server.seeds.admin;
    await Promise.all([admin.close(), runtime.close(), reader.close()]);
    await server.stop();
    server = await start();
    [admin, runtime, reader] = await Promise.all([as('admin'), as('runtime'), as('reader')]);
    manager = await jetstreamManager(admin);
    expect(await stored()).toEqual(before);
    expect(server.seeds.admin).not.toBe(earlier);
  });
});
