/* Statements and receipts of a real vault, read beside it while it runs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectLedger } from '../cli/servers.ts';
import { openLedgerKeys } from '../core/keys/vault-secrets.ts';
import { jetStreamStore } from '../ledger/jetstream-store.ts';
import { Keyring } from '../ledger/keyring.ts';
import { jetStreamRing } from '../ledger/ring-store.ts';
import { type Issuer, receiptOfConnection, receiptOfEvent } from '../replay/issue-receipt.ts';
import type { LedgerSource } from '../replay/proof-reader.ts';
import { formatReceipt, type Receipt } from '../replay/receipt-format.ts';
import type { ConnectionSummary } from '../replay/scope-run.ts';
import { type ReaderKnows, verifyReceipt } from '../replay/verify-receipt.ts';
import type { CheckedAnswer } from '../service/checked-answer.ts';
import type { Contract } from '../wire/contract.ts';
import type { SignedStatement } from '../wire/statement.ts';
import { type Owner, retailer, type Service, TestHouse } from './harness.ts';
import { traceOf } from './ledger-view.ts';

const address = 'personal/shipping_address';
const birth = 'personal/date_of_birth';
const passport = 'personal/passport';

/** A request that was answered, with every statement that came about it. */
type Asked = {
  readonly id: string;
  readonly answers: readonly CheckedAnswer[];
  readonly statements: readonly SignedStatement[];
};

/** The retailer's contract with a second consent field, which the vault does not have. */
async function contract(): Promise<Contract> {
  const base = await retailer();
  const more = {
    name: passport,
    tier: 'consent',
    purpose: 'age_verification',
    retention: 'session',
  };
  return { ...base, fields: [...base.fields, more] as Contract['fields'] };
}

