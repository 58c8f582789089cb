/* Epochs while the messaging layer does what it likes: loses, doubles, delays, reorders. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerSession } from '../service/session.ts';
import { parseEnvelope } from '../wire/envelope.ts';
import { day, hour, LossyWorld, minute, type Taken } from './lossy-world.ts';

let world: LossyWorld;
beforeEach(async () => {
  world = await LossyWorld.create();
});

/** Number of the epoch that an envelope is of, and whether it repeats the opening. */
function epochOf(bytes: Uint8Array): { number: number; opens: boolean } {
  const envelope = parseEnvelope(bytes);
  if (!envelope.ok) throw new Error(envelope.reason);
  return { number: envelope.value.epoch, opens: envelope.value.opening !== undefined };
}

/** What was decided, in order. */
function reasons({ records }: { records: readonly { kind: string; body: unknown }[] }): unknown[] {
  return records
    .filter(({ kind }) => kind === 'decided')
    .map(({ body }) => (body as { reason?: string }).reason);
}

type Step = { readonly do: 'ask' | 'tell' | 'deliver' | 'forget' | 'wait'; readonly pick: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.oneof(
      { weight: 4, arbitrary: fc.constant('ask' as const) },
      { weight: 3, arbitrary: fc.constant('tell' as const) },
      { weight: 10, arbitrary: fc.constant('deliver' as const) },
      { weight: 1, arbitrary: fc.constantFrom('forget' as const, 'wait' as const) },
    ),
    pick: fc.nat(),
  }),
  { minLength: 5, maxLength: 25 },
);

describe('whatever the messaging layer does with messages', () => {
  it('each one that arrives is opened, at either end, and decided about once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const here = await LossyWorld.create();
        const toVault: { id: string; subject: string; bytes: Uint8Array }[] = [];
        const toService: { subject: string; bytes: Uint8Array }[] = [];
        const decided = new Map<string, number>();
        const remembered = new Set<number>();
        for (const { do: action, pick } of taken) {
          if (action === 'ask') toVault.push(await here.seal());
          if (action === 'tell') toService.push(...(await here.say()).said);
          if (action === 'wait') here.now += 25 * hour;
          if (action === 'forget') {
            here.session = here.newSession();
            remembered.clear();
          }
          if (action !== 'deliver') continue;
          // Any message that was ever sent, however often and in whatever order: what is never picked is lost.
          const event = pick % 2 === 0 ? toVault[(pick >> 1) % toVault.length] : undefined;
          const told = pick % 2 === 1 ? toService[(pick >> 1) % toService.length] : undefined;
          if (event !== undefined) {
            const result = await here.take(event);
            const found = reasons(result);
            decided.set(event.id, (decided.get(event.id) ?? 0) + found.length);
            expect(found.filter((reason) => reason !== 'event_unsupported')).toEqual([]);
            toService.push(...result.said);
          }
          if (told === undefined) continue;
          const { number, opens } = epochOf(told.bytes);
          const opened = await here.session.open(told.subject, told.bytes);
          // Who has lost its memory cannot read what was sent to who it was; it gets the opening when it speaks.
          expect(opened !== undefined).toBe(opens || remembered.has(number));
          if (opened !== undefined) remembered.add(number);
        }
        for (const count of decided.values()) expect(count).toBe(1);
      }),
      { numRuns: 25 },
    );
  }, 100_000);
});

