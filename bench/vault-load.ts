import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createVault } from '../cli/create-vault.ts';
import { type DataDir, dataDir } from '../cli/data-dir.ts';
import { connectShop, DemoOwner } from '../cli/demo-people.ts';
import { runningVine } from '../cli/notes.ts';
import { loadOwnerApp } from '../cli/owner-app.ts';
import { programRoot } from '../cli/program-root.ts';
import { fileSealer } from '../core/enclave/sealer.ts';
import { filePinOf } from '../core/pins/file-pin.ts';
import { addressOf, contractRef } from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';

const passphrase = 'bench bench bench';

/** A vault in its own process, and a service that is connected to it. */
export type VaultUnderLoad = {
  request(): Promise<Answer>;
  stop(): Promise<void>;
};

/** Makes a vault, runs it with `cambium run`, and connects a service that may ask as often as it can. */
export async function startVault(binary: string, folder: string): Promise<VaultUnderLoad> {
  const data = dataDir(join(folder, 'data'));
  const sealer = fileSealer(join(folder, 'sealer'));
  await createVault({
    path: data.path,
    passphrase,
    sealer,
    pins: [(id) => filePinOf(id, folder)],
    binary,
    now: Date.now,
  });
  const child = await runVault(data, folder);
  const url = (await runningVine(data))?.url ?? '';
  const owner = await DemoOwner.connect(await loadOwnerApp(data, passphrase, sealer), url);
  await owner.say('owner.set', { field: 'personal/shipping_address', value: '12 Bench Row' });
  const connection = await connectShop(owner, data, contract, url);
  const client = await VaultClient.connect(await addressOf(connection, [url]));
  const payload = { fields: ['personal/shipping_address'] };
  const event = { type: 'data.request', payload, contract: contractRef(contract) };
  return {
    request: async () => {
      const answer = await client.ask(event, { timeoutMs: 30_000 });
      if (answer.status !== 'served') throw new Error(`not served: ${JSON.stringify(answer)}`);
      return answer;
    },
    stop: async () => {
      await client.close();
      await owner.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function runVault(data: DataDir, state: string): Promise<ChildProcess> {
  const main = join(programRoot, 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, 'run', '--data', data.path], {
    env: { ...process.env, CAMBIUM_PIN: passphrase, CAMBIUM_STATE: state },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  return child;
}

const contract: Contract = {
  v: 1,
  id: 'bench',
  version: 1,
  service: { id: 'bench', name: 'Bench' },
  title: 'Bench',
  description: 'Asks as often as it can.',
  published: 1_790_000_000_000,
  fields: [
    {
      name: 'personal/shipping_address',
      tier: 'on_demand',
      purpose: 'fulfilment',
      retention: 'until_revoked',
    },
  ],
  permissions: {
    store: false,
    messages: false,
    authentication: false,
    payment: false,
    signatures: false,
    identity: false,
    location: false,
  },
  limits: { requests_per_hour: 1_000_000, burst: 1_000_000 },
};
