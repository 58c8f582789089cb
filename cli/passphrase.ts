import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.ts';

/** Environment variable that holds the passphrase where nobody can be asked. */
export const passphraseVariable = 'CAMBIUM_PIN';

/**
 * The passphrase: from the environment, or asked for on the terminal without echo.
 * @throws CliError when there is neither
 */
export async function readPassphrase(question = 'Passphrase: '): Promise<string> {
  const given = process.env[passphraseVariable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY)
    throw new CliError('usage', `no terminal to ask for the passphrase: set ${passphraseVariable}`);
  return askHidden(question);
}

/** A new passphrase, typed twice. */
export async function readNewPassphrase(): Promise<string> {
  const given = process.env[passphraseVariable];
  if (given !== undefined && given !== '') return given;
  const first = await readPassphrase('New passphrase: ');
  const second = await readPassphrase('The same once more: ');
  if (first !== second) throw new CliError('usage', 'the two are not the same');
  return first;
}

function askHidden(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    terminal.on('SIGINT', () => {
      terminal.close();
      process.stderr.write('\n');
      reject(new CliError('usage', 'interrupted'));
    });
    terminal.question('', (answer) => {
      terminal.close();
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}