describe('an epoch’s opening', () => {
  it('is in each message until one from the other side shows that it arrived', async () => {
    const lost = await world.seal();
    const second = await world.seal();
    expect([lost, second].map(({ bytes }) => epochOf(bytes).opens)).toEqual([true, true]);
    const { said } = await world.take(second);
    const [answer] = said;
    expect(epochOf(answer?.bytes ?? new Uint8Array()).opens).toBe(true);
    await world.session.open(answer?.subject ?? '', answer?.bytes ?? new Uint8Array());
    const third = await world.seal();
    expect(epochOf(third.bytes)).toEqual({ number: epochOf(lost.bytes).number, opens: false });
    expect(epochOf((await world.take(third)).said[0]?.bytes ?? new Uint8Array()).opens).toBe(false);
    // The first, which was lost for so long, is still good.
    expect(reasons(await world.take(lost))).toEqual(['event_unsupported']);
  });

  it('comes again for a side that has lost its memory', async () => {
    const before = (await world.take(await world.seal())).said[0];
    await world.session.open(before?.subject ?? '', before?.bytes ?? new Uint8Array());
    await world.take(await world.seal());
    world.session = world.newSession();
    const after = (await world.take(await world.seal())).said[0];
    expect(epochOf(after?.bytes ?? new Uint8Array())).toMatchObject({ number: 1, opens: true });
    const bytes = after?.bytes ?? new Uint8Array();
    expect(await world.session.open(after?.subject ?? '', bytes)).toBeDefined();
  });

  it('crosses with the other side’s, and neither minds', async () => {
    const { said } = await world.say();
    const event = await world.seal();
    const told = said[0];
    expect(
      await world.session.open(told?.subject ?? '', told?.bytes ?? new Uint8Array()),
    ).toBeDefined();
    const answered = await world.take(event);
    expect(reasons(answered)).toEqual(['event_unsupported']);
    const [answer] = answered.said;
    const bytes = answer?.bytes ?? new Uint8Array();
    // The vault does not know yet that the service has it, so it is there once more.
    expect(epochOf(bytes)).toEqual({ number: 1, opens: true });
    expect(await world.session.open(answer?.subject ?? '', bytes)).toBeDefined();
  });

  it('is kept by a vault that is opened again', async () => {
    const first = (await world.take(await world.seal())).said[0];
    await world.session.open(first?.subject ?? '', first?.bytes ?? new Uint8Array());
    const sealed = await world.seal();
    const again = await world.reopened();
    const answered = await again.take(sealed);
    expect(reasons(answered)).toEqual(['event_unsupported']);
    expect(epochOf(answered.said[0]?.bytes ?? new Uint8Array())).toEqual({
      number: 1,
      opens: false,
    });
  });
});

describe('two sessions of one party', () => {
  const open = (session: PeerSession, message: Taken['said'][number] | undefined) =>
    session.open(message?.subject ?? '', message?.bytes ?? new Uint8Array());
  const opens = (message: Taken['said'][number] | undefined) =>
    epochOf(message?.bytes ?? new Uint8Array()).opens;

  it('that begin at the same moment are both answered, each as one that knows what it knows itself', async () => {
    const [one, other] = [world.newSession(() => 1), world.newSession(() => 2)];
    const late = await world.seal(other);
    for (let round = 0; round < 2; round++) {
      const { said } = await world.take(await world.seal(one));
      expect(await open(one, said[0])).toBeDefined();
      expect(opens(said[0])).toBe(round === 0);
    }
    const { said, records } = await world.take(late);
    expect(reasons({ records })).toEqual(['event_unsupported']);
    expect(await open(other, said[0])).toBeDefined();
    expect(opens((await world.take(await world.seal(one))).said[0])).toBe(false);
  });

  it('both read what the vault says of its own accord, also before they have said a word', async () => {
    const { said } = await world.take(await world.seal());
    await open(world.session, said[0]);
    await world.take(await world.seal());
    const told = (await world.say()).said[0];
    for (const session of [world.session, world.newSession()])
      expect(await open(session, told)).toBeDefined();
  });

  it('go by what the vault has of their own: a greater epoch is another’s', async () => {
    const [lesser, greater] = [world.newSession(() => 1), world.newSession(() => 2)];
    const lost = await world.seal(lesser);
    const { said } = await world.take(await world.seal(greater));
    for (const session of [lesser, greater]) expect(await open(session, said[0])).toBeDefined();
    const [next, others] = [await world.seal(lesser), await world.seal(greater)];
    expect([next, others].map(({ bytes }) => epochOf(bytes).opens)).toEqual([true, false]);
    const answered = await world.take(next);
    expect(reasons(answered)).toEqual(['event_unsupported']);
    await open(lesser, answered.said[0]);
    expect(epochOf((await world.seal(lesser)).bytes).opens).toBe(false);
    expect(reasons(await world.take(lost))).toEqual(['event_unsupported']);
  });

  it('that draw the same number: the later one is told so, and its next epoch is good', async () => {
    const [one, other] = [world.newSession(() => 7), world.newSession(() => 7)];
    await world.take(await world.seal(one));
    const refused = await world.take(await world.seal(other));
    expect(reasons(refused)).toEqual(['key_unknown']);
    expect((await open(other, refused.said[0]))?.payload).toMatchObject({ code: 'key_unknown' });
    other.renew();
    for (const session of [other, one])
      expect(reasons(await world.take(await world.seal(session)))).toEqual(['event_unsupported']);
  });
});

