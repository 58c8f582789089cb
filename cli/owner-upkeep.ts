import type { ErasureTarget } from '../ledger/bodies.ts';
import { toHex } from '../wire/bytes.ts';
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

/** `cambium owner rotate`: the ledger's key hands over to a new one. */
export async function rotateCommand(context: CommandContext): Promise<ExitCode> {
  const result = await withOwner(context, (owner) =>
    owner.ask('owner.rotate', { purpose: 'ledger' }),
  );
  context.print(
    context.json
      ? JSON.stringify(result)
      : 'the ledger has a new key; what the old one signed still verifies',
  );
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
