import type { Wrong } from './wrong-vault.ts';

/** A fault, and where the rule is tried that has to find it. */
export type Plan = {
  readonly wrong: () => Wrong;
  /** What the shared laboratory does once more, since the fault shows there. */
  readonly again: readonly string[];
  /** Another laboratory, with an invite that nobody has used: made while the fault is there, or before. */
  readonly lab: 'shared' | 'new' | 'before' | 'generous' | 'open';
  /** What stands around the vault while the rule is tried. */
  readonly during?: (run: () => Promise<void>) => Promise<void>;
};

/** Faults by the rule that finds each. */
export type Plans = Readonly<Record<string, Plan>>;

/** A fault that shows to a party that is connected already. */
export function planted(wrong: Wrong | (() => Wrong), ...again: readonly string[]): Plan {
  return { wrong: typeof wrong === 'function' ? wrong : () => wrong, again, lab: 'shared' };
}

/** A fault that shows to somebody who has yet to connect. */
export function atTheDoor(wrong: Wrong | (() => Wrong)): Plan {
  return { wrong: typeof wrong === 'function' ? wrong : () => wrong, again: [], lab: 'new' };
}
