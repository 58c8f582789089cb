import { fromBase64url, toBase64url } from '../../wire/bytes.ts';
import { type Contract, signContract } from '../../wire/contract.ts';
import type { ConnectionRequest } from '../../wire/messages.ts';
import { accountCases } from './account-cases.ts';
import { type Forgery, openEpoch, type Sent } from './forgery.ts';
import type { HandshakeCase } from './handshake-case.ts';
import type { Peer } from './peer.ts';
import {
  smallOrderKey,
  smallOrderSignature,
  strangersKey,
  unreduced,
  withUnusedBit,
} from './wrong-keys.ts';

type Payload = Readonly<Record<string, unknown>>;

/** In an epoch of its own, since a refused request may install nothing. */
async function asking(peer: Peer, payload: Payload, forgery: Forgery = {}): Promise<Sent> {
  const epoch = forgery.epoch ?? (await openEpoch(peer.identity, peer.nextNumber()));
  return peer.forge('connection.request', payload, { ...forgery, epoch });
}

function asksAll(peer: Peer, payloads: readonly Payload[]): Promise<readonly Sent[]> {
  return Promise.all(payloads.map((payload) => asking(peer, payload)));
}

/** Contracts that are signed, and still none. */
function withContracts(...changes: readonly ((contract: Contract) => unknown)[]) {
  return (peer: Peer, payload: ConnectionRequest): Promise<readonly Sent[]> =>
    asksAll(
      peer,
      changes.map((change) => {
        const contract = change(payload.contract.contract) as Contract;
        return { ...payload, contract: signContract(peer.identity.signer, contract) };
      }),
    );
}

function withField(change: Payload): (contract: Contract) => unknown {
  return (contract) => ({
    ...contract,
    fields: contract.fields.map((field, at) => (at === 0 ? { ...field, ...change } : field)),
  });
}

const form = { page: 'contract.md', section: 'Members', codes: ['schema_invalid'] };
const reading = {
  page: 'contract.md',
  section: 'Hash and signature',
  codes: ['signature_invalid'],
};
const asked = { page: 'handshake.md', section: 'Asking' };

