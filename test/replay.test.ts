import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CommandContext } from '../cli/command.ts';
import { explainCommand } from '../cli/explain.ts';
import { programRoot } from '../cli/program-root.ts';
import { replayCommand } from '../cli/replay.ts';
import { connectLedger } from '../cli/servers.ts';
import { verifyCommand } from '../cli/verify.ts';
import { whatIfCommand } from '../cli/what-if.ts';
import { Journal } from '../core/manager/journal.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { MemoryStore } from '../ledger/testing/memory-store.ts';
import { stateDigest } from '../projections/state-digest.ts';
import type { VaultState } from '../projections/vault-state.ts';
import { checkDecisions } from '../replay/check-decisions.ts';
import { explain } from '../replay/explain.ts';
import { stateAt } from '../replay/time-travel.ts';
import { verifyLedger } from '../replay/verify.ts';
import type { WhatIfReport } from '../replay/what-if-report.ts';
import type { Contract } from '../wire/contract.ts';
import { type Owner, passphrase, retailer, type Service, TestHouse } from './harness.ts';
import { readLedger } from './ledger-view.ts';

const run = promisify(execFile);
const address = { fields: ['personal/shipping_address'] };
const birthday = { fields: ['personal/date_of_birth'] };

type Waiting = {
  readonly requests: readonly { readonly request: string; readonly hash: string }[];
};

