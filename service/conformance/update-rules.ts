import { type Contract, contractHash, signContract } from '../../wire/contract.ts';
import { contractRef } from '../service-identity.ts';
import type { Sent } from './forgery.ts';
import { expect, fault, inWords, isRefused, isTaken } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { fields, mainTerms } from './terms.ts';
import { strangersKey } from './wrong-keys.ts';

const rule = ofPage('contract.md');
const section = 'Versions';
const type = 'contract.update';
/** Versions that a connection may offer in a row. */
const burst = 4;

/** The version after another, but for what is changed. */
function after(before: Contract, change: Partial<Contract> = {}): Contract {
  const next = { version: before.version + 1, previous: contractHash(before) };
  return { ...before, ...next, title: `${before.title}, once more`, ...change };
}

function offering(peer: Peer, contract: unknown): Sent {
  const { signer } = peer.identity;
  const document = signContract(signer, contract as Contract);
  return peer.forge(type, { contract: document }, { event: { contract: undefined } });
}

/** Hands an offer over: what is said first. */
async function offered(peer: Peer, sent: Sent): Promise<Told | undefined> {
  await peer.hand(sent);
  return peer.until(() => peer.answers(sent.id)[0]);
}

/** An offer that is refused with that code, and changes nothing. */
const refuses = (id: string, code: string, says: string, make: (peer: Peer) => Sent): Rule =>
  rule(id, section, says, async (lab) => {
    const { peer } = await lab.under('misleading', () => mainTerms);
    const told = await offered(peer, make(peer));
    const right = told !== undefined && isRefused(told.answer, [code]);
    return expect(right, `refused as ${code}`, inWords(told));
  });

const wrong: readonly Rule[] = [
  refuses(
    'update-form',
    'schema_invalid',
    'A next version with a member that is not named is refused.',
    (peer) => offering(peer, { ...after(mainTerms), colour: 'blue' }),
  ),
  refuses(
    'update-signature',
    'signature_invalid',
    'A next version that its key has not signed as it stands is refused.',
    (peer) => {
      const { signer } = peer.identity;
      const document = signContract(signer, after(mainTerms));
      const contract = after(mainTerms, { title: 'Other terms' });
      const payload = { contract: { ...document, contract } };
      return peer.forge(type, payload, { event: { contract: undefined } });
    },
  ),
  refuses(
    'update-publisher',
    'sender_subject_mismatch',
    "A next version that is signed with another key than the connection's is refused.",
    (peer) => {
      const contract = signContract(strangersKey(), after(mainTerms));
      return peer.forge(type, { contract }, { event: { contract: undefined } });
    },
  ),
  refuses('update-same', 'duplicate', 'The very document that is in force is refused.', (peer) =>
    offering(peer, mainTerms),
  ),
  refuses(
    'update-other',
    'contract_unknown',
    'A contract with another id is no next version.',
    (peer) => offering(peer, after(mainTerms, { id: 'somebody-elses' })),
  ),
  refuses(
    'update-number',
    'contract_version_mismatch',
    'A version that is not one more is refused.',
    (peer) => offering(peer, after(mainTerms, { version: 3 })),
  ),
  refuses(
    'update-previous',
    'contract_version_mismatch',
    'A version that follows another document than the last is refused.',
    (peer) => offering(peer, after(mainTerms, { previous: '0'.repeat(64) })),
  ),
  refuses(
    'update-expired',
    'contract_expired',
    'A next version that has run out already is refused.',
    (peer) => offering(peer, after(mainTerms, { expires: Date.now() - 60_000 })),
  ),
  rule(
    'update-rate',
    section,
    'After four versions in a row the next is refused, whatever came of those.',
    async (lab) => {
      const { peer } = await lab.under('hurried', () => mainTerms);
      for (let count = 0; count < burst; count++) await offered(peer, offering(peer, mainTerms));
      const told = await offered(peer, offering(peer, after(mainTerms)));
      const right = told !== undefined && isRefused(told.answer, ['rate_limited']);
      return expect(right, 'refused as rate_limited', inWords(told));
    },
  ),
];

type Answers = Told | undefined;

/** What a party is told that offers two versions, of which the owner accepts the second. */
type Offered = {
  readonly next: Contract;
  readonly pending: Answers;
  /** While the owner has not decided: requests under the old version and under the new, and one that was held before. */
  readonly old: Answers;
  readonly early: Answers;
  readonly held: Answers;
  /** The end of the first offer, and that of the second. */
  readonly replaced: Answers;
  readonly served: Answers;
  /** Afterwards: a request under the new version, and one under the old. */
  readonly taken: Answers;
  readonly former: Answers;
};

