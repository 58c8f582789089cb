import { openWitness, type Witness } from '../core/witness/witness.ts';
import { WitnessError } from '../core/witness/witness-error.ts';
import type { Logs } from '../core/witness/witness-judge.ts';
import { serveWitness } from '../core/witness/witness-server.ts';
import type { Log } from '../ledger/checkpoint.ts';
import { formatVkey, isKeyName, parseVkey } from '../ledger/note-key.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';

/** How to run a witness. */
export type WitnessCommandOptions = {
  /** Folder of its key and state. */
  readonly dir: string;
  /** 0 takes any port that is free. */
  readonly port: number;
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** Vkeys of the logs that it watches. The name of a key is its log's origin. */
  readonly origin: readonly string[];
  /** Its own name; by default one that follows from its key. */
  readonly name?: string;
};

/** `cambium witness`: cosigns the checkpoints of other people's ledgers until it is told to stop. */
export async function witnessCommand(
  context: Pick<CommandContext, 'json' | 'print' | 'progress'>,
  options: WitnessCommandOptions,
): Promise<ExitCode> {
  const logs = logsOf(options.origin);
  const { dir: folder, host = '127.0.0.1', port, name } = options;
  if (name !== undefined && !isKeyName(name))
    throw new CliError('usage', `a witness's name has no space and no +: ${JSON.stringify(name)}`);
  const stop = stopSignal();
  const witness = await opened(() =>
    openWitness({ folder, logs, ...(name === undefined ? {} : { name }) }),
  );
  try {
    const server = await opened(() => serveWitness(witness, { host, port }));
    announce(context, witness, server.url, logs);
    const end = await Promise.race([stop, witness.ended]);
    await server.close();
    if (end !== 'stop') throw new CliError('failed', 'the witness lost the lock on its folder');
    return 0;
  } finally {
    await witness.close();
  }
}

function announce(
  { json, print }: Pick<CommandContext, 'json' | 'print'>,
  { key }: Witness,
  url: string,
  logs: Logs,
): void {
  const vkey = formatVkey(key);
  if (json) print(JSON.stringify({ url, vkey, origins: [...logs.keys()] }));
  else print(`witness ${vkey}\nat ${url}\nwatches ${[...logs.keys()].join(', ')}`);
}

/** Several keys of one origin are keys that the log has had. */
function logsOf(vkeys: readonly string[]): Logs {
  if (vkeys.length === 0) throw new CliError('usage', 'name at least one log, with --origin VKEY');
  const logs = new Map<string, Log>();
  for (const text of vkeys) {
    const key = parseVkey(text);
    if (key === undefined || key.type !== 'note')
      throw new CliError('usage', `not the vkey of a log: ${text}`);
    const keys = [...(logs.get(key.name)?.keys ?? []), key];
    logs.set(key.name, { origin: key.name, keys });
  }
  return logs;
}

async function opened<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof WitnessError) throw new CliError('failed', error.message, error);
    throw error;
  }
}

function stopSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve('stop'));
  });
}
