/*
 * The JSON Schemas beside the specification are those that the code checks with. After a change of the code, write them
 * anew: CAMBIUM_WRITE_SCHEMAS=1 npx vitest run test/spec-schemas.test.ts, and format them (npm run lint says how).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../core/host/manifest-schema.ts';
import { agentGrantSchema } from '../wire/agent-grant.ts';
import { signedContractSchema } from '../wire/contract.ts';
import { handoversSchema } from '../wire/handover.ts';
import type { JsonSchema } from '../wire/manifest.ts';
import { wireTypes } from '../wire/messages.ts';
import { signedProfileSchema } from '../wire/profile.ts';
import { signedStatementSchema } from '../wire/statement.ts';

const draft = 'https://json-schema.org/draft/2020-12/schema';

/** The payloads of one space, as definitions by event type. */
function payloads(space: 'owner' | 'message'): JsonSchema {
  const own = Object.entries(wireTypes).filter(([, type]) => type.space === space);
  return {
    $defs: Object.fromEntries(
      own.map(([name, { request, delivery }]) => [name, { $comment: delivery, ...request }]),
    ),
  };
}

const documents: Readonly<Record<string, JsonSchema>> = {
  'owner-events': payloads('owner'),
  'agent-grant': agentGrantSchema,
  'connection-events': payloads('message'),
  contract: signedContractSchema,
  handovers: handoversSchema,
  manifest: manifestSchema,
  profile: signedProfileSchema,
  statement: signedStatementSchema,
};

describe('the schemas beside the specification', () => {
  it.each(Object.keys(documents))('%s: what the code checks with', async (name) => {
    const file = new URL(`../docs/spec/schemas/${name}.json`, import.meta.url);
    const document = { $schema: draft, title: `cambium ${name}, version 1`, ...documents[name] };
    if (process.env['CAMBIUM_WRITE_SCHEMAS'])
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });
});
