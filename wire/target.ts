/*
 * Targets: the domains that an agent acts toward. Only one spelling of a domain is taken, so that nothing is compared
 * that could look like something else: lower-case ASCII (a name in other letters stands in its `xn--` form), no dot at
 * the end, no port, no address of a machine. Docs: docs/spec/agents.md.
 */

/** Longest target or pattern, in characters (RFC 1035 §2.3.4, without the dot at the end). */
export const targetMax = 253;

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Two hyphens in these places mean an encoding, and only one is known: RFC 5891 §4.2.3.1. */
const foreignLabel = /^(?!xn--)[a-z0-9]{2}--/;
/** The last label of a name is a word; one of digits, or `0x` and digits, is a part of an address to some. */
const topLabel = /^(?!0x)(?=.*[a-z])/;

/** Whether a text is a domain in the one spelling that is taken. Attacker-controlled; total. */
export function isTarget(text: string): boolean {
  if (text.length > targetMax) return false;
  const labels = text.split('.');
  return (
    labels.length >= 2 &&
    labels.every((one) => label.test(one) && !foreignLabel.test(one)) &&
    topLabel.test(labels.at(-1) ?? '')
  );
}

/** Whether a text is a pattern: a domain, or `*.` and a domain. A star over a whole top-level domain is none. */
export function isTargetPattern(text: string): boolean {
  return isTarget(text.startsWith('*.') ? text.slice(2) : text);
}

/**
 * Whether a target is what a pattern names: the domain itself, or under `*.` whatever has at least one label more.
 * Nothing that is not in form matches.
 */
export function targetMatches(pattern: string, target: string): boolean {
  if (!isTarget(target) || !isTargetPattern(pattern)) return false;
  return pattern.startsWith('*.') ? target.endsWith(pattern.slice(1)) : target === pattern;
}
