import { readFile } from 'node:fs/promises';
import { printable } from '../projections/printable.ts';
import { readInvite } from '../service/read-invite.ts';
import { type Event, isMap } from '../wire/event.ts';
import { encodeInvite } from '../wire/invite.ts';
import { readLink } from '../wire/invite-link.ts';
import type { Answer } from '../wire/messages.ts';
import { peerAnsweredType } from '../wire/peer-messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { pasteable } from './hint.ts';
import { readConnections } from './owner-lists.ts';
import type { DescribedConnection } from './render-pending.ts';
import { type OwnerSession, withOwner } from './with-owner.ts';

const profileWaitMs = 10_000;
const waitMaxSeconds = 86_400;

/** What `owner share` is given. */
export type Sharing = {
  readonly fields?: string[];
  readonly consent?: string[];
  readonly types?: string[];
};

/** What `owner ask` is given. */
export type Asking = {
  readonly field?: string[];
  readonly title?: string;
  readonly text?: string;
  /** Seconds. */
  readonly wait?: string;
};

type Asked = { readonly event: string; readonly answer: Answer };

/** `cambium owner connect NAME INVITE`: has the vault reach another one, and ask to be a peer. */
export async function connectCommand(
  context: CommandContext,
  label: string,
  given: string,
): Promise<ExitCode> {
  const text = readLink(given) === undefined ? await contentsOf(given) : given;
  const invite = await readInvite(text, profileWaitMs);
  if (invite === undefined) throw new CliError('usage', 'this is neither a link nor an invite');
  const result = (await withOwner(context, (owner) =>
    owner.ask('owner.connect', { label, invite: encodeInvite(invite) }),
  )) as { connection: string };
  if (context.json) context.print(JSON.stringify(result));
  else {
    context.print(`${label} is asked, as connection ${result.connection}`);
    context.progress(`you are peers when its owner has said yes: ${list(context)}`);
  }
  return 0;
}

/** `cambium owner share PEER …`: what a peer may have from now on, in place of all that was said before. */
export async function shareCommand(
  context: CommandContext,
  peer: string,
  { fields = [], consent = [], types = [] }: Sharing,
): Promise<ExitCode> {
  const result = await withOwner(context, async (owner) => {
    const { connection } = await peerNamed(context, owner, peer);
    return owner.ask('owner.share', { connection, fields, consent, types });
  });
  if (context.json) context.print(JSON.stringify(result));
  else {
    const asked = consent.map((name) => `${name} (you are asked)`);
    const all = [...fields, ...asked, ...types];
    context.print(`shared with ${peer}: ${all.length === 0 ? 'nothing' : all.join(', ')}`);
  }
  return 0;
}

/** `cambium owner ask PEER [TYPE] …`: what the peer answered. Exit code 1 where it refused. */
export async function askCommand(
  context: CommandContext,
  peer: string,
  type: string,
  asking: Asking,
): Promise<ExitCode> {
  const payload = payloadOf(type, asking);
  const seconds = Number(asking.wait ?? 0);
  if (!(seconds >= 0 && seconds <= waitMaxSeconds))
    throw new CliError('usage', `"${asking.wait}" is no number of seconds`);
  const answer = await withOwner(context, async (owner) => {
    const { connection } = await peerNamed(context, owner, peer);
    const late = answersHeard(owner);
    const asked = (await owner.ask('owner.ask', { connection, type, payload })) as Asked;
    return asked.answer.status === 'pending' ? late(asked, seconds * 1000) : asked.answer;
  });
  context.print(context.json ? JSON.stringify(answer) : printable(answerText(answer)));
  return answer.status === 'refused' ? 1 : 0;
}

/** Hears answers that come later; gives the one to a question, or what was said of it before. */
function answersHeard(owner: OwnerSession): (asked: Asked, withinMs: number) => Promise<Answer> {
  const heard = new Map<string, Answer>();
  let wake = (): void => {};
  owner.hear(({ type, payload }: Event) => {
    if (type !== peerAnsweredType || !isMap(payload)) return;
    const { event, answer } = payload as unknown as Asked;
    heard.set(event, answer);
    wake();
  });
  return ({ event, answer }, withinMs) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(answer), withinMs);
      wake = () => {
        const late = heard.get(event);
        if (late === undefined) return;
        clearTimeout(timer);
        resolve(late);
      };
      wake();
    });
}

function payloadOf(type: string, { field, title, text }: Asking): Record<string, unknown> {
  if (type === 'message.send') {
    if (title === undefined || text === undefined)
      throw new CliError('usage', 'a message has a --title and a --text');
    return { title, text };
  }
  if (type !== 'data.request') return {};
  if (field === undefined) throw new CliError('usage', 'name what to ask for: --field NAMES');
  return { fields: field };
}

async function peerNamed(
  context: CommandContext,
  owner: OwnerSession,
  peer: string,
): Promise<DescribedConnection> {
  const all = await readConnections(owner);
  const peers = all.filter(({ kind }) => kind === 'peer');
  const byId = peers.filter(({ connection }) => connection === peer);
  const byName = peers.filter(({ name, status }) => name === peer && status === 'active');
  const [found, another] = byId.length > 0 ? byId : byName;
  if (found === undefined)
    throw new CliError('failed', `no peer is called "${peer}"; see: ${list(context)}`);
  if (another !== undefined)
    throw new CliError(
      'usage',
      `several peers are called "${peer}": name one by its connection id`,
    );
  return found;
}

function answerText(answer: Answer): string {
  if (answer.status === 'served') return JSON.stringify(answer.result);
  if (answer.status === 'pending') return 'its owner is asked';
  const detail = answer.detail === undefined ? '' : `: ${answer.detail}`;
  return `refused (${answer.code})${detail}`;
}

async function contentsOf(file: string): Promise<string> {
  if (file.startsWith('cambium-invite:')) return file;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError('failed', `cannot read ${file}: ${(error as Error).message}`);
  }
}

function list({ data }: CommandContext): string {
  return pasteable('owner connections', data);
}
