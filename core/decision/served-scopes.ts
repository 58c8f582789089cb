import type { InstalledHandler } from '../../ledger/bodies.ts';
import type { AgentGrant } from '../../wire/agent-terms.ts';
import type { HandledType } from '../../wire/manifest.ts';

/** The entry of the handler that serves a type: the first that has one. */
export function handledType(
  handlers: readonly InstalledHandler[],
  type: string,
): HandledType | undefined {
  return handlers.flatMap(({ manifest }) => manifest.types).find((one) => one.type === type);
}

/** What a grant asks of this vault that it cannot do, in words; `undefined` for nothing. */
export function unservedIn(
  { scopes, storage }: AgentGrant,
  handlers: readonly InstalledHandler[],
): string | undefined {
  for (const { name, type, fields, approval } of scopes) {
    const handled = handledType(handlers, type);
    if (handled === undefined) return `scope ${name}: no handler serves ${type}`;
    if (handled.fields !== undefined && fields === undefined)
      return `scope ${name}: ${type} asks for fields, so name them`;
    if (handled.fields === undefined && fields !== undefined)
      return `scope ${name}: ${type} asks for no fields`;
    if (handled.consent === true && approval !== 'ask')
      return `scope ${name}: you are asked about ${type} each time, so its approval is \`ask\``;
    if (handled.entry !== undefined && storage === undefined)
      return `scope ${name}: say in \`storage\` what may be stored`;
  }
  return undefined;
}
