import type { AgentGrant, AgentTerms, GrantScope } from './agent-terms.ts';
import { type ContractField, fieldNamePattern, linePattern, purposePattern } from './contract.ts';
import { durationMs, durationPattern } from './duration.ts';
import { categoryPattern } from './entry.ts';
import { objectSchema, schemaFault } from './json-schema.ts';
import type { JsonSchema } from './manifest.ts';
import { isTargetPattern, targetMax } from './target.ts';

/*
 * What an owner lets an AI agent do: docs/spec/agents.md. The owner writes it, the vault draws it up as a contract of its
 * own, and the thirteen checks hold the agent's requests against that.
 */

/** Most scopes of a grant, and most targets of a scope. */
export const scopesMax = 16;
/** How long a grant may last, in milliseconds: a year. */
export const grantLastsMaxMs: number = 366 * 86_400_000;

const weekMinutes = 7 * 24 * 60;
const between = (minimum: number, maximum: number): JsonSchema => ({
  type: 'integer',
  minimum,
  maximum,
});
const rateSchema = objectSchema({ per_hour: between(1, 10_000), burst: between(1, 1_000) });
const duration: JsonSchema = { type: 'string', pattern: durationPattern };
const word: JsonSchema = { type: 'string', maxLength: 64, pattern: purposePattern };

const scopeSchema: JsonSchema = objectSchema(
  {
    name: { type: 'string', maxLength: 32, pattern: purposePattern },
    type: {
      type: 'string',
      maxLength: 64,
      pattern: '^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*){0,4}$',
    },
    fields: {
      type: 'array',
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
      items: { type: 'string', maxLength: 128, pattern: fieldNamePattern },
    },
    purpose: word,
    approval: { enum: ['auto', 'ask', 'first'] },
    remember: duration,
    rate: rateSchema,
    targets: {
      type: 'array',
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: targetMax + 2 },
    },
  },
  ['fields', 'remember', 'targets'],
);

const terms = {
  scopes: { type: 'array', minItems: 1, maxItems: scopesMax, items: scopeSchema },
  cool_down: objectSchema({
    refusals: between(1, 100),
    within_minutes: between(1, weekMinutes),
    minutes: between(1, weekMinutes),
  }),
};

/** JSON Schema of `AgentTerms`. */
export const agentTermsSchema: JsonSchema = objectSchema(terms);

/** JSON Schema of a grant as its owner writes it; unknown members are refused. */
export const agentGrantSchema: JsonSchema = objectSchema(
  {
    ...terms,
    expires: { anyOf: [between(0, 2 ** 48 - 1), duration] },
    rate: rateSchema,
    storage: objectSchema({
      categories: {
        type: 'array',
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        items: { type: 'string', pattern: categoryPattern },
      },
      megabytes: between(1, 1_000_000),
    }),
  },
  ['storage'],
);

/** JSON Schema of what an agent says of itself when it asks to connect. */
export const agentOfferSchema: JsonSchema = objectSchema({
  name: { type: 'string', maxLength: 128, pattern: linePattern },
});

/** Payload of `owner.agent`. */
export const agentCommandSchema: JsonSchema = objectSchema({
  connection: { type: 'string', pattern: '^[a-z2-7]{26}$' },
  grant: agentGrantSchema,
});

/** Type of the question what an agent may do, and of the notification that it is something else. */
export const agentGrantType = 'agent.grant';
/** Type of the notification that an agent may do something else from now on. */
export const agentGrantedType = 'agent.granted';

/** What is wrong with a document as a grant, in words; `undefined` for one in form and without contradiction. */
export function grantDocumentFault(document: unknown): string | undefined {
  return schemaFault(agentGrantSchema, document) ?? contradictionIn(document as AgentGrant);
}

/** What a grant in form says against itself; `undefined` for nothing. */
export function contradictionIn(grant: AgentGrant): string | undefined {
  for (const [at, scope] of grant.scopes.entries()) {
    const before = grant.scopes.slice(0, at);
    const wrong = scopeFault(scope) ?? clashOf(scope, before);
    if (wrong !== undefined) return `scope ${scope.name}: ${wrong}`;
  }
  return undefined;
}

function scopeFault({ approval, remember, fields, targets = [] }: GrantScope): string | undefined {
  if ((approval === 'first') !== (remember !== undefined))
    return 'a yes is remembered for so long with the approval `first`, and with no other';
  if (remember !== undefined && !isLength(remember))
    return 'a yes is remembered for a minute at least, for a year at most';
  if (approval === 'first' && fields === undefined)
    return 'a yes is remembered by its fields, and this scope has none';
  const other = targets.find((pattern) => !isTargetPattern(pattern));
  return other === undefined
    ? undefined
    : `${JSON.stringify(other)} is neither a domain in lower case nor *. and a domain`;
}

/** What a scope has in common with one before it, and must not. */
function clashOf(scope: GrantScope, before: readonly GrantScope[]): string | undefined {
  for (const other of before) {
    if (other.name === scope.name) return 'another scope has this name';
    const shared = scope.fields?.filter((name) => other.fields?.includes(name)) ?? [];
    const [field] = shared;
    const alone = scope.fields === undefined || other.fields === undefined;
    if (other.type === scope.type && (alone || field !== undefined))
      return `${field ?? scope.type} stands in scope ${other.name} as well`;
    if (field === undefined) continue;
    // A field has one purpose and one tier, whichever type asks for it.
    if (other.purpose !== scope.purpose) return `${field} has another purpose in ${other.name}`;
    if ((other.approval === 'auto') !== (scope.approval === 'auto'))
      return `${field} is asked for in one scope and given without asking in ${other.name}`;
  }
  return undefined;
}

function isLength(text: string): boolean {
  const lasts = durationMs(text) ?? 0;
  return lasts > 0 && lasts <= grantLastsMaxMs;
}

/** When a grant ends that the vault takes at `time`, Unix milliseconds; `undefined` where it ends at once or lasts too long. */
export function grantEnd({ expires }: AgentGrant, time: number): number | undefined {
  const end = typeof expires === 'number' ? expires : time + (durationMs(expires) ?? 0);
  return end > time && end <= time + grantLastsMaxMs ? end : undefined;
}

/** Fields of a grant as a contract declares them. */
export function fieldsGranted({ scopes }: AgentTerms): readonly ContractField[] {
  const fields = new Map<string, ContractField>();
  for (const { fields: names = [], purpose, approval } of scopes)
    for (const name of names) {
      const tier = approval === 'auto' ? 'on_demand' : 'consent';
      fields.set(name, { name, tier, purpose, retention: 'until_revoked' });
    }
  return [...fields.values()];
}
