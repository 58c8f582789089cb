import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileSealer, type Sealer } from '../core/enclave/sealer.ts';
import { rootsFrom } from '../core/keys/root-key.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { jetStreamRing } from '../ledger/ring-store.ts';
import { withLedger } from './attach.ts';
import { changePassphrase, passphraseCommand, type UnderPassphrase } from './change-passphrase.ts';
import type { CommandContext } from './command.ts';
import { createVault } from './create-vault.ts';
import { type DataDir, dataDir, type VaultCard } from './data-dir.ts';
import { loadOwnerApp, ownerAppFile } from './owner-app.ts';
import { settleApp } from './owner-app-file.ts';
import { connectLedger, natsBinary, startLedger } from './servers.ts';

const [from, to] = ['correct horse battery', 'another horse battery'];

let made: string;
let folder: string;
let card: VaultCard;
let data: DataDir;
let sealer: Sealer;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'cambium-passphrase-'));
  card = await createVault({
    path: join(made, 'data'),
    passphrase: from,
    sealer: fileSealer(join(made, 'sealer')),
    pins: [],
    binary: await natsBinary(() => {}),
    now: Date.now,
  });
});
afterAll(() => rm(made, { recursive: true, force: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-passphrase-'));
  await cp(made, folder, { recursive: true });
  data = dataDir(join(folder, 'data'));
  sealer = fileSealer(join(folder, 'sealer'));
  vi.stubEnv('CAMBIUM_STATE', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Uses the stores of the vault, as it does itself. */
async function withParts<T>(use: (parts: UnderPassphrase) => Promise<T>): Promise<T> {
  const server = await startLedger(data, await natsBinary(() => {}), 'lasting');
  const nc = await connectLedger(server.url, server.seeds.runtime);
  try {
    const commits = await jetStreamStore(nc, card.vault);
    const ring = await jetStreamRing(nc, card.vault);
    return await use({ data, card, commits, pinned: [], ring, sealer });
  } finally {
    await nc.close();
    await server.stop();
  }
}

/** The ring, where this passphrase opens it. */
async function ringUnder(
  { ring }: UnderPassphrase,
  passphrase: string,
): Promise<Keyring | undefined> {
  const roots = rootsFrom(passphrase, sealer, card.ledger.id);
  return Keyring.unlock(ring, card.ledger.id, roots).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'RING_LOCKED' });
    return undefined;
  });
}

async function opensApp(passphrase: string): Promise<boolean> {
  return loadOwnerApp(data, passphrase, sealer).then(
    () => true,
    (error: unknown) => {
      expect(String(error)).toMatch(/not the right one/);
      return false;
    },
  );
}

function contextWith(passphrase: string): CommandContext & { said: string[] } {
  const said: string[] = [];
  return {
    said,
    data: data.path,
    json: false,
    colour: false,
    columns: 80,
    progress: () => {},
    print: (text) => void said.push(text),
    passphrase: async () => passphrase,
  };
}

describe('cambium passphrase', () => {
  it('puts the keyring and the app under another passphrase, and the ledger still opens', async () => {
    vi.stubEnv('CAMBIUM_NEW_PIN', to);
    const before = await loadOwnerApp(data, from, sealer);
    const context = contextWith(from);
    expect(await passphraseCommand(context)).toBe(0);
    expect(context.said.join()).toContain('the passphrase is changed');
    expect(await loadOwnerApp(data, to, sealer)).toEqual(before);
    expect(await opensApp(from)).toBe(false);
    await withParts(async (parts) => {
      expect(await ringUnder(parts, from)).toBeUndefined();
      expect(await ringUnder(parts, to)).toBeInstanceOf(Keyring);
    });
    const keys = await withLedger(
      data,
      () => {},
      ({ unlock }) => unlock(to),
    );
    expect(keys).toBeTypeOf('function');
    for (const id of await sealerIds()) expect(await sealer.generations(id)).toHaveLength(1);
  });

  it('leaves nothing that the passphrase before opens, not in an earlier copy either', async () => {
    const copy = dataDir(join(folder, 'copy'));
    await cp(data.path, copy.path, { recursive: true });
    await withParts((parts) => changePassphrase(parts, from, to));
    await expect(loadOwnerApp(copy, from, sealer)).rejects.toThrow(/sealer's secret is not there/);
    await expect(
      withLedger(
        copy,
        () => {},
        ({ unlock }) => unlock(from),
      ),
    ).rejects.toThrow(/sealer's secret is not there/);
  });

  it.each([
    ['the same one', from, /the one that there is/],
    ['a short one', 'short', /at least 8 characters/],
    ['digits', '123456789', /digits/],
  ])('refuses %s before anything is started', async (_, passphrase, reason) => {
    vi.stubEnv('CAMBIUM_NEW_PIN', passphrase);
    await expect(passphraseCommand(contextWith(from))).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(reason),
    });
  });

  it('changes nothing with the wrong passphrase', async () => {
    vi.stubEnv('CAMBIUM_NEW_PIN', to);
    const file = await readFile(data.ownerFile, 'utf8');
    const refused = passphraseCommand(contextWith('not the right one'));
    await expect(refused).rejects.toMatchObject({ code: 'RING_LOCKED' });
    expect(await readFile(data.ownerFile, 'utf8')).toBe(file);
    expect(await opensApp(from)).toBe(true);
  });

  it('is refused while a vault runs', async () => {
    vi.stubEnv('CAMBIUM_NEW_PIN', to);
    await withParts(async () => {
      await expect(passphraseCommand(contextWith(from))).rejects.toThrow(/stop it first/);
    });
  });
});

