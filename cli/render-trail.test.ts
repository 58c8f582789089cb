import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../projections/audit-entry.ts';
import { makeEntry } from '../projections/testing/entries.ts';
import { renderTrail } from './render-trail.ts';

const line = (members: Partial<AuditEntry>, timeZone?: string): string =>
  renderTrail([makeEntry({ record: 12, ...members })], {
    colour: false,
    ...(timeZone === undefined ? {} : { timeZone }),
  });

/** A line without its record, time and decision. */
const story = (members: Partial<AuditEntry>): string =>
  line(members).split(/ {2,}/).slice(3).join();

const fact = (kind: string, members: Partial<AuditEntry> = {}): string =>
  story({ kind, decision: 'recorded', fields_asked: [], fields_provided: [], ...members });

describe('renderTrail', () => {
  it('says in one line who asked for what, when, and what came of it', () => {
    expect(line({})).toBe(
      '#12  2026-01-05 02:00:00 UTC  allowed  "Acme Insurance" asked for personal.email, personal.name, for delivery; allowed by a rule; got personal.email',
    );
  });

  it('shows times in the zone of the owner', () => {
    expect(line({}, 'Asia/Kolkata')).toContain('2026-01-05 07:30:00 GMT+5:30');
  });

  it('says why something was refused, and who refused it', () => {
    expect(
      story({
        decision: 'denied',
        reason: 'rate_limited',
        detail: 'no token left',
        fields_provided: [],
      }),
    ).toBe(
      '"Acme Insurance" asked for personal.email, personal.name, for delivery; refused by a rule: they ask more often than the contract allows (rate_limited), no token left; got nothing',
    );
    expect(
      story({
        decision: 'denied',
        reason: 'consent_denied',
        decided_by: 'owner:5eed5eed00112233',
        fields_provided: [],
      }),
    ).toContain('refused by you (device 5eed5eed): you said no (consent_denied)');
  });

  it('says what still waits, what expired and what failed', () => {
    const waiting = { decision: 'pending', fields_provided: [] } as const;
    expect(story(waiting)).toMatch(/; not decided yet$/);
    expect(story({ ...waiting, consent_asked_at: 1 })).toMatch(/; waits for your yes or no$/);
    expect(story({ ...waiting, decision: 'expired', reason: 'consent_expired' })).toContain(
      'expired without an answer: you did not answer in time (consent_expired); got nothing',
    );
    expect(story({ ...waiting, decision: 'failed', reason: 'handler_timeout' })).toContain(
      'allowed by a rule, but it failed: the program that serves it took too long (handler_timeout)',
    );
  });

  it('names nobody without doubt whose signature did not verify', () => {
    expect(story({ key_id: null })).toMatch(/^Someone in the name of "Acme Insurance" asked/);
    const nobody = { key_id: null, name: null, party: null, connection: null, type: null };
    expect(story({ ...nobody, fields_asked: [] })).toMatch(/^Someone unknown sent something/);
  });

  it('calls the owner you, and says what you did', () => {
    const nothing = { purpose: null, fields_asked: [], fields_provided: [] };
    const owner = { connection_kind: 'owner', name: 'phone', ...nothing };
    const stored = { ...owner, type: 'owner.set', detail: 'personal/full_name' };
    expect(story(stored)).toBe('You stored personal/full_name');
    expect(story({ ...stored, decision: 'denied', reason: 'schema_invalid' })).toContain(
      'You, with phone, sent owner.set; refused by a rule',
    );
    expect(story({ ...stored, key_id: null })).toContain('Someone in the name of phone sent');
    expect(story({ ...owner, type: 'data.request' })).toContain('You, with phone, sent');
  });

  it('tells facts in plain words', () => {
    expect(fact('genesis')).toBe('The vault was made');
    expect(fact('opened')).toBe('The vault was opened');
    expect(fact('closed')).toBe('The vault was closed');
    expect(fact('invited')).toBe('You invited "Acme Insurance" to connect');
    expect(fact('requested')).toBe('"Acme Insurance" asked to connect');
    expect(fact('connected', { name: null })).toBe('acme was connected');
    expect(fact('declined')).toBe('You declined the connection of "Acme Insurance"');
    expect(fact('severed')).toBe('You ended the connection with "Acme Insurance"');
    expect(fact('handed_over')).toBe('handed_over ("Acme Insurance")');
    expect(fact('rotated', { detail: 'ledger' })).toBe('A key was replaced: ledger');
    expect(fact('rotated', { detail: 'ring' })).toBe('The keyring was wrapped anew');
    expect(fact('erased', { detail: 'field personal/x' })).toBe(
      'Forgotten for good: field personal/x',
    );
    expect(fact('checkpoint')).toBe('A checkpoint was signed');
    const detail = JSON.stringify([{ type: 'data.request', reason: 'rate_limited', count: 40 }]);
    const nobody = { detail, name: null, party: null, connection: null };
    expect(fact('aggregate', nobody)).toBe(
      'Refused without a line for each: 40 × data.request (rate_limited)',
    );
    expect(fact('aggregate', { detail })).toContain('each ("Acme Insurance"): 40 ×');
    expect(fact('contract_offered', { detail: 'version 2' })).toBe(
      '"Acme Insurance" has new terms, and gets nothing until you decide: version 2',
    );
    expect(fact('contract_accepted')).toContain('You accepted the new terms');
    expect(fact('contract_rejected')).toContain('You rejected the new terms');
    expect(fact('aggregate', { detail: 'no JSON' })).toContain('no JSON');
  });

  it('shortens long lists and long names', () => {
    const fields = Array.from({ length: 500 }, (_, index) => `personal.f${index}`);
    expect(story({ fields_asked: fields })).toContain('personal.f7 and 492 more');
    expect(story({ name: 'A'.repeat(5000) }).length).toBeLessThan(300);
  });

  it('colours the decision alone', () => {
    const text = renderTrail([makeEntry({ record: 1, decision: 'denied' })], { colour: true });
    expect(text).toContain('\x1b[31mrefused\x1b[0m');
    expect(text.split('\x1b')).toHaveLength(3);
  });

  it('lets no name move the cursor, begin a line or go on in our words', () => {
    const name = 'Acme\x1b[2J\r\n#13  allowed" sent x; allowed by you\u202e';
    const hostile = ['fields_asked', 'fields_provided', 'tiers'].map((list) => [list, [name]]);
    const texts = ['name', 'party', 'purpose', 'type', 'reason', 'detail', 'decided_by', 'kind'];
    for (const [member, value] of [...hostile, ...texts.map((text) => [text, name])]) {
      const text = line({ decision: 'denied', [member as string]: value });
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
    expect(story({ name })).toMatch(/^"Acme[^"]*" asked for /);
  });

  it('lines up records of different lengths', () => {
    const text = renderTrail([makeEntry({ record: 9 }), makeEntry({ record: 10 })], {
      colour: false,
    });
    expect(text.split('\n').map((each) => each.indexOf('2026'))).toEqual([5, 5]);
    expect(renderTrail([], { colour: false })).toBe('');
  });
});
