import { fileSealer } from '../core/enclave/sealer.ts';
import type { DescribedDevice } from '../core/manager/devices.ts';
import { fromBase64url, toBase64url, utf8 } from '../wire/bytes.ts';
import { isIdentifier } from '../wire/identifiers.ts';
import type { DevicePaired } from '../wire/owner-results.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir, readCard } from './data-dir.ts';
import { makeFile } from './new-file.ts';
import { newDevice, type OwnerApp, sealedDevice } from './owner-app.ts';
import { renderTable } from './render-table.ts';
import { withOwner } from './with-owner.ts';

/** `cambium owner devices`: who may speak for the owner. */
export async function devicesCommand(context: CommandContext): Promise<ExitCode> {
  const found = await withOwner(context, (owner) => owner.ask('owner.devices'));
  const devices = found as readonly DescribedDevice[];
  if (context.json) context.print(JSON.stringify(devices));
  else {
    const rows = devices.map(({ connection, name, device, status, own }) => [
      connection,
      name,
      device.slice(0, 8),
      own ? `${status}, this one` : status,
    ]);
    const { columns, colour } = context;
    context.print(
      renderTable(['connection', 'name', 'key', 'status'], rows, { width: columns, colour }),
    );
  }
  return 0;
}

/**
 * `cambium owner pair NAME --out FILE`: a second device of the owner. Its file is sealed under the same passphrase
 * and sealer as the first one's; `CAMBIUM_OWNER_APP` names the file that a command speaks with. Nothing is paired where the
 * file cannot be made.
 */
export async function pairCommand(
  context: CommandContext,
  name: string,
  { out }: { readonly out: string },
): Promise<ExitCode> {
  const { ledger } = await readCard(dataDir(context.data));
  const { keys, ...seeds } = await newDevice();
  const asked = {
    name,
    signing: toBase64url(keys.signing),
    encapsulation: toBase64url(keys.encapsulation),
  };
  const connection = await makeFile(out, async (write) => {
    const paired = (await withOwner(context, (owner) =>
      owner.ask('owner.pair', asked),
    )) as DevicePaired;
    const app: OwnerApp = {
      ...seeds,
      vault: paired.vault,
      connection: paired.connection,
      credential: paired.credential,
      ledger: fromBase64url(paired.ledger),
      vaultSigning: fromBase64url(paired.signing),
      vaultEncapsulation: fromBase64url(paired.encapsulation),
    };
    const sealing = { ledgerId: ledger.id, sealer: fileSealer() };
    await write(utf8(await sealedDevice(sealing, app, await context.passphrase())));
    return paired.connection;
  });
  const told = { connection, name, file: out };
  context.print(context.json ? JSON.stringify(told) : `${name} is paired; its keys are in ${out}`);
  return 0;
}

/** `cambium owner unpair CONNECTION`: a device that is lost, or given away. */
export async function unpairCommand(
  context: CommandContext,
  connection: string,
): Promise<ExitCode> {
  if (!isIdentifier(connection))
    throw new CliError('usage', `"${connection}" is no connection's id`);
  const result = await withOwner(context, (owner) => owner.ask('owner.unpair', { connection }));
  context.print(context.json ? JSON.stringify(result) : `${connection} is removed`);
  return 0;
}
