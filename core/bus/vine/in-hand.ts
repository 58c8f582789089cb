import type { ConsumerInfo } from '@nats-io/jetstream';

/*
 * What a vault that stopped had in its hands: events that were given to it and that it had not acknowledged. One of them may
 * be why it stopped, and would stop it again. So they are given out one at a time, and which one, and how often, is written
 * down first: in the metadata of the vault's consumer, which lies where the events lie.
 */
export type InHand = {
  /** The last of them, by its sequence in the stream; 0 for none. */
  readonly until: number;
  /** The one that was given out last, and how often it was. */
  readonly seq: number;
  readonly tries: number;
};

/** As often as this an event is handled like any other. After that it is set aside. */
export const triesMax = 3;
/** As often as this it is set aside. After that the vault does not get it any more. */
export const asideTriesMax = 6;

const names = {
  until: 'cambium-in-hand-until',
  seq: 'cambium-in-hand-seq',
  tries: 'cambium-in-hand-tries',
} as const;

/** As it stands in the metadata of a consumer. */
export function inHandMetadata({ until, seq, tries }: InHand): Record<string, string> {
  return { [names.until]: `${until}`, [names.seq]: `${seq}`, [names.tries]: `${tries}` };
}

/** What was in hand when a consumer was used last; nothing, where there was no consumer. */
export function inHandOf(info: ConsumerInfo | undefined): InHand {
  const { metadata = {} } = info?.config ?? {};
  const before = {
    until: metadata[names.until],
    seq: metadata[names.seq],
    tries: metadata[names.tries],
  };
  const given = info !== undefined && info.num_ack_pending > 0 ? info.delivered.stream_seq : 0;
  return {
    until: Math.max(given, whole(before.until)),
    seq: whole(before.seq),
    tries: whole(before.tries),
  };
}

/** With one more event given out. */
export function givenOut(inHand: InHand, seq: number): InHand {
  return { ...inHand, seq, tries: seq === inHand.seq ? inHand.tries + 1 : 1 };
}

function whole(text = '0'): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}
