import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestBytesMax, sizeType } from './add-checkpoint.ts';
import { SampleLog, sampleSigner } from './testing/sample-log.ts';
import { WitnessWorld } from './testing/witness-world.ts';

let world: WitnessWorld;
beforeEach(async () => {
  world = await WitnessWorld.create();
});
afterEach(() => world.destroy());
const log = new SampleLog();
const fork = new SampleLog(log.origin, 1);

describe('a witness cosigns', () => {
  it('the first checkpoint of a log, without a proof', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { status, body } = await world.submit(0, 7);
    expect(status).toBe(200);
    expect(body).toMatch(/^\u2014 cambium\.witness\/[0-9a-f]{32} [A-Za-z0-9+/=]+\n$/);
    expect(world.timeIn(body, 7)).toBeGreaterThanOrEqual(before);
  });

  it('every step of a log that grows', async () => {
    let last = 0;
    for (const size of [0, 1, 2, 3, 7, 8, 255, 256, 257, 1000]) {
      const { status, body } = await world.submit(last, size);
      expect(status).toBe(200);
      expect(world.timeIn(body, size)).toBeDefined();
      last = size;
    }
  });

  it('the same checkpoint again, with the time of now', async () => {
    expect((await world.submit(0, 7)).status).toBe(200);
    const { status, body } = await world.submit(7, 7);
    expect(status).toBe(200);
    expect(world.timeIn(body, 7)).toBeDefined();
  });

  it('under any key that the log has had', async () => {
    await world.stop();
    const newer = new SampleLog(log.origin, 0, sampleSigner(2));
    const keys = [...log.log.keys, ...newer.log.keys];
    await world.start({ logs: new Map([[log.origin, { origin: log.origin, keys }]]) });
    expect((await world.submit(0, 7)).status).toBe(200);
    expect((await world.submit(7, 9, newer)).status).toBe(200);
  });

  it('with a time that never goes back, even when its clock does', async () => {
    await world.stop();
    await world.start({ nowSeconds: () => 2_000_000_000 });
    await world.submit(0, 7);
    await world.stop();
    await world.start({ nowSeconds: () => 1_000_000_000 });
    expect(world.timeIn((await world.submit(7, 9)).body, 9)).toBe(2_000_000_000);
  });
});

describe('a witness refuses', () => {
  it('a checkpoint that does not begin where it stands, and says where that is', async () => {
    await world.submit(0, 7);
    for (const [from, to] of [
      [0, 9],
      [5, 9],
      [8, 9],
      [0, 3],
      [3, 3],
    ] as const)
      expect(await world.submit(from, to)).toStrictEqual({
        status: 409,
        type: sizeType,
        body: '7\n',
      });
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('another tree of the same size', async () => {
    await world.submit(0, 7);
    const answer = await world.submit(7, 7, fork);
    expect(answer.status).toBe(409);
    expect(answer.type).not.toBe(sizeType);
  });

  it('a tree that does not continue the last one', async () => {
    await world.submit(0, 7);
    expect((await world.submit(7, 9, fork)).status).toBe(422);
    expect((await world.submit(7, 9)).status).toBe(200);
  });

  it('a proof that is too long, too short, changed, or there where none is to be', async () => {
    await world.submit(0, 7);
    const request = await log.request(7, 9);
    const [hash = ''] = request.match(/^[A-Za-z0-9+/]{43}=$/m) ?? [];
    const other = request.replace(hash, `A${hash.slice(1)}`);
    for (const wrong of [
      request.replace(`${hash}\n`, ''),
      request.replace('\n\n', `\n${hash}\n\n`),
      other,
    ])
      expect((await world.post(wrong)).status).toBe(422);
    const same = (await log.request(7, 7)).replace('\n\n', `\n${hash}\n\n`);
    expect((await world.post(same)).status).toBe(422);
  });

  it('a proof for the first checkpoint', async () => {
    const request = await log.request(0, 7);
    const wrong = request.replace('\n\n', `\n${'A'.repeat(43)}=\n\n`);
    expect((await world.post(wrong)).status).toBe(422);
  });

  it('a log that it does not know', async () => {
    expect((await world.submit(0, 7, new SampleLog('example.org/other'))).status).toBe(404);
  });

  it('a signature that is not the log’s', async () => {
    const stranger = new SampleLog(log.origin, 0, sampleSigner(9));
    expect((await world.submit(0, 7, stranger)).status).toBe(403);
    const request = await log.request(0, 7);
    const at = request.length - 20;
    const changed = `${request.slice(0, at)}${request[at] === 'A' ? 'B' : 'A'}${request.slice(at + 1)}`;
    expect((await world.post(changed)).status).toBe(403);
  });

  it('an old size that is greater than the new one', async () => {
    expect((await world.post((await log.request(0, 7)).replace('old 0', 'old 8'))).status).toBe(
      400,
    );
  });

  it.each([
    ['nothing', ''],
    ['a note alone', log.note(7)],
    ['no note', 'old 0\n\n'],
    ['a note that is no checkpoint', 'old 0\n\nhello\n\n\u2014 x AAAAAAA=\n'],
    ['bytes that are no text', Uint8Array.of(0x6f, 0xff, 0xfe)],
  ])('%s', async (_, body) => {
    expect((await world.post(body)).status).toBe(400);
  });

  it('a body that is too large, whether its length is told or not', async () => {
    const large = new Uint8Array(requestBytesMax + 1).fill(97);
    const told = await world.post(large).catch(() => ({ status: 413 }));
    expect(told.status).toBe(413);
    expect(await postInChunks(large)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('other methods and other paths', async () => {
    expect((await fetch(`${world.url}/add-checkpoint`)).status).toBe(405);
    expect((await world.post('', '/')).status).toBe(404);
    expect((await world.post('', '/add-checkpoint/')).status).toBe(404);
  });
});

/** A POST whose length is not told. */
function postInChunks(body: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(world.url);
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        'POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
      for (let at = 0; at < body.length; at += 16_384) {
        const part = body.subarray(at, at + 16_384);
        socket.write(`${part.length.toString(16)}\r\n`);
        socket.write(part);
        socket.write('\r\n');
      }
    });
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text;
    });
    socket.on('error', () => undefined).on('close', () => resolve(heard));
  });
}
