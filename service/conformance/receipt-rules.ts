import { checkedAnswer } from '../checked-answer.ts';
import { expect, fault, honest, inWords, onMain, vaultSays } from './judge.ts';
import type { Peer, Told } from './peer.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';
import { fields } from './terms.ts';

const rule = ofPage('receipt.md');
const section = 'Statement';
const members: ReadonlySet<string> = new Set(['leaf', 'time', 'key', 'signature', 'contract']);

/** Every answer that a peer has heard. */
function answersOf(peer: Peer): Told[] {
  return peer.heard.flatMap(({ event }) => peer.answers(event?.cause ?? ''));
}

export const receiptRules: readonly Rule[] = [
  rule(
    'statement',
    section,
    "Every answer brings a statement that the ledger's key has signed over what the answer says.",
    vaultSays((peer) => {
      for (const { event } of peer.heard) {
        if (event?.type !== 'event.answer') continue;
        const { check } = checkedAnswer(peer.identity, event);
        if (check?.ok === false) return fault('a statement that verifies', check.fault);
      }
      return undefined;
    }),
  ),
  rule(
    'members',
    section,
    'With an answer go only those members of a statement that it does not say itself.',
    vaultSays((peer) => {
      for (const { answer } of answersOf(peer))
        for (const name of Object.keys(answer.statement ?? {}))
          if (!members.has(name)) return fault([...members].join(', '), name);
      return undefined;
    }),
  ),
  rule(
    'contract',
    section,
    'A statement names the contract in force, and none before there is one.',
    async (lab): Promise<Verdict> => {
      const { pending, peer, told } = await lab.main();
      const before = pending?.answer.statement?.contract;
      if (before !== undefined) return fault('no contract before the owner accepted', before);
      const later = await peer.ask(honest(peer));
      for (const { answer } of [told, later].flatMap((one) => one ?? []))
        if (answer.statement?.contract !== peer.contract?.hash)
          return fault(`${peer.contract?.hash}`, `${answer.statement?.contract}`);
      return undefined;
    },
  ),
  rule(
    'leaf',
    section,
    'Another event under the same id has a statement of its own, with another leaf.',
    onMain(async (peer) => {
      const sent = honest(peer);
      const first = await peer.ask(sent);
      const other = { fields: [fields.absent] };
      const second = await peer.ask(peer.forge('data.request', other, { id: sent.id }));
      const leaves = [first, second].map((told) => told?.answer.statement?.leaf);
      const apart = leaves[0] !== undefined && leaves[1] !== undefined && leaves[0] !== leaves[1];
      return expect(apart, 'two leaves', `${leaves.join(' and ')} (${inWords(second)})`);
    }),
  ),
  rule(
    'time',
    section,
    "A statement's time is that of its record: neither of the future, nor older than the event.",
    onMain(async (peer) => {
      const asked = Date.now();
      const told = await peer.ask(honest(peer));
      const time = told?.answer.statement?.time ?? 0;
      const near = Math.abs(time - asked) <= skewMs;
      return expect(near, `about ${asked}`, String(time));
    }),
  ),
];

/** How far two clocks may be apart. */
const skewMs = 120_000;
