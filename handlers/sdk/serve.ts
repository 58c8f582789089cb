import { createFrameReader, encodeFrame, type Frame } from './frames.ts';
import { createSession } from './session.ts';
import type { Program } from './types.ts';

const cookieName = 'CAMBIUM_HANDLER_COOKIE';
const cookieValue = 'cambium-handler';

/**
 * Serves calls until the host closes standard input, then leaves with 0. Call it once, first thing.
 *
 * Standard output belongs to the protocol: from here on `console.log` and `process.stdout.write`
 * go to standard error, the handler's log. A program that no host started says so and leaves with 2;
 * one whose host speaks no protocol of ours, or breaks it, leaves with 3.
 *
 * @example
 * serve({
 *   name: 'greeting',
 *   version: '1.0.0',
 *   handlers: {
 *     'greeting.request': async (call, host) => ({
 *       result: { text: `Hello, ${await host.read('personal/name')}` },
 *     }),
 *   },
 * });
 */
export function serve(program: Program): void {
  if (process.env[cookieName] !== cookieValue) {
    leave(2, `${program.name} is a handler of a Cambium vault: the vault starts it, not a person.`);
  }
  const write = takeStandardOutput();
  const send = (frame: Frame): void => write(encodeFrame(frame));
  const session = createSession(program, send);
  const read = createFrameReader(session);
  process.stdin.on('data', (chunk: Uint8Array) => {
    try {
      read(chunk);
    } catch (error) {
      leave(3, `protocol: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
}

function takeStandardOutput(): (bytes: Uint8Array) => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  process.stdout.on('error', () => process.exit(0));
  return (bytes) => {
    write(bytes);
  };
}

function leave(code: number, sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}
