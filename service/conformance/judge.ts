import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../wire/messages.ts';
import type { Sent } from './forgery.ts';
import type { Step } from './heard.ts';
import type { Lab } from './lab.ts';
import type { Peer, Told } from './peer.ts';
import type { Rule, Verdict } from './rule.ts';
import { fields } from './terms.ts';

/** Something to send, and what is the matter with it. */
export type Case = readonly [what: string, make: (peer: Peer) => Sent | Promise<Sent>];

/** An honest request: for data that the vault may give or lack. */
export function honest(peer: Peer): Sent {
  return peer.forge('data.request', { fields: [fields.given] });
}

/** Each of these is refused with that code. */
export function refusesAll(code: string, ...cases: readonly Case[]): Rule['check'] {
  return onMain(async (peer) => {
    for (const [what, make] of cases) {
      const told = await peer.ask(await make(peer));
      if (told?.answer.status !== 'refused' || told.answer.code !== code)
        return fault(`${what}: refused as ${code}`, inWords(told));
    }
    return undefined;
  });
}

/**
 * None of these is taken. What names no event cannot be answered, so silence will do; whoever answers all
 * the same says one of these codes.
 */
export function takesNone(codes: readonly string[], ...cases: readonly Case[]): Rule['check'] {
  return onMain(async (peer) => {
    const sent: (readonly [string, Sent])[] = [];
    for (const [what, make] of cases) sent.push([what, await make(peer)]);
    for (const [, one] of sent) peer.publish(one);
    await settled(peer);
    for (const [what, { id }] of sent) {
      const [told] = peer.answers(id);
      if (told === undefined || isRefused(told.answer, codes)) continue;
      return fault(`${what}: not taken (${codes.join(', ')})`, inWords(told));
    }
    return undefined;
  });
}

/** Each of these passes the checks: it is served, or the vault has no such field. */
export function takesAll(...cases: readonly Case[]): Rule['check'] {
  return onMain(async (peer) => {
    for (const [what, make] of cases) {
      const told = await peer.ask(await make(peer));
      if (!isTaken(told)) return fault(`${what}: taken`, inWords(told));
    }
    return undefined;
  });
}

/** A rule that needs nothing but the main party. */
export function onMain(check: (peer: Peer, lab: Lab) => Promise<Verdict>): Rule['check'] {
  return async (lab) => {
    await lab.stored().catch(() => undefined);
    return check((await lab.main()).peer, lab);
  };
}

/**
 * Waits until the vault has dealt with all that was sent before: honest requests that come later are
 * answered, and whatever a run in parallel had to say has been said.
 * @throws Error when it answers no honest request any more
 */
export async function settled(peer: Peer): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const told = await peer.ask(honest(peer));
    if (!isTaken(told)) throw new Error(`an honest request after it: ${inWords(told)}`);
  }
  await sleep(peer.waits.pauseMs);
  await peer.quiet();
}

/** Whether an answer shows that a request for data passed all checks. */
export function isTaken(told: Told | undefined): boolean {
  if (told === undefined) return false;
  const { answer } = told;
  return answer.status === 'served' || (answer.status === 'refused' && answer.code === 'refused');
}

/** Whether it is a refusal with one of these codes. */
export function isRefused(answer: Answer, codes: readonly string[]): boolean {
  return answer.status === 'refused' && codes.includes(answer.code);
}

/** An answer in words. */
export function inWords(told: Told | undefined): string {
  if (told === undefined) return 'no answer';
  const { answer } = told;
  return answer.status === 'refused' ? `refused as ${answer.code}` : String(answer.status);
}

/** What was wrong. */
export function fault(expected: string, came: string): { expected: string; came: string } {
  return { expected, came };
}

/** Nothing, where it holds. */
export function expect(holds: boolean, expected: string, came: string): Verdict {
  return holds ? undefined : fault(expected, came);
}

/** A rule over everything that the vault has sent to the main party, after it was given reason to send something. */
export function vaultSays(check: (peer: Peer) => Verdict): Rule['check'] {
  return onMain(async (peer) => {
    const undeclared = peer.forge('data.request', { fields: [fields.undeclared] });
    await Promise.all([honest(peer), undeclared].map((sent) => peer.ask(sent)));
    await peer.quiet();
    return check(peer);
  });
}

/** The first message of the vault that could not be read at this step. */
export function firstWrong({ heard }: Peer, step: Step): Verdict {
  const found = heard.find(({ wrong }) => wrong?.step === step);
  return expect(found === undefined, 'messages that can be read', found?.wrong?.what ?? '');
}
