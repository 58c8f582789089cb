import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { handshakeCases } from './handshake-cases.ts';
import { renderReport, reportOf } from './report.ts';
import { NotApplicable, Unavailable } from './rule.ts';
import { type Result, rules, tryRule } from './suite.ts';

const run = { vault: 'v', servers: ['nats://127.0.0.1:4222'], started: 0, ended: 1 };
const about = { id: 'event.x', page: 'event.md', section: 'Members', says: 'It is so.' };

describe('the rules of the conformance suite', () => {
  it('have names of one form, each once', () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+\.[a-z0-9-]+$/);
  });

  it.each(rules.map((rule) => [rule.id, rule] as const))(
    '%s stands on its page, under its heading',
    async (id, { page, section, says }) => {
      const text = await readFile(new URL(`../../docs/spec/${page}`, import.meta.url), 'utf8');
      expect(text).toMatch(new RegExp(`^#+ ${section}$`, 'm'));
      expect(id.split('.')[0]).toBe(page.replace('.md', ''));
      expect(says).toMatch(/\.$/);
    },
  );

  it('hold one for each handshake that must be refused', () => {
    const ids = rules.map(({ id }) => id);
    for (const { id } of handshakeCases) expect(ids).toContain(id);
  });
});

describe('a report', () => {
  const passed: Result = { ...about, result: 'passed' };
  const skipped: Result = { ...about, id: 'event.z', result: 'skipped', why: 'nobody' };
  const failed: Result = {
    ...about,
    id: 'event.y',
    result: 'failed',
    expected: 'refused as expired',
    came: 'served',
  };

  it('says yes only when every rule was tried and holds', () => {
    expect(reportOf(run, [passed]).conforms).toBe('yes');
    expect(reportOf(run, [passed, skipped]).conforms).toBe('open');
    expect(reportOf(run, [passed, skipped, failed]).conforms).toBe('no');
    expect(reportOf(run, []).conforms).toBe('open');
  });

  it('does not hold against a vault what a vault need not have', () => {
    const foreign: Result = { ...skipped, result: 'not_applicable' };
    const report = reportOf(run, [passed, foreign]);
    expect(report).toMatchObject({ conforms: 'yes', counts: { not_applicable: 1 } });
    expect(renderReport(report)).toContain('  n/a   event.z: nobody');
  });

  it('shows what was expected where something else came', () => {
    expect(renderReport(reportOf(run, [passed, failed, skipped]))).toBe(
      [
        'event.md',
        '  ok    event.x',
        '  FAIL  event.y: It is so. (Members)',
        '          expected: refused as expired',
        '          came:     served',
        '  skip  event.z: nobody',
        '',
        'not kept: event.y',
        'not tried: event.z',
        '1 passed, 1 failed, 1 skipped, 0 not applicable: vault v does not keep to the standard',
      ].join('\n'),
    );
  });

  it('has what went wrong while a rule was tried, and skips what cannot be tried', async () => {
    const check = async (): Promise<undefined> => {
      throw new Error('the vine is gone');
    };
    const without = async (): Promise<undefined> => {
      throw new Unavailable('nobody plays the owner');
    };
    const lab = {} as Parameters<typeof tryRule>[0];
    expect(await tryRule(lab, { ...about, check })).toMatchObject({
      result: 'failed',
      came: 'the vine is gone',
    });
    expect(await tryRule(lab, { ...about, check: without })).toMatchObject({ result: 'skipped' });
    const foreign = async (): Promise<undefined> => {
      throw new NotApplicable('the vault serves no payment.request');
    };
    expect(await tryRule(lab, { ...about, check: foreign })).toMatchObject({
      result: 'not_applicable',
      why: 'the vault serves no payment.request',
    });
  });
});
