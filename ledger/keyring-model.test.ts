import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toHex } from '../wire/bytes.ts';
import type { Keyring } from './keyring.ts';
import { type Crash, RingWorld } from './testing/ring-world.ts';

/*
 * A ring under any sequence of changes and crashes, against a table that cannot crash: after each, exactly one
 * passphrase opens it, and it holds the keys of before the change or of after it, bit for bit.
 */

type Change =
  | { readonly kind: 'add'; readonly secret: Uint8Array }
  | { readonly kind: 'remove'; readonly which: readonly number[] }
  | { readonly kind: 'passphrase' };
type Step = {
  readonly change: Change;
  readonly crash?: Crash | undefined;
  readonly arrives: 'never' | 'before' | 'after';
};

/** What a ring should be: the number of its passphrase, and its secrets in hex by name. */
type Model = { readonly passphrase: number; readonly secrets: ReadonlyMap<string, string> };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    secret: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.record({
    kind: fc.constant('remove' as const),
    which: fc.array(fc.nat(9), { maxLength: 4 }),
  }),
  fc.constant({ kind: 'passphrase' as const }),
);
const crash: fc.Arbitrary<Crash> = fc.record({
  at: fc.integer({ min: 1, max: 4 }),
  how: fc.constantFrom('before', 'after', 'late'),
});
const step: fc.Arbitrary<Step> = fc.record({
  change,
  crash: fc.option(crash, { nil: undefined }),
  arrives: fc.constantFrom('never', 'before', 'after'),
});

function applied({ passphrase, secrets }: Model, each: Change, name: string): Model {
  const next = new Map(secrets);
  if (each.kind === 'passphrase') return { passphrase: passphrase + 1, secrets };
  if (each.kind === 'add') next.set(name, toHex(each.secret));
  else for (const gone of namesOf(secrets, each.which)) next.delete(gone);
  return { passphrase, secrets: next };
}

function namesOf(secrets: Model['secrets'], which: readonly number[]): string[] {
  const names = [...secrets.keys()];
  return which.flatMap((at) => names[at] ?? []);
}

function apply(world: RingWorld, ring: Keyring, model: Model, each: Change, name: string) {
  if (each.kind === 'add') return ring.addSecret(name, each.secret);
  if (each.kind === 'remove') return ring.removeSecrets(namesOf(model.secrets, each.which));
  return ring.changePassphrase(world.roots(`${model.passphrase + 1}`));
}

/** What a ring holds, as a model. */
function modelOf(ring: Keyring, passphrase: number): Model {
  const secrets = ring.secretNames().map((name) => [name, toHex(ring.secret(name))] as const);
  return { passphrase, secrets: new Map(secrets) };
}

/** The ring as the only passphrase opens it. */
async function opened(world: RingWorld, last: number): Promise<{ ring: Keyring; model: Model }> {
  const found: { ring: Keyring; model: Model }[] = [];
  for (let passphrase = 0; passphrase <= last + 1; passphrase++)
    await world.unlock(`${passphrase}`).then(
      (ring) => found.push({ ring, model: modelOf(ring, passphrase) }),
      (error: unknown) => expect(error).toMatchObject({ code: 'RING_LOCKED' }),
    );
  const [only, ...others] = found;
  expect(others).toEqual([]);
  if (only === undefined) throw new Error('nothing opens it');
  return only;
}

async function play(steps: readonly Step[], world: RingWorld): Promise<void> {
  let model: Model = { passphrase: 0, secrets: new Map() };
  let ring = await world.create('0');
  for (const [at, { change: each, crash: cut, arrives }] of steps.entries()) {
    const [name, before, recorded] = [`s${at}`, model, ring.state()];
    world.crash = cut && { at: world.effects + cut.at, how: cut.how };
    const failed = await apply(world, ring, model, each, name).then(
      () => false,
      () => true,
    );
    world.crash = undefined;
    const after = applied(before, each, name);
    if (!failed) expect(modelOf(ring, after.passphrase)).toEqual(after);
    if (arrives === 'before') world.arrive();
    ring.close();
    ({ ring, model } = await opened(world, before.passphrase));
    expect(failed ? [before, after] : [after]).toContainEqual(model);
    ring.expect(recorded);
    await ring.settle();
    if (arrives === 'after') world.arrive();
    world.late = undefined;
    expect(modelOf(ring, model.passphrase)).toEqual(model);
    expect(world.secrets.size).toBe(1);
  }
}

it('is before or after each change, whatever is cut short', async () => {
  const sizes = fc.constantFrom(2_000, 1_000_000);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), sizes, async (steps, valueBytesMax) => {
      const world = new RingWorld();
      world.valueBytesMax = valueBytesMax;
      await play(steps, world);
    }),
    { numRuns: 200 },
  );
});
