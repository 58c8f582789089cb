import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, handlerNamed, servicesOver, shippedHandlers } from './fixtures/calls.ts';
import { createHandlerHost, type HandlerHost } from './handler-host.ts';
import type { HandlerOutcome, HandlerServices } from './handler-port.ts';
import type { LoadedHandler } from './manifest-loader.ts';
import { detectSandbox } from './sandbox.ts';

const values = { 'personal/name': 'Ada', 'personal/email': 'ada@example.org', 'work/role': 'none' };
const allowed = { fields: new Set(['personal/name', 'personal/phone', 'work/role']) };
const log: string[] = [];
let host: HandlerHost;
let unruly: LoadedHandler;
let dataRequest: LoadedHandler;
let paymentRequest: LoadedHandler;

beforeAll(async () => {
  unruly = await handlerNamed('unruly', join(import.meta.dirname, 'fixtures'));
  dataRequest = await handlerNamed('data-request', shippedHandlers);
  paymentRequest = await handlerNamed('payment-request', shippedHandlers);
  host = createHandlerHost([unruly, dataRequest, paymentRequest], {
    sandbox: await detectSandbox(),
    allowWeakSandbox: true,
    onLog: (name, line) => log.push(`${name}: ${line}`),
  });
  await host.warm();
});

afterAll(() => host.stop());

function unrulyCall(
  payload: Readonly<Record<string, unknown>>,
  services: HandlerServices = servicesOver(values),
): Promise<HandlerOutcome> {
  return host.run(unruly, callOf('unruly.request', payload), services, allowed);
}

describe('data-request', () => {
  it('gives the fields that are there and may be seen, and refuses the others alike', async () => {
    const fields = ['personal/name', 'personal/phone', 'personal/email'];
    const call = callOf('data.request', { fields });
    const outcome = await host.run(dataRequest, call, servicesOver(values), allowed);
    expect(outcome).toMatchObject({
      code: 'ok',
      result: {
        fields: { 'personal/name': 'Ada' },
        refused: ['personal/phone', 'personal/email'],
      },
      effects: [],
      accesses: [
        { what: 'read', name: 'personal/name', permitted: true },
        { what: 'read', name: 'personal/phone', permitted: true },
        { what: 'read', name: 'personal/email', permitted: false },
      ],
    });
    expect(outcome.durationMs).toBeGreaterThan(0);
  });
});

describe('payment-request', () => {
  it('states what was authorized in bytes that anyone can verify', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const services: HandlerServices = {
      ...servicesOver({}),
      read: async () => undefined,
      sign: async (_purpose, bytes) => ({ signature: sign(null, bytes, privateKey), key }),
    };
    const payment = { order: 'A-1', amount: 12_50, currency: 'EUR', payee: 'Bäckerei "Süß"' };
    const call = callOf('payment.request', payment);
    const outcome = await host.run(paymentRequest, call, services, allowed);
    expect(outcome).toMatchObject({
      code: 'ok',
      result: payment,
      effects: [{ type: 'payment.authorized', ...payment }],
      accesses: [{ what: 'sign', name: 'payment', permitted: true }],
    });
    const { authorization } = outcome.result as { authorization: Record<string, string> };
    const bytes = (name: string) => Buffer.from(authorization[name] ?? '', 'base64url');
    expect(JSON.parse(bytes('statement').toString())).toEqual({
      ...payment,
      event: call.event.id,
      party: call.party,
      time: call.event.time,
      vault: call.vault,
    });
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: authorization['key'] ?? '' };
    const verifier = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, bytes('statement'), verifier, bytes('signature'))).toBe(true);
  });
});

describe('what a handler asks for', () => {
  it.each([
    ['is given when manifest and call permit it', 'personal/name', 'Ada', true],
    ['is absent when the call does not permit it', 'personal/email', 'nothing', false],
    ['is absent when the manifest does not permit it', 'work/role', 'nothing', false],
    ['is absent when it does not exist, and that was permitted', 'personal/phone', 'nothing', true],
  ])('%s', async (_case, field, said, permitted) => {
    const outcome = await unrulyCall({ mode: 'read', ask: { what: 'read', field } });
    expect(outcome).toMatchObject({ code: 'ok', result: { said } });
    expect(outcome.accesses).toEqual([{ what: 'read', name: field, permitted }]);
  });

  it.each([
    ['payment', 'signed', true],
    ['identity', 'this purpose is not permitted', false],
  ])('is signed only for a purpose of the manifest: %s', async (purpose, said, permitted) => {
    const ask = { what: 'sign', purpose, bytes: new Uint8Array([1, 2, 3]) };
    const outcome = await unrulyCall({ mode: 'sign', ask });
    expect(outcome).toMatchObject({ code: 'ok', result: { said } });
    expect(outcome.accesses).toEqual([{ what: 'sign', name: purpose, permitted }]);
  });

  it.each<[string, () => Promise<string>]>([
    ['the ring is locked', () => Promise.reject(new Error('the ring is locked'))],
    ['frame of', () => Promise.resolve('x'.repeat(1 << 20))],
  ])(
    'fails the call when the vault cannot answer, rather than look absent: %s',
    async (why, read) => {
      const services: HandlerServices = { ...servicesOver(values), read };
      const ask = { what: 'read', field: 'personal/name' };
      const outcome = await unrulyCall({ mode: 'read', ask }, services);
      expect(outcome).toMatchObject({ code: 'failed', effects: [] });
      expect(outcome.detail).toMatch(new RegExp(`^the vault could not answer: .*${why}`));
    },
  );
});

