import { readFile } from 'node:fs/promises';
import type { AskedAs } from '../service/asking.ts';
import type { CheckedAnswer } from '../service/checked-answer.ts';
import { underOffered } from '../service/contract-update.ts';
import { ServiceError } from '../service/errors.ts';
import { inviteOf, isWhole } from '../service/invite-link.ts';
import { learnGrant } from '../service/learn-grant.ts';
import {
  acceptedBy,
  addressOf,
  agentRequest,
  connectionRequest,
  contractRef,
  isAskingAgent,
  newServiceKeys,
  type PartyConnection,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import { keptVaultKeys } from '../service/vault-keys.ts';
import type { InviteLink } from '../wire/invite-link.ts';
import type { Answer, ConnectionAccepted, Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readContractFile } from './contract-file.ts';
import { dataDir, exists } from './data-dir.ts';
import { pasteable } from './hint.ts';
import { decodeInvite } from './invite-text.ts';
import { keepStatements } from './kept-statements.ts';
import { runningVine, vineWithin } from './notes.ts';
import { checkServiceName, listServices, loadService, saveService } from './service-files.ts';
import { renewCredential, withFreshCredential } from './service-renewal.ts';

const vineWaitMs = 5_000;
const profileWaitS = 15;

/** How to connect a service. */
export type ConnectOptions = {
  readonly as: string;
  readonly contract?: string;
  /** It connects as an agent, which brings no contract. */
  readonly agent?: boolean;
  readonly timeout: number;
};

/** How to send a request. */
export type RequestOptions = {
  readonly as?: string;
  readonly field?: readonly string[];
  readonly purpose?: string;
  /** Of an agent: the domain that it acts toward. */
  readonly target?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly wait: boolean;
};

/** `cambium service list`. */
export async function listCommand(context: CommandContext): Promise<ExitCode> {
  const names = await listServices(dataDir(context.data));
  if (context.json) context.print(JSON.stringify(names));
  else if (names.length > 0) context.print(names.join('\n'));
  else context.progress(`no service is connected; see: ${pasteable('service connect --help')}`);
  return 0;
}

/** `cambium service connect INVITE`: asks to connect under a contract, or as an agent, and waits for the owner. */
export async function connectCommand(
  context: CommandContext,
  inviteText: string,
  options: ConnectOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  checkServiceName(options.as);
  const given = (await exists(inviteText)) ? await readFile(inviteText, 'utf8') : inviteText;
  const found = decodeInvite(given);
  const as = await askedAs(options);
  const servers = await serversOf(context, options);
  const invite = isWhole(found) ? found : await fetched(found, servers, options.timeout);
  const connection: PartyConnection = { keys: newServiceKeys(), invite, ...as };
  const heard: CheckedAnswer[] = [];
  const taken = (result: unknown): ServiceConnection => {
    const accepted = acceptedBy(connection, result as ConnectionAccepted);
    if (accepted === undefined) throw new CliError('failed', 'the vault has granted nothing');
    return { ...accepted, ...learned };
  };
  const client = await VaultClient.connect(await addressOf(connection, servers));
  let learned: Pick<ServiceConnection, 'vaultKeys'> = {};
  client.onIdentity = async (identity) => {
    learned = { vaultKeys: keptVaultKeys(identity) };
  };
  try {
    const payload = isAskingAgent(connection)
      ? await agentRequest(connection)
      : await connectionRequest(connection);
    const answer = await client.ask(
      { type: 'connection.request', payload },
      {
        critical: true,
        timeoutMs: options.timeout * 1000,
        onPending: (pending) => {
          heard.push(pending);
          context.progress('the vault has it; waiting for its owner');
        },
      },
    );
    if (answer.status !== 'pending') heard.push(answer);
    if (answer.status === 'served') await saveService(data, options.as, taken(answer.result));
    return report(context, answer, () => `connected as ${options.as}`);
  } finally {
    await client.close();
    await keepStatements(context, data, options.as, heard);
  }
}

/** As what to ask: under a contract, or as an agent that is called what its connection is. */
async function askedAs({ as: name, contract, agent }: ConnectOptions): Promise<AskedAs> {
  if ((contract === undefined) !== (agent === true))
    throw new CliError('usage', 'a service brings a --contract, and an --agent brings none');
  return contract === undefined
    ? { agent: { name } }
    : { contract: await readContractFile(contract) };
}

/** The invite that a link leads to: the vault shows the rest of it. */
async function fetched(
  link: InviteLink,
  servers: readonly string[],
  timeoutS: number,
): Promise<Invite> {
  try {
    return await inviteOf(link, Math.min(timeoutS, profileWaitS) * 1000, servers);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new CliError(
      'failed',
      `${error.message}: is the link used, expired, or the vault down?`,
      error,
    );
  }
}

/** `cambium service request TYPE [PAYLOAD]`: sends a request and prints the answer. */
export async function requestCommand(
  context: CommandContext,
  type: string,
  payload: string | undefined,
  options: RequestOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const { name, connection: kept } = await loadService(data, options.as);
  const heard: CheckedAnswer[] = [];
  const body = payloadFrom(payload, options);
  const servers = await serversOf(context, options);
  const connection = await withFreshCredential(data, { name, connection: kept, servers });
  const critical = connection.accepted?.critical.includes(type) ?? false;
  const client = await VaultClient.connect(await addressOf(connection, servers));
  let current = connection;
  const keep = (more: Partial<ServiceConnection>): Promise<void> => {
    current = { ...current, ...more };
    return saveService(data, name, current);
  };
  client.onIdentity = (identity) => keep({ vaultKeys: keptVaultKeys(identity) });
  client.onServers = (servers) => keep({ servers });
  try {
    const contract = contractRef(connection.contract);
    const sealed = await client.seal({ type, payload: body, contract });
    if (critical && !options.wait) {
      await client.submit(sealed);
      context.print(context.json ? JSON.stringify({ event: sealed.id }) : `accepted: ${sealed.id}`);
      return 0;
    }
    const answer = await client.askSealed(sealed, {
      critical,
      timeoutMs: options.timeout * 1000,
      acceptPending: !options.wait,
      onPending: (pending) => {
        heard.push(pending);
        context.progress(`${sealed.id} waits for the owner`);
      },
    });
    context.progress(`event ${sealed.id}`);
    if (answer.status !== 'pending') heard.push(answer);
    const newer = isOutdated(answer) ? await underNewer(client, current) : undefined;
    if (newer === undefined)
      return report(context, answer, (result) => JSON.stringify(result, null, 2));
    await saveService(data, name, newer);
    context.progress(`version ${newer.contract.version} is in force by now: asking under it`);
    return requestCommand(context, type, payload, { ...options, as: name });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const hint = error.code === 'TOO_LARGE' ? '' : ' (is the vault running?)';
    throw new CliError('failed', `${error.message}${hint}`, error);
  } finally {
    await client.close();
    await keepStatements(context, data, name, heard);
  }
}

/** A version that was published earlier has been accepted while nobody was listening. */
function isOutdated(answer: Answer): boolean {
  return answer.status === 'refused' && answer.code === 'contract_version_mismatch';
}

/** The connection under the terms of now: a version of its own that was offered, or what an agent is granted. */
async function underNewer(
  client: VaultClient,
  connection: ServiceConnection,
): Promise<ServiceConnection | undefined> {
  if (connection.agent === undefined) return underOffered(connection);
  const contract = await learnGrant(client);
  return contract === undefined || contract.version <= connection.contract.version
    ? undefined
    : { ...connection, contract };
}

/** `cambium service renew`: asks for a new messaging credential. */
export async function renewCommand(
  context: CommandContext,
  options: { readonly as?: string; readonly timeout: number },
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const { name, connection } = await loadService(data, options.as);
  const servers = await serversOf(context, options);
  const expires = await renewCredential(data, { name, connection, servers });
  if (context.json) context.print(JSON.stringify({ service: name, expires }));
  else context.print(`${name} has a credential until ${new Date(expires).toISOString()}`);
  return 0;
}

/** Prints an answer: 1 for a refusal. */
export function report(
  context: CommandContext,
  answer: Answer,
  served: (result: unknown) => string,
): ExitCode {
  if (context.json) context.print(JSON.stringify(answer));
  else if (answer.status === 'served') context.print(served(answer.result));
  else if (answer.status === 'refused') context.print(refusalText(answer.code));
  else context.print('pending: the owner is asked first');
  return answer.status === 'refused' ? 1 : 0;
}

/** What a party is told for a denial is the bare word. */
export function refusalText(code: string): string {
  return code === 'refused' ? code : `refused: ${code}`;
}

function payloadFrom(text: string | undefined, options: RequestOptions): unknown {
  const toward = options.target === undefined ? {} : { target: options.target };
  if (text === undefined) {
    const purpose = options.purpose === undefined ? {} : { purpose: options.purpose };
    return options.field === undefined ? toward : { fields: options.field, ...purpose, ...toward };
  }
  if (options.field !== undefined)
    throw new CliError('usage', 'give a payload or --field, not both');
  try {
    const payload: unknown = JSON.parse(text);
    return options.target === undefined ? payload : { ...(payload as object), ...toward };
  } catch (error) {
    throw new CliError('usage', 'the payload is not JSON', error);
  }
}

/**
 * The embedded messaging layer has another port at each start, so the invite's address is of no use.
 * A vault that has just been told to run gets a moment to come up.
 */
export async function serversOf(
  { data, progress }: CommandContext,
  { timeout }: { readonly timeout: number },
): Promise<readonly string[]> {
  const here = dataDir(data);
  const now = await runningVine(here);
  if (now !== undefined) return [now.url];
  progress('no vault runs here yet; waiting a moment for one');
  const vine = await vineWithin(here, Math.min(vineWaitMs, timeout * 1000));
  if (vine !== undefined) return [vine.url];
  const hint = pasteable('run', data);
  throw new CliError('failed', `no vault runs on ${here.path}; start one with: ${hint}`);
}
