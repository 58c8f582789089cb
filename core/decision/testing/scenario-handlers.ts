import type { InstalledHandler } from '../../../ledger/bodies.ts';
import { type Contract, type SignedContract, signContract } from '../../../wire/contract.ts';
import { signerFrom } from '../../../wire/crypto.ts';
import { objectSchema } from '../../../wire/json-schema.ts';
import type { HandledType } from '../../../wire/manifest.ts';

const signer = signerFrom(new Uint8Array(32).fill(1));
const handshakeContract: Contract = {
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
/** The contract that comes with a request to connect. */
export const handshakeContractSigned: SignedContract = signContract(signer, handshakeContract);

const names = { type: 'array', items: { type: 'string' } } as const;
const word = { type: 'string' } as const;
const asking = objectSchema({ fields: names, purpose: word }, ['purpose']);
const nothing = objectSchema({});

function handledType(type: string, more: Partial<HandledType> = {}): HandledType {
  return { type, delivery: 'best-effort', request: nothing, response: nothing, ...more };
}

/** One handler that serves every type of a scenario. */
export const handlers: readonly InstalledHandler[] = [
  {
    digest: 'd'.repeat(64),
    manifest: {
      name: 'all',
      version: '1.0.0',
      description: 'Serves every type.',
      types: [
        handledType('data.request', { fields: 'fields', request: asking }),
        handledType('location.request', {
          fields: 'fields',
          permission: 'location',
          request: asking,
        }),
        handledType('payment.request', {
          permission: 'payment',
          once: 'order',
          request: objectSchema({ order: word }),
        }),
        handledType('note.send'),
      ],
      permissions: ['read:*'],
      effects: [],
      limits: { timeMs: 1_000, memoryMiB: 64, resultBytes: 1_000 },
      start: ['node', 'main.js'],
    },
  },
];