function update(lab: Lab): Promise<Offered> {
  return lab.once('update', async () => {
    await lab.stored();
    const { peer, connection } = await lab.under('updating', () => mainTerms);
    const { connection: id } = connection.invite;
    const under = (contract: Contract): Promise<Answers> => {
      const event = { contract: contractRef(contract) };
      return peer.ask(peer.forge('data.request', { fields: [fields.given] }, { event }));
    };
    const waiting = peer.forge('data.request', { fields: [fields.held] });
    await peer.ask(waiting);
    const first = offering(peer, after(mainTerms));
    const pending = await offered(peer, first);
    const old = await under(mainTerms);
    const early = await under(after(mainTerms));
    await lab.tell('approve', waiting.id);
    const held = await peer.ended(waiting.id);
    const next = after(after(mainTerms));
    const second = offering(peer, next);
    await offered(peer, second);
    const replaced = await peer.ended(first.id);
    await lab.tell('approve', id, '--optional', fields.accepted);
    const served = await peer.ended(second.id);
    const taken = await under(next);
    const former = await under(mainTerms);
    return { next, pending, old, early, held, replaced, served, taken, former };
  });
}

/** The answer of that name is a refusal with that code. */
function refusal(told: Answers, code: string): Verdict {
  const right = told !== undefined && isRefused(told.answer, [code]);
  return expect(right, `refused as ${code}`, inWords(told));
}

const offers: readonly Rule[] = [
  rule(
    'update-pending',
    section,
    'A next version that is in order waits for the owner.',
    async (lab) => {
      const { pending } = await update(lab);
      return expect(pending?.answer.status === 'pending', 'pending', inWords(pending));
    },
  ),
  rule(
    'frozen',
    section,
    'From the offer on every request under the contract is refused, in whichever version.',
    async (lab) => {
      const { old, early } = await update(lab);
      return refusal(old, 'contract_pending') ?? refusal(early, 'contract_pending');
    },
  ),
  rule(
    'frozen-held',
    section,
    'What was held before the offer is not served, though the owner approves it.',
    async (lab) => refusal((await update(lab)).held, 'contract_pending'),
  ),
  rule(
    'update-replaced',
    section,
    'A further version takes the place of the one that waits, and that one is answered.',
    async (lab) => refusal((await update(lab)).replaced, 'contract_version_mismatch'),
  ),
  rule(
    'update-served',
    section,
    'When the owner accepts, the offer is served: with the version in force, and the optional fields given.',
    async (lab) => {
      const { served, next } = await update(lab);
      if (served?.answer.status !== 'served') return fault('served', inWords(served));
      const wanted = { contract: contractRef(next), optional: [fields.accepted] };
      const { contract, optional } = served.answer.result as typeof wanted;
      const { id, version, hash } = contract ?? {};
      const came = JSON.stringify({ contract: { id, version, hash }, optional });
      return expect(came === JSON.stringify(wanted), JSON.stringify(wanted), came);
    },
  ),
  rule(
    'update-in-force',
    section,
    'Requests that name the accepted version are taken.',
    async (lab) => {
      const { taken } = await update(lab);
      return expect(isTaken(taken), 'taken', inWords(taken));
    },
  ),
  rule(
    'update-former',
    section,
    'Once a version is accepted, a request that names the one before is refused.',
    async (lab) => refusal((await update(lab)).former, 'contract_version_mismatch'),
  ),
  rule(
    'update-rejected',
    section,
    'When the owner rejects, the offer and everything that waited are answered, and the connection is severed.',
    async (lab) => {
      const { peer, connection } = await lab.under('rejected', () => mainTerms);
      const waiting = peer.forge('data.request', { fields: [fields.held] });
      await peer.ask(waiting);
      const offer = offering(peer, after(mainTerms));
      await offered(peer, offer);
      await lab.owner('deny', connection.invite.connection);
      const ends = [await peer.ended(offer.id), await peer.ended(waiting.id)];
      const found = ends.map((told) => refusal(told, 'connection_severed'));
      return found.find((verdict) => verdict !== undefined);
    },
  ),
];

export const updateRules: readonly Rule[] = [...wrong, ...offers];
