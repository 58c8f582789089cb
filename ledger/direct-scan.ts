import type { JetStreamManager } from '@nats-io/jetstream';
import {
  createInbox,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { LedgerError } from './errors.ts';

const batchMessages = 256;
/** Two batches are held at most: the one that is read, and the next. */
const batchBytes: number = 4 * 1024 * 1024;
const silenceMaxSeconds = 15;
const endOfBatch = 204;
const notFound = 404;

/** One stored message. */
export type ScannedMessage = {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** What a key-value bucket did with the key; empty for a value. */
  readonly operation: string;
};

/**
 * Every message of a stream from `sequence` to the last one that the server claims at the start, in
 * order, by direct get: a reader needs no consumer, and so no right by which it could make the
 * server publish. Messages that the server lost are left out; whoever reads counts. While one batch is
 * handed over, the next is on its way.
 * @throws LedgerError STORE_UNAVAILABLE when the server stops answering before the end
 */
export async function* directScan(
  nc: NatsConnection,
  manager: JetStreamManager,
  stream: string,
  sequence: number,
): AsyncIterable<ScannedMessage> {
  const { state } = await manager.streams.info(stream);
  let next = Math.max(sequence, state.first_seq);
  let asked: AskedBatch | undefined;
  try {
    while (state.messages > 0 && next <= state.last_seq) {
      const batch = await (asked ?? askBatch(nc, stream, next)).messages;
      const found = batch.length > 0 ? batch : await readFromLeader(manager, stream, next);
      const after = (found.at(-1)?.seq ?? state.last_seq) + 1;
      asked = after <= state.last_seq ? askBatch(nc, stream, after) : undefined;
      for (const message of found) {
        if (message.seq < next || message.seq > state.last_seq) return;
        next = message.seq + 1;
        yield message;
      }
      if (found.length === 0) return;
    }
  } finally {
    asked?.stop();
  }
}

/** A batch that is on its way. */
type AskedBatch = {
  /**
   * Some messages; none when the server that answered has no more. The whole batch is taken before any
   * of it is handed over, so that a slow reader is not mistaken for a slow server.
   */
  readonly messages: Promise<readonly ScannedMessage[]>;
  stop(): void;
};

function askBatch(nc: NatsConnection, stream: string, sequence: number): AskedBatch {
  const inbox = createInbox();
  const replies = nc.subscribe(inbox);
  const ask = JSON.stringify({ seq: sequence, batch: batchMessages, max_bytes: batchBytes });
  nc.publish(`$JS.API.DIRECT.GET.${stream}`, ask, { reply: inbox });
  const messages = takeBatch(replies);
  // Whoever stops early does not wait for it.
  messages.catch(() => undefined);
  return { messages, stop: () => replies.unsubscribe() };
}

async function takeBatch(replies: Subscription): Promise<readonly ScannedMessage[]> {
  const out: ScannedMessage[] = [];
  let silentSeconds = 0;
  // Counted while this thread is free to hear: one that is busy is not a silent server.
  const clock = setInterval(() => {
    silentSeconds += 1;
    if (silentSeconds > silenceMaxSeconds) replies.unsubscribe();
  }, 1000);
  try {
    for await (const reply of replies) {
      silentSeconds = 0;
      const code = reply.headers?.code ?? 0;
      if (code === endOfBatch || code === notFound) return out;
      if (code !== 0) throw unavailable(`${code} ${reply.headers?.description ?? ''}`);
      out.push(fromReply(reply));
    }
  } finally {
    clearInterval(clock);
    replies.unsubscribe();
  }
  throw unavailable('stopped answering');
}

/** A replica may be behind, so the leader has the last word on whether there is another message. */
async function readFromLeader(
  manager: JetStreamManager,
  stream: string,
  sequence: number,
): Promise<readonly ScannedMessage[]> {
  const query = { seq: sequence, next_by_subj: '>' };
  const found = await manager.streams.getMessage(stream, query);
  if (found === null) return [];
  const { seq, subject, data, header } = found;
  return [{ seq, subject, data: data.slice(), operation: header?.get('KV-Operation') ?? '' }];
}

function fromReply({ headers, data }: Msg): ScannedMessage {
  return {
    seq: Number(headers?.get('Nats-Sequence')),
    subject: headers?.get('Nats-Subject') ?? '',
    data: new Uint8Array(data),
    operation: headers?.get('KV-Operation') ?? '',
  };
}

function unavailable(what: string): LedgerError {
  return new LedgerError('STORE_UNAVAILABLE', `the ledger server: ${what}`);
}
