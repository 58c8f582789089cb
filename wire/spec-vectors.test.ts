import { describe, expect, test } from 'vitest';
import contracts from '../docs/spec/vectors/contract.json' with { type: 'json' };
import envelopes from '../docs/spec/vectors/envelope.json' with { type: 'json' };
import events from '../docs/spec/vectors/event.json' with { type: 'json' };
import reasonCodes from '../docs/spec/vectors/reasons.json' with { type: 'json' };
import subjects from '../docs/spec/vectors/subjects.json' with { type: 'json' };
import { fromHex, toBase64url, toHex, utf8 } from './bytes.ts';
import { type Contract, contractHash, parseContract, signContract } from './contract.ts';
import { messageKey, openWith, signerFrom } from './crypto.ts';
import {
  epochInfo,
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  signEvent,
  signOpening,
  verifyEvent,
  verifyOpening,
} from './envelope.ts';
import { decodeEvent, type Event, encodeEvent } from './event.ts';
import { decapsulate, encapsulationKeyFrom, keyId } from './key-encapsulation.ts';
import { paddedBytes, unpad } from './padding.ts';
import { publicReason, reasons } from './reasons.ts';
import { parseSubject } from './subjects.ts';

/*
 * The vectors beside the standard. They are data for other implementations: a change of them is a
 * change of the wire.
 */

describe('event.json', () => {
  test.each(events.events)('$name is written and read', ({ event, bytes }) => {
    expect(toHex(encodeEvent(event as Event))).toBe(bytes);
    expect(decodeEvent(fromHex(bytes))).toStrictEqual({ ok: true, value: event });
  });

  test.each(events.refused)('$name is refused as $code', ({ bytes, code }) => {
    expect(decodeEvent(fromHex(bytes))).toMatchObject({ ok: false, reason: code });
  });
});

describe('envelope.json', () => {
  const { connection, subject, eventId } = envelopes;
  const direction = 'to-vault';
  const hex = (text: string) => fromHex(text);
  const sender = signerFrom(hex(envelopes.sender.seed));
  const part = {
    recipient: hex(envelopes.recipient.keyId),
    encapsulation: hex(envelopes.encapsulation),
  };
  const epoch = {
    number: envelopes.epoch,
    key: hex(envelopes.secret),
    encapsulationHash: hex(envelopes.encapsulationHash),
  };
  const event = hex(envelopes.event);

  test('the secret comes out of the encapsulation', async () => {
    const key = await encapsulationKeyFrom(hex(envelopes.recipient.seed));
    expect(toHex(key.publicKey)).toBe(envelopes.recipient.publicKey);
    expect(toHex(keyId(key.publicKey))).toBe(envelopes.recipient.keyId);
    const info = epochInfo(connection, direction, envelopes.epoch);
    expect(toHex(info)).toBe(envelopes.info);
    expect(await decapsulate(key, info, part.encapsulation)).toStrictEqual(epoch.key);
  });

  test('both signatures are over domain, a zero byte and the message', () => {
    const opening = signOpening(sender, connection, direction, envelopes.epoch, part);
    expect(toHex(opening.signature)).toBe(envelopes.openingSignature);
    const openingMessage = hex(envelopes.openingMessage);
    expect(sender.sign('cambium/opening/v1', openingMessage)).toStrictEqual(opening.signature);
    const signature = signEvent(sender, { connection, subject, epoch }, event);
    expect(toHex(signature)).toBe(envelopes.eventSignature);
    expect(sender.sign('cambium/event/v1', hex(envelopes.eventMessage))).toStrictEqual(signature);
  });

  test.each(envelopes.envelopes)('$name is sealed and opened', ({ bytes, ...vector }) => {
    const signature = vector.signed ? { signature: hex(envelopes.eventSignature) } : {};
    const opening = signOpening(sender, connection, direction, envelopes.epoch, part);
    const contents = { event, ...signature, seen: vector.seen };
    const nonce = hex(envelopes.nonce);
    const sealing = { connection, epoch, subject, eventId, nonce, contents };
    const sealed = sealEnvelope(vector.opening ? { ...sealing, opening } : sealing);
    expect(toHex(sealed)).toBe(bytes);

    const parsed = parseEnvelope(hex(bytes));
    if (!parsed.ok) throw new Error(parsed.detail);
    const { value } = parsed;
    expect(openEnvelope(value, subject, epoch.key)).toStrictEqual({ ok: true, value: contents });
    if (value.opening !== undefined)
      expect(verifyOpening(sender.publicKey, direction, value, value.opening)).toBe(true);
    if (contents.signature !== undefined)
      expect(
        verifyEvent(sender.publicKey, { connection, subject, epoch }, event, contents.signature),
      ).toBe(true);
  });

  test.each(envelopes.envelopes)('$name has the padded part under the AAD', (vector) => {
    const nonce = hex(envelopes.nonce);
    const parsed = parseEnvelope(hex(vector.bytes));
    const box = parsed.ok ? parsed.value.box : new Uint8Array(0);
    const inner = openWith(messageKey(epoch.key, nonce), nonce, hex(envelopes.aad), box);
    expect(toHex(inner ?? utf8('closed'))).toBe(vector.inner);
    expect(unpad(hex(vector.inner))).toBeDefined();
  });

  test.each(envelopes.refused)('$name is refused as $code', ({ envelope, code, ...vector }) => {
    const parsed = parseEnvelope(hex(envelope));
    const result = parsed.ok ? openEnvelope(parsed.value, vector.subject, epoch.key) : parsed;
    expect(result).toMatchObject({ ok: false, reason: code });
  });

  test.each(envelopes.padding)('$length bytes are padded to $padded', ({ length, padded }) => {
    expect(paddedBytes(length)).toBe(padded);
  });
});

describe('subjects.json', () => {
  test.each(subjects.subjects)('$subject is read', ({ subject, reads }) => {
    expect(parseSubject(subject)).toStrictEqual(reads);
  });

  test.each(subjects.refused.map((subject) => ({ subject })))(
    '"$subject" is refused',
    ({ subject }) => expect(parseSubject(subject)).toBeUndefined(),
  );
});

describe('contract.json', () => {
  const contract = contracts.signed.contract as unknown as Contract;

  test('the contract has this canonical form, hash and signature', () => {
    const signer = signerFrom(fromHex(contracts.seed));
    expect(JSON.parse(contracts.canonical)).toStrictEqual(contract);
    expect(contractHash(contract)).toBe(contracts.hash);
    expect(signContract(signer, contract)).toStrictEqual(contracts.signed);
    const message = utf8(contracts.canonical);
    const bare = signer.sign('cambium/contract/v1', message);
    expect(toBase64url(bare)).toBe(contracts.signed.signature);
    expect(parseContract(contracts.signed)).toMatchObject({ ok: true });
  });

  test.each(contracts.refused)('$name: refused as $code', ({ document, code }) => {
    expect(parseContract(document)).toMatchObject({ ok: false, reason: code });
  });
});

test('reasons.json lists every code, in order, with what a peer is told', () => {
  expect(reasonCodes.reasons).toStrictEqual(
    reasons.map((code) => ({ code, public: publicReason(code) })),
  );
});
