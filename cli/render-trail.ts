import type { AuditEntry, EntryDecision } from '../projections/audit-entry.ts';
import { reasonWords } from './reason-words.ts';
import { fitText, type Style, styled, visibleText } from './terminal-text.ts';

/** How to draw the trail. */
export type TrailOptions = {
  readonly colour: boolean;
  /** IANA name of the zone that times are shown in; UTC by default. */
  readonly timeZone?: string;
};

const decisionWords: Readonly<Record<EntryDecision, readonly [string, Style]>> = {
  approved: ['allowed', 'green'],
  denied: ['refused', 'red'],
  pending: ['waiting', 'yellow'],
  expired: ['expired', 'red'],
  failed: ['failed', 'red'],
  recorded: ['noted', 'dim'],
};

const decisionWidth = 7;

/** Columns of one text that another party chose, and count of names in one list. */
const textWidthMax = 60;
const listLengthMax = 8;

/**
 * The trail for a person to read: one line for each entry, without a newline at the end. A line
 * begins with the index of its record, under which the chain and the SQL tables know it.
 */
export function renderTrail(entries: readonly AuditEntry[], options: TrailOptions): string {
  const recordWidth = String(entries.at(-1)?.record ?? 0).length;
  const clock = clockIn(options.timeZone ?? 'UTC');
  return entries
    .map((entry) => {
      const [word, style] = decisionWords[entry.decision];
      const record = `#${entry.record}`.padEnd(recordWidth + 1);
      const decision = styled(word.padEnd(decisionWidth), style, options.colour);
      const story = entry.kind === 'request' ? requestStory(entry) : factStory(entry);
      return `${record}  ${clock(entry.time)}  ${decision}  ${story}`;
    })
    .join('\n');
}

function clockIn(timeZone: string): (time: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  return (time) => {
    const part = Object.fromEntries(
      format.formatToParts(time).map(({ type, value }) => [type, value]),
    );
    const { year, month, day, hour, minute, second, timeZoneName } = part;
    return `${year}-${month}-${day} ${hour}:${minute}:${second} ${timeZoneName}`;
  };
}

/** What the owner did, in words; other types are named. */
const ownerDeeds: Readonly<Record<string, string>> = {
  'owner.pending': 'You looked at what waits for you',
  'owner.connections': 'You looked at your connections',
  'owner.fields': 'You looked at the names of your fields',
  'owner.set': 'You stored',
  'owner.invite': 'You made an invite',
  'owner.accept': 'You accepted a connection',
  'owner.decline': 'You declined a connection',
  'owner.sever': 'You ended a connection',
  'owner.contract.show': 'You read the new terms of a connection',
  'owner.contract.accept': 'You accepted the new terms of a connection',
  'owner.contract.reject': 'You rejected the new terms of a connection',
  'owner.forget': 'You had something forgotten',
  'owner.rotate': 'You replaced a key of the vault',
  'owner.profile': "You looked at your vault's profile",
  'owner.keys': 'Your app asked for the keys of the vault',
  'owner.checkpoint': 'Your app looked at the checkpoint',
  'owner.approve': 'You approved a request',
  'owner.deny': 'You denied a request',
  'owner.devices': 'You looked at your devices',
  'owner.agent': 'You said what an agent may do',
  'owner.connect': 'You had your vault reach another one',
  'owner.share': 'You said what you share with a peer',
  'owner.ask': 'You asked a peer for something',
  'owner.pair': 'You paired a device',
  'owner.unpair': 'You removed a device',
  'owner.grant': 'You granted fields anew',
  'owner.rules': 'You looked at what you have remembered',
  'owner.rules.revoke': 'You revoked a remembered approval',
  'owner.audit': 'You read this trail',
};

function requestStory(entry: AuditEntry): string {
  const deed = Object.hasOwn(ownerDeeds, entry.type ?? '')
    ? ownerDeeds[entry.type ?? '']
    : undefined;
  if (deed === undefined || entry.connection_kind !== 'owner' || entry.key_id === null)
    return messageStory(entry);
  if (entry.decision !== 'approved') return messageStory(entry);
  return entry.detail === null ? deed : `${deed} ${quoted(entry.detail)}`;
}

function messageStory(entry: AuditEntry): string {
  const asked =
    entry.fields_asked.length === 0
      ? `sent ${entry.type === null ? 'something' : quoted(entry.type)}`
      : `asked for ${listed(entry.fields_asked)}`;
  const purpose = entry.purpose === null ? '' : `, for ${quoted(entry.purpose)}`;
  const toward = entry.target === null ? '' : `, toward ${quoted(entry.target)}`;
  const parts = [`${sender(entry)} ${asked}${purpose}${toward}`, outcome(entry), given(entry)];
  return parts.filter((part) => part !== '').join('; ');
}

/** Who sent it; a name stands without a word of doubt only where the signature was theirs. */
function sender(entry: AuditEntry): string {
  const name = entry.name ?? entry.party ?? entry.connection;
  const known = name === null ? '' : quoted(name);
  if (entry.key_id === null)
    return known === '' ? 'Someone unknown' : `Someone in the name of ${known}`;
  if (entry.connection_kind === 'agent') return `Your agent ${known}`;
  return entry.connection_kind === 'owner' ? `You, with ${known},` : known;
}

function outcome(entry: AuditEntry): string {
  switch (entry.decision) {
    case 'pending':
      return entry.consent_asked_at === null ? 'not decided yet' : 'waits for your yes or no';
    case 'approved':
      return `allowed by ${decider(entry)}`;
    case 'expired':
      return `expired without an answer${why(entry)}`;
    case 'failed':
      return `allowed by ${decider(entry)}, but it failed${why(entry)}`;
    case 'denied':
      return `refused by ${decider(entry)}${why(entry)}`;
    case 'recorded':
      return '';
  }
}