describe('an end that is no result', () => {
  it.each([
    ['crash', 'failed', /^the process ended \(code 9\)/],
    ['throws', 'failed', /^the handler gave up; its log says why$/],
    ['hang', 'timeout', /^no result within 800 ms/],
    ['garbage', 'failed', /^breach of protocol: type 0xc1 is not taken/],
    ['extension', 'failed', /^breach of protocol: type 0xd4 is not taken/],
    ['deep', 'failed', /^breach of protocol: nested too deep/],
    ['huge', 'failed', /^breach of protocol: frame of 2130706432 bytes/],
    ['prints', 'failed', /^breach of protocol: frame of/],
    ['kind', 'failed', /^breach of protocol: a frame of unknown kind/],
    ['stranger', 'failed', /^breach of protocol: result: for no running call/],
    ['greedy', 'failed', /^breach of protocol: more than 256 asks/],
    ['oversized', 'failed', /^the result has 2\d+ bytes, of 1024/],
    ['misfit', 'failed', /^the result does not fit its schema: \/said must be string/],
    ['bytes', 'failed', /^the result holds bytes/],
  ])('%s: the call ends, and the next one works', async (mode, code, detail) => {
    const outcome = await unrulyCall({ mode });
    expect(outcome).toMatchObject({ code, effects: [] });
    expect(outcome.detail).toMatch(detail);
    expect(outcome).not.toHaveProperty('result');
    expect(await unrulyCall({ mode: 'well' })).toMatchObject({ code: 'ok' });
  });

  it('takes effects of its manifest, and no others', async () => {
    const done = { type: 'unruly.done', amount: 5_000_000_000 };
    expect(await unrulyCall({ mode: 'effect', effects: [done] })).toMatchObject({
      code: 'ok',
      effects: [done],
    });
    for (const effects of [[done, { type: 'payment.authorized' }], [{}], [7], {}]) {
      const outcome = await unrulyCall({ mode: 'effect', effects });
      expect(outcome).toMatchObject({ code: 'failed', effects: [] });
      expect(outcome.detail).toMatch(/effect/);
    }
  });

  it('refuses a call that fits no frame, and a handler of another host', async () => {
    const large = await unrulyCall({ mode: 'well', filler: 'x'.repeat(1 << 20) });
    expect(large).toMatchObject({ code: 'failed', detail: expect.stringMatching(/^frame of/) });
    const other = { ...unruly, digest: '00' };
    const call = callOf('unruly.request', { mode: 'well' });
    const outcome = await host.run(other, call, servicesOver(values), allowed);
    expect(outcome).toMatchObject({ code: 'failed', accesses: [] });
  });
});

describe('many calls', () => {
  it('run side by side in one process, each with its own end', async () => {
    const modes = Array.from({ length: 200 }, (_, index) => (index % 5 === 0 ? 'throws' : 'well'));
    const outcomes = await Promise.all(modes.map((mode) => unrulyCall({ mode })));
    expect(outcomes.map(({ code }) => code)).toEqual(
      modes.map((mode) => (mode === 'well' ? 'ok' : 'failed')),
    );
  });

  it('end together when their process does', async () => {
    const [first, second] = await Promise.all([
      unrulyCall({ mode: 'hang' }),
      unrulyCall({ mode: 'crash' }),
    ]);
    expect([first.code, second.code]).toEqual(['failed', 'failed']);
  });
});

describe('a log', () => {
  it('is cut into lines of at most 1,000 characters', async () => {
    await unrulyCall({ mode: 'logs' });
    await expect.poll(() => log).toContain(`unruly: ${'y'.repeat(1000)}`);
  });
});
