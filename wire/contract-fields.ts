import type { Contract, ContractField } from './contract.ts';

/** Fields by their names, for each contract that was asked about: contracts never change. */
const indices = new WeakMap<Contract, ReadonlyMap<string, ContractField>>();

/** What a contract declares, by the name of the field. */
export function fieldsByName(contract: Contract): ReadonlyMap<string, ContractField> {
  let index = indices.get(contract);
  if (index === undefined) {
    index = new Map(contract.fields.map((field) => [field.name, field]));
    indices.set(contract, index);
  }
  return index;
}
