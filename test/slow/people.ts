/* The people around a vault, at their own ends: its owner's app, and a service under a contract. */
import { join } from 'node:path';
import type { DataDir } from '../../cli/data-dir.ts';
import { loadOwnerApp } from '../../cli/owner-app.ts';
import { fileSealer } from '../../core/enclave/sealer.ts';
import {
  addressOf,
  connectionRequest,
  contractRef,
  newServiceKeys,
  type ServiceConnection,
} from '../../service/service-identity.ts';
import type { OutgoingEvent, SealedEvent } from '../../service/session.ts';
import { signerFrom } from '../../wire/crypto.ts';
import type { ContractRef } from '../../wire/event.ts';
import { encapsulationKeyFrom } from '../../wire/key-encapsulation.ts';
import type { Answer, ConnectionAccepted, Invite } from '../../wire/messages.ts';
import { passphrase, retailer } from '../harness.ts';
import { RawPeer } from './raw-peer.ts';

const resendMs = 700;
const answerWaitMs = 180_000;

/** The service, and the contract that its requests name. */
export type Party = {
  readonly peer: RawPeer;
  readonly connection: string;
  readonly contract: ContractRef;
};

/** The owner's app of a house, not connected yet. */
export async function ownerPeer(house: { data: DataDir; folder: string }): Promise<RawPeer> {
  const sealer = fileSealer(join(house.folder, 'sealer'));
  const app = await loadOwnerApp(house.data, passphrase, sealer);
  const identity = {
    vault: app.vault,
    connection: app.connection,
    party: 'owner',
    signer: signerFrom(app.signingSeed),
    encapsulation: await encapsulationKeyFrom(app.encapsulationSeed),
    vaultSigning: app.vaultSigning,
    vaultEncapsulation: app.vaultEncapsulation,
  };
  return new RawPeer({ servers: [], credential: app.credential, identity });
}

/** Sends the same bytes again and again until something final answers. */
export async function askUntilAnswered(peer: RawPeer, sealed: SealedEvent): Promise<Answer> {
  const deadline = performance.now() + answerWaitMs;
  let sendAt = 0;
  for (;;) {
    const answer = peer.finalAnswer(sealed.id);
    if (answer !== undefined) return answer;
    const now = performance.now();
    if (now > deadline) throw new Error(`no answer to ${sealed.id} on ${sealed.subject}`);
    if (now >= sendAt) {
      peer.send(sealed);
      sendAt = now + resendMs;
    }
    await peer.heard(Math.max(1, Math.min(sendAt, deadline) - performance.now()));
  }
}

/** `askUntilAnswered` for something that has to succeed. */
export async function served(peer: RawPeer, outgoing: OutgoingEvent): Promise<unknown> {
  const answer = await askUntilAnswered(peer, await peer.seal(outgoing));
  if (answer.status === 'served') return answer.result;
  throw new Error(`${outgoing.type}: ${JSON.stringify(answer)}`);
}

/** A service that the owner has invited and accepted, with limits that nobody reaches. */
export async function connectParty(owner: RawPeer, url: string): Promise<Party> {
  const label = { label: 'load' };
  const invite = (await served(owner, { type: 'owner.invite', payload: label })) as Invite;
  const contract = { ...(await retailer()), limits: { requests_per_hour: 1e6, burst: 1e6 } };
  const asking: ServiceConnection = { keys: newServiceKeys(), invite, contract };
  const stranger = new RawPeer(await addressOf(asking));
  await stranger.connectTo(url);
  const payload = await connectionRequest(asking);
  const request = await stranger.seal({ type: 'connection.request', payload });
  if (!(await stranger.submit(request))) throw new Error('the request to connect was not taken');
  while (!stranger.hasAnswer(request.id)) await stranger.heard(1_000);
  const acceptance = { connection: invite.connection, optional: [] };
  await served(owner, { type: 'owner.accept', payload: acceptance });
  const answer = await askUntilAnswered(stranger, request);
  if (answer.status !== 'served') throw new Error(JSON.stringify(answer));
  await stranger.close();
  const accepted = answer.result as ConnectionAccepted;
  const peer = new RawPeer(await addressOf({ ...asking, accepted }));
  await peer.connectTo(url);
  return { peer, connection: invite.connection, contract: contractRef(contract) };
}

/** What the contract asks for, so that requests under it can be served. */
export async function fillFields(owner: RawPeer): Promise<void> {
  const fields = {
    'personal/full_name': 'Ada Lovelace',
    'personal/shipping_address': '12 Analytical Row',
    'personal/date_of_birth': '1815-12-10',
  };
  for (const [field, value] of Object.entries(fields))
    await served(owner, { type: 'owner.set', payload: { field, value } });
}
