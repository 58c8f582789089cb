import { readFileSync } from 'node:fs';
import { printable } from '../projections/printable.ts';
import { fieldNamePattern } from '../wire/contract.ts';
import { isIdentifier } from '../wire/identifiers.ts';
import { encodeInvite } from '../wire/invite.ts';
import { linkOf } from '../wire/invite-link.ts';
import type { Invite } from '../wire/messages.ts';
import type { SignedProfile } from '../wire/profile.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { writeFileSafely } from './data-dir.ts';
import { pasteable } from './hint.ts';
import { readGrantFile } from './owner-agents.ts';
import { rememberFor } from './owner-grants.ts';
import { readConnections, readPending } from './owner-lists.ts';
import { acceptTerms } from './owner-terms.ts';
import { qrCode } from './qr.ts';
import type { OfferedVersion } from './render-offer.ts';
import {
  type DescribedConnection,
  type HeldRequest,
  type Pending,
  renderPending,
} from './render-pending.ts';
import { renderTable } from './render-table.ts';
import { type OwnerSession, withOwner } from './with-owner.ts';

/** `cambium owner pending`: everything that waits for the owner's word. */
export async function pendingCommand(context: CommandContext): Promise<ExitCode> {
  const pending = await withOwner(context, readPending);
  if (context.json) context.print(JSON.stringify(pending));
  else context.print(renderPending(pending, context.data));
  return 0;
}

/** `cambium owner connections`. */
export async function connectionsCommand(context: CommandContext): Promise<ExitCode> {
  const connections = await withOwner(context, readConnections);
  if (context.json) context.print(JSON.stringify(connections));
  else if (connections.length === 0)
    context.print(
      `nobody is connected; invite someone: ${pasteable('owner invite NAME', context.data)}`,
    );
  else {
    const rows = connections.map(({ connection, name, kind, status, contract, tokens }) => [
      connection,
      name,
      kind,
      status,
      contract === null ? '' : `${contract.id} v${contract.version}`,
      tokens === null ? '' : tokens.toFixed(1),
    ]);
    const { columns, colour } = context;
    const heads = ['connection', 'name', 'kind', 'status', 'contract', 'tokens'];
    context.print(renderTable(heads, rows, { width: columns, colour }));
  }
  return 0;
}

/** `cambium owner fields`: names of what the vault holds, never values. */
export async function fieldsCommand(context: CommandContext): Promise<ExitCode> {
  const fields = (await withOwner(context, (owner) => owner.ask('owner.fields'))) as string[];
  if (context.json) context.print(JSON.stringify(fields));
  else if (fields.length > 0) context.print(fields.join('\n'));
  else context.progress(`no fields yet; ${pasteable('owner set FIELD VALUE', context.data)}`);
  return 0;
}

/** `cambium owner set FIELD VALUE`; the value `-` is read from standard input. */
export async function setCommand(
  context: CommandContext,
  field: string,
  value: string,
): Promise<ExitCode> {
  if (!new RegExp(fieldNamePattern).test(field))
    throw new CliError(
      'usage',
      `"${field}" cannot name a field: use a namespace and a name, as in personal/full_name`,
    );
  const given = value === '-' ? readFileSync(0, 'utf8').replace(/\n$/, '') : value;
  const result = await withOwner(context, (owner) =>
    owner.ask('owner.set', { field, value: given }),
  );
  context.print(context.json ? JSON.stringify(result) : `${field} is set`);
  return 0;
}

/** `cambium owner invite NAME`: prints an invite, or writes it to a file. */
export async function inviteCommand(
  context: CommandContext,
  label: string,
  options: { readonly out?: string; readonly peer?: boolean; readonly agent?: string },
): Promise<ExitCode> {
  const peer = options.peer === true ? { peer: true } : {};
  const agent = options.agent === undefined ? {} : { agent: await readGrantFile(options.agent) };
  const invite = (await withOwner(context, (owner) =>
    owner.ask('owner.invite', { label, ...peer, ...agent }),
  )) as Invite;
  if (options.out !== undefined) {
    await writeFileSafely(options.out, `${encodeInvite(invite)}\n`);
    context.progress(`give ${options.out} to ${label}: whoever has it can ask to connect, once`);
  }
  if (context.json) context.print(JSON.stringify(invite));
  else if (options.out === undefined) {
    context.print(linkOf(invite));
    context.progress(qrCode(linkOf(invite)));
    const command = options.peer === true ? 'owner connect NAME LINK' : connectWith(options.agent);
    context.progress(`${label} connects with this link, once, within a day: ${command}`);
  }
  return 0;
}

