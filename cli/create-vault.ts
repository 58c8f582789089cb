import { randomBytes } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import { ownerAppCredential } from '../core/bus/vine/credentials.ts';
import { vineConfig } from '../core/bus/vine/vine-config.ts';
import { createVineKeys, publicKey, type VineKeys } from '../core/bus/vine/vine-keys.ts';
import type { Sealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import {
  createSecrets,
  openSecrets,
  publicKeys,
  type VaultSecrets,
} from '../core/keys/vault-secrets.ts';
import type { Pin } from '../core/pins/pin.ts';
import type { PeerKeys } from '../ledger/bodies.ts';
import { ledgerIdOf } from '../ledger/chain.ts';
import { createLedgerStream, jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { Ledger } from '../ledger/ledger.ts';
import { createRingBucket, jetStreamRing } from '../ledger/ring-store.ts';
import { signerFrom } from '../wire/crypto.ts';
import { identifierFrom } from '../wire/identifiers.ts';
import { encode } from '../wire/msgpack.ts';
import { type DataDir, dataDir, makeWhole, type VaultCard, writeCard } from './data-dir.ts';
import { newDevice, type OwnerApp, ownerAppFile, saveOwnerApp } from './owner-app.ts';
import { connectLedger, keepVineConfig, startLedger, vineFolders } from './servers.ts';
import { measureProgram, vineKeysName } from './wiring.ts';

/** What a new vault is made from. */
export type NewVault = {
  readonly path: string;
  readonly passphrase: string;
  readonly sealer: Sealer;
  /** Makes the pins that are to keep the ledger's first checkpoint. */
  readonly pins: readonly ((ledgerId: Uint8Array) => Pin)[];
  readonly binary: string;
  readonly now: () => number;
  /** Keys of the vine that it is to be on, with the vaults that have them too; otherwise it has a vine of its own. */
  readonly vine?: VineKeys;
};

/**
 * Makes a vault in a new data directory: servers' files, keyring, keys, genesis, and the owner's app.
 * The directory is there whole or not at all.
 */
export async function createVault(options: NewVault): Promise<VaultCard> {
  const ledgerSeed = new Uint8Array(randomBytes(32));
  const { publicKey } = signerFrom(ledgerSeed);
  const card: VaultCard = {
    vault: identifierFrom(new Uint8Array(randomBytes(16))),
    ledger: { id: ledgerIdOf(publicKey), publicKey },
    created: options.now(),
  };
  await makeWhole(options.path, async (folder) => {
    const data = dataDir(folder);
    const server = await startLedger(data, options.binary, 'brief');
    try {
      const admin = await connectLedger(server.url, server.seeds.admin);
      await fill(data, card, admin, ledgerSeed, options);
      await admin.close();
    } finally {
      await server.stop();
    }
    await writeCard(data, card);
  });
  ledgerSeed.fill(0);
  return card;
}

async function fill(
  data: DataDir,
  card: VaultCard,
  admin: NatsConnection,
  ledgerSeed: Uint8Array,
  options: NewVault,
): Promise<void> {
  const { passphrase, sealer } = options;
  await createLedgerStream(admin, card.vault);
  await createRingBucket(admin, card.vault);
  const store = await jetStreamRing(admin, card.vault);
  const roots = rootsFrom(passphrase, sealer, card.ledger.id);
  const ring = await Keyring.create(store, card.ledger.id, roots);
  await createSecrets(ring, ledgerSeed);
  const vineKeys = options.vine ?? createVineKeys();
  await ring.addSecret(vineKeysName, encode(vineKeys));
  await keepVineConfig(data, await vineConfig(vineKeys, vineFolders));
  const secrets = await openSecrets(ring);
  const device = await newDevice();
  const connection = identifierFrom(new Uint8Array(randomBytes(16)));
  const credential = await ownerAppCredential(vineKeys, { vault: card.vault });
  const user = publicKey(credential.seed);
  const genesis = { card, admin, ring, secrets, options };
  await writeGenesis(genesis, { connection, keys: device.keys, user });
  const app = ownerApp(card, secrets, { connection, credential }, device);
  await saveOwnerApp(ownerAppFile(data, card.ledger.id, sealer), app, passphrase);
  ring.close();
  roots.close();
}

type Genesis = {
  readonly card: VaultCard;
  readonly admin: NatsConnection;
  readonly ring: Keyring;
  readonly secrets: VaultSecrets;
  readonly options: NewVault;
};

async function writeGenesis(
  { card, admin, ring, secrets, options }: Genesis,
  device: { readonly connection: string; readonly keys: PeerKeys; readonly user: string },
): Promise<void> {
  const ledger = await Ledger.create({
    store: await jetStreamStore(admin, card.vault),
    identity: card.ledger,
    signerFor: secrets.ledger.keyFor,
    keys: (scope) => ring.scopeKey(scope),
    now: options.now,
  });
  const own = await ring.createScope();
  const owners = await ring.createScope();
  const measurement = await measureProgram();
  const { durable } = ledger.append([
    {
      kind: 'genesis',
      scope: own,
      body: { vault: card.vault, keys: publicKeys(secrets, card.ledger.publicKey), measurement },
    },
    {
      kind: 'connected',
      scope: owners,
      cause: 0,
      body: { ...device, kind: 'owner', party: 'owner', name: 'owner', optional: [] },
    },
  ]);
  await durable;
  const note = ledger.checkpoint(ledger.durableEnd);
  for (const pin of options.pins) await pin(card.ledger.id).replace(undefined, note);
  ledger.close();
}

function ownerApp(
  card: VaultCard,
  secrets: VaultSecrets,
  access: Pick<OwnerApp, 'connection' | 'credential'>,
  device: Awaited<ReturnType<typeof newDevice>>,
): OwnerApp {
  return {
    ...access,
    vault: card.vault,
    signingSeed: device.signingSeed,
    encapsulationSeed: device.encapsulationSeed,
    ledger: card.ledger.publicKey,
    vaultSigning: secrets.signing.newest.publicKey,
    vaultEncapsulation: secrets.encapsulation.newest.publicKey,
  };
}
