import { createAsks } from './asks.ts';
import type { Frame } from './frames.ts';
import type { Answer, Call, Host, Program } from './types.ts';

/** The protocol version spoken here; the host must speak the same major. */
const protocol = '1.1';

const errorCharsMax = 500;

/**
 * What the program does with each frame of its host. Calls run side by side.
 * The function it gives throws on a breach of protocol.
 */
export function createSession(
  program: Program,
  send: (frame: Frame) => void,
): (frame: Frame) => void {
  const asks = createAsks(send);

  async function run(call: Call): Promise<void> {
    const host = asks.open(call.call);
    let ended: Frame;
    try {
      ended = resultFrame(call.call, await work(program, call, host));
    } catch (error) {
      ended = errorFrame(call.call, error);
    }
    asks.close(call.call);
    try {
      send(ended);
    } catch (error) {
      send(errorFrame(call.call, error));
    }
  }

  return (frame) => {
    switch (frame.kind) {
      case 'hello':
        checkProtocol(frame['protocols']);
        send({ kind: 'hello', name: program.name, version: program.version, protocol });
        return;
      case 'call':
        void run(frame as unknown as Call);
        return;
      case 'answer':
        asks.answer(frame);
        return;
      default:
        throw new TypeError(`frame of kind "${frame.kind}"`);
    }
  };
}

function work(program: Program, call: Call, host: Host): Promise<Answer> {
  const found = Object.hasOwn(program.handlers, call.type)
    ? program.handlers[call.type]
    : undefined;
  if (found === undefined) throw new Error(`no work for ${call.type}`);
  return found(call, host);
}

function resultFrame(call: string, answer: Answer): Frame {
  return { kind: 'result', call, result: answer.result, effects: answer.effects ?? [] };
}

function errorFrame(call: string, error: unknown): Frame {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'error', call, message: message.slice(0, errorCharsMax) };
}

function checkProtocol(offered: unknown): void {
  const major = protocol.split('.')[0];
  const fits = (version: unknown): boolean =>
    typeof version === 'string' && version.split('.')[0] === major;
  if (!Array.isArray(offered) || !offered.some(fits)) {
    throw new TypeError(`the host does not speak protocol ${major}`);
  }
}
