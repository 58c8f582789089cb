/* Answers every message on `raw` with its own bytes: the other end of the raw baseline, in its own process. */
import { connect } from '@nats-io/transport-node';

const nc = await connect({ servers: process.argv[2] ?? '' });
nc.subscribe('raw', {
  callback: (_error, message) => {
    message.respond(message.data);
  },
});
await nc.flush();
process.stdout.write('ready\n');
