import { closedTerms, maxPayloadBytes, messageTerms } from './account-layout.ts';
import { accountJwt, operatorJwt } from './claims.ts';
import { publicKey, type VineKeys } from './vine-keys.ts';

/** Where a vine keeps what must outlive it. Relative paths start at the server's own folder. */
export type VineFolders = {
  /** JetStream's files. */
  readonly storeDir: string;
  /** Tokens of the accounts, those pushed later too. */
  readonly resolverDir: string;
};

/**
 * The configuration of a vine's `nats-server`, to be written once and used at every start.
 *
 * It holds signed tokens and public keys but no seed, so a vine starts while every key is locked.
 * At a start the server takes a token from here only when it is newer than the one in
 * `resolverDir`: accounts pushed since then stay as they are.
 */
export async function vineConfig(
  keys: Pick<VineKeys, 'operator' | 'sys' | 'owner' | 'message'>,
  folders: VineFolders,
): Promise<string> {
  const sys = publicKey(keys.sys);
  const owner = publicKey(keys.owner);
  const message = publicKey(keys.message);
  return lines({
    operator: await operatorJwt(keys.operator, sys),
    system_account: sys,
    resolver: { type: 'full', dir: folders.resolverDir, allow_delete: false, interval: '2m' },
    resolver_preload: {
      [sys]: await accountJwt(keys.operator, { name: 'SYS', key: sys }, closedTerms()),
      [owner]: await accountJwt(keys.operator, { name: 'OWNER', key: owner }, closedTerms()),
      [message]: await accountJwt(keys.operator, { name: 'MESSAGE', key: message }, messageTerms()),
    },
    // Every acknowledged event is on the disk: what a party was promised survives a power failure.
    jetstream: { store_dir: folders.storeDir, sync_interval: 'always' },
    max_payload: maxPayloadBytes,
  });
}

// The server's configuration language takes JSON values.
function lines(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${JSON.stringify(value, null, 2)}\n`)
    .join('');
}
