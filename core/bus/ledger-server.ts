import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { nkeyFrom } from '../../wire/nkey.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';

/** What `startLedgerServer` needs to know. */
export type LedgerServerOptions = {
  /** The `nats-server` program. */
  readonly binary: string;
  /** Store directory; made if absent. A lock file in it makes sure that one server at a time uses it. */
  readonly dir: string;
  /** Folder of the server's configuration. */
  readonly runDir: string;
  /** How long to wait for another server to leave the store, in milliseconds. */
  readonly lockWaitMs?: number;
};

/**
 * Nkey seeds of the ledger server's users, made afresh at each start:
 * `nkeyAuthenticator(new TextEncoder().encode(seed))`.
 */
export type LedgerSeeds = {
  /** Creates the ledger stream and the ring's bucket, once. May do everything. */
  readonly admin: string;
  /** The vault. Appends and reads; cannot create, change, purge or delete a stream. */
  readonly runtime: string;
  /** Whoever only reads, in an account of its own. No consumers: see the comment at `readerAsks`. */
  readonly reader: string;
};

/** The running server that keeps one enclave's ledger and ring. */
export type LedgerServer = NatsServer & { readonly seeds: LedgerSeeds };

// The whole policy is in this file: who may say what to the server that keeps the ledger. It serves one enclave, so
// every stream in it is this enclave's: LEDGER_<vault> on ledger.<vault>, and KV_ring_<vault> on $KV.ring_<vault>.>.
const runtimePublishes = [
  'ledger.*',
  '$KV.*.>',
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.*',
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.MSG.GET.*',
  '$JS.API.DIRECT.GET.*',
  '$JS.API.DIRECT.GET.*.>',
  '$JS.API.CONSUMER.CREATE.*',
  '$JS.API.CONSUMER.CREATE.*.>',
  '$JS.API.CONSUMER.INFO.*.*',
  '$JS.API.CONSUMER.DELETE.*.*',
  '$JS.API.CONSUMER.MSG.NEXT.*.*',
  '$JS.ACK.>',
  '$JS.FC.>',
];

// Inside one account a reader writes after all: it names `ledger.<vault>` or a ring key as the reply subject of any
// request, and the server publishes its answer there. Answers do not cross accounts that way, so the reader has its
// own, and imports these questions. A consumer's deliver subject does cross, so the reader cannot create consumers:
// it reads in batches by direct get, which is as fast.
const readerAsks = [
  '$JS.API.INFO',
  '$JS.API.STREAM.INFO.*',
  '$JS.API.STREAM.NAMES',
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.MSG.GET.*',
];
// Answered with any number of messages.
const readerStreams = ['$JS.API.DIRECT.GET.*', '$JS.API.DIRECT.GET.*.>'];

const inboxes = '_INBOX.>';

/**
 * Starts the server that keeps the ledger: it syncs to the disk before each acknowledgement.
 * @throws NatsServerError `LOCKED` while another server uses the store, and whatever `startNatsServer` throws
 */
export async function startLedgerServer(options: LedgerServerOptions): Promise<LedgerServer> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const [admin, runtime, reader] = [newUser(), newUser(), newUser()];
  const config = ledgerConfig(dir, {
    admin: admin.key,
    runtime: runtime.key,
    reader: reader.key,
  });
  const server = await startNatsServer({
    ...options,
    dir: options.runDir,
    lock: join(dir, 'lock'),
    name: 'cambium-ledger',
    config,
  });
  const seeds = { admin: admin.seed, runtime: runtime.seed, reader: reader.seed };
  return { ...server, seeds };
}

/** Public keys of the users; the configuration holds no secret. */
type UserKeys = { readonly [user in keyof LedgerSeeds]: string };

// `max_payload`: a keyring's root is one message, however many keys it holds (about 53 bytes each).
// `max_file_store`: without it the server allows itself a share of the disk that happens to be free when it starts.
// JSON is valid in a server configuration, so nothing needs quoting rules of our own.
function ledgerConfig(dir: string, keys: UserKeys): string {
  const runtime = permissions(runtimePublishes);
  const reader = permissions([...readerAsks, ...readerStreams]);
  const accounts = {
    LEDGER: {
      jetstream: 'enabled',
      users: [{ nkey: keys.admin }, { nkey: keys.runtime, permissions: runtime }],
      exports: [
        ...readerAsks.map((service) => ({ service, accounts: ['READER'] })),
        ...readerStreams.map((service) => ({ service, response: 'stream', accounts: ['READER'] })),
      ],
    },
    READER: {
      users: [{ nkey: keys.reader, permissions: reader }],
      imports: [...readerAsks, ...readerStreams].map((subject) => ({
        service: { account: 'LEDGER', subject },
      })),
    },
  };
  return [
    'max_payload: 8MB',
    `jetstream { store_dir: ${JSON.stringify(dir)}, sync_interval: always, max_file_store: 1TB }`,
    `accounts: ${JSON.stringify(accounts, null, 2)}`,
  ].join('\n');
}

function permissions(allow: readonly string[]): object {
  return { publish: { allow }, subscribe: { allow: [inboxes] } };
}

function newUser(): { key: string; seed: string } {
  const seed = new TextDecoder().decode(createUser().getSeed());
  return { key: nkeyFrom(seed).name, seed };
}
