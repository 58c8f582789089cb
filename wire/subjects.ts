import { isEventType, isIdentifier, isParty } from './identifiers.ts';

/** A subject, read: which space, which way, whose, and the event type it names. */
export type Subject =
  | {
      readonly space: 'owner';
      readonly toVault: boolean;
      readonly vault: string;
      readonly type: string;
    }
  | {
      readonly space: 'message';
      readonly toVault: boolean;
      readonly vault: string;
      readonly party: string;
      readonly type: string;
    };

/*
 * Who subscribes may put `>` for the type and `*` for the party: whole tokens, and nothing else that
 * means something to NATS. Builders throw a RangeError for any other token, whoever it came from;
 * `parseSubject` takes no wildcard.
 */

/** `OwnerSpace.<vault>.forVault.<type>`: the owner's app to the vault. */
export function forVault(vault: string, type: string): string {
  return `OwnerSpace.${checkedVault(vault)}.forVault.${checkedType(type)}`;
}

/** `OwnerSpace.<vault>.forApp.<type>`: the vault to the owner's app. */
export function forApp(vault: string, type: string): string {
  return `OwnerSpace.${checkedVault(vault)}.forApp.${checkedType(type)}`;
}

/** `MessageSpace.<vault>.fromService.<party>.<type>`: a party to the vault. */
export function fromService(vault: string, party: string, type: string): string {
  const from = checkedParty(party);
  return `MessageSpace.${checkedVault(vault)}.fromService.${from}.${checkedType(type)}`;
}

/** `MessageSpace.<party>.fromVault.<vault>.<type>`: the vault to a party. */
export function fromVault(vault: string, party: string, type: string): string {
  const to = checkedParty(party);
  return `MessageSpace.${to}.fromVault.${checkedVault(vault)}.${checkedType(type)}`;
}

const ownerSpace = 'OwnerSpace.';
const messageSpace = 'MessageSpace.';

/** What `subject` says; `undefined` when it is none of the four forms. */
export function parseSubject(subject: string): Subject | undefined {
  if (subject.startsWith(ownerSpace)) return parseOwner(subject);
  if (subject.startsWith(messageSpace)) return parseMessage(subject);
  return undefined;
}

function parseOwner(subject: string): Subject | undefined {
  const first = ownerSpace.length;
  const second = subject.indexOf('.', first) + 1;
  const third = subject.indexOf('.', second) + 1;
  if (second === 0 || third === 0) return undefined;
  const vault = subject.slice(first, second - 1);
  const way = subject.slice(second, third - 1);
  const type = subject.slice(third);
  if (!isIdentifier(vault) || !isEventType(type)) return undefined;
  if (way !== 'forVault' && way !== 'forApp') return undefined;
  return { space: 'owner', toVault: way === 'forVault', vault, type };
}

function parseMessage(subject: string): Subject | undefined {
  const first = messageSpace.length;
  const second = subject.indexOf('.', first) + 1;
  const third = subject.indexOf('.', second) + 1;
  const fourth = subject.indexOf('.', third) + 1;
  if (second === 0 || third === 0 || fourth === 0) return undefined;
  const to = subject.slice(first, second - 1);
  const way = subject.slice(second, third - 1);
  const from = subject.slice(third, fourth - 1);
  const type = subject.slice(fourth);
  if (!isEventType(type)) return undefined;
  if (way === 'fromService' && isIdentifier(to) && isParty(from))
    return { space: 'message', toVault: true, vault: to, party: from, type };
  if (way === 'fromVault' && isParty(to) && isIdentifier(from))
    return { space: 'message', toVault: false, vault: from, party: to, type };
  return undefined;
}

function checkedVault(vault: string): string {
  return checked(vault, isIdentifier(vault));
}

function checkedParty(party: string): string {
  return checked(party, party === '*' || isParty(party));
}

function checkedType(type: string): string {
  return checked(type, type === '>' || isEventType(type));
}

function checked(token: string, good: boolean): string {
  if (!good) throw new RangeError(`may not stand in a subject: ${JSON.stringify(token)}`);
  return token;
}

/** Where a party takes answers to plain requests: the acknowledgements of critical events. */
export function partyInbox(party: string): string {
  return `_INBOX.${party}`;
}

/** Where the owner's app takes answers to plain requests. */
export function ownerAppInbox(vault: string): string {
  return `_INBOX.app_${vault}`;
}