describe('a week without the other side', () => {
  it('for a service: the vault takes what it sends then, in a new epoch', async () => {
    await world.take(await world.seal());
    world.now += 7 * day;
    const event = await world.seal();
    const result = await world.take(event);
    expect(epochOf(event.bytes).opens).toBe(true);
    expect(reasons(result)).toEqual(['event_unsupported']);
    const [answer] = result.said;
    expect(epochOf(answer?.bytes ?? new Uint8Array())).toEqual({ number: 2, opens: true });
    const bytes = answer?.bytes ?? new Uint8Array();
    expect(await world.session.open(answer?.subject ?? '', bytes)).toBeDefined();
  });

  it('for a vault: what waited in several epochs is taken in whatever order', async () => {
    const waiting = [];
    for (let i = 0; i < 7; i++) {
      waiting.push(await world.seal(), await world.seal());
      world.now += day + minute;
    }
    expect(new Set(waiting.map(({ bytes }) => epochOf(bytes).number)).size).toBe(7);
    for (const event of [...waiting].reverse())
      expect(reasons(await world.take(event))).toEqual(['event_unsupported']);
    expect(world.connection.receiving.size).toBe(7);
  });
});

describe('replay', () => {
  it('brings no second decision for 16 days, and is expired ever after', async () => {
    const event = await world.seal();
    expect(reasons(await world.take(event))).toEqual(['event_unsupported']);
    const sent = world.now;
    for (let at = 0; at <= 16 * day; at += 8 * hour) {
      world.now = sent + at;
      expect(reasons(await world.take(event))).toEqual([]);
      // Days pass, and old ids are let go of.
      await world.take(await world.seal());
    }
    for (const at of [16 * day + 1, 16 * day + 3 * minute, 17 * day, 31 * day, 60 * day]) {
      world.now = sent + at;
      await world.take(await world.seal());
      const again = reasons(await world.take(event));
      expect(
        again.filter((reason) => !['expired', 'key_unknown'].includes(String(reason))),
      ).toEqual([]);
    }
  }, 60_000);

  it('of an opening installs nothing: neither a known one nor one whose key is gone', async () => {
    const event = await world.seal();
    await world.take(event);
    const sent = world.now;
    for (let at = 1; at < 60; at += 3) {
      world.now = sent + at * day;
      await world.take(await world.seal());
    }
    const before = [...world.connection.receiving.keys()];
    expect(before).not.toContain(epochOf(event.bytes).number);
    expect(reasons(await world.take(event))).toEqual(['expired']);
    expect([...world.connection.receiving.keys()]).toEqual(before);
  }, 60_000);
});

describe('an epoch ends', () => {
  it('after 10,000 messages of the service, or 24 hours', async () => {
    const numbers = new Set<number>();
    for (let i = 0; i < 10_000; i++) numbers.add(epochOf((await world.seal()).bytes).number);
    expect(numbers.size).toBe(1);
    const next = epochOf((await world.seal()).bytes);
    expect(numbers).not.toContain(next.number);
    world.now += day - 1;
    expect(epochOf((await world.seal()).bytes).number).toBe(next.number);
    world.now += 1;
    expect(epochOf((await world.seal()).bytes).number).toBeGreaterThan(next.number);
  }, 60_000);

  it('after 10,000 messages of the vault, or 24 hours', async () => {
    const numbers = new Set<number>();
    for (let i = 0; i < 50; i++)
      for (const { bytes } of (await world.say(200)).said) numbers.add(epochOf(bytes).number);
    expect([...numbers]).toEqual([1]);
    const next = async (): Promise<number> =>
      epochOf((await world.say()).said[0]?.bytes ?? new Uint8Array()).number;
    expect(await next()).toBe(2);
    world.now += day - 1;
    expect(await next()).toBe(2);
    world.now += 1;
    expect(await next()).toBe(3);
  }, 60_000);
});
