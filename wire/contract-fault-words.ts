import { fieldNamePattern, linePattern, purposePattern, retentionPattern } from './contract.ts';
import { contractIdPattern } from './identifiers.ts';
import type { SchemaFault } from './json-schema.ts';

/** What does not fit, by the pattern that it should have. */
const patternWords: Readonly<Record<string, string>> = {
  [fieldNamePattern]:
    'is no field name: lower-case words with a slash between, such as personal/shipping_address',
  [purposePattern]: 'is no purpose: one lower-case word, such as fulfilment or age_verification',
  [retentionPattern]:
    'is no retention: session, until_revoked, or days, hours and minutes such as P30D, PT12H or P1DT30M',
  [linePattern]:
    'holds a line break, another control character, or one that turns the direction of text',
  [contractIdPattern]: 'is no id: letters, digits, dot, hyphen and underscore, 128 at most',
};

/** A fault of a contract's form in words: what stands there is not repeated, since it may be anything. */
export function faultWords({ keyword, params, message }: SchemaFault): string {
  const limit = params['limit'];
  switch (keyword) {
    case 'required':
      return `has no ${String(params['missingProperty'])}`;
    case 'additionalProperties':
      return `has an unknown member, ${JSON.stringify(params['additionalProperty'])}: unknown parts are refused, never ignored`;
    case 'type':
      return `is not of type ${String(params['type'])}`;
    case 'enum':
      return `is none of ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'const':
      return `is not ${String(params['allowedValue'])}`;
    case 'minLength':
      return 'is empty';
    case 'maxLength':
      return `is longer than ${limit} characters`;
    case 'maxItems':
      return `has more than ${limit}`;
    case 'minimum':
      return `is less than ${limit}`;
    case 'maximum':
      return `is more than ${limit}`;
    case 'pattern':
      return patternWords[String(params['pattern'])] ?? 'is not in the form that it must have';
    default:
      return message;
  }
}
