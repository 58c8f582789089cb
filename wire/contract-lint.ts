import {
  type Contract,
  contractSchema,
  contradictionsIn,
  parseContract,
  type SignedContract,
  signedContractSchema,
} from './contract.ts';
import { adviceOn } from './contract-advice.ts';
import { faultWords } from './contract-fault-words.ts';
import { schemaFaults } from './json-schema.ts';

/** One thing that whoever writes a contract should know. */
export type Finding = {
  /** `fault`: every vault refuses it. `advice`: it is accepted, and is likely not what was meant. */
  readonly level: 'fault' | 'advice';
  /** JSON pointer into the contract; empty for the whole document. */
  readonly where: string;
  readonly what: string;
};

/** What a linter says about a document. */
export type LintReport = {
  /** Faults first, each in the order of the document. */
  readonly findings: readonly Finding[];
  /** The contract, where it has no fault. */
  readonly contract?: Contract;
};

/**
 * Reads a document as its author would want it read: every fault with its place in words, then advice.
 * @param document - parsed JSON: a contract, or a signed one
 * @param now - Unix milliseconds
 */
export function lintContract(document: unknown, now: number): LintReport {
  const signed = looksSigned(document);
  const schema = signed ? signedContractSchema : contractSchema;
  const misfits = schemaFaults(schema, document).map((fault) => ({
    level: 'fault' as const,
    where: signed ? fault.where.replace(/^\/contract(?=\/|$)/, '') : fault.where,
    what: faultWords(fault),
  }));
  if (misfits.length > 0) return { findings: misfits };
  const contract = signed ? (document as SignedContract).contract : (document as Contract);
  const faults = [...contradictionsIn(contract), ...(signed ? signatureFault(document) : [])].map(
    (found): Finding => ({ level: 'fault', ...found }),
  );
  const advice = adviceOn(contract, now).map((found): Finding => ({ level: 'advice', ...found }));
  const findings = [...faults, ...advice];
  return faults.length > 0 ? { findings } : { findings, contract };
}

/** A document with any of a signed contract's own members is meant to be one. */
function looksSigned(document: unknown): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    ['contract', 'signature', 'key'].some((member) => Object.hasOwn(document, member))
  );
}

function signatureFault(document: unknown): { where: string; what: string }[] {
  const parsed = parseContract(document);
  return parsed.ok || parsed.reason !== 'signature_invalid'
    ? []
    : [{ where: '', what: 'the signature is not the one of this key over this contract' }];
}
