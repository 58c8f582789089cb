import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identifierFrom } from './identifiers.ts';
import { forApp, forVault, fromService, fromVault, parseSubject } from './subjects.ts';

const vault = identifierFrom(new Uint8Array(16).fill(1));
const party = `A${'B'.repeat(55)}`;
const vaults = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(identifierFrom);
const parties = fc.stringMatching(/^A[A-Z2-7]{55}$/);
const types = fc.stringMatching(/^[a-z][a-z0-9_]{0,9}(\.[a-z][a-z0-9_]{0,9}){0,4}$/);

describe('what is built is read back', () => {
  test('in the space of the owner', () => {
    fc.assert(
      fc.property(vaults, types, (id, type) => {
        const said = { space: 'owner', vault: id, type };
        expect(parseSubject(forVault(id, type))).toStrictEqual({ ...said, toVault: true });
        expect(parseSubject(forApp(id, type))).toStrictEqual({ ...said, toVault: false });
      }),
    );
  });

  test('in the space of messages', () => {
    fc.assert(
      fc.property(vaults, parties, types, (id, other, type) => {
        const said = { space: 'message', vault: id, party: other, type };
        expect(parseSubject(fromService(id, other, type))).toStrictEqual({
          ...said,
          toVault: true,
        });
        expect(parseSubject(fromVault(id, other, type))).toStrictEqual({ ...said, toVault: false });
      }),
    );
  });

  test('and what is read, and built again, is the same subject', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.nat(), (noise, at) => {
        const good = fromService(vault, party, 'data.request');
        const place = at % good.length;
        const subject = good.slice(0, place) + noise + good.slice(place + noise.length);
        const read = parseSubject(subject);
        if (read?.space !== 'message') return;
        const build = read.toVault ? fromService : fromVault;
        expect(build(read.vault, read.party, read.type)).toBe(subject);
      }),
    );
  });
});

const tokens = [
  '',
  ' ',
  '.',
  'a.b',
  '*',
  '>',
  'a b',
  'a\tb',
  'a\r\nPUB x',
  '*.a',
  'a.>',
  '$JS',
  'A',
];

describe('what could mean something else to NATS is refused', () => {
  test.each(tokens)('as a vault, when it is %j', (token) => {
    for (const build of [forVault, forApp])
      expect(() => build(token, 'data.request')).toThrow(RangeError);
    for (const build of [fromService, fromVault])
      expect(() => build(token, party, 'data.request')).toThrow(RangeError);
  });

  test.each(tokens.filter((token) => token !== '*'))('as a party, when it is %j', (token) => {
    for (const build of [fromService, fromVault])
      expect(() => build(vault, token, 'data.request')).toThrow(RangeError);
  });

  test.each(tokens.filter((token) => token !== '>' && token !== 'a.b'))(
    'as a type, when it is %j',
    (token) => {
      expect(() => forVault(vault, token)).toThrow(RangeError);
      expect(() => fromVault(vault, party, token)).toThrow(RangeError);
    },
  );

  test.each([
    '',
    'OwnerSpace',
    `OwnerSpace.${vault}`,
    `OwnerSpace.${vault}.forVault`,
    `OwnerSpace.${vault}.forVault.`,
    `OwnerSpace.${vault}.forvault.a`,
    `OwnerSpace.${vault}.toVault.a`,
    `ownerspace.${vault}.forVault.a`,
    `OwnerSpace.${vault}x.forVault.a`,
    `OwnerSpace..forVault.a`,
    `OwnerSpace.*.forVault.a`,
    `OwnerSpace.${vault}.forVault.>`,
    `OwnerSpace.${vault}.forVault.a.*`,
    `OwnerSpace.${vault}.forVault.a b`,
    ` OwnerSpace.${vault}.forVault.a`,
    `OwnerSpace.${vault}.forVault.a\n`,
    `OwnerSpace.${vault}.fromService.${party}.a`,
    `MessageSpace.${vault}.forVault.a`,
    `MessageSpace.${vault}.fromService.a`,
    `MessageSpace.${vault}.fromService.*.a`,
    `MessageSpace.${vault}.fromService.${vault}.a`,
    `MessageSpace.${party}.fromService.${vault}.a`,
    `MessageSpace.${vault}.fromVault.${party}.a`,
    `MessageSpace.${party}.fromVault.${vault}`,
    `$JS.API.${vault}`,
  ])('when it is read: %j', (subject) => {
    expect(parseSubject(subject)).toBeUndefined();
  });
});

test('a subscription names every party, or every type, with a whole token', () => {
  expect(fromService(vault, '*', '>')).toBe(`MessageSpace.${vault}.fromService.*.>`);
  expect(forVault(vault, '>')).toBe(`OwnerSpace.${vault}.forVault.>`);
  expect(parseSubject(fromService(vault, '*', '>'))).toBeUndefined();
});
