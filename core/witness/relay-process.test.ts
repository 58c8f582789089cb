import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { answerBytesMax } from './add-checkpoint.ts';
import { createRelay, type Relay, type RelayOptions } from './relay-process.ts';
import { childProcesses } from './testing/child-processes.ts';

const program = fileURLToPath(new URL('../../dist/core/witness/witness-relay.js', import.meta.url));
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function relay(options: RelayOptions = {}): Relay {
  const made = createRelay({ program, ...options });
  cleanups.push(() => made.close());
  return made;
}

/** A server of loopback that answers as it is told to. */
async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A relay of another program, which says what it wants. */
async function impostor(script: string, options: RelayOptions = {}): Promise<Relay> {
  const folder = await mkdtemp(join(tmpdir(), 'cambium-relay-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'impostor.mjs');
  await writeFile(file, script);
  return relay({ program: file, ...options });
}

describe('a relay', () => {
  it('posts a body and brings the answer back', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        response.writeHead(409, { 'content-type': 'text/x.tlog.size' });
        response.end(`${request.method} ${request.url} ${body}`);
      });
    });
    expect(await relay().post(`${url}/a/b`, 'what — is said')).toStrictEqual({
      ok: true,
      answer: { status: 409, type: 'text/x.tlog.size', body: 'POST /a/b what — is said' },
    });
  });

  it('does many at once, each with its own answer', async () => {
    const url = await serve((request, response) => response.end(request.url));
    const { post } = relay();
    const paths = Array.from({ length: 16 }, (_, index) => `/${index}`);
    const posted = await Promise.all(paths.map((path) => post(`${url}${path}`, '')));
    expect(posted.map((one) => one.ok && one.answer.body)).toStrictEqual(paths);
  });

  it('takes no more than it can hold', async () => {
    const url = await serve(() => undefined);
    const { post } = relay({ timeoutMs: 300 });
    const posted = await Promise.all(Array.from({ length: 17 }, () => post(url, '')));
    expect(posted[16]).toStrictEqual({ ok: false, detail: 'too many posts at once' });
  });

  it('follows no redirect', async () => {
    let reached = false;
    const elsewhere = await serve((_, response) => {
      reached = true;
      response.end();
    });
    const url = await serve((_, response) =>
      response.writeHead(307, { location: elsewhere }).end('go there'),
    );
    expect(await relay().post(url, '')).toMatchObject({ ok: true, answer: { status: 307 } });
    expect(reached).toBe(false);
  });

  it('gives nothing of an answer that is too large', async () => {
    const url = await serve((_, response) => response.end('a'.repeat(answerBytesMax + 1)));
    expect(await relay().post(url, '')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('more than'),
    });
  });

  it('gives nothing of an answer that is no text', async () => {
    const url = await serve((_, response) => response.end(Uint8Array.of(0xff, 0xfe)));
    expect(await relay().post(url, '')).toMatchObject({ ok: false });
  });

  it('gives nothing of an answer that was cut off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await relay().post(url, '')).toMatchObject({ ok: false });
  });

  it('gives up on a server that says nothing, or goes on for ever', async () => {
    const silent = await serve(() => undefined);
    const endless = await serve((_, response) => {
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { post } = relay({ timeoutMs: 300 });
    const before = performance.now();
    for (const posted of await Promise.all([post(silent, ''), post(endless, '')]))
      expect(posted).toMatchObject({ ok: false });
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it.each(['http://127.0.0.1:1/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'nonsense', ''])(
    'says why %j cannot be reached',
    async (url) => {
      expect(await relay().post(url, '')).toMatchObject({ ok: false, detail: expect.any(String) });
    },
  );

  it('cannot read files, and knows nothing of the environment', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      let said = Object.keys(process.env).join() + ' ';
      try { readFileSync('/etc/hostname'); said += 'read'; } catch (error) { said += error.code; }
      const body = JSON.stringify({ id: 1, error: said });
      const size = Buffer.alloc(4);
      size.writeUInt32BE(body.length);
      process.stdin.once('data', () => process.stdout.write(Buffer.concat([size, Buffer.from(body)])));
    `;
    const { post } = await impostor(script);
    expect(await post('http://x', '')).toStrictEqual({ ok: false, detail: ' ERR_ACCESS_DENIED' });
  });

  it('is gone when it is closed, and posts nothing after that', async () => {
    const made = relay();
    await made.post('http://127.0.0.1:1/', '');
    await made.close();
    await made.close();
    expect(await made.post('http://127.0.0.1:1/', '')).toMatchObject({ ok: false });
  });
});

describe('a relay that', () => {
  it('was killed loses what it had to do, and is started again by the next post', async () => {
    const silent = await serve(() => undefined);
    const url = await serve((_, response) => response.end('here'));
    const others = new Set(await childProcesses());
    const { post } = relay();
    const lost = post(silent, '');
    const [pid = 0] = (await childProcesses()).filter((child) => !others.has(child));
    process.kill(pid, 'SIGKILL');
    expect(await lost).toStrictEqual({ ok: false, detail: 'the relay ended' });
    expect(await post(url, '')).toMatchObject({ ok: true, answer: { body: 'here' } });
  });

  it.each([
    ['says what is no frame', `process.stdout.write('hello, this is no frame at all')`],
    ['says a frame that is too large', `process.stdout.write(Buffer.from([255, 255, 255, 255]))`],
    ['says what is no JSON', `process.stdout.write(Buffer.from([0, 0, 0, 1, 120]))`],
    ['answers what was not asked', `say({ id: 99, error: 'x' })`],
    ['answers with other types', `say({ id: 1, status: '200', type: 1, body: [] })`],
    ['answers with nothing', `say(null)`],
  ])('%s is ended, and its posts fail', async (_, said) => {
    const script = `
      const say = (document) => {
        const body = Buffer.from(JSON.stringify(document));
        const size = Buffer.alloc(4);
        size.writeUInt32BE(body.length);
        process.stdout.write(Buffer.concat([size, body]));
      };
      process.stdin.once('data', () => { ${said} });
    `;
    const { post } = await impostor(script);
    expect(await post('http://x', '')).toStrictEqual({ ok: false, detail: 'the relay ended' });
  });

  it('hangs is ended after a while', async () => {
    const { post } = await impostor('process.stdin.resume(); setInterval(() => {}, 1000);', {
      timeoutMs: 100,
    });
    expect(await post('http://x', '')).toStrictEqual({ ok: false, detail: 'the relay ended' });
  });

  it('is not there says so', async () => {
    const { post } = relay({ program: '/nowhere/relay.js' });
    expect(await post('http://x', '')).toStrictEqual({ ok: false, detail: 'the relay ended' });
  });

  it('logs is heard', async () => {
    const lines: string[] = [];
    const { post } = await impostor(`console.error('one line'); process.exit(3);`, {
      onLog: (line) => lines.push(line),
    });
    await post('http://x', '');
    expect(lines).toStrictEqual(['one line']);
  });
});
