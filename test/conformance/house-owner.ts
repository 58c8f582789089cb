/* The owner of a test house, as the conformance suite asks for them. */

import type { Deed, OwnerHands } from '../../service/conformance/owner-hands.ts';
import { encodeInvite } from '../../wire/invite.ts';
import type { Answer, Invite } from '../../wire/messages.ts';
import type { Owner, TestHouse } from '../harness.ts';

type Waiting = {
  readonly requests: readonly { readonly request: string; readonly hash: string }[];
  readonly connections: readonly { readonly connection: string }[];
  readonly updates: readonly {
    readonly connection: string;
    readonly after: { readonly hash: string };
  }[];
};

/** Carries out what a rule needs of the owner, at the owner's app. */
export function houseOwner(house: TestHouse, owner: Owner): OwnerHands {
  const deedOf = (answer: Answer): Deed => {
    if (answer.status === 'served') return { result: 'done', text: JSON.stringify(answer.result) };
    return { result: 'refused', text: JSON.stringify(answer) };
  };
  const say = async (type: string, payload: object): Promise<Deed> =>
    deedOf(await owner.ask(type, payload));
  /** The word on a connection, or on a held request. */
  const decide = async (id: string, words: readonly string[], yes: boolean): Promise<Deed> => {
    const { requests, connections, updates } = (await owner.served('owner.pending')) as Waiting;
    if (connections.some(({ connection }) => connection === id))
      return yes
        ? say('owner.accept', { connection: id, optional: listAfter(words, '--optional') ?? [] })
        : say('owner.decline', { connection: id });
    const offered = updates.find(({ connection }) => connection === id);
    if (offered !== undefined) {
      const word = { connection: id, hash: offered.after.hash };
      const optional = listAfter(words, '--optional') ?? [];
      return yes
        ? say('owner.contract.accept', { ...word, optional })
        : say('owner.contract.reject', word);
    }
    const held = requests.find(({ request }) => request.endsWith(`/${id}`));
    if (held === undefined) return { result: 'refused', text: `nothing waits under ${id}` };
    const { request, hash } = held;
    const fields = listAfter(words, '--fields');
    const remember = words.includes('--remember') ? { remember: 'PT1H' } : {};
    const part = { ...(fields === undefined ? {} : { fields }), ...remember };
    return say(yes ? 'owner.approve' : 'owner.deny', { request, hash, ...(yes ? part : {}) });
  };
  return {
    do: async (words) => {
      const [verb, first = '', second = ''] = words;
      switch (verb) {
        case 'set':
          return say('owner.set', { field: first, value: second });
        case 'invite': {
          const invite = (await owner.served('owner.invite', { label: first })) as Invite;
          return { result: 'done', text: encodeInvite(invite) };
        }
        case 'approve':
        case 'deny':
          return decide(first, words, verb === 'approve');
        case 'sever':
          return say('owner.sever', { connection: first });
        case 'rotate':
          return say('owner.rotate', { purpose: first });
        case 'servers':
          return say('owner.servers', {
            servers: words.slice(1).filter((word) => word !== '--default'),
          });
        case 'profile':
          return say('owner.profile', { name: second });
        case 'stop':
          await house.closeVault();
          return { result: 'done', text: '' };
        case 'start':
          await house.open();
          return { result: 'done', text: '' };
        default:
          return { result: 'cannot', text: '' };
      }
    },
  };
}

function listAfter(words: readonly string[], flag: string): string[] | undefined {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : (words[at + 1] ?? '').split(',');
}
