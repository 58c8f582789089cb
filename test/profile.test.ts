import { randomBytes } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jsQR from 'jsqr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qrCode } from '../cli/qr.ts';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import { vaultMessageSideCredential } from '../core/bus/vine/credentials.ts';
import type { VineKeys } from '../core/bus/vine/vine-keys.ts';
import { vaultInbox } from '../core/bus/vine/vine-names.ts';
import { ServiceError } from '../service/errors.ts';
import { inviteOf } from '../service/invite-link.ts';
import { fetchProfile } from '../service/profile.ts';
import { type Service as OwnService, openService } from '../service/service.ts';
import { memoryStore } from '../service/service-store.ts';
import type { Vault } from '../service/vault.ts';
import { fromBase64url } from '../wire/bytes.ts';
import type { Event } from '../wire/event.ts';
import { linkOf, readLink } from '../wire/invite-link.ts';
import type { Invite } from '../wire/messages.ts';
import type { Profile, SignedProfile } from '../wire/profile.ts';
import { fromVault } from '../wire/subjects.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { toldFault } from './in-form.ts';
import { readLedger } from './ledger-view.ts';
import { connected } from './neighbours.ts';

const asked = { fields: ['personal/shipping_address'] };

/** Pixels of a code of half blocks, as a camera would see them on a light screen with dark text. */
function pixels(code: string): { data: Uint8ClampedArray; width: number; height: number } {
  const scale = 4;
  const rows = code.split('\n').flatMap((line) => {
    const cells = [...line];
    return [
      cells.map((cell) => cell === '█' || cell === '▀'),
      cells.map((cell) => cell === '█' || cell === '▄'),
    ];
  });
  const width = (rows[0]?.length ?? 0) * scale;
  const height = rows.length * scale;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      // On a dark terminal a block shines: it is the light part of the code.
      const light = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true ? 255 : 0;
      data.set([light, light, light, 255], (y * width + x) * 4);
    }
  return { data, width, height };
}

