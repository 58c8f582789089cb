import type { Contract, ContractField, SignedContract } from './contract.ts';

/** Fields by their names, for each contract that was asked about: contracts never change. */
const indices = new WeakMap<Contract, ReadonlyMap<string, ContractField>>();

/** Lines of contracts that are kept, by what they say; forgotten all at once when there are too many. */
const lines = new Map<string, ContractField>();
const linesMax = 4_096;

/** The same contract, whose lines are one object with equal lines of other contracts: services ask for much the same. */
export function withSharedLines(signed: SignedContract): SignedContract {
  const { contract } = signed;
  return { ...signed, contract: { ...contract, fields: contract.fields.map(sharedLine) } };
}

function sharedLine(field: ContractField): ContractField {
  const says = JSON.stringify(field);
  const known = lines.get(says);
  if (known !== undefined) return known;
  if (lines.size >= linesMax) lines.clear();
  lines.set(says, field);
  return field;
}

/** What a contract declares, by the name of the field. */
export function fieldsByName(contract: Contract): ReadonlyMap<string, ContractField> {
  let index = indices.get(contract);
  if (index === undefined) {
    index = new Map(contract.fields.map((field) => [field.name, field]));
    indices.set(contract, index);
  }
  return index;
}
