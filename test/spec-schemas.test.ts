/*
 * The JSON Schemas beside the specification are those that the code checks with. After a change of the code, write them
 * anew: CAMBIUM_WRITE_SCHEMAS=1 npx vitest run test/spec-schemas.test.ts, and format them (npm run lint says how).
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../core/host/manifest-schema.ts';
import { accountProofSchema } from '../wire/account-proof.ts';
import { agentGrantSchema } from '../wire/agent-grant.ts';
import { signedContractSchema } from '../wire/contract.ts';
import { handoversSchema } from '../wire/handover.ts';
import { inviteSchema } from '../wire/invite.ts';
import { schemaFault } from '../wire/json-schema.ts';
import type { JsonSchema } from '../wire/manifest.ts';
import { type Answer, wireTypes } from '../wire/messages.ts';
import { signedProfileSchema } from '../wire/profile.ts';
import { signedStatementSchema } from '../wire/statement.ts';
import { answerSchema, resultSchemas, toldSchemas } from '../wire/told-events.ts';

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
  'told-events': { $defs: { ...toldSchemas, 'event.answer': answerSchema } },
  results: { $defs: resultSchemas },
  account: accountProofSchema,
  contract: signedContractSchema,
  handovers: handoversSchema,
  invite: inviteSchema,
  manifest: manifestSchema,
  profile: signedProfileSchema,
  statement: signedStatementSchema,
};

/** Files of vectors and schemas beside the specification, by name. */
async function filesIn(folder: 'schemas' | 'vectors'): Promise<string[]> {
  const names = await readdir(new URL(`../docs/spec/${folder}`, import.meta.url));
  return names.map((name) => name.replace(/\.json$/, '')).sort();
}

async function vectorsOf(name: string): Promise<Record<string, unknown>> {
  const file = new URL(`../docs/spec/vectors/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

describe('the schemas beside the specification', () => {
  it.each(Object.keys(documents))('%s: what the code checks with', async (name) => {
    const file = new URL(`../docs/spec/schemas/${name}.json`, import.meta.url);
    const document = { $schema: draft, title: `cambium ${name}, version 1`, ...documents[name] };
    if (process.env['CAMBIUM_WRITE_SCHEMAS'])
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('are these, and the page of all pages names each of them, and each file of vectors', async () => {
    expect(await filesIn('schemas')).toEqual(Object.keys(documents).sort());
    const page = await readFile(new URL('../docs/spec/README.md', import.meta.url), 'utf8');
    for (const name of await filesIn('schemas')) expect(page).toContain(`(schemas/${name}.json)`);
    for (const name of await filesIn('vectors')) expect(page).toContain(`(vectors/${name}.json)`);
  });

  it('fit what the vectors take for good, and no other form of it', async () => {
    const { cases } = (await vectorsOf('account')) as {
      cases: { account: object; fault?: string }[];
    };
    for (const { account, fault } of cases)
      if (fault === undefined) expect(schemaFault(accountProofSchema, account)).toBeUndefined();
    const [good] = cases;
    for (const other of [{ ...good?.account, more: 1 }, { key: 'A' }, 'A'])
      expect(schemaFault(accountProofSchema, other)).toBeDefined();

    const { invites, answers } = (await vectorsOf('handshake')) as unknown as {
      invites: { read: { invite: unknown }[] };
      answers: { read: { name: string; event: { payload: Answer } }[] };
    };
    for (const { invite } of invites.read)
      expect(schemaFault(inviteSchema, invite)).toBeUndefined();
    for (const { event } of answers.read)
      expect(schemaFault(answerSchema, event.payload)).toBeUndefined();
    const accepted = answers.read.flatMap(({ event: { payload } }) =>
      payload.status === 'served' && payload.type === 'connection.request' ? [payload.result] : [],
    );
    expect(accepted).toHaveLength(1);
    expect(schemaFault(resultSchemas['connection.request'] ?? {}, accepted[0])).toBeUndefined();
    for (const wrong of [{}, { status: 'served', type: 'a.b' }, { status: 'refused', type: 'a.b' }])
      expect(schemaFault(answerSchema, wrong)).toBeDefined();
  });
});
