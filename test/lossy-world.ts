/*
 * A vault's own arrivals, decisions and sealing over a ledger in memory, and a messaging layer that is in the hands of the
 * test: it loses, delays, doubles, reorders and forges. For the faults that a real server cannot be made to show.
 */
import { randomBytes } from 'node:crypto';
import { createSecrets, openSecrets, publicKeys } from '../core/keys/vault-secrets.ts';
import { handleArrival } from '../core/manager/arrivals.ts';
import { readInbound } from '../core/manager/inbound.ts';
import { type Batch, Journal } from '../core/manager/journal.ts';
import { retireDue, rotateOwnKey, tellKeys } from '../core/manager/key-rotation.ts';
import { type Happening, notify, tellHeld } from '../core/manager/notices.ts';
import { queuedIn } from '../core/manager/outbox.ts';
import { Sealer } from '../core/manager/sealer.ts';
import type { Task, VaultParts, Work } from '../core/manager/turn.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import { Ledger } from '../ledger/ledger.ts';
import { LedgerProofs } from '../ledger/ledger-proofs.ts';
import { fixedBytes, identity, signer, signerFor } from '../ledger/testing/fixtures.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { RingWorld } from '../ledger/testing/ring-world.ts';
import { evolve } from '../projections/evolve.ts';
import { type Connection, emptyState } from '../projections/vault-state.ts';
import { type PeerIdentity, PeerSession, type SealedEvent } from '../service/session.ts';
import { signerFrom } from '../wire/crypto.ts';
import { identifierFrom } from '../wire/identifiers.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import { fromService } from '../wire/subjects.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day: number = 24 * hour;

/** What was decided about one event, and what the vault said to it. */
export type Taken = {
  readonly records: readonly LedgerRecord[];
  readonly said: readonly { readonly subject: string; readonly bytes: Uint8Array }[];
};

const start = Date.UTC(2026, 10, 1);
const vault = identifierFrom(fixedBytes('vault', 16));

/** A vault and one service that is connected to it, with nothing between them but the test. */
export class LossyWorld {
  now: number;
  readonly identity: PeerIdentity;
  /** The service's session; another one has lost its memory. */
  session: PeerSession;
  readonly #parts: VaultParts;
  readonly #store: MemoryStore;

  private constructor(parts: VaultParts, store: MemoryStore, peer: PeerIdentity, clock: Clock) {
    this.#parts = parts;
    this.#store = store;
    this.identity = peer;
    this.now = start;
    this.session = this.newSession();
    clock.now = () => this.now;
  }

  /** @param name - parties of different names have different keys, connections and vaults */
  static async create(name = 'shop'): Promise<LossyWorld> {
    const clock: Clock = { now: () => start };
    const store = new MemoryStore();
    const ring = await new RingWorld().create();
    await createSecrets(ring, fixedBytes('ledger seed'));
    const secrets = await openSecrets(ring);
    const scope = await ring.createScope();
    const ledger = await Ledger.create({
      ...{ store, identity, signerFor },
      keys: (of) => ring.scopeKey(of),
      now: () => clock.now(),
    });
    const journal = new Journal(ledger, emptyState);
    const sealer = new Sealer(ring, secrets);
    const proofs = new LedgerProofs(store, ledger.tiles);
    const unused = { bus: {}, admission: {}, runner: { handlers: [] }, log: () => {} };
    const parts = { journal, ledger, proofs, ring, secrets, sealer, ...unused };
    const peer = await peerOf(name, publicKeys(secrets, signer.publicKey));
    const world = new LossyWorld(parts as unknown as VaultParts, store, peer, clock);
    await world.#genesis(scope, publicKeys(secrets, signer.publicKey));
    return world;
  }

  /** The service after it has forgotten every epoch, or another process of it. */
  newSession(lot?: () => number): PeerSession {
    return new PeerSession(this.identity, () => this.now, lot);
  }

  /** The vault's side of the connection. */
  get connection(): Connection {
    const found = this.#parts.journal.state.connections.get(this.identity.connection);
    if (found === undefined) throw new Error('no connection');
    return found;
  }

  /** A signed event, sealed and not sent: of a type that nobody serves, so that it is refused and answered. */
  seal(session: PeerSession = this.session): Promise<SealedEvent> {
    const { vault: of, party } = this.identity;
    return session.seal(fromService(of, party, 'note.send'), { type: 'note.send', payload: {} });
  }

