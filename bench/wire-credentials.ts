import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { vineAdmission } from '../core/bus/admission.ts';
import { ensureAnswerStream } from '../core/bus/vine/answer-stream.ts';
import { connectVine } from '../core/bus/vine/connect-vine.ts';
import { answerKeeperCredential, sysCredential } from '../core/bus/vine/credentials.ts';
import { streamManager } from '../core/bus/vine/stream-manager.ts';
import { vineConfig } from '../core/bus/vine/vine-config.ts';
import { createVineKeys } from '../core/bus/vine/vine-keys.ts';
import { answerKeeperInbox, partyInbox, sysInbox } from '../core/bus/vine/vine-names.ts';
import { startVineServer } from '../core/bus/vine/vine-server.ts';
import { identifierFrom } from '../wire/identifiers.ts';
import { type Figures, measure } from './load.ts';

const lastsMs = 60 * 60 * 1000;

/** What an invite, an acceptance, a connect and a revocation cost on a vine in `dir`. */
export async function credentialCosts(
  binary: string,
  dir: string,
  seconds: number,
): Promise<readonly (readonly [string, Figures])[]> {
  await mkdir(dir, { recursive: true });
  const keys = createVineKeys();
  const config = await vineConfig(keys, { storeDir: 'jetstream', resolverDir: 'accounts' });
  const server = await startVineServer({ binary, dir, config });
  const sys = await connectVine(server.url, await sysCredential(keys), {
    name: 'bench',
    inboxPrefix: sysInbox,
  });
  const vault = identifierFrom(new Uint8Array(randomBytes(16)));
  const keeper = await connectVine(server.url, await answerKeeperCredential(keys), {
    name: 'bench',
    inboxPrefix: answerKeeperInbox,
  });
  const answers = await streamManager(keeper);
  await ensureAnswerStream(answers);
  const admission = vineAdmission({ sys, answers }, keys, { vault, servers: [server.url] });
  const expires = (): number => Date.now() + lastsMs;
  const { party, credential } = await admission.invite(expires());
  const inboxPrefix = partyInbox(party);
  const way = { party, shared: false };
  const tasks: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['invite: new account, credential', () => admission.invite(expires())],
    [
      'accept: two credentials',
      () => admission.accept(way, { expires: expires(), renewalExpires: expires() }),
    ],
    [
      'connect with a credential',
      async () => {
        const options = { name: 'bench', inboxPrefix };
        await (await connectVine(server.url, credential, options)).close();
      },
    ],
    ['revoke', () => admission.revoke(way)],
  ];
  const costs: [string, Figures][] = [];
  for (const [name, task] of tasks) costs.push([name, await measure(task, 1, seconds / 2)]);
  await keeper.close();
  await sys.close();
  await server.stop();
  return costs;
}
