import { expect, fault, inWords } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Told } from './peer.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields, mainTerms } from './terms.ts';

const rule = ofPage('contract.md');
const section = 'Remembered approvals';

/** What a party is told while the owner's yes to one field is remembered. */
type Remembered = {
  readonly first: Told | undefined;
  /** For the same field, for it and another, and for it in another session. */
  readonly same: Told | undefined;
  readonly more: Told | undefined;
  readonly later: Told | undefined;
};

function remembered(lab: Lab): Promise<Remembered> {
  return lab.once('remembered', async () => {
    await lab.stored();
    const { peer } = await lab.under('remembering', () => mainTerms);
    const asking = (...names: readonly string[]) => peer.forge('data.request', { fields: names });
    await peer.renew();
    const held = asking(fields.held);
    await peer.ask(held);
    await lab.owner('approve', held.id, '--remember', '1h');
    const first = await peer.ended(held.id);
    const same = await peer.ask(asking(fields.held));
    const more = await peer.ask(asking(fields.held, fields.heldAbsent));
    await peer.renew();
    const later = await peer.ask(asking(fields.held));
    return { first, same, more, later };
  });
}

export const rememberedRules: readonly Rule[] = [
  rule(
    'remembered',
    section,
    'While the yes of the owner is remembered, a request for the same field does not wait.',
    async (lab) => {
      const { first, same } = await remembered(lab);
      if (first?.answer.status !== 'served') return fault('served, once approved', inWords(first));
      return expect(same?.answer.status === 'served', 'served at once', inWords(same));
    },
  ),
  rule(
    'remembered-part',
    section,
    'The owner is asked about all fields of a request if one of them has no rule.',
    async (lab) => {
      const { more } = await remembered(lab);
      return expect(more?.answer.status === 'pending', 'pending', inWords(more));
    },
  ),
  rule(
    'remembered-session',
    section,
    'A remembered yes grants nothing anew: once the retention of a field is over, the owner is asked.',
    async (lab) => {
      const { later } = await remembered(lab);
      return expect(later?.answer.status === 'pending', 'pending', inWords(later));
    },
  ),
];
