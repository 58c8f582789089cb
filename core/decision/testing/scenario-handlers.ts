import type { InstalledHandler } from '../../../ledger/bodies.ts';
import { objectSchema } from '../../../wire/json-schema.ts';
import type { HandledType } from '../../../wire/manifest.ts';

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
        handledType('identity.request', {
          consent: true,
          fields: 'fields',
          permission: 'identity',
          request: asking,
        }),
        handledType('signature.request', { consent: true, permission: 'signatures' }),
        handledType('note.send'),
        handledType('storage.put', {
          permission: 'store',
          entry: { category: 'category', key: 'key', value: 'value' },
          request: objectSchema({ category: word, key: word, value: { const: '' } }),
        }),
        handledType('message.send', { permission: 'messages', notifies: true }),
      ],
      permissions: ['read:*'],
      effects: [],
      limits: { timeMs: 1_000, memoryMiB: 64, resultBytes: 1_000 },
      start: ['node', 'main.js'],
    },
  },
];

/** The same, where one type says more in its manifest. */
export function handlersWith(type: string, more: Partial<HandledType>): InstalledHandler[] {
  return handlers.map(({ manifest, ...installed }) => ({
    ...installed,
    manifest: {
      ...manifest,
      types: manifest.types.map((one) => (one.type === type ? { ...one, ...more } : one)),
    },
  }));
}
