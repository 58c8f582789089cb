import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../../wire/msgpack.ts';
import { createFrameReader, frameBytesMax, type HandlerFrame } from './frames.ts';

const result = { kind: 'result', call: '1', result: { text: 'grüß' }, effects: [] };
const ask = { kind: 'ask', call: '1', ask: 1, what: 'read', field: 'personal/name' };

function framed(...values: readonly unknown[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      const body = encode(value);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      return [head, body];
    }),
  );
}

function reading(): { frames: HandlerFrame[]; read: (chunk: Uint8Array) => void } {
  const frames: HandlerFrame[] = [];
  return { frames, read: createFrameReader((frame) => frames.push(frame)) };
}

describe('frames from a handler', () => {
  it('are the same however the stream is cut', () => {
    const stream = framed(ask, result, ask, result);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (sizes) => {
        const { frames, read } = reading();
        let at = 0;
        for (const size of [...sizes, stream.length]) {
          read(stream.subarray(at, at + size));
          at = Math.min(at + size, stream.length);
        }
        expect(frames).toEqual([ask, result, ask, result]);
      }),
    );
  });

  it('of the largest size are taken, one byte more is not', () => {
    const { frames, read } = reading();
    const rest = encode({ ...result, result: '' }).length + 4;
    const text = 'x'.repeat(frameBytesMax - rest);
    read(framed({ ...result, result: text }));
    expect(frames).toHaveLength(1);
    expect(() => read(framed({ ...result, result: `${text}x` }))).toThrow(/frame of 1048577 bytes/);
  });

  it.each<[string, unknown]>([
    ['a list', [1]],
    ['a map without a kind', { call: '1' }],
    ['an unknown kind', { kind: 'call', call: '1' }],
    ['a result without a call', { kind: 'result', result: {} }],
    ['a result without its value', { kind: 'result', call: '1' }],
    ['an error without a message', { kind: 'error', call: '1' }],
    ['an ask without a number', { ...ask, ask: '1' }],
    ['an ask for a key', { ...ask, what: 'key' }],
    ['an ask for a field with a bad name', { ...ask, field: '../personal' }],
    ['a signature over text', { ...ask, what: 'sign', purpose: 'payment', bytes: 'text' }],
  ])('are refused when they are %s', (_why, value) => {
    expect(() => reading().read(framed(value))).toThrow(TypeError);
  });

  it('are refused when they are empty, or bytes follow the map', () => {
    expect(() => reading().read(Buffer.alloc(4))).toThrow(/frame of 0 bytes/);
    const body = Buffer.concat([encode(result), Buffer.from([0])]);
    const head = Buffer.from([0, 0, 0, body.length]);
    expect(() => reading().read(Buffer.concat([head, body]))).toThrow(/trailing bytes/);
  });
});
