import { fromBase64url, utf8 } from '../../wire/bytes.ts';
import { schemaFault } from '../../wire/json-schema.ts';
import { profileChangedType, profileGetType } from '../../wire/messages.ts';
import {
  profileBytesMax,
  readProfile,
  type SignedProfile,
  signedProfileSchema,
} from '../../wire/profile.ts';
import { fromService } from '../../wire/subjects.ts';
import { expect, fault, settled } from './judge.ts';
import type { Lab } from './lab.ts';
import { ofPage, type Rule, type Verdict } from './rule.ts';

const rule = ofPage('profile.md');
const asking = 'Asking';
const document = 'The document';

/** The profile as an invitee is shown it, once for all rules about it. */
async function shownOnce(lab: Lab): Promise<Uint8Array> {
  const bytes = await lab.once('profile', async () => lab.shown(await lab.invitee()));
  if (bytes === undefined) throw new Error('an invitee asked for the profile, and none was shown');
  return bytes;
}

function parsed(bytes: Uint8Array): SignedProfile {
  return JSON.parse(new TextDecoder().decode(bytes)) as SignedProfile;
}

/** Of the invitee, tried before any other rule has the owner accept. */
export const profileRules: readonly Rule[] = [
  rule('shown', asking, 'An invitee is shown the profile, in clear.', async (lab) => {
    const invitee = await lab.invitee();
    const bytes = await lab.once('profile', () => lab.shown(invitee));
    return expect(bytes !== undefined, 'the profile', 'nothing');
  }),
  rule(
    'form',
    document,
    'The profile has exactly the members of its version, in at most 262,144 bytes.',
    async (lab) => {
      const bytes = await shownOnce(lab);
      if (bytes.length > profileBytesMax) return fault('262,144 bytes', `${bytes.length}`);
      const wrong = schemaFault(signedProfileSchema, parsed(bytes));
      return expect(wrong === undefined, 'the form of version 1', `${wrong}`);
    },
  ),
  rule(
    'signed',
    document,
    'The profile is signed, over its canonical form, by the key of the invite.',
    async (lab) => {
      const { vault, signing } = lab.options.invite;
      const read = readProfile(await shownOnce(lab), {
        vault,
        signing: fromBase64url(signing),
      });
      return expect(read.ok, 'the profile of this vault, signed', read.ok ? '' : read.detail);
    },
  ),
  rule('keys', document, 'The keys in the profile are those in force.', async (lab) => {
    const { encapsulation, ledger } = lab.options.invite;
    const { profile } = parsed(await shownOnce(lab));
    const same =
      profile.encapsulation === encapsulation &&
      profile.ledger.id === ledger.id &&
      profile.ledger.key === ledger.key;
    return expect(same, 'encapsulation and ledger of the invite', 'other keys');
  }),
  rule(
    'types',
    document,
    'The profile names each type once, and says that event and envelope of version 1 are taken, and suite 1.',
    async (lab) => {
      const { types, wire } = parsed(await shownOnce(lab)).profile;
      const names = types.map(({ type }) => type);
      const twice = names.find((name, at) => names.indexOf(name) !== at);
      if (twice !== undefined) return fault('each type once', `${twice} twice`);
      const { event, envelope, suites } = wire;
      const takes = [event, envelope, suites].every((versions) => versions.includes(1));
      return expect(takes, 'version 1 of each', JSON.stringify(wire));
    },
  ),
  rule(
    'body',
    asking,
    'Whatever is in the body of a request for the profile is ignored.',
    async (lab) => {
      const bytes = await lab.shown(await lab.invitee(), utf8('{"vault":"another"}'));
      return expect(bytes !== undefined, 'the profile', 'nothing');
    },
  ),
];

/** Of a party that is connected. */
export const profilePartyRules: readonly Rule[] = [
  rule('party', asking, 'A connection in use is shown the profile as well.', async (lab) => {
    const bytes = await lab.shown((await lab.main()).peer);
    return expect(bytes !== undefined, 'the profile', 'nothing');
  }),
  rule(
    'critical',
    document,
    'The profile and the acceptance name the same types as critical.',
    async (lab) => {
      const { accepted, peer } = await lab.main();
      const bytes = await lab.once('profile', () => lab.shown(peer));
      if (bytes === undefined) return fault('the profile', 'nothing');
      const { types } = parsed(bytes).profile;
      const shown = types.filter(({ delivery }) => delivery === 'critical');
      const names = shown.map(({ type }) => type).sort();
      const told = [...accepted.critical].sort();
      return expect(names.join() === told.join(), told.join(' '), names.join(' '));
    },
  ),
  rule('seldom', asking, 'A party is shown the profile at most once a second.', async (lab) => {
    const { peer } = await lab.main();
    const { vault, party } = peer.identity;
    const before = peer.shown.length;
    const started = Date.now();
    // It may have been shown just now, to another rule.
    const patienceMs = Math.max(peer.waits.patienceMs, 3_000);
    await lab.shown(peer, undefined, patienceMs);
    for (let count = 0; count < 20; count++)
      peer.nc.publish(fromService(vault, party, profileGetType));
    await settled(peer);
    const most = 1 + Math.floor((Date.now() - started) / 1_000);
    const came = peer.shown.length - before;
    return expect(came <= most, `${most} at most`, `${came}`);
  }),
  rule(
    'changed',
    asking,
    'A connection in use is told when the owner lets the vault be called otherwise, and the profile says so.',
    (lab) => renamed(lab),
  ),
];

async function renamed(lab: Lab): Promise<Verdict> {
  const { peer } = await lab.main();
  const name = `Conformance ${Date.now()}`;
  const before = peer.heard.length;
  await lab.owner('profile', '--name', name);
  const told = await peer.told(profileChangedType, before);
  if (told === undefined) return fault('profile.changed', 'nothing');
  const members = Object.keys(told.event?.payload as object);
  if (members.length > 0) return fault('an empty payload', members.join(' '));
  const bytes = await lab.shown(peer);
  const shown = bytes && parsed(bytes).profile.name;
  return expect(shown === name, name, `${shown}`);
}