async function sealerIds(): Promise<Uint8Array[]> {
  const names = await readdir(join(folder, 'sealer'));
  return names.map((name) => new Uint8Array(Buffer.from(name.split('.')[0] ?? '', 'hex')));
}

/** Every state that a crash can leave: the effect at which it comes, and whether that still takes place. */
const crashes = [
  ["with the sealer's secret for the app made", 1, 'after'],
  ['with the app sealed twice', 2, 'before'],
  ["with the sealer's secret for the ring made", 2, 'after'],
  ['with the ring written', 3, 'after'],
  ["with the ring's old secret destroyed", 4, 'after'],
  ['with the app sealed once', 5, 'before'],
  ["with the app's old secret destroyed", 5, 'after'],
] as const;

/** Parts that crash at the nth lasting effect, before it or after. */
function crashing(parts: UnderPassphrase, at: number, how: 'before' | 'after'): UnderPassphrase {
  let count = 0;
  const lasting = async <T>(effect: () => Promise<T>): Promise<T> => {
    count += 1;
    if (count < at) return effect();
    if (count === at && how === 'after') await effect();
    throw new Error('crashed');
  };
  const { ring } = parts;
  return {
    ...parts,
    sealer: {
      ...sealer,
      create: (id) => lasting(() => sealer.create(id)),
      destroy: (id, generation) => lasting(() => sealer.destroy(id, generation)),
    },
    ring: {
      valueBytesMax: ring.valueBytesMax,
      // A process that has crashed does not look whether its write was kept.
      read: async () => {
        if (count >= at) throw new Error('crashed');
        return ring.read();
      },
      add: (value, last) => lasting(() => ring.add(value, last)),
      replaceAll: (value, last) => lasting(() => ring.replaceAll(value, last)),
    },
  };
}

describe('a crash while the passphrase is changed', () => {
  it.each(crashes)('%s: one passphrase opens ring and app', async (_, at, how) => {
    await withParts(async (parts) => {
      await expect(changePassphrase(crashing(parts, at, how), from, to)).rejects.toThrow();
      const [old, ring] = [await ringUnder(parts, from), await ringUnder(parts, to)];
      expect([old, ring].filter((each) => each !== undefined)).toHaveLength(1);
      const [now, before] = old === undefined ? [to, from] : [from, to];
      expect(await opensApp(now)).toBe(true);
      // Whoever opens the vault settles both.
      await (old ?? ring)?.settle();
      await settleApp(ownerAppFile(data, card.ledger.id, sealer), now);
      expect(await opensApp(before)).toBe(false);
    });
  });

  it('needs no settling before the command is called again', async () => {
    await withParts(async (parts) => {
      await expect(changePassphrase(crashing(parts, 3, 'before'), from, to)).rejects.toThrow();
      await changePassphrase(parts, from, to);
      expect([await opensApp(from), await opensApp(to)]).toEqual([false, true]);
      for (const id of await sealerIds()) expect(await sealer.generations(id)).toHaveLength(1);
    });
  });
});