function decider({ decided_by: by }: AuditEntry): string {
  if (by === null || by === 'rule') return 'a rule';
  if (by.startsWith('rule:')) return `what you remembered (rule ${quoted(by.slice(5))})`;
  return by.startsWith('owner:') ? `you (device ${quoted(by.slice(6, 14))})` : quoted(by);
}

function why({ reason, detail }: AuditEntry): string {
  const words = Object.hasOwn(reasonWords, reason ?? '')
    ? `${reasonWords[reason as keyof typeof reasonWords]} (${reason})`
    : short(reason ?? '');
  const parts = [words, short(detail ?? '')].filter((part) => part !== '');
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function given({ fields_asked: asked, fields_provided: provided, decision }: AuditEntry): string {
  if (provided.length > 0) return `got ${listed(provided)}`;
  return asked.length > 0 && decision !== 'pending' ? 'got nothing' : '';
}

function factStory(entry: AuditEntry): string {
  const whose = entry.name ?? entry.party ?? entry.connection;
  const who = whose === null ? 'someone' : quoted(whose);
  switch (entry.kind) {
    case 'genesis':
      return 'The vault was made';
    case 'opened':
      return 'The vault was opened';
    case 'closed':
      return 'The vault was closed';
    case 'invited':
      return `You invited ${who} to connect`;
    case 'requested':
      return `${who} asked to connect`;
    case 'connected':
      return `${who} was connected`;
    case 'credential_renewed':
      return `${who} was given a new messaging credential`;
    case 'declined':
      return `You declined the connection of ${who}`;
    case 'severed':
      return entry.connection_kind === 'owner'
        ? `Your device ${who} was removed`
        : entry.detail === null
          ? `You ended the connection with ${who}`
          : entry.detail === 'by the peer'
            ? `${who} ended the connection`
            : `The connection with ${who} ended: it lets your vault in no more`;
    case 'contract_offered':
      return `${who} has new terms, and gets nothing until you decide: ${short(entry.detail ?? '')}`;
    case 'contract_accepted':
      return `You accepted the new terms of ${who}: ${short(entry.detail ?? '')}`;
    case 'contract_rejected':
      return `You rejected the new terms of ${who}: ${short(entry.detail ?? '')}`;
    case 'aggregate':
      return `Refused without a line for each${whose === null ? '' : ` (${who})`}: ${counts(entry.detail)}`;
    case 'checkpoint':
      return 'A checkpoint was signed';
    case 'erased':
      return `Forgotten for good: ${short(entry.detail ?? '')}`;
    case 'erased entry':
      return 'Something about a connection that was forgotten';
    case 'presented':
      return 'Your vault is called something else';
    case 'moved':
      return `Your vault is reached at ${short(entry.detail ?? '')}`;
    case 'servers_known':
      return `${who} knows where your vault is reached`;
    case 'retired':
      return `A key of before was destroyed: ${short(entry.detail ?? '')}`;
    case 'keys_known':
      return `${who} knows the vault's keys of now`;
    case 'rekeyed':
      return `${who} replaced its own keys`;
    case 'granted':
      return `You granted ${who} anew: ${short(entry.detail ?? '')}`;
    case 'remembered':
      return `You remembered an approval for ${who}: ${short(entry.detail ?? '')}`;
    case 'rule_revoked':
      return `You revoked what was remembered for ${who}: ${short(entry.detail ?? '')}`;
    case 'notified':
      return `You were told about ${whose === null ? 'your vault' : who}: ${short(entry.detail ?? '')}`;
    case 'rotated':
      return entry.detail === 'ring'
        ? 'The keyring was wrapped anew'
        : `A key was replaced: ${short(entry.detail ?? '')}`;
    default:
      return peerStory(entry, who) ?? `${quoted(entry.kind)}${whose === null ? '' : ` (${who})`}`;
  }
}

/** What is recorded about peers and agents. */
function peerStory({ kind, detail }: AuditEntry, who: string): string | undefined {
  switch (kind) {
    case 'dial_prepared':
      return `Your vault reaches ${who}`;
    case 'dial_granted':
      return `${who} lets your vault in`;
    case 'peer_moved':
      return `${who} is reached at ${short(detail ?? '')}`;
    case 'shared':
      return `You share with ${who}: ${short(detail ?? '')}`;
    case 'agent_granted':
      return `You said what ${who} may do: ${short(detail ?? '')}`;
    case 'agent_refused':
      return `Your no to ${who} counts: ${short(detail ?? '')}`;
    case 'peer_answered':
      return `${who} answered you: ${short(detail ?? '')}`;
    default:
      return undefined;
  }
}

/** The counts of an aggregate, which its detail holds as JSON. */
function counts(detail: string | null): string {
  try {
    const list = JSON.parse(detail ?? '') as { type: string; reason: string; count: number }[];
    return list
      .map(({ type, reason, count }) => `${count} × ${quoted(type)} (${short(reason)})`)
      .join(', ');
  } catch {
    return quoted(detail ?? '');
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, listLengthMax).map(quoted).join(', ');
  const more = names.length - listLengthMax;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Text of another party: in quotes unless it is one plain word, so that it cannot go on for us. */
function quoted(text: string): string {
  const shown = short(text);
  return /^[\p{L}\p{N}._:/*-]*$/u.test(shown) ? shown : `"${shown.replaceAll('"', "'")}"`;
}

function short(text: string): string {
  return fitText(visibleText(text), textWidthMax);
}