describe('the history of a real vault', () => {
  const commit = vi.spyOn(Journal.prototype, 'commit');
  const events: Record<string, string> = {};
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    vi.stubEnv('CAMBIUM_STATE', house.folder);
    await house.open();
    owner = await house.owner();
    await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
    await owner.served('owner.set', { field: address.fields[0], value: '12 Analytical Row' });
    await owner.served('owner.set', { field: birthday.fields[0], value: '1815-12-10' });
    service = await house.connectService(owner, await retailer());
    await live();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await house?.destroy();
  });

  /** Served, refused twice, approved, denied, paid, and once more after the vault was opened again. */
  async function live(): Promise<void> {
    await ask('served', 'data.request', address);
    await ask('undeclared', 'data.request', { fields: ['personal/income'] });
    await ask('unsupported', 'horoscope.request', {});
    await ask('approved', 'data.request', birthday);
    await word('owner.approve');
    await ask('denied', 'data.request', birthday);
    await word('owner.deny');
    await house.closeVault();
    await house.open();
    const payment = { order: 'A-1', amount: 4200, currency: 'EUR', payee: 'Acme Retail' };
    await ask('paid', 'payment.request', payment);
    await ask('paid twice', 'payment.request', payment);
    await ask('held', 'data.request', birthday);
  }

  async function ask(name: string, type: string, payload: object): Promise<void> {
    const critical = type === 'payment.request';
    const { id } = await service.asked(type, payload, { acceptPending: true, critical });
    events[name] = id;
  }

  async function word(type: string): Promise<void> {
    const { requests } = (await owner.served('owner.pending')) as Waiting;
    const [{ request, hash } = { request: '', hash: '' }] = requests;
    await owner.served(type, { request, hash });
  }

  /** The state in the vault's own memory. */
  function liveState(): VaultState {
    const journal = commit.mock.contexts.at(-1);
    if (!(journal instanceof Journal)) throw new Error('nothing was committed');
    return journal.state;
  }

  /** The records, when the vault has nothing more to write. */
  async function history() {
    await vi.waitFor(
      async () => {
        expect((await readLedger(house)).length).toBe(liveState().size);
        expect(liveState().outbox.size).toBe(0);
        expect([...liveState().requests.values()].every(({ status }) => status === 'pending')).toBe(
          true,
        );
      },
      { timeout: 10_000, interval: 100 },
    );
    const records = await readLedger(house);
    return {
      async *[Symbol.asyncIterator]() {
        yield* records;
      },
    };
  }

  /** What a command prints, and how it ends. */
  async function command(
    call: (context: CommandContext) => Promise<number>,
    json = true,
  ): Promise<{ code: number; out: string }> {
    const printed: string[] = [];
    const code = await call({
      data: house.data.path,
      json,
      colour: false,
      columns: 120,
      progress: () => {},
      print: (text) => printed.push(text),
      passphrase: async () => passphrase,
    });
    return { code, out: printed.join('\n') };
  }

  it('replays to the state in the vault’s memory', async () => {
    const { state } = await stateAt(await history(), 'end');
    expect(stateDigest(state)).toEqual(stateDigest(liveState()));
  });

  it('replays to the same digest in two other processes', async () => {
    const { total } = stateDigest((await stateAt(await history(), 'end')).state);
    const main = join(programRoot, 'dist/cli/main.js');
    const env = { ...process.env, CAMBIUM_PIN: passphrase };
    const replay = () =>
      run(process.execPath, [main, 'replay', '--json', '--data', house.data.path], { env });
    for (const { stdout } of await Promise.all([replay(), replay()]))
      expect(JSON.parse(stdout)).toMatchObject({ digest: { total } });
  });

  it('decides again on every input as it was decided', async () => {
    const report = await checkDecisions(await history());
    expect(report.differences).toEqual([]);
    expect(report.undecided).toEqual([]);
    expect(report).toMatchObject({ again: 1, results: 3 });
    expect(report.first).toBeGreaterThan(10);
    expect(report.reproduced).toBe(report.first + report.again + report.results);
  });

  it('explains what was allowed, refused, and released by the owner', async () => {
    const past = await history();
    const kinds = async (name: string) => {
      const found = await explain(past, events[name] ?? '');
      expect(found?.decisions.every(({ reproduced }) => reproduced)).toBe(true);
      const outcome = found?.decisions[0]?.recorded;
      return [
        outcome?.reason ?? outcome?.outcome,
        ...(found?.followed.map(({ kind }) => kind) ?? []),
      ];
    };
    expect(await kinds('served')).toEqual(['allowed', 'handled', 'queued', 'sent']);
    expect(await kinds('undeclared')).toEqual(['field_not_in_contract', 'queued', 'sent']);
    expect(await kinds('unsupported')).toEqual(['event_unsupported', 'queued', 'sent']);
    const approved = await kinds('approved');
    expect(approved[0]).toBe('pending');
    for (const kind of ['consented', 'decided', 'handled', 'sent'])
      expect(approved).toContain(kind);
    expect(await kinds('denied')).toContain('consented');
    expect(await kinds('denied')).not.toContain('handled');
    expect((await kinds('paid twice'))[0]).toBe('duplicate');
  });

  it('verifies as a whole, and names every edited, swapped or dropped commit of a copy', async () => {
    await history();
    const nc = await connectLedger(house.ledger.url, house.ledger.seeds.reader);
    const commits: Uint8Array[] = [];
    for await (const { bytes } of (await jetStreamStore(nc, house.card.vault)).scan(1))
      commits.push(bytes);
    await nc.close();
    const verify = (copy: readonly Uint8Array[]) =>
      verifyLedger(new MemoryStore(copy), house.card.ledger);
    expect(await verify(commits)).toMatchObject({ ok: true, records: liveState().size });
    for (const [place, bytes] of commits.entries()) {
      const edited = bytes.slice();
      const at = (place * 7919) % bytes.length;
      edited[at] = (edited[at] ?? 0) ^ 0x10;
      const sequence = place + 1;
      expect(await verify(commits.with(place, edited))).toMatchObject({ ok: false, sequence });
      const next = commits[place + 1];
      if (next === undefined) continue;
      const swapped = commits.with(place, next).with(place + 1, bytes);
      expect(await verify(swapped)).toMatchObject({ class: 'reordered', sequence });
      expect(await verify(commits.toSpliced(place, 1))).toMatchObject({ class: 'lost', sequence });
    }
  });

  it('is verified, replayed and explained by the commands, beside the running vault', async () => {
    await history();
    const verified = await command((context) => verifyCommand({ ...context, open: true }));
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.out)).toMatchObject({ ok: true, opened: true });
    const replayed = await command((context) => replayCommand({ ...context, check: true }));
    expect(replayed.code).toBe(0);
    expect(JSON.parse(replayed.out)).toMatchObject({
      vault: house.card.vault,
      check: { differences: [] },
    });
    expect(replayed.out).not.toContain('Analytical');
    const early = await command((context) => replayCommand({ ...context, at: '4', check: false }));
    expect(JSON.parse(early.out)).toMatchObject({ size: 5 });
    const event = events['undeclared'] ?? '';
    const explained = await command((context) => explainCommand({ ...context, event }), false);
    expect(explained.code).toBe(0);
    expect(explained.out).toContain(
      'Refused: field_not_in_contract (not declared: personal/income).',
    );
  });

  it('is judged under other terms by a command that changes nothing', async () => {
    await history();
    const size = liveState().size;
    const what = async (other: Contract) => {
      const contract = join(house.folder, 'other.json');
      await writeFile(contract, JSON.stringify(other));
      const { code, out } = await command((context) => whatIfCommand(context, { contract }));
      expect(code).toBe(0);
      expect(out).not.toContain('Analytical');
      return JSON.parse(out) as WhatIfReport;
    };
    const terms = await retailer();
    const same = await what(terms);
    expect(same).toMatchObject({ judged: 8, same: 8, flips: [], unreproduced: 0 });
    expect(same.connections).toMatchObject([{ missing: [] }]);
    const fields = terms.fields.map((field) => ({ ...field, tier: 'on_demand' as const }));
    const permissions = { ...terms.permissions, payment: false };
    const { flips, after } = await what({ ...terms, fields, permissions });
    expect(flips).toMatchObject([
      { from: 'pending', to: 'allowed', check: 'tier', count: 3 },
      {
        from: 'allowed',
        to: 'denied',
        check: 'permission',
        reason: 'permission_missing',
        count: 1,
      },
    ]);
    expect(after).toEqual({ allowed: 4, denied: 4, pending: 0 });
    await expect(what({ ...terms, id: 'another' })).rejects.toMatchObject({ kind: 'failed' });
    expect((await readLedger(house)).length).toBe(size);
  });

  it('says no, or refuses wrong use, in its own words', async () => {
    const at = (text: string) =>
      command((context) => replayCommand({ ...context, at: text, check: false }));
    await expect(at('yesterday')).rejects.toMatchObject({ name: 'CliError', kind: 'usage' });
    await expect(at('999999')).rejects.toMatchObject({ name: 'CliError', kind: 'failed' });
    const none = command((context) => explainCommand({ ...context, event: 'nothing' }));
    await expect(none).rejects.toMatchObject({ name: 'CliError', kind: 'failed' });
  });
});
