/* How the reasons come about that the owner's word decides, or that the owner's app is told. */
import type { Invite } from '../wire/messages.ts';
import { birth, type Party } from './contract-world.ts';
import { traceOf } from './ledger-view.ts';
import type { Sealed } from './raw-peer.ts';
import type { ReachWorld } from './reach-world.ts';

type Reach = (world: ReachWorld) => Promise<void>;

const none = 'a'.repeat(26);
/** A request that waits for the owner. */
async function held(world: ReachWorld, party: Party, expires?: number): Promise<Sealed> {
  const limit = expires === undefined ? {} : { expires };
  return world.send('data.request', { fields: [birth] }, limit, party);
}

/** By reason. */
export const ownerReaches = {
  connection_unknown: (world) => world.command('owner.sever', { connection: none }),
  connection_inactive: (world) =>
    world.command('owner.accept', { connection: world.shop.id, optional: [] }),
  connection_severed: async (world) => {
    const party = await world.world.party();
    const { id } = await held(world, party);
    await world.world.owner.served('owner.sever', { connection: party.id });
    world.told = (await party.peer.answer(id, 1)).answer;
  },
  required_field_missing: async (world) => {
    const { house, owner, first } = world.world;
    const passport = {
      name: 'personal/passport',
      tier: 'required',
      purpose: 'travel',
      retention: 'session',
    } as const;
    const invite = (await owner.served('owner.invite', { label: 'test' })) as Invite;
    const { connection, accepted } = await house.knock(invite, { ...first, fields: [passport] });
    accepted.catch(() => undefined);
    const { connection: id } = connection.invite;
    await world.command('owner.accept', { connection: id, optional: [] });
  },
  consent_denied: async (world) => {
    const { id } = await held(world, world.shop);
    const [received] = (await traceOf(world.world.house, world.shop.id, id)).received;
    const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
    await world.world.owner.served('owner.deny', { request: `${world.shop.id}/${id}`, hash });
    world.told = (await world.shop.peer.answer(id, 1)).answer;
  },
  consent_expired: async (world) => {
    const { id } = await held(world, world.shop, Date.now() + 2_000);
    world.told = (await world.shop.peer.answer(id, 1)).answer;
  },
} satisfies Readonly<Record<string, Reach>>;