  /** The vault takes a message, and what it says to it is on its way. */
  async take(message: { readonly subject: string; readonly bytes: Uint8Array }): Promise<Taken> {
    return this.#turn(async (turn) => {
      const { state } = turn.batch;
      const inbound = { subject: message.subject, data: message.bytes };
      const arrival = await readInbound(state, this.#parts.secrets, inbound);
      if (arrival.kind === 'stranger') return;
      const nothing = async (): Promise<void> => {};
      const hooks = {
        start: () => {},
        audit: nothing,
        again: nothing,
        counted: () => {},
        fold: () => false,
      };
      await handleArrival(this.#parts, turn, arrival, hooks);
    });
  }

  /** The vault says something of its own accord. */
  async say(count = 1): Promise<Taken> {
    return this.#turn(async ({ batch }) => {
      for (let i = 0; i < count; i++)
        await this.#parts.sealer.queue(batch, {
          connection: this.identity.connection,
          type: 'note.told',
          payload: { i },
        });
    });
  }

  /** A key of the vault is replaced, and who is connected is told. */
  rotate(purpose: 'signing' | 'encapsulation'): Promise<Taken> {
    return this.#turn(async (turn) => {
      rotateOwnKey(this.#parts, turn, purpose, 0, (last) => tellKeys(this.#parts, last));
    });
  }

  /** Something happens that the owner should know. */
  happens(happening: Happening): Promise<Taken> {
    return this.#turn(async (turn) => notify(this.#parts, turn, happening, 0));
  }

  /** What upkeep does about notices that were counted. */
  tellHeld(): Promise<Taken> {
    return this.#turn(async (turn) => tellHeld(this.#parts, turn));
  }

  /** What upkeep does about keys of before. */
  retire(): Promise<Taken> {
    return this.#turn(async (turn) => retireDue(this.#parts, turn));
  }

  /** The vault, opened again from its ledger. */
  async reopened(): Promise<LossyWorld> {
    const clock: Clock = { now: () => this.now };
    let state = emptyState;
    const { ring, secrets, sealer } = this.#parts;
    const keys = (of: string): Uint8Array | undefined => ring.scopeKey(of);
    const ledger = await Ledger.open(
      { store: this.#store, identity, signerFor, keys, now: () => clock.now() },
      (record) => {
        state = evolve(state, record);
      },
    );
    const journal = new Journal(ledger, state);
    const parts = { ...this.#parts, ledger, journal, secrets, sealer };
    const world = new LossyWorld(parts, this.#store, this.identity, clock);
    world.now = this.now;
    world.session = this.session;
    return world;
  }

  async #genesis(scope: string, keys: ReturnType<typeof publicKeys>): Promise<void> {
    const { connection, party, signer: own, encapsulation } = this.identity;
    const peerKeys = { signing: own.publicKey, encapsulation: encapsulation.publicKey };
    const owners = await this.#parts.ring.createScope();
    await this.#turn(async ({ batch }) => {
      batch.add({ kind: 'genesis', scope, body: { vault, keys, measurement: '' } });
      batch.add({
        kind: 'connected',
        scope: owners,
        body: { connection, kind: 'service', party, name: '', keys: peerKeys, optional: [] },
      });
    });
  }

  async #turn(task: Task): Promise<Taken> {
    const batch: Batch = this.#parts.journal.begin();
    const works: Work[] = [];
    await task({ batch, effects: [], later: (work) => works.push(work) });
    await this.#parts.journal.commit(batch);
    const { records } = batch;
    const taken: Taken = { records, said: queuedIn(records) };
    const [work] = works;
    if (work === undefined) return taken;
    const more = await this.#turn((await work()).task);
    return { records: [...taken.records, ...more.records], said: [...taken.said, ...more.said] };
  }
}

type Clock = { now: () => number };

async function peerOf(
  name: string,
  keys: { readonly signing: Uint8Array; readonly encapsulation: Uint8Array },
): Promise<PeerIdentity> {
  return {
    vault,
    connection: identifierFrom(fixedBytes(`${name} connection`, 16)),
    party: `A${name
      .toUpperCase()
      .replace(/[^A-Z]/g, '')
      .padEnd(55, 'Q')
      .slice(0, 55)}`,
    signer: signerFrom(fixedBytes(`${name} signing`)),
    encapsulation: await encapsulationKeyFrom(new Uint8Array(randomBytes(32))),
    vaultSigning: keys.signing,
    vaultEncapsulation: keys.encapsulation,
  };
}
