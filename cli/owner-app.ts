import { randomBytes } from 'node:crypto';
import { fileSealer, type Sealer } from '../core/enclave/sealer.ts';
import type { Credential } from '../core/manager/ports.ts';
import type { PeerKeys } from '../ledger/bodies.ts';
import type { PeerIdentity } from '../service/session.ts';
import { VaultClient } from '../service/vault-client.ts';
import { signerFrom } from '../wire/crypto.ts';
import { encapsulationKeyFrom } from '../wire/key-encapsulation.ts';
import { decode, encode } from '../wire/msgpack.ts';
import { type DataDir, readCard } from './data-dir.ts';
import { type AppFile, appText, readApp, writeApp } from './owner-app-file.ts';

/** The owner's app on this machine: a device of its own, with its own keys. */
export type OwnerApp = {
  readonly vault: string;
  readonly connection: string;
  readonly signingSeed: Uint8Array;
  readonly encapsulationSeed: Uint8Array;
  /** The ledger's first key: what its checkpoints are held against. */
  readonly ledger: Uint8Array;
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

/** The file with the app's keys: the data directory's own, or that of another device (`CAMBIUM_OWNER_APP`). */
export function ownerAppFile(
  data: DataDir,
  ledgerId: Uint8Array,
  sealer: Sealer = fileSealer(),
): AppFile {
  return { path: process.env['CAMBIUM_OWNER_APP'] ?? data.ownerFile, ledgerId, sealer };
}

/** Keeps the app's keys, sealed under passphrase and sealer. */
export async function saveOwnerApp(
  file: AppFile,
  app: OwnerApp,
  passphrase: string,
): Promise<void> {
  const contents = encode(app);
  await writeApp(file, contents, passphrase);
  contents.fill(0);
}

/** The keys of another device, sealed in the same way: what its file holds. */
export async function sealedDevice(
  file: Omit<AppFile, 'path'>,
  app: OwnerApp,
  passphrase: string,
): Promise<string> {
  const contents = encode(app);
  const text = await appText(file, contents, passphrase);
  contents.fill(0);
  return text;
}

/**
 * Opens the app's keys.
 * @throws CliError when there is no app, or the passphrase is wrong; SealerError
 */
export async function loadOwnerApp(
  data: DataDir,
  passphrase: string,
  sealer?: Sealer,
): Promise<OwnerApp> {
  const { ledger } = await readCard(data);
  const contents = await readApp(ownerAppFile(data, ledger.id, sealer), passphrase);
  const app = decode(contents) as unknown as OwnerApp;
  contents.fill(0);
  return app;
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
