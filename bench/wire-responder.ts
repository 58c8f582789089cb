/*
 * The answering end of the wire's measurements, in its own process: `raw` comes back as it is; `sealed` and `signed`
 * are opened, checked and answered with a sealed event. Usage: wire-responder.js SERVER SEED
 */
import { connect, type Msg } from '@nats-io/transport-node';
import { fromHex } from '../wire/bytes.ts';
import { openedRequest, sealedAnswer, wirePair } from './wire-peers.ts';

const [server = '', seed = ''] = process.argv.slice(2);
const pair = wirePair(fromHex(seed));
const nc = await connect({ servers: server });

nc.subscribe('raw', { callback: (_, message) => void message.respond(message.data) });
nc.subscribe('sealed', { callback: (_, message) => answer(message, false) });
nc.subscribe('signed', { callback: (_, message) => answer(message, true) });
await nc.flush();
process.stdout.write('ready\n');

function answer(message: Msg, signed: boolean): void {
  const { subject } = message;
  const request = openedRequest(pair, subject, message.data, signed);
  if (request === undefined) throw new Error(`a request on ${subject} is not authentic`);
  message.respond(sealedAnswer(pair, subject, request.id));
}
