import {
  addressOf,
  connectionRequest,
  newServiceKeys,
  type ServiceConnection,
} from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { Contract } from '../wire/contract.ts';
import type { ConnectionAccepted, Invite } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { DataDir } from './data-dir.ts';
import { connectOwnerApp, type OwnerApp } from './owner-app.ts';
import { saveService } from './service-files.ts';

const waitMs = 20_000;

/** The demo's owner: a real app over a real connection, which says yes. */
export class DemoOwner {
  readonly #client: VaultClient;

  private constructor(client: VaultClient) {
    this.#client = client;
  }

  static async connect(app: OwnerApp, url: string): Promise<DemoOwner> {
    return new DemoOwner(await connectOwnerApp(app, url));
  }

  /** Says something to the vault. */
  async say(type: string, payload: unknown = {}): Promise<unknown> {
    const answer = await this.#client.ask({ type, payload }, { timeoutMs: waitMs });
    if (answer.status !== 'served')
      throw new CliError('failed', `the vault did not take ${type}: ${JSON.stringify(answer)}`);
    return answer.result;
  }

  /** Approves what waits, each by the hash of the exact request. */
  async approveEverything(): Promise<void> {
    const { requests } = (await this.say('owner.pending')) as {
      requests: readonly { request: string; hash: string }[];
    };
    for (const { request, hash } of requests) await this.say('owner.approve', { request, hash });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** Invites a shop, lets it ask, accepts it, and keeps its side of the connection. */
export async function connectShop(
  owner: DemoOwner,
  data: DataDir,
  contract: Contract,
  url: string,
): Promise<ServiceConnection> {
  const invite = (await owner.say('owner.invite', { label: contract.service.name })) as Invite;
  const asking: ServiceConnection = { keys: newServiceKeys(), invite, contract };
  const client = await VaultClient.connect(await addressOf(asking, [url]));
  const payload = await connectionRequest(asking);
  const answer = await client.ask(
    { type: 'connection.request', payload },
    {
      critical: true,
      timeoutMs: waitMs,
      onPending: () =>
        void owner.say('owner.accept', { connection: invite.connection, optional: [] }),
    },
  );
  await client.close();
  if (answer.status !== 'served') throw new CliError('failed', 'the connection was not accepted');
  const connection = { ...asking, accepted: answer.result as ConnectionAccepted };
  await saveService(data, 'retailer', connection);
  return connection;
}
