/* A vault in which every reason for a refusal can be reached: parties under all kinds of terms. */
import { readdir, readFile } from 'node:fs/promises';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { Contract } from '../wire/contract.ts';
import type { Answer } from '../wire/messages.ts';
import type { Reason } from '../wire/reasons.ts';
import { ContractWorld, type Party } from './contract-world.ts';
import { ledgerWhen, readLedger } from './ledger-view.ts';
import type { Forgery, Sealed } from './raw-peer.ts';

export class ReachWorld {
  readonly world: ContractWorld;
  /** Under the contract of the tests, with what is stored and shown besides. */
  readonly shop: Party;
  /** The last answer to what was to be refused; none where nobody can be answered. */
  told: Answer | undefined;

  private constructor(world: ContractWorld, shop: Party) {
    this.world = world;
    this.shop = shop;
  }

  static async create(): Promise<ReachWorld> {
    const world = await ContractWorld.create();
    return new ReachWorld(world, await world.party(termsOf(world.first)));
  }

  destroy(): Promise<void> {
    return this.world.destroy();
  }

  /** The contract of the tests with other members. */
  terms(change: Partial<Contract> = {}): Contract {
    return { ...termsOf(this.world.first), ...change };
  }

  /** Sends an event as `by`, and keeps its answer. */
  async send(
    type: string,
    payload: unknown,
    forgery: Forgery = {},
    by: Party = this.shop,
  ): Promise<Sealed> {
    const sealed = by.peer.seal(type, payload, forgery);
    this.told = (await by.peer.send(sealed)).answer;
    return sealed;
  }

  /** Sends what nobody can be answered. */
  publish(bytes: Uint8Array): void {
    const { peer } = this.shop;
    peer.publish({ subject: peer.subject('data.request'), bytes });
  }

  /** A command of the owner's app, whose answer is kept. */
  async command(type: string, payload: unknown = {}): Promise<void> {
    this.told = await this.world.owner.ask(type, payload);
  }

  /** How often a reason stands in the ledger. */
  async count(reason: Reason): Promise<number> {
    return reasonsIn(await readLedger(this.world.house), reason);
  }

  /** Waits until it stands there once more. */
  async recorded(reason: Reason, before: number): Promise<void> {
    await ledgerWhen(this.world.house, (records) => reasonsIn(records, reason) > before);
  }
}

/** As the example's, and with everything that a contract may allow. */
function termsOf(contract: Contract): Contract {
  return {
    ...contract,
    permissions: { ...contract.permissions, store: true, messages: true },
    limits: { ...contract.limits, notifications_per_hour: 1 },
    storage: { categories: ['orders'], megabytes: 1 },
  };
}

function reasonsIn(records: readonly LedgerRecord[], reason: Reason): number {
  return records.filter(({ kind, body }) => {
    if (kind === 'consented') return body.outcome === 'denied' && reason === 'consent_denied';
    const judged = kind === 'decided' || kind === 'handled' || kind === 'expired';
    return judged && body.reason === reason;
  }).length;
}

/** Process id of a running handler of this process, by its folder. */
export async function handlerProcess(folder: string): Promise<number> {
  const parents = new Map<number, number>();
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string): Promise<string> =>
      readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '');
    const stat = await read('stat');
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    const [program, ...words] = (await read('cmdline')).split('\0');
    const runs = words.some((word) => word.endsWith(`handlers/${folder}/main.js`));
    if (runs && program?.includes('node') === true) found.push(Number(name));
  }
  const mine = found.find((pid) => isBelow(parents, pid, process.pid));
  if (mine === undefined) throw new Error(`no ${folder} runs`);
  return mine;
}

function isBelow(parents: ReadonlyMap<number, number>, pid: number, ancestor: number): boolean {
  for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at))
    if (at === ancestor) return true;
  return false;
}
