import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { vineAdmission } from '../core/bus/admission.ts';
import { vineDeviceAccess } from '../core/bus/device-access.ts';
import { natsVaultBus } from '../core/bus/vault-bus.ts';
import { ensureAnswerStream } from '../core/bus/vine/answer-stream.ts';
import type { VineCredential } from '../core/bus/vine/claims.ts';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import {
  answerKeeperCredential,
  sysCredential,
  vaultMessageSideCredential,
  vaultOwnerSideCredential,
} from '../core/bus/vine/credentials.ts';
import { ensureMessageAccount } from '../core/bus/vine/message-account.ts';
import { streamManager } from '../core/bus/vine/stream-manager.ts';
import type { VineKeys } from '../core/bus/vine/vine-keys.ts';
import { answerKeeperInbox, sysInbox, vaultInbox } from '../core/bus/vine/vine-names.ts';
import { measureImage } from '../core/enclave/measurement.ts';
import { createHandlerHost, type HandlerHost } from '../core/host/handler-host.ts';
import { loadManifests } from '../core/host/manifest-loader.ts';
import { sandboxHere } from '../core/host/sandbox.ts';
import { openSecrets, type VaultSecrets } from '../core/keys/vault-secrets.ts';
import type { KeepableAnswer } from '../core/manager/answer-keeper.ts';
import type { ShutReason } from '../core/manager/door.ts';
import { HostClock, type TimeSource } from '../core/manager/host-clock.ts';
import { Journal } from '../core/manager/journal.ts';
import { dropRetired } from '../core/manager/key-rotation.ts';
import type { Admission, DeviceAccess, HandlerRunner, VaultBus } from '../core/manager/ports.ts';
import { Sealer } from '../core/manager/sealer.ts';
import { Vault } from '../core/manager/vault.ts';
import type { Pin } from '../core/pins/pin.ts';
import { type WitnessParts, witnessPin } from '../core/pins/witness-pin.ts';
import { createRelay } from '../core/witness/relay-process.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { lastKey } from '../ledger/chain-end.ts';
import type { CommitStore } from '../ledger/commit-store.ts';
import { LedgerError } from '../ledger/errors.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { Ledger } from '../ledger/ledger.ts';
import { LedgerProofs } from '../ledger/ledger-proofs.ts';
import type { Pinned } from '../ledger/pinned.ts';
import { lookUpRecord, type VerifiedStore } from '../ledger/record-lookup.ts';
import type { RootSource } from '../ledger/ring-root.ts';
import { jetStreamRing } from '../ledger/ring-store.ts';
import { evolve } from '../projections/evolve.ts';
import { emptyState, type VaultState } from '../projections/vault-state.ts';
import { TrailReader } from '../replay/trail-reader.ts';
import { PeerLines } from '../service/peer-lines.ts';
import { decode } from '../wire/msgpack.ts';
import { beginVault, type OwnersWord } from './begin-vault.ts';
import { criticalTypes } from './critical-types.ts';
import type { VaultCard } from './data-dir.ts';
import { programRoot } from './program-root.ts';
import { connectLedger } from './servers.ts';

/** Name under which the ring keeps the keys of the embedded messaging layer. */
export const vineKeysName = 'vine';

const relayProgram: string = join(programRoot, 'dist/core/witness/witness-relay.js');

/** Everything that has to be there before a vault can open. */
export type VaultEnvironment = OwnersWord & {
  readonly card: VaultCard;
  readonly roots: RootSource;
  readonly ledger: { readonly url: string; readonly seed: string };
  readonly vine: { readonly url: string };
  /** Places outside the data directory that keep the last checkpoint. */
  readonly pins: readonly Pin[];
  /** Witnesses that have to cosign, and how many of them. */
  readonly witnesses?: Pick<WitnessParts, 'witnesses' | 'quorum'>;
  /** Pins that keep nothing begin anew with this opening. */
  readonly adopt?: boolean;
  /** Checkpoints that others have seen: the vault does not open on a ledger without them. */
  readonly seen?: readonly Pinned[];
  readonly log: (line: string, details?: Record<string, unknown>) => void;
  readonly onFailure: (error: Error) => void;
  /** Folder of the handlers, unless they are this program's own. */
  readonly handlers?: string;
  /** How long a party's messaging credential lasts, in milliseconds; 30 days unless it is said. */
  readonly credentialMs?: number;
  /** The clocks of this machine, unless they are others. */
  readonly time?: TimeSource;
  /** How this program is measured, where not by its files. */
  readonly measure?: () => Promise<string>;
};

