import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError } from './cli-error.ts';

/** Environment variables that hold passphrases where nobody can be asked. */
export const passphraseVariable = 'CAMBIUM_PIN';
/** The one that is to take over, where a passphrase is changed. */
export const newPassphraseVariable = 'CAMBIUM_NEW_PIN';

/**
 * The passphrase: from the environment, or asked for on the terminal without echo.
 * @throws CliError when there is neither
 */
export function readPassphrase(question = 'Passphrase: '): Promise<string> {
  return givenOr(passphraseVariable, () => askHidden(question));
}

/**
 * A new passphrase, typed twice.
 * @param variable - name of the environment variable that may hold it
 * @throws CliError when there is neither, or the two are not the same
 */
export function readNewPassphrase(variable: string = passphraseVariable): Promise<string> {
  return givenOr(variable, async () => {
    const first = await askHidden('New passphrase: ');
    const second = await askHidden('The same once more: ');
    if (first !== second) throw new CliError('usage', 'the two are not the same');
    return first;
  });
}

async function givenOr(variable: string, ask: () => Promise<string>): Promise<string> {
  const given = process.env[variable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY)
    throw new CliError('usage', `no terminal to ask for the passphrase: set ${variable}`);
  return ask();
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
