import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Contract } from '../wire/contract.ts';
import { encodeInvite } from '../wire/invite.ts';
import { linkOf } from '../wire/invite-link.ts';
import type { Invite } from '../wire/messages.ts';
import { type Owner, retailer, TestHouse } from './harness.ts';
import { ofKind, readLedger } from './ledger-view.ts';
import { ClientRun } from './python-client-world.ts';
import { findPython, runPythonIn } from './python-verifier-world.ts';

const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';
const phone = 'personal/phone_number';

/** How long to wait for what does not come. */
const brief = '--timeout=4';

type Waiting = {
  readonly requests: readonly { readonly request: string; readonly hash: string }[];
};

/** What of the client's state is looked at. */
type Kept = { readonly servers?: readonly string[] };

describe.skipIf(findPython('client') === undefined)(
  'a client in Python, from the specification',
  () => {
    let house: TestHouse;
    let owner: Owner;
    let folder: string;
    let contractFile: string;
    const runs: ClientRun[] = [];

    beforeAll(async () => {
      house = await TestHouse.create();
      await house.open();
      owner = await house.owner();
      await owner.served('owner.set', { field: 'personal/full_name', value: 'Ada Lovelace' });
      await owner.served('owner.set', { field: address, value: '12 Analytical Row' });
      await owner.served('owner.set', { field: birth, value: '1815-12-10' });
      folder = await mkdtemp(join(tmpdir(), 'cambium-client-'));
      contractFile = join(folder, 'contract.json');
      await writeFile(contractFile, JSON.stringify(await retailer()));
    });
    afterAll(async () => {
      for (const run of runs) run.stop();
      await house?.destroy();
      await rm(folder, { recursive: true, force: true });
    });

    /** Starts the client; it is ended with the test, whatever happens. */
    function client(state: string, ...args: readonly string[]): ClientRun {
      const common = ['--state', join(folder, state), '--timeout', '30'];
      const [command = '', ...others] = args;
      const run = new ClientRun(['client.py', command, ...common, ...others]);
      runs.push(run);
      return run;
    }

    function connect(state: string, invite: Invite): ClientRun {
      return client(state, 'connect', encodeInvite(invite), '--contract', contractFile);
    }

    function request(state: string, type: string, payload: unknown): ClientRun {
      return client(state, 'request', type, JSON.stringify(payload));
    }

    async function invited(): Promise<Invite> {
      return (await owner.served('owner.invite', { label: 'from Python' })) as Invite;
    }

    async function connected(state: string): Promise<Invite> {
      const invite = await invited();
      const run = connect(state, invite);
      expect(await run.answer(0)).toMatchObject({ status: 'pending', statement: 'good' });
      await owner.served('owner.accept', { connection: invite.connection, optional: [] });
      const { code, answers, errors } = await run.end();
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(answers[1]).toMatchObject({
        ...{ status: 'served', type: 'connection.request', statement: 'good' },
        result: { optional: [], critical: expect.arrayContaining(['payment.request']) },
      });
      return invite;
    }

    it('passes its own tests, the vectors beside the specification among them', async () => {
      const { code, err } = await runPythonIn('client', ['-m', 'unittest']);
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    });

    it('connects, and keeps its keys to itself', async () => {
      await connected('kept');
      expect((await stat(join(folder, 'kept'))).mode & 0o777).toBe(0o600);
    });

    it('is served an on-demand field, one process after another', async () => {
      await connected('served');
      for (let round = 0; round < 2; round++) {
        const { code, answers } = await request('served', 'data.request', {
          fields: [address],
        }).end();
        expect(answers).toMatchObject([
          {
            status: 'served',
            type: 'data.request',
            result: { fields: { [address]: '12 Analytical Row' }, refused: [] },
            statement: 'good',
          },
        ]);
        expect(code).toBe(0);
      }
    });

    it('is refused with a code and a statement', async () => {
      await connected('refused');
      const { code, answers } = await request('refused', 'data.request', { fields: [phone] }).end();
      expect(answers).toMatchObject([
        { status: 'refused', code: 'optional_declined', statement: 'good' },
      ]);
      expect(code).toBe(1);
      const other = await request('refused', 'no.such.thing', {}).end();
      expect(other.answers).toMatchObject([{ status: 'refused', code: 'event_unsupported' }]);
    });

    it('waits for the owner’s yes, and then is served', async () => {
      await connected('consent');
      const run = request('consent', 'data.request', { fields: [birth] });
      expect(await run.answer(0)).toMatchObject({ status: 'pending', statement: 'good' });
      const [held] = ((await owner.served('owner.pending')) as Waiting).requests;
      await owner.served('owner.approve', { request: held?.request, hash: held?.hash });
      const { code, answers } = await run.end();
      expect(answers.slice(1)).toMatchObject([
        { status: 'served', result: { fields: { [birth]: '1815-12-10' } }, statement: 'good' },
      ]);
      expect(code).toBe(0);
    });

    it('hands a critical event to the messaging layer, and is answered once', async () => {
      await connected('critical');
      const payment = { order: 'py-1', amount: 1250, currency: 'EUR', payee: 'Acme Retail' };
      const first = await request('critical', 'payment.request', payment).end();
      expect(first.answers).toMatchObject([{ status: 'served', statement: 'good' }]);
      const second = await request('critical', 'payment.request', payment).end();
      expect(second.answers).toMatchObject([{ status: 'refused', code: 'duplicate' }]);
    });

    it('connects by a link: the profile has the keys that the link lacks', async () => {
      const invite = await invited();
      const run = client('linked', 'connect', linkOf(invite), '--contract', contractFile);
      expect(await run.answer(0)).toMatchObject({ status: 'pending', statement: 'good' });
      await owner.served('owner.accept', { connection: invite.connection, optional: [] });
      expect(await run.end()).toMatchObject({ code: 0, errors: '' });
      const shown = await client('linked', 'profile').end();
      expect(shown).toMatchObject({
        code: 0,
        answers: [{ result: { vault: invite.vault, encapsulation: invite.encapsulation } }],
      });
    });

    it('hands over a critical event and goes; another process pulls the answer that was kept', async () => {
      const payment = { order: 'py-2', amount: 990, currency: 'EUR', payee: 'Acme Retail' };
      const going = client(
        'linked',
        'request',
        'payment.request',
        JSON.stringify(payment),
        '--no-wait',
      );
      const { answers: taken } = await going.end();
      const kept = client('linked', 'answers', '--timeout=1');
      const { code, answers, errors } = await kept.end();
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      expect(answers.find(({ event }) => event === taken[0]?.event)).toMatchObject({
        ...{ status: 'served', type: 'payment.request', statement: 'good' },
        result: payment,
      });
      const again = await client('linked', 'answers', '--timeout=1').end();
      expect(again).toMatchObject({ code: 0, answers: [] });
    });

    it('keeps where the vault is reached now, says so, and goes there', async () => {
      const moved = house.vine.url.replace('127.0.0.1', 'localhost');
      await owner.served('owner.servers', { servers: [moved] });
      const asked = await client('linked', 'servers').end();
      expect(asked.answers.map(({ result }) => result)).toEqual([
        { servers: [moved] },
        { servers: [moved] },
      ]);
      const kept = JSON.parse(await readFile(join(folder, 'linked'), 'utf8')) as Kept;
      expect(kept.servers).toEqual([moved]);
      const ledger = await readLedger(house);
      expect(ofKind(ledger, 'servers_known').map(({ body }) => body.connection)).toContain(
        ofKind(ledger, 'connected').at(-1)?.body.connection,
      );
      // Another is told by the vault itself, while it waits for an answer of its own.
      const told = request('served', 'data.request', { fields: [birth] });
      expect(await told.answer(0)).toMatchObject({ status: 'pending' });
      await expect
        .poll(
          async () => (JSON.parse(await readFile(join(folder, 'served'), 'utf8')) as Kept).servers,
        )
        .toEqual([moved]);
      const [held] = ((await owner.served('owner.pending')) as Waiting).requests;
      await owner.served('owner.deny', { request: held?.request, hash: held?.hash });
      expect(await told.end()).toMatchObject({ code: 1 });
    });

    it('is told that the owner declined', async () => {
      const invite = await invited();
      const run = connect('declined', invite);
      await run.answer(0);
      await owner.served('owner.decline', { connection: invite.connection });
      const { code, answers } = await run.end();
      expect(answers[1]).toMatchObject({ status: 'refused', code: 'refused', statement: 'good' });
      expect(code).toBe(1);
    });

    it('is not answered when somebody else used the invite', async () => {
      const invite = await connected('once');
      const other = client(
        'twice',
        'connect',
        encodeInvite(invite),
        '--contract',
        contractFile,
        brief,
      );
      expect(await other.end()).toEqual({ code: 1, answers: [], errors: 'no answer in time\n' });
    });

    it('is told that a contract is not in form, and may mend it', async () => {
      const bad = join(folder, 'bad.json');
      const contract: Contract = { ...(await retailer()), title: 'two\nlines' };
      await writeFile(bad, JSON.stringify(contract));
      const invite = await invited();
      const first = client('mended', 'connect', encodeInvite(invite), '--contract', bad, brief);
      expect(await first.end()).toMatchObject({
        code: 1,
        answers: [{ status: 'refused', code: 'schema_invalid', statement: 'good' }],
      });
      expect(await connect('mended', invite).answer(0)).toMatchObject({ status: 'pending' });
    });
  },
);
