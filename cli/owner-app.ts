import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stretch } from '../core/keys/root-key.ts';
import type { Credential } from '../core/manager/ports.ts';
import type { PeerKeys } from '../ledger/bodies.ts';
import type { PeerIdentity } from '../service/session.ts';
import { VaultClient } from '../service/vault-client.ts';
import { fromBase64url, toBase64url, utf8 } from '../wire/bytes.ts';
import { open, seal, signerFrom } from '../wire/crypto.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import { decode, encode } from '../wire/msgpack.ts';
import { CliError } from './cli-error.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';

const domain = utf8('cambium/owner-app/v1');
const cost = { timeCost: 2, memoryKiB: 19 * 1024, lanes: 1 };

/** The owner's app on this machine: a device of its own, with its own keys. */
export type OwnerApp = {
  readonly vault: string;
  readonly connection: string;
  readonly signingSeed: Uint8Array;
  readonly encapsulationSeed: Uint8Array;
  readonly vaultSigning: Uint8Array;
  readonly vaultEncapsulation: Uint8Array;
  readonly credential: Credential;
};

/** Keys of a new device: seeds for the app, public halves for the vault. */
export async function newDevice(): Promise<{
  signingSeed: Uint8Array;
  encapsulationSeed: Uint8Array;
  keys: PeerKeys;
}> {
  const signingSeed = new Uint8Array(randomBytes(32));
  const encapsulationSeed = new Uint8Array(randomBytes(32));
  const { publicKey } = await encapsulationKeyFrom(encapsulationSeed);
  const keys = { signing: signerFrom(signingSeed).publicKey, encapsulation: publicKey };
  return { signingSeed, encapsulationSeed, keys };
}

/** Keeps the app's keys, sealed under the passphrase. */
export async function saveOwnerApp(
  data: DataDir,
  app: OwnerApp,
  passphrase: string,
): Promise<void> {
  const salt = new Uint8Array(randomBytes(16));
  const nonce = new Uint8Array(randomBytes(24));
  const key = await stretch(passphrase, { ...cost, salt });
  const box = seal(key, nonce, domain, encode(app));
  key.fill(0);
  const text = { v: 1, salt: toBase64url(salt), nonce: toBase64url(nonce), box: toBase64url(box) };
  await writeFileSafely(data.ownerFile, `${JSON.stringify(text)}\n`);
}

/**
 * Opens the app's keys.
 * @throws CliError when the passphrase is wrong
 */
export async function loadOwnerApp(data: DataDir, passphrase: string): Promise<OwnerApp> {
  const text = await readFile(data.ownerFile, 'utf8').catch(() => {
    throw new CliError('usage', `${data.path} holds no owner's app`);
  });
  const { salt, nonce, box } = JSON.parse(text) as Record<'salt' | 'nonce' | 'box', string>;
  const key = await stretch(passphrase, { ...cost, salt: fromBase64url(salt) });
  const opened = open(key, fromBase64url(nonce), domain, fromBase64url(box));
  key.fill(0);
  if (opened === undefined) throw new CliError('failed', 'the passphrase is not the right one');
  return decode(opened) as unknown as OwnerApp;
}

/** Connects the app to its vault. */
export async function connectOwnerApp(app: OwnerApp, url: string): Promise<VaultClient> {
  const identity: PeerIdentity = {
    vault: app.vault,
    connection: app.connection,
    party: 'owner',
    signer: signerFrom(app.signingSeed),
    encapsulation: await encapsulationKeyFrom(app.encapsulationSeed),
    vaultSigning: app.vaultSigning,
    vaultEncapsulation: app.vaultEncapsulation,
  };
  return VaultClient.connect({ servers: [url], credential: app.credential, identity });
}
