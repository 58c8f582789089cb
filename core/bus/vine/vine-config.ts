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
  const tokens = {
    operator: await operatorJwt(keys.operator, sys),
    sys,
    accounts: {
      [sys]: await accountJwt(keys.operator, { name: 'SYS', key: sys }, closedTerms()),
      [owner]: await accountJwt(keys.operator, { name: 'OWNER', key: owner }, closedTerms()),
      [message]: await accountJwt(keys.operator, { name: 'MESSAGE', key: message }, messageTerms()),
    },
  };
  return configText(tokens, folders);
}

/**
 * Whether a text is what `vineConfig` would have written for these folders, whatever the keys: a
 * configuration that comes from elsewhere could make the server read and write any file.
 */
export function isVineConfig(text: string, folders: VineFolders): boolean {
  const head = /^operator: "([\w.-]+)"\nsystem_account: "(A[A-Z2-7]{55})"\n/.exec(text);
  const [, operator = '', sys = ''] = head ?? [];
  const accounts = [...text.matchAll(/^ {2}"(A[A-Z2-7]{55})": "([\w.-]+)"/gm)];
  const tokens = accounts.map(([, account = '', jwt = '']) => [account, jwt] as const);
  return text === configText({ operator, sys, accounts: Object.fromEntries(tokens) }, folders);
}

/** Signed tokens of a vine, by whom they are for. */
type VineTokens = {
  readonly operator: string;
  /** Public key of the system account. */
  readonly sys: string;
  readonly accounts: Readonly<Record<string, string>>;
};

// The server's configuration language takes JSON values.
function configText({ operator, sys, accounts }: VineTokens, folders: VineFolders): string {
  const settings = {
    operator,
    system_account: sys,
    resolver: { type: 'full', dir: folders.resolverDir, allow_delete: false, interval: '2m' },
    resolver_preload: accounts,
    // Every acknowledged event is on the disk: what a party was promised survives a power failure.
    jetstream: { store_dir: folders.storeDir, sync_interval: 'always' },
    max_payload: maxPayloadBytes,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${JSON.stringify(value, null, 2)}\n`)
    .join('');
}
