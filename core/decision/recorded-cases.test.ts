import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { agentCases, agentRecorded } from './testing/agent-cases.ts';
import { commandCases, eventOf, handshakeCases, stateFor } from './testing/command-cases.ts';
import { partyCases } from './testing/party-cases.ts';
import { peerCases } from './testing/peer-cases.ts';
import { recordedCases, recordingFault } from './testing/recorded-cases.ts';
import { now } from './testing/scenario.ts';
import { storageCases } from './testing/storage-cases.ts';

describe('a command', () => {
  it.each([...commandCases, ...handshakeCases])('$type is decided about: $about', (given) => {
    const { outcome, reason } = decide(stateFor(given), eventOf(given), now);
    expect({ outcome, reason }).toEqual({
      outcome: given.reason === undefined ? 'allowed' : 'denied',
      reason: given.reason,
    });
  });
});

describe('an event about one party', () => {
  it.each([...partyCases, ...peerCases, ...agentCases])(
    'is decided about: $about',
    ({ state, received, ...given }) => {
      const { outcome, reason } = decide(state, received, now);
      expect({ outcome, reason }).toEqual({
        outcome: given.reason === undefined ? 'allowed' : 'denied',
        reason: given.reason,
      });
    },
  );
});

describe('what a check looked at is recorded', () => {
  it.each([...recordedCases, ...agentRecorded])(
    'of $about',
    ({ state, received, check, recorded }) => {
      const { checks } = decide(state, received, now);
      expect(checks.find((one) => one.check === check)).toEqual({ check, ...recorded });
    },
  );

  it.each(storageCases)('of the entry that is asked for: $about', (given) => {
    expect(recordingFault(decide, [given])).toBeUndefined();
  });
});