/** A vault that is open, and how to close it. */
export type RunningVault = {
  readonly handlers: HandlerHost;
  /** Stops in good order. */
  close(): Promise<void>;
  /** For a vault that has failed: tells those who ask why nothing happens, until it is abandoned. */
  shut(reason: ShutReason): Promise<void>;
  /** Lets go of everything at once, as a crash would; for a vault that has failed. */
  abandon(): Promise<void>;
};

/** SHA-384 of this program, as `opened` records it. */
export function measureProgram(): Promise<string> {
  return measureImage(programRoot);
}

/**
 * Opens a vault: verifies the whole ledger, rebuilds the state, takes the ledger, and serves.
 * @throws LedgerError when the ledger is not whole or cannot be written, or the owner's word is needed
 */
export async function openVault(environment: VaultEnvironment): Promise<RunningVault> {
  const { card, log } = environment;
  const connections: Closable[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.allSettled(connections.map((connection) => connection.close()));
  };
  try {
    const opened = await assemble(environment, connections);
    await beginVault(environment, opened);
    log('the vault is open', { vault: card.vault, records: opened.journal.state.size });
    return {
      handlers: opened.runner,
      close: async () => {
        await opened.vault.close();
        opened.ring.close();
        await closeAll();
      },
      shut: (reason) => opened.vault.shut(reason),
      abandon: async () => {
        opened.ledger.close();
        await opened.runner.stop();
        opened.ring.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Destroys the keys that an erasure was recorded for, where a crash came between. */
async function completeErasures(ring: Keyring, { erased }: Ledger): Promise<void> {
  await ring.forget([...erased].filter((scope) => ring.scopeKey(scope) !== undefined));
}

/** What is let go of at the end, whatever happened. */
type Closable = { close(): Promise<unknown> };

/** What a ledger is opened from. */
type Stored = {
  readonly store: CommitStore;
  readonly ring: Keyring;
  readonly secrets: VaultSecrets;
  readonly pins: ReadonlyMap<Pin, string | undefined>;
};

async function assemble(environment: VaultEnvironment, connections: Closable[]) {
  const { card, roots, log } = environment;
  const ledgerNc = await connectLedger(environment.ledger.url, environment.ledger.seed);
  connections.push(ledgerNc);
  const store = await jetStreamStore(ledgerNc, card.vault);
  const ring = await Keyring.unlock(
    await jetStreamRing(ledgerNc, card.vault),
    card.ledger.id,
    roots,
  );
  const secrets = await openSecrets(ring);
  const pins = await readPins(environment.pins, environment.adopt === true);
  const { ledger, state, clock } = await readState(environment, { store, ring, secrets, pins });
  if (state.ring !== undefined) ring.expect(state.ring);
  await completeErasures(ring, ledger);
  await secrets.ledger.dropOthers(lastKey(ledger.end.keys));
  await dropRetired(secrets, state);
  await ring.settle();
  const runner = await handlerRunner(environment);
  const { bus, admission, devices } = await messaging(environment, ring, runner, connections);
  const journal = new Journal(ledger, state);
  const sealer = new Sealer(ring, secrets);
  const proofs = new LedgerProofs(store, ledger.tiles);
  const relay = createRelay({ program: relayProgram, onLog: (line) => log('relay', { line }) });
  connections.push(relay);
  const witness =
    environment.witnesses &&
    witnessPin({
      ...environment.witnesses,
      post: (url, body) => relay.post(url, body),
      prove: (from, to) => proofs.consistency(from, to),
      log,
    });
  const parts = {
    journal,
    ledger,
    proofs,
    ring,
    secrets,
    sealer,
    bus,
    admission,
    devices,
    peers: new PeerLines(log),
    runner,
    log,
  };
  const measurement = await (environment.measure ?? measureProgram)();
  const trail = new TrailReader(store, card.ledger, (scope) => ring.scopeKey(scope));
  const vault = new Vault(parts, {
    measurement,
    pins: new Map([...pins, ...(witness === undefined ? [] : [[witness, undefined] as const])]),
    recorded: (index) =>
      recordedMessage({ store, identity: card.ledger, signers: ledger.end.keys }, ring, index),
    audit: (from, count) => trail.page(from, count),
    onFailure: environment.onFailure,
  });
  return { vault, journal, runner, ring, ledger, clock, measurement };
}

/**
 * What each pin keeps.
 * @throws LedgerError PIN_MISSING when one keeps nothing: then nobody can tell whether the ledger is whole
 */
async function readPins(
  pins: readonly Pin[],
  adopt: boolean,
): Promise<Map<Pin, string | undefined>> {
  const kept = new Map<Pin, string | undefined>();
  for (const pin of pins) {
    const note = await pin.read?.();
    if (note === undefined && pin.read !== undefined && !adopt)
      throw new LedgerError('PIN_MISSING', `${pin.name} keeps no checkpoint of this vault`);
    kept.set(pin, note);
  }
  return kept;
}

async function readState(
  { card, time, seen = [] }: VaultEnvironment,
  { store, ring, secrets, pins }: Stored,
): Promise<{ ledger: Ledger; state: VaultState; clock: HostClock }> {
  let state = emptyState;
  const clock = new HostClock(time);
  const parts = {
    store,
    identity: card.ledger,
    signerFor: secrets.ledger.keyFor,
    keys: (scope: string) => ring.scopeKey(scope),
    now: () => clock.now(),
  };
  const pinned = [...pins].flatMap(([{ name }, note]) =>
    note === undefined ? [] : [{ pin: name, note }],
  );
  const fold = (record: LedgerRecord): void => {
    state = evolve(state, record);
  };
  const ledger = await Ledger.open(parts, fold, [...pinned, ...seen]);
  return { ledger, state, clock };
}

async function handlerRunner(environment: VaultEnvironment): Promise<HandlerRunner & HandlerHost> {
  const { log, handlers: folder = join(programRoot, 'handlers') } = environment;
  const handlers = await loadManifests(folder);
  const sandbox = await sandboxHere();
  for (const note of sandbox.notes) log(note);
  const host = createHandlerHost(handlers, {
    sandbox,
    onLog: (handler, line) => log('handler', { handler, line }),
  });
  return { ...host, handlers };
}

async function messaging(
  { card, vine, credentialMs, log }: VaultEnvironment,
  ring: Keyring,
  runner: HandlerRunner,
  connections: Closable[],
): Promise<{ bus: VaultBus; admission: Admission; devices: DeviceAccess }> {
  const { vault } = card;
  const keys = decode(ring.secret(vineKeysName)) as unknown as VineKeys;
  const open = async (credential: VineCredential, inboxPrefix: string): Promise<NatsConnection> => {
    const nc = await connectVine(vine.url, credential, { name: 'vault', inboxPrefix });
    connections.push(nc);
    return nc;
  };
  // One after another: when one fails, no other is left that opens later and is never closed.
  const owner = await open(await vaultOwnerSideCredential(keys, { vault }), vaultInbox(vault));
  const messages = await open(await vaultMessageSideCredential(keys, { vault }), vaultInbox(vault));
  const sys = await open(await sysCredential(keys), sysInbox);
  await ensureMessageAccount(sys, keys);
  const keeper = await open(await answerKeeperCredential(keys), answerKeeperInbox);
  const answers = await streamManager(keeper);
  await ensureAnswerStream(answers);
  const bus = natsVaultBus({ vault, owner, messages, critical: criticalTypes(runner), log });
  const options = { vault, servers: [vine.url], credentialMs };
  const devices = vineDeviceAccess(sys, keys, vault);
  return { bus, admission: vineAdmission({ sys, answers }, keys, options), devices };
}

async function recordedMessage(
  ledger: VerifiedStore,
  ring: Keyring,
  index: number,
): Promise<KeepableAnswer | undefined> {
  const record = await lookUpRecord(ledger, (scope) => ring.scopeKey(scope), index);
  return record?.kind === 'queued' ? record.body : undefined;
}
