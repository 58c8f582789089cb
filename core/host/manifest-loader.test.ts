import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callOf, servicesOver, shippedHandlers } from './fixtures/calls.ts';
import { createHandlerHost } from './handler-host.ts';
import { loadManifests } from './manifest-loader.ts';
import { detectSandbox } from './sandbox.ts';

type Json = Record<string, unknown>;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cambium-handlers-'));
});

afterEach(() => rm(dir, { recursive: true }));

const good = {
  name: 'good',
  version: '1.0.0',
  description: 'Good.',
  types: [
    {
      type: 'good.request',
      delivery: 'best-effort',
      request: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      response: { type: 'object' },
    },
  ],
  permissions: ['read:*', 'read:personal/*', 'read:personal/name', 'sign:payment'],
  effects: ['good.done'],
  limits: { timeMs: 100, memoryMiB: 64, resultBytes: 1000 },
  start: ['node', 'main.mjs'],
};

async function put(name: string, changes: Json = {}, program = 'process.exit(4)'): Promise<void> {
  await mkdir(join(dir, name));
  await writeFile(join(dir, name, 'handler.json'), JSON.stringify({ ...good, ...changes }));
  await writeFile(join(dir, name, 'main.mjs'), program);
}

function withType(changes: Json): Json {
  return { types: [{ ...good.types[0], ...changes }] };
}

describe('the handlers of a folder', () => {
  it('are those with a manifest, and the shipped ones load', async () => {
    const loaded = await loadManifests(shippedHandlers);
    expect(loaded.map(({ manifest }) => manifest.name)).toEqual([
      'attestation',
      'data-request',
      'message-send',
      'payment-request',
      'storage',
    ]);
    for (const { digest } of loaded) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are measured with all their files: another byte anywhere is another digest', async () => {
    await put('good');
    await mkdir(join(dir, 'sdk'));
    const digests = new Set<string | undefined>();
    const measure = async () => digests.add((await loadManifests(dir))[0]?.digest);
    await measure();
    await measure();
    expect(digests.size).toBe(1);
    await writeFile(join(dir, 'good/part.js'), '1');
    await measure();
    await writeFile(join(dir, 'sdk/part.js'), '1');
    await measure();
    await writeFile(join(dir, 'good/main.mjs'), 'process.exit(5)');
    await measure();
    await writeFile(join(dir, 'good/handler.json'), JSON.stringify({ ...good, version: '1.0.1' }));
    await measure();
    expect(digests.size).toBe(5);
  });

  it('are measured the same wherever they lie', async () => {
    await put('good');
    await cp(join(dir, 'good'), join(dir, 'elsewhere/good'), { recursive: true });
    const [here] = await loadManifests(dir);
    const [there] = await loadManifests(join(dir, 'elsewhere'));
    expect(here?.digest).toBe(there?.digest);
  });
});

describe('a manifest is refused', () => {
  it.each<[string, Json]>([
    ['an unknown member', { extra: true }],
    ['an unknown member of a type', withType({ extra: true })],
    ['a permission outside the grammar', { permissions: ['write:personal/*'] }],
    ['a namespace without its star', { permissions: ['read:personal'] }],
    ['a star in the middle', { permissions: ['read:*/name'] }],
    ['a type without a dot', withType({ type: 'good' })],
    ['an unknown delivery class', withType({ delivery: 'sometimes' })],
    ['a request that is no object', withType({ request: { type: 'string' } })],
    ['a schema with an unknown keyword', withType({ response: { typ: 'object' } })],
    ['a once member the request does not require', withType({ once: 'order' })],
    ['a fields member the request does not require', withType({ fields: 'fields' })],
    ['a result larger than a frame', { limits: { ...good.limits, resultBytes: 1 << 20 } }],
    ['no time limit', { limits: { memoryMiB: 64, resultBytes: 1000 } }],
  ])('for %s', async (_why, changes) => {
    await put('good', changes);
    await expect(loadManifests(dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it('when it is no JSON, or far too long', async () => {
    await put('good');
    for (const text of ['{', ' '.repeat(70_000)]) {
      await writeFile(join(dir, 'good/handler.json'), text);
      await expect(loadManifests(dir)).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
    }
  });

  it('when its program is not there', async () => {
    await put('good', { start: ['node', 'dist/main.js'] });
    await expect(loadManifests(dir)).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      message: expect.stringContaining('has it been built?'),
    });
  });

  it.each(['owner.set', 'connection.request', 'event.answer', 'profile.anything'])(
    'when it declares %s, which is kept for the standard',
    async (type) => {
      await put('good', withType({ type }));
      await expect(loadManifests(dir)).rejects.toMatchObject({
        code: 'TYPE_RESERVED',
        handler: 'good',
        message: expect.stringContaining(type),
      });
    },
  );

  it('when another handler has its name or serves its type', async () => {
    await put('one', { name: 'one' });
    await put('two', { name: 'two' });
    await expect(loadManifests(dir)).rejects.toMatchObject({ code: 'TYPE_TAKEN', handler: 'two' });
    const text = await readFile(join(dir, 'one/handler.json'), 'utf8');
    await writeFile(join(dir, 'two/handler.json'), text);
    await expect(loadManifests(dir)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  });
});

describe('a program that does not come up', () => {
  const imposter = `
    const body = Buffer.concat([
      Buffer.from([0x84, 0xa4]), Buffer.from('kind'), Buffer.from([0xa5]), Buffer.from('hello'),
      Buffer.from([0xa4]), Buffer.from('name'), Buffer.from([0xa3]), Buffer.from('bad'),
      Buffer.from([0xa7]), Buffer.from('version'), Buffer.from([0xa5]), Buffer.from('1.0.0'),
      Buffer.from([0xa8]), Buffer.from('protocol'), Buffer.from([0xa3]), Buffer.from(PROTOCOL),
    ]);
    process.stdout.write(Buffer.from([0, 0, 0, body.length]));
    process.stdout.write(body);
    process.stdin.resume();
  `;

  it.each([
    ['exits', 'process.exit(4)', 'the process ended (code 4)'],
    ['is another', imposter.replace('PROTOCOL', '"1.0"'), 'not the program that its manifest'],
    ['speaks another protocol', imposter.replace('PROTOCOL', '"2.0"'), 'it speaks another'],
  ])('because it %s is told at warm-up, and fails its calls', async (_why, program, detail) => {
    await put('good', {}, program);
    const handlers = await loadManifests(dir);
    const [handler] = handlers;
    if (handler === undefined) throw new Error('not loaded');
    const host = createHandlerHost(handlers, {
      sandbox: await detectSandbox(),
      allowWeakSandbox: true,
      onLog: () => undefined,
    });
    await expect(host.warm()).rejects.toMatchObject({ code: 'START_FAILED' });
    const call = callOf('good.request', { id: '1' });
    const outcome = await host.run(handler, call, servicesOver({}), { fields: new Set() });
    expect(outcome).toMatchObject({ code: 'failed', detail: expect.stringContaining(detail) });
    await host.stop();
  });
});
