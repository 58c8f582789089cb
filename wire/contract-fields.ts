import type { Contract, ContractField } from './contract.ts';

/** Fields by their names, for each contract that was asked about: contracts never change. */
const indices = new WeakMap<Contract, ReadonlyMap<string, ContractField>>();

/** What a contract declares of a field; `undefined` when it does not. */
export function fieldOf(contract: Contract, name: string): ContractField | undefined {
  let index = indices.get(contract);
  if (index === undefined) {
    index = new Map(contract.fields.map((field) => [field.name, field]));
    indices.set(contract, index);
  }
  return index.get(name);
}