describe('a service and its vault', () => {
  let house: TestHouse;
  let owner: Owner;
  let service: Service;

  beforeAll(async () => {
    house = await TestHouse.create();
    await house.open({ credentialMs: 60_000 });
    owner = await house.owner();
    for (const [field, value] of [
      ['personal/full_name', 'Ada Lovelace'],
      [address, '12 Analytical Row'],
      [birth, '1815-12-10'],
    ])
      await owner.served('owner.set', { field, value });
    service = await house.connectService(owner, await contract());
  });
  afterAll(() => house?.destroy());

  const connection = (): string => service.connection.invite.connection;

  /** Sends a request; says `word` where the owner is asked, or nothing. */
  async function ask(
    type: string,
    payload: object,
    word?: 'approve' | 'deny',
    expires?: number,
  ): Promise<Asked> {
    const sealed = await service.seal(type, payload, expires);
    const answers: CheckedAnswer[] = [];
    let said: Promise<unknown> = Promise.resolve();
    const say = async (): Promise<void> => {
      const [received] = (await traceOf(house, connection(), sealed.id)).received;
      const hash = Buffer.from(received?.body.digest ?? []).toString('hex');
      await owner.served(`owner.${word}`, { request: `${connection()}/${sealed.id}`, hash });
    };
    const answer = await service.client.askSealed(sealed, {
      timeoutMs: 20_000,
      onPending: (pending) => {
        if (answers.length > 0) return;
        answers.push(pending);
        if (word !== undefined) said = say();
      },
    });
    await said;
    answers.push(answer);
    const statements = answers.flatMap(({ check }) =>
      check?.ok === true ? [check.statement] : [],
    );
    expect(statements, 'every answer is signed').toHaveLength(answers.length);
    return { id: sealed.id, answers, statements };
  }

  /** Reads the ledger as its owner does, beside the running vault. */
  async function reading<T>(use: (source: LedgerSource, issuer: Issuer) => Promise<T>): Promise<T> {
    const { card, ledger } = house;
    const nc = await connectLedger(ledger.url, ledger.seeds.reader);
    try {
      const ring = await Keyring.unlock(
        await jetStreamRing(nc, card.vault),
        card.ledger.id,
        house.roots,
      );
      const store = await jetStreamStore(nc, card.vault);
      const keys = (scope: string) => ring.scopeKey(scope);
      return await use(
        { store, identity: card.ledger, keys },
        {
          signerFor: (await openLedgerKeys(ring)).keyFor,
        },
      );
    } finally {
      await nc.close();
    }
  }

  function receiptOf(id: string, disclose: boolean): Promise<Receipt> {
    return reading((source, issuer) => receiptOfEvent(source, issuer, id, disclose));
  }

  function verify(receipt: Receipt, knows: ReaderKnows = {}) {
    return verifyReceipt(formatReceipt(receipt), { key: house.card.ledger.publicKey, ...knows });
  }

  /** Both receipts of an event verify, hold what the service was told, and tell the same. */
  async function expectReceipts({ id, statements }: Asked, open: object): Promise<void> {
    const [plain, disclosed] = [await receiptOf(id, false), await receiptOf(id, true)];
    for (const receipt of [plain, disclosed]) {
      expect(receipt.statements, 'what the service got').toEqual(statements);
      const verdict = verify(receipt, { statements });
      expect(verdict).toMatchObject({ ok: true, ledger: { known: true } });
      if (verdict.ok) expect(verdict.matched).toHaveLength(statements.length);
    }
    const { status: outcome, code = null } = statements.at(-1) ?? {};
    expect(plain.summary).toMatchObject({ basis: 'statement', outcome, code, event: id });
    expect(disclosed.summary).toMatchObject({
      basis: 'records',
      outcome,
      code,
      event: id,
      ...open,
    });
  }

  it('served: the statement names the contract, and holds no index and no value', async () => {
    const asked = await ask('data.request', { fields: [address] });
    const [statement] = asked.statements;
    expect(statement).toMatchObject({ vault: house.card.vault, connection: connection() });
    expect(statement).toMatchObject({ event: asked.id, status: 'served', type: 'data.request' });
    expect(Object.keys(statement ?? {}).sort()).toEqual([
      ...['connection', 'contract', 'event', 'key', 'leaf', 'ledger', 'signature', 'status'],
      ...['time', 'type', 'vault'],
    ]);
    expect(JSON.stringify(statement)).not.toContain('Analytical');
    const said = { asked: [address], provided: [address], reason: null };
    await expectReceipts(asked, said);
  });

  it('refused by the contract', async () => {
    const asked = await ask('data.request', { fields: ['health/blood_type'] });
    await expectReceipts(asked, { reason: 'field_not_in_contract', provided: null });
  });

  it('refused for its form', async () => {
    const asked = await ask('data.request', { fields: address });
    await expectReceipts(asked, { reason: 'schema_invalid' });
    const unknown = await ask('calendar.read', {});
    await expectReceipts(unknown, { reason: 'event_unsupported' });
  });

  it('held, then approved: one statement for each answer', async () => {
    const asked = await ask('data.request', { fields: [birth] }, 'approve');
    expect(asked.statements.map(({ status }) => status)).toEqual(['pending', 'served']);
    await expectReceipts(asked, { consent: 'approved', provided: [birth] });
  });

  it('held, then denied; or approved, and not there: told as one, and told apart when disclosed', async () => {
    const denied = await ask('data.request', { fields: [birth] }, 'deny');
    const absent = await ask('data.request', { fields: [passport] }, 'approve');
    await expectReceipts(denied, { reason: 'consent_denied', consent: 'denied' });
    await expectReceipts(absent, { reason: 'field_absent', consent: 'approved', provided: [] });
    const shape = ({ statements }: Asked): unknown =>
      statements.map((statement) =>
        Object.entries(statement).map(([name, value]) => [name, `${value}`.length]),
      );
    expect(shape(denied)).toEqual(shape(absent));
  });

  it('held, and never answered by the owner', async () => {
    const asked = await ask('data.request', { fields: [birth] }, undefined, Date.now() + 1_500);
    expect(asked.statements.map(({ code }) => code)).toEqual([undefined, 'consent_expired']);
    await expectReceipts(asked, { reason: 'consent_expired' });
  });

  it('served once: the answer that comes again brings the same statement', async () => {
    const sealed = await service.seal('data.request', { fields: [address] });
    const first = await service.client.askSealed(sealed, { timeoutMs: 15_000 });
    const again = await service.client.askSealed(sealed, { timeoutMs: 15_000 });
    expect(again).toEqual(first);
  });

  it('the request to connect, with its answer', async () => {
    const { records } = await reading((source, issuer) =>
      receiptOfConnection(source, issuer, connection()),
    ).then((receipt) => {
      const verdict = verify(receipt);
      if (!verdict.ok) throw new Error(verdict.message);
      return verdict;
    });
    const knock = records.find(({ kind }) => kind === 'received')?.contents as { id: string };
    const receipt = await receiptOf(knock.id, true);
    expect(verify(receipt)).toMatchObject({ ok: true });
    expect(receipt.summary).toMatchObject({ type: 'connection.request', outcome: 'served' });
    expect(receipt.statements.map(({ status }) => status)).toEqual(['pending', 'served']);
  });

  it('a new credential: the answer follows from the record that it was given', async () => {
    const asked = await ask('credential.renew', {});
    await expectReceipts(asked, { type: 'credential.renew', outcome: 'served' });
  });

  it('all that ever was between them, with none left out', async () => {
    const receipt = await reading((source, issuer) =>
      receiptOfConnection(source, issuer, connection()),
    );
    expect(verify(receipt)).toMatchObject({ ok: true });
    const { first, last, count } = receipt.summary as ConnectionSummary;
    expect(first.scope_index).toBe(0);
    expect(count).toBe(last.scope_index + 1);
    const text = JSON.stringify(receipt);
    for (const value of ['12 Analytical Row', '1815-12-10']) expect(text).not.toContain(value);
    const without = { ...receipt, records: receipt.records.filter((_, at) => at !== 5) };
    expect(verify(without)).toMatchObject({ ok: false, code: 'RECORD_MISSING' });
  });

  it('after the ledger’s key has changed: the receipt shows how, and the statement is found by it', async () => {
    const before = await ask('data.request', { fields: [address] });
    await owner.served('owner.rotate', { purpose: 'ledger' });
    const { id, answer } = await service.asked('data.request', { fields: [address] });
    const { check } = answer as CheckedAnswer;
    // The service was told of the new key, or it finds a statement by a key that it does not know.
    expect(check).toMatchObject({ statement: { event: id } });
    const late = check !== undefined && 'statement' in check ? [check.statement] : [];
    expect(late).toHaveLength(1);
    const receipt = await receiptOf(id, true);
    expect(receipt.rotations).toHaveLength(1);
    expect(verify(receipt, { statements: late })).toMatchObject({ ok: true, matched: [{}] });
    const old = await receiptOf(before.id, false);
    expect(verify(old, { statements: before.statements })).toMatchObject({
      ok: true,
      matched: [{}],
    });
    const fresh = await house.connectService(owner, await contract());
    const asked = await fresh.asked('data.request', { fields: [address] });
    expect((asked.answer as CheckedAnswer).check).toMatchObject({ ok: true });
  });
});
