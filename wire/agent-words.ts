import type { Approval, GrantRate, GrantScope } from './agent-terms.ts';
import type { Contract } from './contract.ts';
import { lengthWords, purposeWords, timeWords } from './contract-words.ts';

/* What an agent may do in plain language, always in the same form: these are the vault's words. */

/** What an approval means for the owner. */
export const approvalWords: Readonly<Record<Approval, string>> = {
  auto: 'without asking you',
  ask: 'you are asked each time',
  first: 'you are asked the first time',
};

/** What an agent may do, as its owner reads it. Every member is always there. */
export type GrantInWords = {
  readonly about: readonly (readonly [label: string, text: string])[];
  readonly scopes: readonly {
    readonly name: string;
    readonly what: string;
    readonly approval: string;
    readonly targets: string;
    readonly rate: string;
  }[];
};

/** What a contract that was drawn up for an agent lets it do, in words; `undefined` for every other contract. */
export function grantInWords(contract: Contract): GrantInWords | undefined {
  const { agent, expires, limits, version, storage } = contract;
  if (agent === undefined) return undefined;
  const { refusals, within_minutes: within, minutes } = agent.cool_down;
  const all = { per_hour: limits.requests_per_hour, burst: limits.burst };
  return {
    about: [
      ['until', expires === undefined ? 'for ever' : timeWords(expires)],
      ['in all', rateWords(all)],
      [
        'refused',
        `${refusals} times within ${within} minutes: gets nothing for ${minutes} minutes`,
      ],
      [
        'stores',
        storage === undefined
          ? 'nothing'
          : `at most ${storage.megabytes} megabytes, of: ${storage.categories.join(', ')}`,
      ],
      ['version', String(version)],
    ],
    scopes: agent.scopes.map((scope) => ({
      name: scope.name,
      what: `${scope.fields?.join(', ') ?? scope.type} ${purposeWords(scope.purpose)}${scope.fields === undefined ? '' : ` (${scope.type})`}`,
      approval: scopeApproval(scope),
      targets: scope.targets === undefined ? 'anybody' : scope.targets.join(', '),
      rate: rateWords(scope.rate),
    })),
  };
}

function scopeApproval({ approval, remember }: GrantScope): string {
  const length = remember === undefined ? undefined : lengthWords(remember);
  const kept = length === undefined ? '' : `, and a yes stands for ${length} for the same target`;
  return `${approvalWords[approval]}${kept}`;
}

function rateWords({ per_hour, burst }: GrantRate): string {
  return `${per_hour} an hour, ${burst} at once after a rest`;
}