function connectWith(agent: string | undefined): string {
  return agent === undefined ? 'service connect LINK' : 'service connect LINK --agent';
}

/** `cambium owner profile`: what the vault shows of itself to those who have an invite or a connection. */
export async function profileCommand(
  context: CommandContext,
  options: { readonly name?: string },
): Promise<ExitCode> {
  const shown = (await withOwner(context, (owner) =>
    owner.ask('owner.profile', options.name === undefined ? {} : { name: options.name }),
  )) as SignedProfile;
  if (context.json) context.print(JSON.stringify(shown));
  else context.print(profileText(shown));
  return 0;
}

function profileText({ profile: { name, vault, wire, types } }: SignedProfile): string {
  return [
    `${name === '' ? 'no name' : printable(name)} (vault ${vault})`,
    `event ${wire.event.join(', ')}; envelope ${wire.envelope.join(', ')}; suite ${wire.suites.join(', ')}`,
    ...types.map(({ type, delivery, permission = 'no permission' }) =>
      [`  ${type}`, delivery, permission].join('  '),
    ),
  ].join('\n');
}

/** `cambium owner approve ID`: a held request, a party that asks to connect, or new terms of one that is. */
export async function approveCommand(
  context: CommandContext,
  id: string,
  options: {
    readonly fields?: readonly string[];
    readonly optional?: readonly string[];
    readonly remember?: string;
  },
): Promise<ExitCode> {
  const remember =
    options.remember === undefined ? {} : { remember: rememberFor(options.remember) };
  return decide(context, id, 'approved', async (owner, found) => {
    if ('request' in found) {
      const { request, hash } = found;
      const fields = options.fields === undefined ? {} : { fields: options.fields };
      return owner.ask('owner.approve', { request, hash, ...fields, ...remember });
    }
    if ('after' in found) return acceptTerms(owner, found, options.optional);
    if (options.remember !== undefined)
      throw new CliError(
        'usage',
        'a connection stands until you end it: --remember is for requests',
      );
    const { connection } = found;
    return owner.ask('owner.accept', { connection, optional: options.optional ?? [] });
  });
}

/** `cambium owner deny ID`: a held request, a party that asks to connect, or new terms, which ends the connection. */
export async function denyCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return decide(context, id, 'denied', async (owner, found) => {
    if ('request' in found)
      return owner.ask('owner.deny', { request: found.request, hash: found.hash });
    const { connection } = found;
    return 'after' in found
      ? owner.ask('owner.contract.reject', { connection, hash: found.after.hash })
      : owner.ask('owner.decline', { connection });
  });
}

/** `cambium owner sever CONNECTION`. */
export async function severCommand(context: CommandContext, connection: string): Promise<ExitCode> {
  if (!isIdentifier(connection))
    throw new CliError('usage', `"${connection}" is no connection's id; see: ${hint(context)}`);
  const result = await withOwner(context, (owner) => owner.ask('owner.sever', { connection }));
  context.print(context.json ? JSON.stringify(result) : `${connection} is severed`);
  return 0;
}

function hint({ data }: CommandContext): string {
  return pasteable('owner connections', data);
}

async function decide(
  context: CommandContext,
  id: string,
  done: string,
  say: (owner: OwnerSession, found: Waiting) => Promise<unknown>,
): Promise<ExitCode> {
  const result = await withOwner(context, async (owner) => {
    const pending = await readPending(owner);
    return say(owner, findWaiting(pending, id));
  });
  context.print(context.json ? JSON.stringify(result) : done);
  return 0;
}

type Waiting = HeldRequest | DescribedConnection | OfferedVersion;

/** What waits under an event id, an event key or a connection id. */
function findWaiting(pending: Pending, id: string): Waiting {
  const requests = pending.requests.filter(
    ({ request }) => request === id || request.endsWith(`/${id}`),
  );
  const connections = pending.connections.filter(({ connection }) => connection === id);
  const updates = pending.updates.filter(({ connection }) => connection === id);
  const [found, another] = [...requests, ...connections, ...updates];
  if (found === undefined) throw new CliError('failed', `nothing waits under ${id}`);
  if (another !== undefined) throw new CliError('usage', `${id} could be several: name it in full`);
  return found;
}
