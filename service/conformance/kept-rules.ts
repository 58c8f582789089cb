import { isAnswerType, keptAnswerType } from '../../wire/messages.ts';
import type { Heard } from './heard.ts';
import { expect, fault, honest } from './judge.ts';
import type { Lab } from './lab.ts';
import { ofPage, type Rule } from './rule.ts';
import { mainTerms } from './terms.ts';

const rule = ofPage('delivery.md');
const section = 'Answers that are kept';

/** What the vine has kept for a party that was away when the owner accepted it. */
type Kept = { readonly request: string; readonly messages: readonly Heard[] };

function kept(lab: Lab): Promise<Kept> {
  return lab.once('kept', async () => {
    const { connection, peer, request } = await lab.knock(await lab.invite(), mainTerms);
    await peer.close();
    await lab.owner('approve', connection.invite.connection);
    const back = await lab.peer(connection);
    const messages = await back.kept((heard) => isServed(heard, request.id));
    return { request: request.id, messages };
  });
}

function isServed({ event }: Heard, request: string): boolean {
  if (event === undefined || !isAnswerType(event.type) || event.cause !== request) return false;
  return (event.payload as { readonly status?: unknown }).status === 'served';
}

export const keptRules: readonly Rule[] = [
  rule(
    'kept-read',
    section,
    'The answer to a critical event is kept for a party that is away, and read when it comes back.',
    async (lab) => {
      const { messages, request } = await kept(lab);
      const found = messages.some((heard) => isServed(heard, request));
      return expect(found, 'the acceptance', `${messages.length} messages, and it is not there`);
    },
  ),
  rule(
    'kept-opening',
    section,
    "A kept answer repeats its epoch's opening, always.",
    async (lab) => {
      const { messages } = await kept(lab);
      if (messages.length === 0) return fault('kept answers', 'none');
      const without = messages.some(({ envelope }) => envelope?.opening === undefined);
      return expect(!without, 'an opening in each', 'one without');
    },
  ),
  rule(
    'kept-type',
    section,
    'An answer has the type event.answer.kept where the event answered is critical, and else event.answer.',
    async (lab) => {
      const { peer, told } = await lab.main();
      if (told.event?.type !== keptAnswerType) return fault(keptAnswerType, `${told.event?.type}`);
      const other = (await peer.ask(honest(peer)))?.event?.type;
      return expect(other === 'event.answer', 'event.answer', `${other}`);
    },
  ),
];
