import { readFileSync } from 'node:fs';
import { printable } from '../projections/printable.ts';
import type { Contract } from '../wire/contract.ts';
import type { Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { writeFileSafely } from './data-dir.ts';
import { encodeInvite } from './invite-text.ts';
import { renderTable } from './render-table.ts';
import { type OwnerSession, withOwner } from './with-owner.ts';

/** A held request, as the vault describes it. */
type HeldRequest = {
  readonly request: string;
  readonly hash: string;
  readonly type: string;
  readonly party: string;
  readonly fields: readonly {
    readonly name: string;
    readonly tier: string;
    readonly purpose: string;
  }[];
  readonly purpose: string | null;
  readonly contract: { readonly id: string; readonly version: number } | null;
  readonly asked: number;
  readonly until: number | null;
};

/** A connection, as the vault describes it. */
type DescribedConnection = {
  readonly connection: string;
  readonly party: string;
  readonly name: string;
  readonly status: string;
  readonly contract: Contract | null;
  readonly missing: readonly string[];
  readonly optional: readonly string[];
  readonly tokens: number | null;
};

type Pending = {
  readonly requests: readonly HeldRequest[];
  readonly connections: readonly DescribedConnection[];
};

/** `cambium owner pending`: everything that waits for the owner's word. */
export async function pendingCommand(context: CommandContext): Promise<ExitCode> {
  const pending = (await withOwner(context, (owner) => owner.ask('owner.pending'))) as Pending;
  if (context.json) context.print(JSON.stringify(pending));
  else context.print(renderPending(pending));
  return 0;
}

/** `cambium owner connections`. */
export async function connectionsCommand(context: CommandContext): Promise<ExitCode> {
  const found = await withOwner(context, (owner) => owner.ask('owner.connections'));
  const connections = found as readonly DescribedConnection[];
  if (context.json) context.print(JSON.stringify(connections));
  else if (connections.length === 0)
    context.print('nobody is connected; invite someone: cambium owner invite NAME');
  else {
    const rows = connections.map(({ connection, name, status, contract, tokens }) => [
      connection,
      name,
      status,
      contract === null ? '' : `${contract.id} v${contract.version}`,
      tokens === null ? '' : tokens.toFixed(1),
    ]);
    const { columns, colour } = context;
    const heads = ['connection', 'name', 'status', 'contract', 'tokens'];
    context.print(renderTable(heads, rows, { width: columns, colour }));
  }
  return 0;
}

/** `cambium owner fields`: names of what the vault holds, never values. */
export async function fieldsCommand(context: CommandContext): Promise<ExitCode> {
  const fields = (await withOwner(context, (owner) => owner.ask('owner.fields'))) as string[];
  context.print(context.json ? JSON.stringify(fields) : fields.join('\n'));
  return 0;
}

/** `cambium owner set FIELD VALUE`; the value `-` is read from standard input. */
export async function setCommand(
  context: CommandContext,
  field: string,
  value: string,
): Promise<ExitCode> {
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
  options: { readonly out?: string },
): Promise<ExitCode> {
  const invite = (await withOwner(context, (owner) =>
    owner.ask('owner.invite', { label }),
  )) as Invite;
  if (options.out !== undefined) {
    await writeFileSafely(options.out, `${encodeInvite(invite)}\n`);
    context.progress(`give ${options.out} to ${label}: whoever has it can ask to connect, once`);
  } else if (context.json) context.print(JSON.stringify(invite));
  else context.print(encodeInvite(invite));
  return 0;
}

/** `cambium owner approve ID`: a held request, or a party that asks to connect. */
export async function approveCommand(
  context: CommandContext,
  id: string,
  options: { readonly fields?: readonly string[]; readonly optional?: readonly string[] },
): Promise<ExitCode> {
  return decide(context, id, async (owner, found) => {
    if ('request' in found) {
      const { request, hash } = found;
      const fields = options.fields === undefined ? {} : { fields: options.fields };
      return owner.ask('owner.approve', { request, hash, ...fields });
    }
    const { connection } = found;
    return owner.ask('owner.accept', { connection, optional: options.optional ?? [] });
  });
}

/** `cambium owner deny ID`: a held request, or a party that asks to connect. */
export async function denyCommand(context: CommandContext, id: string): Promise<ExitCode> {
  return decide(context, id, async (owner, found) => {
    if ('request' in found)
      return owner.ask('owner.deny', { request: found.request, hash: found.hash });
    return owner.ask('owner.decline', { connection: found.connection });
  });
}

/** `cambium owner sever CONNECTION`. */
export async function severCommand(context: CommandContext, connection: string): Promise<ExitCode> {
  const result = await withOwner(context, (owner) => owner.ask('owner.sever', { connection }));
  context.print(context.json ? JSON.stringify(result) : `${connection} is severed`);
  return 0;
}

async function decide(
  context: CommandContext,
  id: string,
  say: (owner: OwnerSession, found: HeldRequest | DescribedConnection) => Promise<unknown>,
): Promise<ExitCode> {
  const result = await withOwner(context, async (owner) => {
    const pending = (await owner.ask('owner.pending')) as Pending;
    return say(owner, findWaiting(pending, id));
  });
  context.print(context.json ? JSON.stringify(result) : 'done');
  return 0;
}

/** What waits under an event id, an event key or a connection id. */
function findWaiting(pending: Pending, id: string): HeldRequest | DescribedConnection {
  const requests = pending.requests.filter(
    ({ request }) => request === id || request.endsWith(`/${id}`),
  );
  const connections = pending.connections.filter(({ connection }) => connection === id);
  const [found, another] = [...requests, ...connections];
  if (found === undefined)
    throw new CliError('failed', `nothing waits under ${id}; see: cambium owner pending`);
  if (another !== undefined) throw new CliError('usage', `${id} could be several: name it in full`);
  return found;
}

function renderPending({ requests, connections }: Pending): string {
  if (requests.length + connections.length === 0) return 'nothing waits for you';
  return [...requests.map(renderRequest), ...connections.map(renderConnection)].join('\n\n');
}

function renderRequest(held: HeldRequest): string {
  const fields = held.fields.map(({ name, tier, purpose }) => `${name} (${tier}, for ${purpose})`);
  return [
    `${printable(held.party)} asks for ${fields.join(', ')}`,
    `  asked   ${new Date(held.asked).toISOString()}`,
    `  until   ${held.until === null ? 'no limit' : new Date(held.until).toISOString()}`,
    `  under   ${held.contract === null ? 'no contract' : `${held.contract.id} version ${held.contract.version}`}`,
    `  answer  cambium owner approve ${idOf(held.request)}`,
    `          cambium owner deny ${idOf(held.request)}`,
  ].join('\n');
}

function renderConnection({ connection, name, contract, missing }: DescribedConnection): string {
  const fields = contract?.fields.map(
    (field) => `    ${field.name}: ${field.tier}, for ${field.purpose}, kept ${field.retention}`,
  );
  return [
    `${printable(name)} wants to connect: ${printable(contract?.title ?? '')}`,
    `  ${printable(contract?.description ?? '')}`,
    ...(fields ?? []),
    ...(missing.length === 0
      ? []
      : [`  missing: ${missing.join(', ')} (set them with: cambium owner set)`]),
    `  answer  cambium owner approve ${connection}`,
    `          cambium owner deny ${connection}`,
  ].join('\n');
}

function idOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
