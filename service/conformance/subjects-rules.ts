import { fromVault } from '../../wire/subjects.ts';
import { type Case, fault, refusesAll, takesNone, vaultSays } from './judge.ts';
import { ofPage, type Rule } from './rule.ts';
import { fields } from './terms.ts';

const rule = ofPage('subjects.md');

/** An honest request on a subject with another type. */
const on = (what: string, type: string): Case => [
  what,
  (peer) => {
    const { vault, party } = peer.identity;
    const subject = `MessageSpace.${vault}.fromService.${party}.${type}`;
    return peer.forge('data.request', { fields: [fields.given] }, { subject });
  },
];

export const subjectsRules: readonly Rule[] = [
  rule(
    'forms',
    'Rules',
    'A message on a subject that is none of the four forms is dropped.',
    takesNone(
      [],
      on('a type in capitals', 'Data.Request'),
      on('a type with a hyphen', 'data-request'),
      on('a type of six words', 'data.request.a.b.c.d'),
      on('a type that begins with a digit', '1data.request'),
    ),
  ),
  rule(
    'unknown-type',
    'Rules',
    'A type that the vault does not know is answered as unsupported.',
    refusesAll('event_unsupported', [
      'a type of nobody',
      (peer) => peer.forge('conformance.nothing', {}),
    ]),
  ),
  rule(
    'owners-types',
    'Rules',
    "The owner's types do not belong to MessageSpace.",
    refusesAll(
      'event_unsupported',
      ['owner.set', (peer) => peer.forge('owner.set', { field: fields.given, value: 'x' })],
      ['owner.fields', (peer) => peer.forge('owner.fields', {})],
    ),
  ),
  rule(
    'vault-subject',
    'The four forms',
    'A vault sends to a party on the subject of the type that it sends.',
    vaultSays(({ heard, identity }) => {
      const { vault, party } = identity;
      for (const { event, subject } of heard)
        if (event !== undefined && subject !== fromVault(vault, party, event.type))
          return fault(fromVault(vault, party, event.type), subject);
      return undefined;
    }),
  ),
];
