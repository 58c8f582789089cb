import type { Frame } from './frames.ts';
import type { Host, Signed } from './types.ts';

/** What was asked of the host and is not answered yet, over all calls. */
export type Asks = {
  /** The host as one call sees it. */
  open(call: string): Host;
  /** Ends a call: what it still waits for, or asks later, is rejected. */
  close(call: string): void;
  /** Hands an `answer` frame to whoever asked. */
  answer(frame: Frame): void;
};

type Waiting = {
  readonly call: string;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
};

/** Asks over `send`, numbered from 1 for the life of the process. */
export function createAsks(send: (frame: Frame) => void): Asks {
  const waiting = new Map<number, Waiting>();
  const open = new Set<string>();
  let last = 0;

  function ask(call: string, members: Readonly<Record<string, unknown>>): Promise<Frame> {
    if (!open.has(call)) return Promise.reject(new Error('the call has ended'));
    last += 1;
    const number = last;
    return new Promise((resolve, reject) => {
      waiting.set(number, { call, resolve, reject });
      send({ kind: 'ask', call, ask: number, ...members });
    });
  }

  return {
    open(call) {
      open.add(call);
      return {
        read: async (field) => textOf(await ask(call, { what: 'read', field })),
        sign: async (purpose, bytes) => signedOf(await ask(call, { what: 'sign', purpose, bytes })),
        entry: async (category, key) => textOf(await ask(call, { what: 'entry', category, key })),
        entries: async (category, after) =>
          keysOf(await ask(call, { what: 'entries', category, after })),
      };
    },
    close(call) {
      open.delete(call);
      for (const [number, entry] of waiting) {
        if (entry.call !== call) continue;
        waiting.delete(number);
        entry.reject(new Error('the call has ended'));
      }
    },
    answer(frame) {
      const number = frame['ask'];
      if (typeof number !== 'number') throw new TypeError('an answer without its ask');
      const entry = waiting.get(number);
      waiting.delete(number);
      const error = frame['error'];
      if (typeof error === 'string') entry?.reject(new Error(error));
      else entry?.resolve(frame);
    },
  };
}

function textOf(frame: Frame): string | undefined {
  const value = frame['value'];
  return typeof value === 'string' ? value : undefined;
}

function keysOf(frame: Frame): string[] {
  const keys = frame['keys'];
  if (!Array.isArray(keys)) throw new TypeError('keys are a list');
  return keys.filter((key): key is string => typeof key === 'string');
}

function signedOf(frame: Frame): Signed {
  const { signature, key } = frame;
  if (!(signature instanceof Uint8Array) || !(key instanceof Uint8Array)) {
    throw new TypeError('a signature is bytes');
  }
  return { signature: new Uint8Array(signature), key: new Uint8Array(key) };
}
