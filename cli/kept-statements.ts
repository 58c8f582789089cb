import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CheckedAnswer } from '../service/checked-answer.ts';
import type { SignedStatement } from '../wire/statement.ts';
import type { CommandContext } from './command.ts';
import { type DataDir, writeFileSafely } from './data-dir.ts';
import { checkServiceName } from './service-files.ts';

/** A vault's statements about one event, in the order in which they came, as a service keeps them. */
type KeptStatements = { readonly v: 1; readonly statements: readonly SignedStatement[] };

/** Keeps the statements of a service's answers, and says so in a line each. */
export async function keepStatements(
  { progress }: CommandContext,
  data: DataDir,
  name: string,
  answers: readonly CheckedAnswer[],
): Promise<void> {
  for (const { check, status } of answers) {
    if (check === undefined || !('statement' in check)) {
      const fault = check?.fault ?? 'missing';
      progress(`WARNING: not signed by the vault (${status}): its statement is ${fault}`);
      continue;
    }
    const path = await keepStatement(data, name, check.statement);
    const by = check.ok ? 'the vault' : 'a key of the vault that is not known yet';
    progress(`signed by ${by} (${status}): ${path}`);
  }
}

/** Keeps a statement beside those about the same event. */
async function keepStatement(
  data: DataDir,
  name: string,
  statement: SignedStatement,
): Promise<string> {
  checkServiceName(name);
  const path = join(data.services, name, 'statements', `${statement.event}.json`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const before = text === undefined ? [] : (JSON.parse(text) as KeptStatements).statements;
  const kept: KeptStatements = { v: 1, statements: [...before, statement] };
  await writeFileSafely(path, `${JSON.stringify(kept, null, 2)}\n`);
  return path;
}
