import type { Lab } from './lab.ts';

/** What was expected of the vault, and what came instead. Both in words, for who reads the report. */
export type Fault = { readonly expected: string; readonly came: string };

/** Nothing, or the first thing that was wrong. */
export type Verdict = Fault | undefined;

/** One MUST of the standard that can be seen from outside. */
export type Rule = {
  /** Stable: `page.rule`. Reports and exceptions name it. */
  readonly id: string;
  /** Page of docs/spec, and the heading on it that the rule stands under. */
  readonly page: string;
  readonly section: string;
  /** The rule in one sentence. */
  readonly says: string;
  /** Tries the vault. Throws `Unavailable` where it cannot be tried here, `NotApplicable` where it need not be. */
  readonly check: (lab: Lab) => Promise<Verdict>;
};

/** Rules of one page. */
export function ofPage(
  page: string,
): (id: string, section: string, says: string, check: Rule['check']) => Rule {
  const name = page.replace(/\.md$/, '');
  return (id, section, says, check) => ({ id: `${name}.${id}`, page, section, says, check });
}

/** Something that a rule needs is not here: nobody plays the owner, or who does cannot do this. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** The rule is about something that a vault need not have, and this one does not say that it has it. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}
