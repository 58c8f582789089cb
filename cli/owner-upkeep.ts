import type { ErasureTarget } from '../ledger/upkeep-bodies.ts';
import { toHex } from '../wire/bytes.ts';
import type { HandoverPurpose } from '../wire/handover.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { withOwner } from './with-owner.ts';

/** `cambium owner forget KIND NAME`: nobody can read it any more, not even from an earlier copy. */
export async function forgetCommand(
  context: CommandContext,
  kind: ErasureTarget['kind'],
  name: string,
): Promise<ExitCode> {
  const result = await withOwner(context, (owner) => owner.ask('owner.forget', { kind, name }));
  const { scopes } = result as { scopes: number };
  const keys = scopes === 1 ? 'its key is' : `its ${scopes} keys are`;
  context.print(
    context.json
      ? JSON.stringify(result)
      : `${kind} ${name} is forgotten: ${keys} destroyed, and no earlier copy opens it`,
  );
  return 0;
}

const rotatedWords: Readonly<Record<HandoverPurpose, string>> = {
  ledger: 'the ledger has a new key; what the old one signed still verifies',
  signing: 'your vault signs with a new key; who is connected is told',
  encapsulation:
    'what is sealed to your vault is sealed to a new key; the old one opens for 30 more days',
};

/** `cambium owner rotate [KEY]`: a key of the vault hands over to a new one. */
export async function rotateCommand(
  context: CommandContext,
  purpose: HandoverPurpose,
): Promise<ExitCode> {
  const result = await withOwner(context, async (owner) => {
    const rotated = await owner.ask('owner.rotate', { purpose });
    await owner.learnKeys();
    return rotated;
  });
  context.print(context.json ? JSON.stringify(result) : rotatedWords[purpose]);
  return 0;
}

/**
 * `cambium checkpoint`: one is recorded, and what the owner's app has seen is held against it.
 * @param options - whether pins that keep nothing any more shall begin anew
 */
export async function checkpointCommand(
  context: CommandContext,
  options: { readonly adopt: boolean },
): Promise<ExitCode> {
  const { size, root, origin } = await withOwner(context, (owner) => owner.checkpoint(), options);
  context.print(
    context.json
      ? JSON.stringify({ origin, size, root: toHex(root) })
      : `checkpoint of ${size} records, root ${toHex(root)}: it continues what your app has seen`,
  );
  return 0;
}