describe('a vault shows itself before it is asked for anything', () => {
  let house: TestHouse;
  let owner: Owner;
  let invite: Invite;
  let service: Service;
  const services: OwnService[] = [];

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: asked.fields[0], value: '12 St James Square' });
    service = await house.connectService(owner, await retailer());
    invite = (await owner.served('owner.invite', { label: 'Acme' })) as Invite;
  });
  afterAll(async () => {
    for (const one of services) await one.close();
    await house?.destroy();
  });

  /** A service of its own, with what it is told. */
  async function acme(): Promise<{ vault: Vault; told: string[]; party: string }> {
    const store = memoryStore();
    const own = await openService({ store });
    services.push(own);
    const vault = await connected(own, { owner }, await retailer());
    const told: string[] = [];
    vault.onEvent = (event) => void told.push(toldFault(event) ?? event.type);
    const { connections } = await store.load();
    return { vault, told, party: connections[0]?.accepted?.party ?? '' };
  }

  const place = () => ({ ...invite, signing: fromBase64url(invite.signing) });

  it('to whoever has an invite: its name, keys and what it serves, and nothing is recorded', async () => {
    const told: Event[] = [];
    service.client.onEvent = (event) => void told.push(event);
    await owner.served('owner.profile', { name: 'Ada’s vault' });
    const before = (await readLedger(house)).filter(({ kind }) => kind !== 'sent').length;
    const profile = await fetchProfile(place(), 15_000);
    expect(profile).toMatchObject({
      vault: invite.vault,
      name: 'Ada’s vault',
      ledger: invite.ledger,
      encapsulation: invite.encapsulation,
      wire: { event: [1], envelope: [1], suites: [1] },
    });
    expect(profile.types.map(({ type, delivery }) => [type, delivery])).toEqual(
      expect.arrayContaining([
        ['data.request', 'best-effort'],
        ['payment.request', 'critical'],
      ]),
    );
    expect(JSON.stringify(profile)).not.toContain(service.connection.invite.connection);
    expect((await readLedger(house)).filter(({ kind }) => kind !== 'sent')).toHaveLength(before);
    // Who is connected hears that there is another to be had.
    await expect.poll(() => told.map(({ type }) => type)).toContain('profile.changed');
  });

  it('and what a messaging layer forges, or has kept of an earlier one, is passed over', async () => {
    const earlier = (await owner.served('owner.profile')) as SignedProfile;
    const { vault, told, party } = await acme();
    await owner.served('owner.profile', { name: 'The vault of Ada' });
    await expect.poll(() => told).toContain('profile.changed');
    const shown = await vault.profile();
    expect(shown.name).toBe('The vault of Ada');

    const { profile, signature } = earlier;
    const forged = [earlier, { profile: { ...shown, name: 'Eve' }, signature }, { profile }];
    const credential = await vaultMessageSideCredential(house.vineKeys as VineKeys, {
      vault: invite.vault,
    });
    const options = { name: 'vine', inboxPrefix: vaultInbox(invite.vault) };
    const vine = await connectVine(house.vine.url, credential, options);
    const subject = fromVault(invite.vault, party, 'profile.shown');
    const forging = setInterval(() => {
      for (const one of forged) vine.publish(subject, JSON.stringify(one));
    }, 5);
    const again = await vault.profile();
    clearInterval(forging);
    await vine.close();
    expect(again).toMatchObject({ name: 'The vault of Ada', signing: shown.signing });
    expect(again.time).toBeGreaterThan(shown.time);
    const wrong = { ...place(), signing: new Uint8Array(randomBytes(32)) };
    await expect(fetchProfile(wrong, 1_000)).rejects.toThrow(ServiceError);
  });

  it('and tells who is connected when it opens with handlers that serve something else', async () => {
    const { vault, told } = await acme();
    const before = await vault.profile();
    const handlers = join(house.folder, 'handlers');
    for (const folder of ['handlers', 'dist/handlers']) {
      const own = fileURLToPath(new URL(`../${folder}`, import.meta.url));
      await cp(own, join(house.folder, folder), { recursive: true });
    }
    await rm(join(handlers, 'attestation'), { recursive: true });
    for (const environment of [{}, { handlers }]) {
      await house.closeVault();
      await house.open(environment);
      await owner.served('owner.fields');
    }
    await expect.poll(() => told).toContain('profile.changed');
    const after = await vault.profile();
    const typesOf = ({ types }: Profile): string[] => types.map(({ type }) => type);
    expect(typesOf(before)).toContain('identity.request');
    expect(typesOf(after)).not.toContain('identity.request');
    await house.closeVault();
    await house.open();
    await expect.poll(() => told).toEqual(['profile.changed', 'profile.changed']);
    expect(typesOf(await vault.profile())).toEqual(typesOf(before));
  });

  it('by a link that fits a QR code, from which it can be read', () => {
    const link = linkOf(invite);
    expect(link.length).toBeLessThan(854);
    expect(link).toMatch(/^CAMBIUM:[A-Z2-7]+$/);
    const code = qrCode(link);
    // Version 16 of 40, at most: 81 modules and a quiet zone of 2, as wide as a terminal.
    expect(code.split('\n')[0]?.length).toBeLessThanOrEqual(85);
    const { data, width, height } = pixels(code);
    expect(jsQR.default(data, width, height)?.data).toBe(link);
    expect(readLink(link)).toEqual({
      ...{ vault: invite.vault, connection: invite.connection, party: invite.party },
      ...{ servers: invite.servers, credential: invite.credential },
      ...{ signing: invite.signing, expires: invite.expires },
    });
  });

  it.each([
    ['is cut', (link: string) => link.slice(0, -200)],
    ['is cut before its text', (link: string) => link.slice(0, 200)],
    ['names another version', (link: string) => link.replace(/:A./, ':AI')],
    ['has a character of no base32', (link: string) => link.replace(/:A./, ':A1')],
    ['is longer than any', (link: string) => link + 'A'.repeat(4_096)],
    ['is no link', () => 'https://example.org'],
  ])('a link is none when it %s', (_, change) => {
    expect(readLink(change(linkOf(invite)))).toBeUndefined();
  });

  it('a service that has nothing but the link connects, also when the vault’s keys were replaced since', async () => {
    const made = (await owner.served('owner.invite', { label: 'Linked' })) as Invite;
    const link = readLink(linkOf(made));
    if (link === undefined) throw new Error('no link');
    for (const purpose of ['signing', 'encapsulation', 'ledger'])
      await owner.served('owner.rotate', { purpose });
    const found = await inviteOf(link, 15_000);
    expect(found.signing).toBe(made.signing);
    expect(found.encapsulation).not.toBe(made.encapsulation);
    const knocking = await house.knock(found, await retailer());
    await owner.served('owner.accept', { connection: made.connection, optional: [] });
    const linked = await house.asService({
      ...knocking.connection,
      accepted: await knocking.accepted,
    });
    expect(await linked.request('data.request', asked)).toMatchObject({ check: { ok: true } });
  });
});
