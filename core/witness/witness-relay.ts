import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  createFrameReader,
  encodeFrame,
  type RelayAnswer,
  type RelayRequest,
} from './relay-frames.ts';

/*
 * The relay: a program of its own, so that the vault's process never speaks HTTP. It posts what it is
 * told to, and says what came back. It holds no key and no state, follows no redirect, and ends with
 * its input. What it says is checked by the vault against the witness's key.
 */

/** Answers one request; every way it can fail is an answer. */
async function answer(request: RelayRequest): Promise<RelayAnswer> {
  try {
    return { id: request.id, ...(await post(request)) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { id: request.id, error: text.slice(0, 500) };
  }
}

async function post(
  request: RelayRequest,
): Promise<{ status: number; type: string; body: string }> {
  const url = new URL(request.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`not an address of a witness: ${url.protocol}`);
  // For the whole exchange: a server that sends a byte a second must not keep it open.
  const signal = AbortSignal.timeout(request.timeoutMs);
  const response = await send(url, request.body, signal);
  const bytes = await readBody(response, request.answerBytesMax);
  const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  return { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body };
}

function send(url: URL, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return new Promise((resolve, reject) => {
    start(url, { method: 'POST', headers, signal, maxHeaderSize: 8 * 1024 })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
}

async function readBody(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const read = createFrameReader((document) => {
  void answer(document as RelayRequest).then((said) => process.stdout.write(encodeFrame(said)));
});
process.stdin.on('data', read).once('end', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));
