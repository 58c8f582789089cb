/* Vaults that connect whom they should not, and vines that let through what they should not. */

import type { StreamConfig } from '@nats-io/jetstream';
import { streamManager } from '../../core/bus/vine/stream-manager.ts';
import { fromBase64url, toBase64url } from '../../wire/bytes.ts';
import { isMap } from '../../wire/event.ts';
import { fromService, fromVault } from '../../wire/subjects.ts';
import { forgetsBytes } from './faults-received.ts';
import { mute } from './faults-sent.ts';
import { allowed, lets } from './lax-decisions.ts';
import { believes, forgives } from './lax-reading.ts';
import { atTheDoor, type Plan, type Plans, planted } from './plan.ts';
import { behindTheBus, type Wrong } from './wrong-vault.ts';

const modulus = 3329;

/** Reduces the coefficients of a key where it should refuse it. */
const reducesKeys: Wrong = {
  reads: (arrival) => {
    const { event } = arrival.received;
    if (event?.type !== 'connection.request' || !isMap(event.payload)) return arrival;
    const key = reduced(fromBase64url(String(event.payload['encapsulation'])));
    const payload = { ...event.payload, encapsulation: toBase64url(key) };
    return { ...arrival, received: { ...arrival.received, event: { ...event, payload } } };
  },
};

function reduced(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key);
  for (let at = 0; at < 1152; at += 3) {
    const [a = 0, b = 0, c = 0] = out.subarray(at, at + 3);
    const low = (a | ((b & 0x0f) << 8)) % modulus;
    const high = ((b >> 4) | (c << 4)) % modulus;
    out.set([low & 0xff, (low >> 8) | ((high & 0x0f) << 4), high >> 4], at);
  }
  return out;
}

/** Believes a signature, and what was signed. */
const takesAnybody: Wrong = { ...believes, ...lets('signature_invalid') };

/** Takes whoever comes, as often as they come. */
const takesThieves: Wrong = {
  ...forgives('signature_invalid', /opening/),
  decides: (decision, about) =>
    about.received.subject.endsWith('.connection.request') && decision.outcome === 'denied'
      ? allowed(decision, about)
      : decision,
};

/** A critical message that cannot be read stops all that come after it. */
function stallsOnPoison(): Wrong {
  let stalled = false;
  return {
    hears: (message) => {
      if (message.acknowledge === undefined) return message;
      stalled ||= message.data.length === 0 || message.data[0] === 0xc1;
      return stalled ? undefined : message;
    },
  };
}

const asking: Plans = {
  'contract.members': atTheDoor(lets('schema_invalid')),
  'contract.values': atTheDoor(lets('schema_invalid')),
  'contract.lines': atTheDoor(lets('schema_invalid')),
  'contract.contradictions': atTheDoor(lets('schema_invalid')),
  'contract.signature': atTheDoor(lets('signature_invalid')),
  'contract.base64url': atTheDoor(lets('signature_invalid')),
  'peers.uninvited': atTheDoor(lets('schema_invalid')),
  'handshake.publisher': atTheDoor(lets('sender_subject_mismatch')),
  'handshake.members': atTheDoor(lets('schema_invalid')),
  'handshake.signed': atTheDoor(believes),
  'handshake.opening': atTheDoor(believes),
  'handshake.party': atTheDoor(lets('sender_subject_mismatch')),
  'envelope.key-reduced': atTheDoor(reducesKeys),
  'envelope.key-order': atTheDoor(takesAnybody),
  'delivery.poison': atTheDoor(stallsOnPoison),
  'handshake.used-once': atTheDoor(lets('duplicate')),
  'handshake.thief': atTheDoor(takesThieves),
  'handshake.required': planted({
    decides: (decision, about) =>
      decision.reason === 'required_field_missing' ? allowed(decision, about) : decision,
  }),
};

/** Critical messages are acknowledged, and forgotten. */
const forgetsCritical: Wrong = {
  hears: (message) => {
    if (message.acknowledge === undefined) return message;
    message.acknowledge();
    return undefined;
  },
};

/** What is published comes in the opposite order. */
function turnsRound(): Wrong {
  let held: (() => void)[] = [];
  return {
    publishes: (send) => {
      held.push(send);
      if (held.length > 1) return;
      setTimeout(() => {
        for (const one of held.reverse()) one();
        held = [];
      }, 20);
    },
  };
}

/** An acknowledgement lands among everybody's answers. */
const injects: Plan = {
  wrong: () => ({}),
  again: [],
  lab: 'shared',
  during: async (run) => {
    const { messages, vault, parties } = behindTheBus();
    const heard = messages.subscribe(fromService(vault, '*', 'connection.request'), {
      callback: (_, { data }) => {
        if (data.length > 0) return;
        for (const party of parties)
          messages.publish(fromVault(vault, party, 'conformance.injected'));
      },
    });
    await messages.flush();
    await run().finally(() => heard.unsubscribe());
  },
};

/** The vault's stream, set up otherwise while a rule is tried. */
function withStream(lab: Plan['lab'], change: Partial<StreamConfig>): Plan {
  const during: Plan['during'] = async (run) => {
    const { messages, vault } = behindTheBus();
    const manager = await streamManager(messages);
    const name = `IN_${vault}`;
    const { config } = await manager.streams.info(name);
    await manager.streams.update(name, change);
    await run().finally(() => manager.streams.update(name, config));
  };
  return { wrong: () => ({}), again: [], lab, during };
}

const forgetsWhenAway = planted({ ...forgetsCritical, ...forgetsBytes }, 'away');

const delivering: Plans = {
  'delivery.acknowledged': withStream('new', { subjects: ['MessageSpace.nobody'] }),
  'delivery.steering': withStream('shared', { allow_rollup_hdrs: true }),
  'delivery.critical': planted(forgetsCritical),
  'delivery.order': planted(turnsRound),
  'delivery.same-after-restart': forgetsWhenAway,
  'delivery.kept': forgetsWhenAway,
};

export const generous: Plan = { wrong: () => ({}), again: [], lab: 'generous' };
const everything: Wrong = { permits: () => ({ publish: ['>'], subscribe: ['>'] }) };

/** Who was severed is not told so, and may go on. */
const severed = planted(
  { ...mute(({ code }) => code === 'connection_severed'), neverRevokes: true },
  'second',
  'severed',
);

const vine: Plans = {
  'routing.invitee-publish': { wrong: () => everything, again: [], lab: 'before' },
  'routing.invitee-subscribe': { wrong: () => everything, again: [], lab: 'before' },
  ...Object.fromEntries(
    ['party', 'vault', 'answers', 'owner', 'inbox', 'jetstream', 'system'].map((what) => [
      `routing.publish-${what}`,
      generous,
    ]),
  ),
  ...Object.fromEntries(
    ['party', 'requests', 'owner', 'inbox', 'system', 'all'].map((what) => [
      `routing.subscribe-${what}`,
      generous,
    ]),
  ),
  'routing.stranger': { wrong: () => ({}), again: [], lab: 'open' },
  'routing.largest': { wrong: () => ({}), again: [], lab: 'open' },
  'routing.credential': { wrong: () => ({ credentialLasts: true }), again: [], lab: 'before' },
  'routing.reply': injects,
  'routing.severed': severed,
  'handshake.severed': severed,
};

/** Permissions without a limit, as a generous vine gives them. */
export const generousVine: Wrong = everything;

export const faultsAsking: Plans = { ...asking, ...delivering, ...vine };
