/*
 * The answering end of the wire's measurements, in its own process: `raw` comes back as it is; `sealed` and `signed`
 * are opened, checked and answered with a sealed event. Usage: wire-responder.js SERVER SEED
 */
import { connect, type Msg } from '@nats-io/transport-node';
import { fromHex } from '../wire/bytes.ts';
import { inSlices } from './in-slices.ts';
import { openedRequest, sealedAnswer, wirePair } from './wire-peers.ts';

const [server = '', seed = ''] = process.argv.slice(2);
const pair = wirePair(fromHex(seed));
const nc = await connect({ servers: server });

nc.subscribe('raw', { callback: (_, message) => void message.respond(message.data) });
for (const [subject, signed] of [
  ['sealed', false],
  ['signed', true],
] as const) {
  const heard = inSlices((message: Msg) => answer(message, signed));
  nc.subscribe(subject, { callback: (_, message) => heard(message) });
}
await nc.flush();
process.stdout.write('ready\n');

function answer(message: Msg, signed: boolean): void {
  const { subject } = message;
  const request = openedRequest(pair, subject, message.data, signed);
  if (request === undefined) throw new Error(`a request on ${subject} is not authentic`);
  message.respond(sealedAnswer(pair, message.reply ?? '', request.id));
}
