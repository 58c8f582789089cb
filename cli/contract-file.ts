import { readFile, stat } from 'node:fs/promises';
import type { Contract } from '../wire/contract.ts';
import { lintContract } from '../wire/contract-lint.ts';
import { CliError } from './cli-error.ts';

/** Largest contract file: more than any contract in form takes. */
const fileBytesMax: number = 1024 * 1024;

/**
 * The JSON document in a file; `undefined` when the file holds none.
 * @throws CliError usage when there is no such file, or it is too large
 */
export async function readDocument(
  path: string,
  what = 'contract',
): Promise<{ readonly json: unknown } | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new CliError('usage', `no ${what} at ${path}`);
  if (found.size > fileBytesMax)
    throw new CliError('usage', `${path} has more than ${fileBytesMax} bytes`);
  try {
    return { json: JSON.parse(await readFile(path, 'utf8')) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The contract in a file, signed or not.
 * @throws CliError usage when there is no file, failed when its contents are no contract
 */
export async function readContractFile(path: string): Promise<Contract> {
  const document = await readDocument(path);
  if (document === undefined) throw new CliError('failed', `${path} is not JSON`);
  const { contract, findings } = lintContract(document.json, 0);
  if (contract !== undefined) return contract;
  const [first] = findings;
  const where = first?.where || 'the contract';
  throw new CliError('failed', `${path} is not a contract: ${where} ${first?.what}`);
}
