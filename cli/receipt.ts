import { openLedgerKeys } from '../core/keys/vault-secrets.ts';
import { ReplayError } from '../replay/errors.ts';
import { type Issuer, receiptOfConnection, receiptOfEvent } from '../replay/issue-receipt.ts';
import type { LedgerSource } from '../replay/proof-reader.ts';
import { formatReceipt, type Receipt } from '../replay/receipt-format.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir, writeFileSafely } from './data-dir.ts';
import { momentOf } from './replay.ts';

/** What `cambium receipt` is told: an event, or a connection. */
export type ReceiptCommandOptions = CommandContext & {
  /** Event id, event key, or index of a record. */
  readonly event?: string;
  readonly connection?: string;
  /** A record index or an ISO 8601 time. */
  readonly from?: string;
  readonly to?: string;
  /** File that it is written to; standard output by default. */
  readonly out?: string;
  /** Gives the keys of the event's records too. */
  readonly disclose: boolean;
};

/** `cambium receipt`: one file that proves to others what was decided, or that nothing was left out. */
export async function receiptCommand(options: ReceiptCommandOptions): Promise<ExitCode> {
  const make = makerFor(options);
  const { data, progress, passphrase, out, json, print } = options;
  const receipt = await withLedger(dataDir(data), progress, async (ledger) => {
    const ring = await ledger.unlockRing(await passphrase());
    const { store, card, pinned } = ledger;
    const source: LedgerSource = {
      store,
      identity: card.ledger,
      keys: (scope) => ring.scopeKey(scope),
      pinned,
    };
    return make(source, { signerFor: (await openLedgerKeys(ring)).keyFor }).catch(asRefusal);
  });
  for (const line of warnings(receipt)) progress(line);
  const text = formatReceipt(receipt);
  if (out === undefined) print(text.trimEnd());
  else {
    await writeFileSafely(out, text);
    print(
      json ? JSON.stringify({ file: out, key: receipt.ledger.key, summary: receipt.summary }) : out,
    );
  }
  return 0;
}

type Maker = (source: LedgerSource, issuer: Issuer) => Promise<Receipt>;

/** What is wrong with the options is told before anything is opened. */
function makerFor({ event, connection, from, to, disclose }: ReceiptCommandOptions): Maker {
  if ((event === undefined) === (connection === undefined))
    throw new CliError('usage', 'name an event, or a connection with --connection');
  if (connection === undefined && (from !== undefined || to !== undefined))
    throw new CliError('usage', '--from and --to are the ends of a --connection');
  if (event !== undefined)
    return (source, issuer) => receiptOfEvent(source, issuer, event, disclose);
  const range = {
    ...(from === undefined ? {} : { from: momentOf(from, '--from') }),
    ...(to === undefined ? {} : { to: momentOf(to, '--to') }),
  };
  return (source, issuer) => receiptOfConnection(source, issuer, connection ?? '', range);
}

/** What whoever gets the file will be able to see. */
function warnings({ summary, ledger, records }: Receipt): string[] {
  const open = records.filter(({ key }) => key !== undefined).length;
  const lines = [`anyone can check it, with nothing but this key: ${ledger.key}`];
  if (open > 0) lines.push(`it opens ${open} of its ${records.length} records to whoever has it`);
  if (summary.about === 'event' && summary.basis === 'statement' && summary.code === 'refused')
    lines.push(
      'even closed, the kinds of its records tell whether the owner said no or the vault had nothing',
    );
  return lines;
}

function asRefusal(error: unknown): never {
  if (error instanceof ReplayError) throw new CliError('failed', error.message, error);
  throw error;
}
