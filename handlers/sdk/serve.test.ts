import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFrameReader, encodeFrame, type Frame } from './frames.ts';

const built = join(import.meta.dirname, '../../dist/handlers/sdk/serve.js');

/** A handler that talks where it should not, asks, throws, and asks when its call has ended. */
const program = `
import { serve } from ${JSON.stringify(`file://${built}`)};
let late;
serve({ name: 'greeting', version: '1.2.3', handlers: {
  'greeting.request': async (call, host) => {
    console.log('to the log');
    process.stdout.write('this too\\n');
    late = host;
    return { result: { text: 'Hello, ' + await host.read('personal/name') } };
  },
  'greeting.fail': () => { throw new Error('no greeting'); },
  'greeting.late': async () => ({ result: await late.read('personal/name').catch(String) }),
} });
`;

type Handler = {
  readonly process: ChildProcessWithoutNullStreams;
  send(frame: Frame): void;
  next(): Promise<Frame>;
  log(): string;
};

function start(cookie = 'cambium-handler'): Handler {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { CAMBIUM_HANDLER_COOKIE: cookie },
  });
  const frames: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  const read = createFrameReader((frame) => {
    const resolve = waiting.shift();
    if (resolve === undefined) frames.push(frame);
    else resolve(frame);
  });
  let said = '';
  child.stdout.on('data', read);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return {
    process: child,
    send: (frame) => child.stdin.write(encodeFrame(frame)),
    next: () => {
      const frame = frames.shift();
      return frame === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(frame);
    },
    log: () => said,
  };
}

function callFrame(call: string, type: string): Frame {
  const event = { id: 'event', time: 1, payload: {} };
  return { kind: 'call', call, type, event, vault: 'v', connection: 'c', party: 'p' };
}

it('a handler that nobody hosts says what it is and leaves with 2', async () => {
  const handler = start('');
  const [code] = await once(handler.process, 'close');
  expect(code).toBe(2);
  expect(handler.log()).toBe(
    'greeting is a handler of a Cambium vault: the vault starts it, not a person.\n',
  );
});

it('it says who it is, asks, answers, and leaves when its input ends', async () => {
  const handler = start();
  handler.send({ kind: 'hello', protocols: ['2.0', '1.3'] });
  expect(await handler.next()).toEqual({
    kind: 'hello',
    name: 'greeting',
    version: '1.2.3',
    protocol: '1.1',
  });
  handler.send(callFrame('one', 'greeting.request'));
  const ask = { kind: 'ask', call: 'one', ask: 1, what: 'read', field: 'personal/name' };
  expect(await handler.next()).toEqual(ask);
  handler.send({ kind: 'answer', call: 'one', ask: 1, value: 'Ada' });
  expect(await handler.next()).toEqual({
    kind: 'result',
    call: 'one',
    result: { text: 'Hello, Ada' },
    effects: [],
  });
  handler.process.stdin.end();
  const [code] = await once(handler.process, 'close');
  expect(code).toBe(0);
  expect(handler.log()).toBe('to the log\nthis too\n');
});

it('its calls end by themselves: a throw is an error, a late ask is refused', async () => {
  const handler = start();
  handler.send({ kind: 'hello', protocols: ['1.1'] });
  await handler.next();
  handler.send(callFrame('one', 'greeting.request'));
  handler.send(callFrame('two', 'greeting.fail'));
  handler.send(callFrame('three', 'greeting.unknown'));
  expect(await handler.next()).toMatchObject({ kind: 'ask', call: 'one' });
  expect(await handler.next()).toEqual({ kind: 'error', call: 'two', message: 'no greeting' });
  expect(await handler.next()).toMatchObject({ kind: 'error', call: 'three' });
  handler.send({ kind: 'answer', call: 'one', ask: 1, error: 'the vault could not answer' });
  expect(await handler.next()).toMatchObject({ kind: 'error', call: 'one' });
  handler.send(callFrame('four', 'greeting.late'));
  expect(await handler.next()).toMatchObject({ result: 'Error: the call has ended' });
  handler.process.stdin.end();
});

it.each<[string, Frame | Uint8Array]>([
  ['a host of another major', { kind: 'hello', protocols: ['2.0'] }],
  ['an unknown frame', { kind: 'restart' }],
  ['a frame that is too large', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
])('it leaves with 3 over %s', async (_why, input) => {
  const handler = start();
  handler.process.stdin.write(input instanceof Uint8Array ? input : encodeFrame(input));
  const [code] = await once(handler.process, 'close');
  expect(code).toBe(3);
  expect(handler.log()).toMatch(/^protocol: /);
});
