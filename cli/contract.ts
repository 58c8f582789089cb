import { contractHash } from '../wire/contract.ts';
import { changeInWords } from '../wire/contract-change-words.ts';
import { diffContracts } from '../wire/contract-diff.ts';
import { type LintReport, lintContract } from '../wire/contract-lint.ts';
import { contractInWords } from '../wire/contract-words.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { readContractFile, readDocument } from './contract-file.ts';
import { renderContract, renderDiff, renderFindings } from './render-contract.ts';

/** How these commands answer: they need no data directory, no server and no passphrase. */
type Output = Pick<CommandContext, 'json' | 'print' | 'colour'>;

/**
 * `cambium contract lint FILE`: what is wrong with a contract, and what its author should think about.
 * 1 when a vault would refuse it; where it is `strict`, when there is any advice too.
 */
export async function lintCommand(
  { json, print, colour }: Output,
  file: string,
  options: { readonly strict: boolean },
): Promise<ExitCode> {
  const document = await readDocument(file);
  const report: LintReport =
    document === undefined
      ? { findings: [{ level: 'fault', where: '', what: 'is not JSON' }] }
      : lintContract(document.json, Date.now());
  const { findings } = report;
  print(json ? JSON.stringify({ findings }) : renderFindings(findings, colour));
  const bad = findings.some(({ level }) => level === 'fault' || options.strict);
  return bad ? 1 : 0;
}

/** `cambium contract show FILE`: a contract in the words in which a vault tells its owner. */
export async function showCommand({ json, print }: Output, file: string): Promise<ExitCode> {
  const contract = await readContractFile(file);
  const words = contractInWords(contract, contractHash(contract));
  print(json ? JSON.stringify({ contract, words }) : renderContract(words));
  return 0;
}

/** `cambium contract diff A B`: what is added, removed and changed from one to the other. */
export async function diffCommand(
  { json, print }: Output,
  before: string,
  after: string,
): Promise<ExitCode> {
  const diff = diffContracts(await readContractFile(before), await readContractFile(after));
  const told = diff.changes.map((change) => ({ ...change, words: changeInWords(change) }));
  print(json ? JSON.stringify({ ...diff, changes: told }) : renderDiff(diff));
  return 0;
}
