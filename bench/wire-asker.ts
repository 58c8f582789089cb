import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { inSlices } from './in-slices.ts';
import { openedAnswer, sealedRequest, type WirePair } from './wire-peers.ts';

const timeoutMs = 10_000;

/** What is sent, and what its answer will name. */
type Asked = { readonly id: string; readonly bytes: Uint8Array; readonly reply: string };

/**
 * Asks sealed, as a client of the standard does: all answers come to one inbox, and each belongs to the event that it
 * names as its cause.
 * @returns asks on a subject, signed or not; settles when the authentic answer is here
 */
export function sealedAsker(
  nc: NatsConnection,
  pair: WirePair,
): (subject: string, signed: boolean) => Promise<void> {
  const reply = createInbox();
  const ask = asker(nc, reply, ({ data }) => openedAnswer(pair, reply, data)?.cause);
  return (subject, signed) => ask(subject, { ...sealedRequest(pair, subject, signed), reply });
}

/** Asks in the same way, but with nothing sealed, so that what sealing costs is seen apart from how answers are awaited. */
export function rawAsker(
  nc: NatsConnection,
  bytes: Uint8Array,
): (subject: string) => Promise<void> {
  const inbox = createInbox();
  let count = 0;
  const ask = asker(nc, `${inbox}.*`, ({ subject }) => subject);
  return (subject) => {
    count += 1;
    const reply = `${inbox}.${count}`;
    return ask(subject, { id: reply, bytes, reply });
  };
}

function asker(
  nc: NatsConnection,
  inbox: string,
  causeOf: (answer: Msg) => string | undefined,
): (subject: string, asked: Asked) => Promise<void> {
  const waiting = new Map<string, () => void>();
  const heard = inSlices((answer: Msg) => {
    const cause = causeOf(answer);
    if (cause === undefined) throw new Error('an answer is not authentic');
    waiting.get(cause)?.();
    waiting.delete(cause);
  });
  nc.subscribe(inbox, { callback: (_, answer) => heard(answer) });
  return (subject, { id, bytes, reply }) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
      nc.publish(subject, bytes, { reply });
    });
}
