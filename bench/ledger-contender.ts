import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectLedger } from '../cli/servers.ts';
import { type LedgerServer, startLedgerServer } from '../core/bus/ledger-server.ts';
import type { Draft } from '../ledger/bodies.ts';
import { ledgerIdOf } from '../ledger/chain.ts';
import type { CommitStore, StoredCommit } from '../ledger/commit-store.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';
import { Ledger, type LedgerParts } from '../ledger/ledger.ts';
import { verifyStore } from '../ledger/reader.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, type VaultState } from '../projections/vault-state.ts';
import { signerFrom } from '../wire/crypto.ts';
import { encode } from '../wire/msgpack.ts';
import { bodyBytes, type Contender } from './contender.ts';

const scope = 'a0'.repeat(16);
/** Facts that may wait for their commit: two commits' worth, so that one fills while one is written. */
const waitingMax = 2000;
/** Facts of one call, as the others take a batch: as many as fit a commit with bodies of this size. */
const factsPerCall = 500;
const fieldsMax = 1000;

/** The vault's ledger on its own server: sealed, chained, in the tree, signed, fsynced. */
export type LedgerContender = Required<Contender> & {
  /** The same commits held in memory: what verification costs without a server. */
  inMemory(): Promise<Contender>;
  /** Reading alone: every commit is fetched, none is looked at. */
  readonly reading: Contender;
  /** The ledger whose facts were appended one at a time: each has a commit, and so a signature, of its own. */
  readonly singles: Contender;
  /** A burst of calls with one fact each: what many turns of a vault cost. */
  readonly calls: Contender;
};

/** Starts a ledger server in `folder`, with `sync_interval: always`, and begins two ledgers on it. */
export async function startLedgerContender(
  binary: string,
  folder: string,
): Promise<LedgerContender> {
  const server = await startServer(binary, folder);
  const nc = await connectLedger(server.url, server.seeds.runtime);
  const bursts = await partsOf(server, nc, 'bursts');
  const singles = await partsOf(server, nc, 'singles');
  const burstLedger = await begin(bursts);
  const singleLedger = await begin(singles);
  const singlesOfBurst = await begin(await partsOf(server, nc, 'calls'));
  return {
    name: 'cambium: sealed, chain, tree, signed, fsynced',
    burst: (count) => burst(burstLedger, count, factsPerCall),
    alone: () => singleLedger.append([fact(singleLedger.end.size)]).durable,
    verify: () => verifyAll(bursts),
    replay: () => replayAll(bursts),
    close: async () => {
      await nc.close();
      await server.stop();
    },
    inMemory: () => inMemory(bursts),
    reading: reader('reading its commits alone', () => readAll(bursts.store, burstLedger)),
    singles: reader('cambium, one record a commit', () => verifyAll(singles)),
    calls: {
      name: 'cambium, one fact a call',
      burst: (count) => burst(singlesOfBurst, count, 1),
      close: async () => undefined,
    },
  };
}

function reader(name: string, verify: () => Promise<number>): Contender {
  return { name, verify, close: async () => undefined };
}

async function startServer(binary: string, folder: string): Promise<LedgerServer> {
  await mkdir(folder, { recursive: true });
  return startLedgerServer({ binary, dir: join(folder, 'store'), runDir: join(folder, 'run') });
}

async function partsOf(
  server: LedgerServer,
  nc: NatsConnection,
  vault: string,
): Promise<LedgerParts> {
  const admin = await connectLedger(server.url, server.seeds.admin);
  await createLedgerStream(admin, vault);
  await admin.close();
  const signer = signerFrom(new Uint8Array(randomBytes(32)));
  const key = new Uint8Array(randomBytes(32));
  const identity = { id: ledgerIdOf(signer.publicKey), publicKey: signer.publicKey };
  const store = await jetStreamStore(nc, vault);
  return { store, signerFor: () => signer, identity, keys: () => key, now: Date.now };
}

async function begin(parts: LedgerParts): Promise<Ledger> {
  const ledger = await Ledger.create(parts);
  await ledger.append([genesis(parts)]).durable;
  return ledger;
}

async function burst(ledger: Ledger, count: number, perCall: number): Promise<number> {
  const waiting: Promise<void>[] = [];
  const callsMax = waitingMax / perCall;
  for (let call = 0; call * perCall < count; call++) {
    if (call >= callsMax) await waiting[call % callsMax];
    const { size } = ledger.end;
    const facts = Array.from({ length: perCall }, (_, at) => fact(size + at));
    waiting[call % callsMax] = ledger.append(facts).durable;
  }
  await ledger.flush();
  return count;
}

async function verifyAll({ store, identity }: LedgerParts): Promise<number> {
  let count = 0;
  for await (const { records } of verifyStore(store, identity)) count += records.length;
  return count;
}

/** What the vault does when it opens. */
async function replayAll(parts: LedgerParts): Promise<number> {
  let state: VaultState = emptyState;
  await Ledger.open(parts, (record) => {
    state = evolve(state, record);
  });
  return state.size;
}

async function readAll(store: CommitStore, ledger: Ledger): Promise<number> {
  for await (const _ of store.scan(1));
  return ledger.end.size;
}

async function inMemory(parts: LedgerParts): Promise<Contender> {
  const commits: StoredCommit[] = [];
  for await (const commit of parts.store.scan(1)) commits.push(commit);
  const store: CommitStore = {
    ...parts.store,
    last: async () => commits.length,
    scan: async function* (sequence) {
      yield* commits.slice(sequence - 1);
    },
  };
  return {
    name: 'cambium, commits in memory',
    verify: () => verifyAll({ ...parts, store }),
    replay: () => replayAll({ ...parts, store }),
    close: async () => undefined,
  };
}

const bodies: readonly Extract<Draft, { kind: 'stored' }>['body'][] = Array.from(
  { length: fieldsMax },
  (_, number) => {
    const field = `personal/note_${number}`;
    const rest = encode({ field, value: ''.padEnd(bodyBytes / 2) }).length - bodyBytes / 2;
    return { field, value: randomBytes(bodyBytes).toString('hex').slice(rest, bodyBytes) };
  },
);

function fact(index: number): Draft {
  const body = bodies[index % fieldsMax];
  if (body === undefined) throw new RangeError('no body');
  return { kind: 'stored', scope, body };
}

function genesis({ identity }: LedgerParts): Draft {
  const { publicKey } = identity;
  const keys = { signing: publicKey, encapsulation: publicKey, ledger: publicKey, purposes: {} };
  return { kind: 'genesis', scope, body: { vault: 'bench', keys, measurement: 'none' } };
}
