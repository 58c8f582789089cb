import type { Contract, ContractField } from './contract.ts';
import { durationMs } from './duration.ts';
import { clockSkewMaxMs } from './event.ts';

/** Something that is allowed, and likely not what was meant; its place is a JSON pointer. */
export type Advice = { readonly where: string; readonly what: string };

const dayMs = 86_400_000;
/** Above this a consent field is kept for long. */
const consentKeptMs: number = dayMs;
/** Shorter than this a description says nothing. */
const descriptionMin = 30;
/** Purposes that say nothing about what a field is for. */
const emptyPurposes: readonly string[] = [
  'any',
  'all',
  'data',
  'general',
  'misc',
  'other',
  'purpose',
  'service',
  'use',
];

/**
 * What an author should think about once more.
 * @param contract - in form and without contradiction
 * @param now - Unix milliseconds
 */
export function adviceOn(contract: Contract, now: number): readonly Advice[] {
  return [
    ...textAdvice(contract),
    ...timeAdvice(contract, now),
    ...contract.fields.flatMap((field, at) => fieldAdvice(field, `/fields/${at}`)),
    ...wholeAdvice(contract),
    ...limitAdvice(contract),
    ...permissionAdvice(contract),
  ];
}

function textAdvice(contract: Contract): Advice[] {
  const { title, description, service } = contract;
  const links = (['terms', 'privacy'] as const).flatMap((name) => linkAdvice(name, contract[name]));
  const hidden = Object.entries({
    '/title': title,
    '/description': description,
    '/service/name': service.name,
  })
    .filter(([, text]) => /\p{Cf}/u.test(text))
    .map(([where]) => ({
      where,
      what: 'holds invisible characters, which the owner is shown as codes',
    }));
  const says = description.trim().length < descriptionMin || description.trim() === title.trim();
  const short = {
    where: '/description',
    what: 'says little: tell the owner what you do with what you ask for',
  };
  return [...hidden, ...(says ? [short] : []), ...links];
}

function linkAdvice(name: 'terms' | 'privacy', link: string | undefined): Advice[] {
  const where = `/${name}`;
  if (link === undefined) return [{ where, what: 'is missing: the owner sees "not given"' }];
  return /^https:\/\/\S+$/.test(link) ? [] : [{ where, what: 'is no https link' }];
}

function timeAdvice({ published, expires }: Contract, now: number): Advice[] {
  const early = published - now > clockSkewMaxMs;
  const future = early ? [{ where: '/published', what: 'lies in the future' }] : [];
  const end = expires === undefined ? undefined : endAdvice(expires, published, now);
  return end === undefined ? future : [...future, { where: '/expires', what: end }];
}

function endAdvice(expires: number, published: number, now: number): string | undefined {
  if (expires <= published) return 'is not after its publication: it is never in force';
  if (expires <= now) return 'is past: every request is refused as contract_expired';
  if (expires - now < dayMs) return 'is less than a day away';
  return undefined;
}

function fieldAdvice({ name, tier, purpose, retention }: ContractField, where: string): Advice[] {
  const lasts = durationMs(retention);
  const vague = emptyPurposes.includes(purpose)
    ? [{ where: `${where}/purpose`, what: `says nothing about what ${name} is for` }]
    : [];
  const what = retentionAdvice(tier, retention, lasts);
  return what === undefined
    ? vague
    : [...vague, { where: `${where}/retention`, what: `${name}: ${what}` }];
}

function retentionAdvice(
  tier: ContractField['tier'],
  retention: string,
  lasts: number | undefined,
): string | undefined {
  if (tier === 'consent') {
    if (retention === 'until_revoked' || (lasts ?? 0) > consentKeptMs)
      return 'the owner is asked each time, and yet it may be kept for long: session is what consent suggests';
    return lasts === undefined
      ? undefined
      : 'once this time is over it is retention_expired, and the owner is not asked any more';
  }
  if (lasts === 0) return 'is served once, and retention_expired from then on';
  return tier === 'required' && retention === 'session'
    ? 'a required field is served as long as the connection lives, and session says otherwise'
    : undefined;
}

function wholeAdvice({ fields, permissions }: Contract): Advice[] {
  const granted = Object.values(permissions).some((yes) => yes);
  if (fields.length === 0 && !granted)
    return [
      { where: '', what: 'asks for no field and no permission: nothing can be done under it' },
    ];
  const all = Object.values(permissions).every((yes) => yes);
  return all
    ? [{ where: '/permissions', what: 'asks for every permission: owners will wonder why' }]
    : [];
}

/** A permission is of no use without its limit, nor a limit without its permission. */
function permissionAdvice({ permissions, limits, storage }: Contract): Advice[] {
  const pairs = [
    [permissions.store, storage !== undefined, 'store', '/storage'],
    [
      permissions.messages,
      limits.notifications_per_hour !== undefined,
      'messages',
      '/limits/notifications_per_hour',
    ],
  ] as const;
  return pairs.flatMap(([granted, limited, name, where]) => {
    if (granted === limited) return [];
    return granted
      ? [{ where, what: `is missing: the permission ${name} is of no use without it` }]
      : [{ where, what: `is of no use without the permission ${name}` }];
  });
}

function limitAdvice({ limits }: Contract): Advice[] {
  const { requests_per_hour: hourly, burst } = limits;
  if (hourly > burst * 3600)
    return [
      {
        where: '/limits',
        what: `cannot be met: ${Math.round(hourly / 3600)} tokens come in a second and only ${burst} can be saved up`,
      },
    ];
  return burst > hourly * 24
    ? [{ where: '/limits/burst', what: 'takes more than a day to fill once it is used up' }]
    : [];
}
