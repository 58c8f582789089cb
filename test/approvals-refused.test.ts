import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { birth, ContractWorld, type Party } from './contract-world.ts';
import { readLedger, traceOf, trailOf } from './ledger-view.ts';

type Word = { readonly request: string; readonly hash: string };

describe('what is not the owner’s exact word on a held request', () => {
  let world: ContractWorld;
  let party: Party;

  beforeAll(async () => {
    world = await ContractWorld.create();
    party = await world.party();
  });
  afterAll(() => world?.destroy());

  async function hold(): Promise<{ id: string; word: Word }> {
    const sealed = party.peer.seal('data.request', { fields: [birth] });
    expect((await party.peer.send(sealed)).answer).toMatchObject({ status: 'pending' });
    const { requests } = (await world.owner.served('owner.pending')) as { requests: Word[] };
    const held = requests.find(({ request }) => request.endsWith(sealed.id));
    if (held === undefined) throw new Error('it does not wait');
    return { id: sealed.id, word: { request: held.request, hash: held.hash } };
  }

  async function expectHeld(id: string): Promise<void> {
    const { consented, handled } = await traceOf(world.house, party.id, id);
    expect([consented, handled]).toEqual([[], []]);
  }

  it.each<[string, (word: Word) => object]>([
    ['no hash', ({ request }) => ({ request })],
    ['a hash cut short', ({ request, hash }) => ({ request, hash: hash.slice(2) })],
    ['a member that says no', (word) => ({ ...word, approved: false })],
    ['fields that are no list', (word) => ({ ...word, fields: birth })],
    ['nothing at all', () => ({})],
  ])('a malformed approval (%s) releases nothing, and the request still waits', async (_, said) => {
    const { id, word } = await hold();
    expect(await world.owner.ask('owner.approve', said(word))).toMatchObject({
      status: 'refused',
      code: 'schema_invalid',
    });
    await expectHeld(id);
    expect(await world.owner.ask('owner.approve', word)).toMatchObject({ status: 'served' });
  });

  it('the requester cannot approve itself: neither in its own space nor in the owner’s', async () => {
    const { id, word } = await hold();
    const own = party.peer.seal('owner.approve', word);
    expect((await party.peer.send(own)).answer).toMatchObject({ code: 'event_unsupported' });
    const subject = `OwnerSpace.${world.house.card.vault}.forVault.owner.approve`;
    const forged = party.peer.seal('owner.approve', word, { sealedFor: subject });
    // The server lets only the owner's devices publish there.
    party.peer.publish({ ...forged, subject });
    await world.owner.served('owner.pending');
    const trail = trailOf(await readLedger(world.house));
    expect(trail.find(({ event }) => event === own.id)).toMatchObject({
      decision: 'denied',
      reason: 'event_unsupported',
    });
    expect(trail.filter(({ event }) => event === forged.id)).toEqual([]);
    await expectHeld(id);
  });
});
