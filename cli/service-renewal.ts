import { renewalTime } from '../service/credentials.ts';
import { addressOf, type ServiceConnection } from '../service/service-identity.ts';
import { renewedBy } from '../service/vault.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { ConnectionAccepted } from '../wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { DataDir } from './data-dir.ts';
import { saveService } from './service-files.ts';

/** A connection that is kept under a name, and where its vine is. */
export type NamedService = {
  readonly name: string;
  readonly connection: ServiceConnection;
  readonly servers: readonly string[];
};

/** The connection, with a new credential where two thirds of its life are over. What has no answer is tried the next time. */
export async function withFreshCredential(
  data: DataDir,
  service: NamedService,
): Promise<ServiceConnection> {
  const { accepted } = service.connection;
  if (accepted === undefined || Date.now() < renewalTime(accepted)) return service.connection;
  return (await renewed(data, service, accepted)) ?? service.connection;
}

/**
 * Asks for a new credential, and keeps it.
 * @returns when it ends, Unix time in milliseconds
 * @throws CliError when the connection was never accepted, or the vault refuses
 */
export async function renewCredential(data: DataDir, service: NamedService): Promise<number> {
  const { accepted } = service.connection;
  if (accepted === undefined) throw new CliError('usage', 'this connection was never accepted');
  const next = await renewed(data, service, accepted);
  if (next?.accepted === undefined)
    throw new CliError('failed', 'the vault gives no new credential; is this one just as new?');
  return next.accepted.expires;
}

async function renewed(
  data: DataDir,
  { name, connection, servers }: NamedService,
  accepted: ConnectionAccepted,
): Promise<ServiceConnection | undefined> {
  const client = await VaultClient.connect(await addressOf(connection, servers));
  try {
    const granted = await renewedBy(client);
    if (granted === undefined) return undefined;
    const next = { ...connection, accepted: { ...accepted, ...granted } };
    await saveService(data, name, next);
    return next;
  } finally {
    await client.close();
  }
}