/** All of them. None spends the invite. */
export const handshakeCases: readonly HandshakeCase[] = [
  {
    ...{ id: 'contract.members', ...form },
    says: 'A contract with a member that is not named, or without one that is needed, is refused.',
    make: withContracts(
      (contract) => ({ ...contract, colour: 'blue' }),
      ({ title: _, ...contract }) => contract,
      (contract) => ({ ...contract, service: { ...contract.service, logo: 'x' } }),
      withField({ note: 'x' }),
    ),
  },
  {
    ...{ id: 'contract.values', ...form },
    says: 'A contract with a tier, retention, purpose or field name of another form is refused.',
    make: withContracts(
      withField({ tier: 'always' }),
      withField({ retention: 'P1W' }),
      withField({ purpose: 'Two words' }),
      withField({ name: 'nonamespace' }),
    ),
  },
  {
    ...{ id: 'contract.lines', ...form },
    says: 'Text with control characters, or with characters that turn its direction, is refused.',
    make: withContracts(
      (contract) => ({ ...contract, title: 'two\nlines' }),
      (contract) => ({ ...contract, title: 'turned \u202eround' }),
    ),
  },
  {
    ...{ id: 'contract.contradictions', ...form, section: 'Reading a document' },
    says: 'A field that stands twice is refused, and so is a first version that names one before it.',
    make: withContracts(
      (contract) => ({ ...contract, fields: [...contract.fields, contract.fields[0]] }),
      (contract) => ({ ...contract, previous: '0'.repeat(64) }),
      (contract) => ({ ...contract, version: 2 }),
    ),
  },
  {
    ...{ id: 'contract.signature', ...reading },
    says: 'A contract that its key has not signed as it stands is refused.',
    make: (peer, payload) => {
      const { contract: signed } = payload;
      const other = signContract(strangersKey(), signed.contract);
      const altered = { ...signed, contract: { ...signed.contract, title: 'Other terms' } };
      const forged = { ...signed, signature: other.signature };
      return asksAll(
        peer,
        [altered, forged].map((contract) => ({ ...payload, contract })),
      );
    },
  },
  {
    ...{ id: 'contract.base64url', ...reading },
    says: 'A signature whose base64url has unused bits that are not zero is refused.',
    make: (peer, payload) => {
      const { signature } = payload.contract;
      const contract = { ...payload.contract, signature: withUnusedBit(signature) };
      return asksAll(peer, [{ ...payload, contract }]);
    },
  },
  {
    ...{ id: 'handshake.publisher', ...asked, codes: ['sender_subject_mismatch'] },
    says: 'A contract that another key has signed than the one in the request is refused.',
    make: (peer, payload) => {
      const contract = signContract(strangersKey(), payload.contract.contract);
      return asksAll(peer, [{ ...payload, contract }]);
    },
  },
  {
    ...{ id: 'handshake.members', ...asked, codes: ['schema_invalid'] },
    says: 'A request with a member too many or too few is refused.',
    make: (peer, payload) => {
      const { encapsulation: _, ...without } = payload;
      return asksAll(peer, [{ ...payload, note: 'x' }, without]);
    },
  },
  {
    ...{ id: 'peers.uninvited', page: 'peers.md', section: 'The handshake' },
    codes: ['schema_invalid'],
    says: 'Whoever is invited as a service cannot ask as a peer: without a contract.',
    make: (peer, { contract: _, ...payload }) =>
      asksAll(peer, [{ ...payload, peer: { name: 'Another vault' } }]),
  },
  {
    ...{ id: 'handshake.signed', ...asked, codes: ['signature_invalid'] },
    says: 'A request that is not signed with the key that it brings is refused.',
    make: async (peer, payload) => [
      await asking(peer, payload, { signer: strangersKey() }),
      await asking(peer, payload, { signature: () => null }),
    ],
  },
  {
    ...{ id: 'handshake.opening', ...asked, codes: ['signature_invalid'] },
    says: 'A request in an epoch that another key has opened is refused.',
    make: async (peer, payload) => {
      const signer = strangersKey();
      const epoch = await openEpoch(peer.identity, peer.nextNumber(), { signer });
      return [await asking(peer, payload, { epoch })];
    },
  },
  {
    ...{ id: 'handshake.party', ...asked, codes: ['sender_subject_mismatch'] },
    says: 'A request whose event names another party than the invite is refused.',
    make: async (peer, payload) => [await asking(peer, payload, { event: { party: 'Somebody' } })],
  },
  ...accountCases,
  {
    ...{ id: 'envelope.key-reduced', page: 'envelope.md', section: 'Epochs' },
    codes: ['malformed'],
    says: 'Nothing is encapsulated to a public key with a coefficient of 3,329 or more.',
    make: (peer, payload) => {
      const key = unreduced(fromBase64url(payload.encapsulation));
      return asksAll(peer, [{ ...payload, encapsulation: toBase64url(key) }]);
    },
  },
  {
    ...{ id: 'envelope.key-order', page: 'envelope.md', section: 'Signatures' },
    codes: ['signature_invalid'],
    says: 'A signature under a public key of small order is refused, though it fits.',
    make: async (peer, payload) => {
      const signer = { ...peer.identity.signer, sign: () => smallOrderSignature };
      const key = toBase64url(smallOrderKey);
      const contract = { ...payload.contract, key, signature: toBase64url(smallOrderSignature) };
      const epoch = await openEpoch(peer.identity, peer.nextNumber(), { signer });
      return [await asking(peer, { ...payload, signing: key, contract }, { epoch, signer })];
    },
  },
  {
    ...{ id: 'delivery.poison', page: 'delivery.md', section: 'Poison', codes: ['malformed'] },
    says: 'A critical message that nobody can read blocks none that comes after it.',
    make: async (peer, payload) => [
      await asking(peer, payload, { bytes: () => new Uint8Array(300).fill(0xc1) }),
      await asking(peer, payload, { bytes: () => new Uint8Array(0) }),
    ],
  },
];

/** Hands over what must be refused, one after another: of each case, what was sent. */
export async function sendCases(
  peer: Peer,
  payload: ConnectionRequest,
  wanted: (one: HandshakeCase) => boolean,
): Promise<Map<string, readonly Sent[]>> {
  const sent = new Map<string, readonly Sent[]>();
  for (const one of handshakeCases.filter(wanted)) {
    const made = await one.make(peer, payload);
    for (const message of made) await peer.hand(message);
    sent.set(one.id, made);
  }
  return sent;
}
