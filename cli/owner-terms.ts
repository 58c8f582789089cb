import { history } from '../replay/history.ts';
import { whatIf } from '../replay/what-if.ts';
import type { WhatIfReport } from '../replay/what-if-report.ts';
import type { Contract } from '../wire/contract.ts';
import type { ContractChange } from '../wire/contract-diff.ts';
import { withLedger } from './attach.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';
import { type OfferedVersion, type OfferReport, renderOfferReport } from './render-offer.ts';
import { type OwnerSession, withOwner } from './with-owner.ts';

type Page = {
  readonly update: OfferedVersion;
  readonly optional: readonly string[];
  /** On the first page. */
  readonly contract?: Contract;
  readonly changes: readonly ContractChange[];
  readonly next: number | null;
};

/**
 * `cambium owner terms CONNECTION`: the new version of a contract that waits, in words, how it differs from the
 * one in force, and what it would have changed in the recorded history.
 */
export async function termsCommand(context: CommandContext, connection: string): Promise<ExitCode> {
  const offer = await withOwner(context, (owner) => readOffer(owner, connection));
  const report = { ...offer, impact: await impactOf(context, offer) };
  context.print(context.json ? JSON.stringify(report) : renderOfferReport(report, context.data));
  return 0;
}

/** What waits for the owner about a connection's contract, page by page. */
async function readOffer(
  owner: OwnerSession,
  connection: string,
): Promise<Omit<OfferReport, 'impact'>> {
  const ask = async (from: number): Promise<Page> =>
    (await owner.ask('owner.contract.show', { connection, from })) as Page;
  const { update, optional, contract, ...first } = await ask(0);
  const changes = [...first.changes];
  for (let { next } = first; next !== null; ) {
    const page = await ask(next);
    if (page.update.after.hash !== update.after.hash)
      throw new CliError('failed', 'they have just published another version: look again');
    changes.push(...page.changes);
    next = page.next;
  }
  if (contract === undefined) throw new CliError('failed', 'the vault did not show the contract');
  return { update, optional, contract, changes };
}

/** Judges the history under the new terms, with the optional fields that stay: the owner may choose others. */
async function impactOf(
  { data, progress, passphrase }: CommandContext,
  { update, contract, optional }: Omit<OfferReport, 'impact'>,
): Promise<WhatIfReport> {
  const kept = keptOptional(contract, optional);
  return withLedger(dataDir(data), progress, async (ledger) => {
    const keys = await ledger.unlock(await passphrase());
    const records = history(ledger.store, ledger.card.ledger, keys);
    return whatIf(records, contract, { connection: update.connection, optional: kept });
  });
}

/** Optional fields of a new version that were given under the one before. */
function keptOptional(contract: Contract, given: readonly string[]): readonly string[] {
  return contract.fields
    .filter(({ tier, name }) => tier === 'optional' && given.includes(name))
    .map(({ name }) => name);
}

/**
 * Accepts exactly the version that `update` describes.
 * @param optional - names of the optional fields to give; by default those that were given before
 */
export async function acceptTerms(
  owner: OwnerSession,
  { connection, after }: OfferedVersion,
  optional: readonly string[] | undefined,
): Promise<unknown> {
  const { contract, optional: given } = await readOffer(owner, connection);
  const chosen = optional ?? keptOptional(contract, given);
  return owner.ask('owner.contract.accept', { connection, hash: after.hash, optional: chosen });
}
