import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpAnswer, requestBytesMax } from './add-checkpoint.ts';
import type { Witness } from './witness.ts';
import { WitnessError } from './witness-error.ts';
import { textAnswer } from './witness-judge.ts';

/** A witness that can be reached. */
export type WitnessServer = {
  /** Its submission prefix, without a slash at the end. */
  readonly url: string;
  /** Stops listening, and lets what runs come to its end. */
  close(): Promise<void>;
};

const limits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 8 * 1024,
};
const connectionsMax = 256;

/**
 * Serves a witness over HTTP, without TLS: put a proxy before it to reach it from elsewhere.
 * @param where - `host` is loopback by default; port 0 takes any that is free
 * @throws WitnessError ADDRESS
 */
export async function serveWitness(
  witness: Witness,
  where: { readonly host?: string; readonly port?: number } = {},
): Promise<WitnessServer> {
  const { host = '127.0.0.1', port = 0 } = where;
  const server = createServer(
    limits,
    (request, response) => void handle(witness, request, response),
  );
  server.maxConnections = connectionsMax;
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function handle(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(witness, request);
  const headers = { 'content-type': answer.type, 'cache-control': 'no-store' };
  // A body that was not read to its end would be taken for the next request.
  const close = request.complete ? {} : { connection: 'close' };
  response.writeHead(answer.status, { ...headers, ...close }).end(answer.body);
}

async function answerTo(witness: Witness, request: IncomingMessage): Promise<HttpAnswer> {
  if (request.url !== '/add-checkpoint') return textAnswer(404, 'there is only /add-checkpoint');
  if (request.method !== 'POST') return textAnswer(405, 'use POST');
  const body = await readBody(request);
  if (body === 'too large') return textAnswer(413, `at most ${requestBytesMax} bytes`);
  if (body === 'cut off') return textAnswer(400, 'the request was cut off');
  const text = decodeUtf8(body);
  return text === undefined ? textAnswer(400, 'not UTF-8') : witness.addCheckpoint(text);
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too large' | 'cut off'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > requestBytesMax) return 'too large';
      chunks.push(chunk);
    }
  } catch {
    return 'cut off';
  }
  return Buffer.concat(chunks);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        new WitnessError('ADDRESS', `cannot listen on ${host}:${port}: ${error.message}`, error),
      );
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
