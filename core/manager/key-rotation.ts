import { randomBytes } from 'node:crypto';
import type { ReceivedEvent } from '../../ledger/bodies.ts';
import { lastKey } from '../../ledger/chain-end.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import { type Handover, type KnownKeyIds, signHandover } from '../../wire/handover.ts';
import { type Answer, keysChangedType } from '../../wire/messages.ts';
import type { VaultSecrets } from '../keys/vault-secrets.ts';
import {
  handoverLastsMs,
  honoured,
  isBehind,
  positionOf,
  type signerKnownTo,
  toldFrom,
} from './handovers.ts';
import { inTurns } from './in-turns.ts';
import type { Task, Turn, VaultParts } from './turn.ts';

/*
 * A key of the vault is replaced: the next one is durable in the ring before it is recorded, and recorded before it
 * is used. Whoever knows the one before is told by a handover that both have signed, until it says that it knows.
 * The one before is honoured for a while, then `retired` is recorded and its private half destroyed.
 */

/** Makes the next signing or encapsulation key, records that it takes over, and goes on with `then`. */
export function rotateOwnKey(
  { secrets }: VaultParts,
  turn: Turn,
  purpose: 'signing' | 'encapsulation',
  from: number,
  then: Task,
): void {
  turn.later(async () => {
    const next = (await keepNext(secrets, purpose)).publicKey;
    return {
      task: async ({ batch, later }) => {
        const { keys, vault, scope } = batch.state;
        if (keys === undefined) throw new Error('the vault has no keys');
        const ends = { from: keys[purpose], to: next };
        const old = secrets.signing.keyFor(keys.signing);
        const signers = {
          old,
          new: purpose === 'signing' ? secrets.signing.keyFor(next) : undefined,
        };
        const handover = signed(vault, purpose, ends, signers);
        batch.add({ kind: 'rotated', scope, cause: from, body: { purpose, ...ends, handover } });
        later(async () => ({ task: then }));
      },
    };
  });
}

/** What is recorded about the ledger's next key for those who check statements. Both keys are in the ring. */
export function ledgerHandover(
  { secrets, ledger }: VaultParts,
  { vault }: VaultState,
  to: Uint8Array,
): Handover {
  const from = lastKey(ledger.end.keys);
  const signers = { old: secrets.ledger.keyFor(from), new: secrets.ledger.keyFor(to) };
  return signed(vault, 'ledger', { from, to }, signers);
}

/** Tells every connection that has not said yet that it knows the vault's keys, some in each turn. */
export function tellKeys(parts: VaultParts, turn: Turn): Promise<void> {
  return inTurns(turn, behind(turn.batch.state), (next, id) => tellOne(parts, next, id));
}

/** Tells one connection; nothing where it knows already. */
export async function tellOne(
  { sealer }: VaultParts,
  { batch }: Turn,
  connection: string,
  from?: number,
): Promise<void> {
  const known = batch.state.connections.get(connection);
  if (known === undefined || !isBehind(batch.state, known)) return;
  const payload = toldFrom(batch.state, known.knows ?? 0);
  const cause = from === undefined ? {} : { from };
  await sealer.queue(batch, { connection, type: keysChangedType, payload, ...cause });
}

/** A peer names the vault's keys that it knows: recorded where they are later ones, and answered with what came after. */
export async function answerKeys(
  _: VaultParts,
  { batch }: Turn,
  { connection, event }: ReceivedEvent,
  from: number,
): Promise<Answer> {
  const type = event?.type ?? '';
  const known = batch.state.connections.get(connection);
  if (known === undefined) return { status: 'refused', type, code: 'connection_unknown' };
  const said = positionOf(batch.state, known, event?.payload as unknown as KnownKeyIds);
  const before = known.knows ?? 0;
  if (said !== undefined && said > before) {
    const body = { connection, handovers: said };
    batch.add({ kind: 'keys_known', scope: known.scope, cause: from, body });
  }
  return { status: 'served', type, result: toldFrom(batch.state, said ?? before) };
}

/** Lets go of keys that were honoured for long enough: recorded first, then destroyed. */
export function retireDue({ secrets, ring }: VaultParts, { batch, later }: Turn): void {
  const due = batch.state.handovers.filter(
    ({ handover, at, retired }) =>
      handover.purpose !== 'ledger' && retired !== true && at + handoverLastsMs <= batch.time,
  );
  if (due.length === 0) return;
  const { scope } = batch.state;
  for (const { handover, from } of due)
    if (handover.purpose !== 'ledger')
      batch.add({ kind: 'retired', scope, body: { purpose: handover.purpose, key: from } });
  const { state } = batch;
  later(async () => {
    await dropRetired(secrets, state);
    const body = { purpose: 'ring' as const, ring: ring.state() };
    return {
      task: async (next) => {
        next.batch.add({ kind: 'rotated', scope: next.batch.state.scope, body });
      },
    };
  });
}

/**
 * Destroys keys that are honoured no longer, and those that were made and never took over: a crash may have
 * come between.
 */
export async function dropRetired(
  { signing, encapsulation }: VaultSecrets,
  state: VaultState,
): Promise<void> {
  const { keys } = state;
  if (keys === undefined) return;
  await signing.dropOthers(keys.signing, ...honoured(state, 'signing'));
  await encapsulation.dropOthers(keys.encapsulation, ...honoured(state, 'encapsulation'));
}

function behind(state: VaultState): string[] {
  return state.connections
    .valueSeq()
    .filter((known) => isBehind(state, known))
    .map(({ id }) => id)
    .toArray();
}

async function keepNext(
  secrets: VaultSecrets,
  purpose: 'signing' | 'encapsulation',
): Promise<{ readonly publicKey: Uint8Array }> {
  const seed = new Uint8Array(randomBytes(32));
  const next = await secrets[purpose].keep(seed);
  seed.fill(0);
  return next;
}

type Signers = { readonly old: SignerOrNone; readonly new: SignerOrNone };
type SignerOrNone = ReturnType<typeof signerKnownTo> | undefined;

function signed(
  vault: string,
  purpose: Handover['purpose'],
  ends: { readonly from: Uint8Array; readonly to: Uint8Array },
  { old, new: next }: Signers,
): Handover {
  if (old === undefined) throw new Error(`the ring has no key to hand over ${purpose} with`);
  return signHandover(vault, purpose, ends, { old, ...(next === undefined ? {} : { new: next }) });
}
