import fc from 'fast-check';
import type { Contract, ContractField } from '../contract.ts';
import { permissionNames, tiers } from '../contract-words.ts';
import type { Permission } from '../manifest.ts';

/** Names, few enough that two contracts declare the same ones. */
export const fieldNames: readonly string[] = [
  'personal/full_name',
  'personal/shipping_address',
  'personal/date_of_birth',
  'financial/iban',
  'health/allergies',
];
/** Purposes that fields are declared with. */
export const purposes: readonly string[] = ['fulfilment', 'age_verification', 'greeting'];

/** Categories of what may be stored. */
export const categories: readonly string[] = ['letters', 'orders', 'vouchers'];

const word = (...choices: readonly string[]) => fc.constantFrom(...choices);
const count = fc.constantFrom(1, 2, 3, 60, 3600, 1_000_000);

const field: fc.Arbitrary<ContractField> = fc.record({
  name: word(...fieldNames),
  tier: fc.constantFrom(...tiers),
  purpose: word(...purposes),
  retention: word('session', 'until_revoked', 'P0D', 'PT30M', 'P1D', 'P30D', 'P1DT2H3M'),
});

const yesOrNo = Object.fromEntries(permissionNames.map((name) => [name, fc.boolean()])) as Record<
  Permission,
  fc.Arbitrary<boolean>
>;

/** The first version of contracts of one id, in form and without contradiction. */
export const contracts: fc.Arbitrary<Contract> = fc
  .record(
    {
      title: word('Orders', 'Letters'),
      description: word('What we need to send you what you bought.', 'News.'),
      terms: word('https://shop.example/terms'),
      privacy: word('https://shop.example/privacy'),
      expires: fc.constantFrom(1_700_000_000_000, 1_700_003_600_000, 1_900_000_000_000),
      fields: fc.uniqueArray(field, { selector: ({ name }) => name, maxLength: 5 }),
      permissions: fc.record(yesOrNo),
      limits: fc.record(
        { requests_per_hour: count, burst: count, notifications_per_hour: count },
        { requiredKeys: ['requests_per_hour', 'burst'] },
      ),
      storage: fc.record({
        categories: fc.subarray([...categories], { minLength: 1 }),
        megabytes: fc.constantFrom(1, 2),
      }),
    },
    { requiredKeys: ['title', 'description', 'fields', 'permissions', 'limits'] },
  )
  .map((parts) => ({
    ...parts,
    v: 1 as const,
    id: 'shop.orders',
    version: 1,
    service: { id: 'shop', name: 'The Shop' },
    published: 1_645_557_742_000,
  }));
