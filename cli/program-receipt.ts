import type { Command } from 'commander';
import { type Common, contextOf, type Finish, on } from './program-flags.ts';

type Made = {
  readonly connection?: string;
  readonly from?: string;
  readonly to?: string;
  readonly out?: string;
  readonly disclose: boolean;
};

type Checked = {
  readonly key?: string;
  readonly statement?: string;
  readonly witness?: readonly string[];
  readonly json: boolean;
};

/** Commands about receipts: one that makes them, and one that anyone can run. */
export function addReceipts(program: Command, finish: Finish): void {
  const receipt = on(program, 'receipt', 'prove to others what was decided, in one file')
    .argument('[event]', 'event id, or index of a record')
    .option('--connection <id>', 'prove instead that these are all records of a connection')
    .option('--from <index|time>', 'first of them')
    .option('--to <index|time>', 'last of them')
    .option('--out <file>', 'write it to a file')
    .option('--disclose', 'let whoever has it read these records', false)
    .action(async (event: string | undefined, options: Common & Made) => {
      const about = event === undefined ? {} : { event };
      const { receiptCommand } = await import('./receipt.ts');
      finish(await receiptCommand({ ...contextOf(options), ...options, ...about }));
    });
  receipt
    .command('verify')
    .description('say what a receipt proves: needs no vault, no server and no passphrase')
    .exitOverride()
    .argument('<file>', 'the receipt')
    .option('--key <key>', 'a key of the ledger: a vkey, hex, or base64url')
    .option('--statement <file>', 'statements that a service kept: are they about this?')
    .option('--witness <vkey...>', 'witnesses that must have cosigned it')
    .option('--json', 'one JSON document on standard output', false)
    .action(async (file: string, _: unknown, command: Command) => {
      const options: Checked & Common = command.optsWithGlobals();
      const { verifyReceiptCommand } = await import('./verify-receipt.ts');
      finish(await verifyReceiptCommand({ ...contextOf(options), ...options, file }));
    });
}
