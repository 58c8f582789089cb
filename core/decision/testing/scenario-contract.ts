import {
  type Contract,
  contractHash,
  type SignedContract,
  signContract,
} from '../../../wire/contract.ts';
import { type Signer, signerFrom } from '../../../wire/crypto.ts';
import { now, type Scenario } from './scenario.ts';

/** The service's own key. */
export const signer: Signer = signerFrom(new Uint8Array(32).fill(1));
const stranger = signerFrom(new Uint8Array(32).fill(2));
const firstContract: Contract = {
  v: 1,
  id: 'shop.orders',
  version: 1,
  service: { id: 'shop', name: 'The Shop' },
  title: 'Orders',
  description: 'What we need to send you what you bought.',
  published: 1,
  fields: [],
  permissions: {
    store: false,
    messages: false,
    authentication: false,
    payment: false,
    signatures: false,
    identity: false,
    location: false,
  },
  limits: { requests_per_hour: 1, burst: 1 },
};
/** What a party brings that asks to connect. */
export const handshakeContract: SignedContract = signContract(signer, firstContract);

/** The contract that was accepted, with its end. */
export function inForce(contract: Contract, expiresIn: number | undefined): Contract {
  const { expires: _, ...endless } = contract;
  return expiresIn === undefined ? endless : { ...endless, expires: now + expiresIn };
}

/** The version that comes after another, without an end. */
export function nextOf(before: Contract): Contract {
  const { expires: _, ...endless } = before;
  return { ...endless, version: before.version + 1, previous: contractHash(before) };
}

/** The document that a scenario's party publishes. */
export function publishedBy({ connection, published }: Scenario): object {
  const { contract, contractExpiresIn, frozen = false } = connection ?? {};
  const first = inForce(contract ?? firstContract, contractExpiresIn);
  const last = frozen ? nextOf(first) : first;
  const next = nextOf(last);
  const changed: Readonly<Record<Scenario['published'], Contract>> = {
    next,
    'skips a number': { ...next, version: next.version + 1 },
    'other before': { ...next, previous: 'b'.repeat(64) },
    'other contract': { ...next, id: 'another' },
    'the same': last,
    'run out': { ...next, expires: now },
    'of another': next,
    forged: next,
  };
  const signed = signContract(published === 'of another' ? stranger : signer, changed[published]);
  return published === 'forged' ? { ...signed, signature: 'A'.repeat(86) } : signed;
}
