import { fileSealer, sealerFolder } from '../core/enclave/sealer.ts';
import { passphraseFault } from '../core/keys/root-key.ts';
import { toHex } from '../wire/bytes.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { createVault } from './create-vault.ts';
import { dataDir, exists } from './data-dir.ts';
import { pasteable } from './hint.ts';
import { firstPins } from './pins.ts';
import { natsBinary } from './servers.ts';

/** `cambium init`: makes a vault in a new data directory. */
export async function initCommand(context: CommandContext): Promise<ExitCode> {
  const data = dataDir(context.data);
  if (await exists(data.vaultFile))
    throw new CliError('usage', `${data.path} holds a vault already`);
  const passphrase = await context.passphrase();
  const fault = passphraseFault(passphrase);
  if (fault !== undefined) throw new CliError('usage', `this passphrase is not safe: ${fault}`);
  const binary = await natsBinary(context.progress);
  context.progress('making keys and the first records');
  const card = await createVault({
    path: context.data,
    passphrase,
    sealer: fileSealer(),
    pins: firstPins,
    binary,
    now: Date.now,
  });
  const ledger = toHex(card.ledger.id);
  if (context.json)
    context.print(
      JSON.stringify({ vault: card.vault, ledger, data: data.path, sealer: sealerFolder() }),
    );
  else
    context.print(
      [
        `vault   ${card.vault}`,
        `ledger  ${ledger}`,
        `data    ${data.path}`,
        `sealer  ${sealerFolder()} (keep it, and keep it apart: without it nobody opens this vault)`,
        '',
        `run it: ${pasteable('run', data.path)}`,
      ].join('\n'),
    );
  return 0;
}
