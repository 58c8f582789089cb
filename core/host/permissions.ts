import { categoryPattern, entryKeyPattern } from '../../wire/entry.ts';

/*
 * The grammar of a manifest's permissions:
 *
 *   read:*             every field
 *   read:personal/*    every field below a namespace, however deep
 *   read:personal/name one field
 *   sign:payment       one purpose
 *   entries            entries that the call's own party has stored
 */

const segment = '[a-z][a-z0-9_]*';
const fieldForm = new RegExp(`^${segment}(/${segment})+$`);
const purposeForm = new RegExp(`^${segment}$`);
const categoryForm = new RegExp(categoryPattern);
const entryKeyForm = new RegExp(entryKeyPattern);
const fieldCharsMax = 128;
const purposeCharsMax = 64;

/** JSON Schema pattern of one permission. */
export const permissionPattern: string = `^(read:(\\*|${segment}(/${segment})*(/\\*|/${segment}))|sign:${segment}|entries)$`;

/** Whether `text` can name a vault field: two to many segments, at most 128 characters. */
export function isFieldName(text: unknown): text is string {
  return typeof text === 'string' && text.length <= fieldCharsMax && fieldForm.test(text);
}

/** Whether `text` can name a signing purpose: one segment, at most 64 characters. */
export function isPurpose(text: unknown): text is string {
  return typeof text === 'string' && text.length <= purposeCharsMax && purposeForm.test(text);
}

/** Whether `text` can name a category of stored entries. */
export function isCategory(text: unknown): text is string {
  return typeof text === 'string' && categoryForm.test(text);
}

/** Whether `text` can be the key of a stored entry. */
export function isEntryKey(text: unknown): text is string {
  return typeof text === 'string' && entryKeyForm.test(text);
}

/** Whether `permissions` let a handler read `field`. */
export function mayRead(permissions: readonly string[], field: string): boolean {
  return permissions.some((permission) => {
    if (!permission.startsWith('read:')) return false;
    const pattern = permission.slice('read:'.length);
    if (pattern === '*') return true;
    return pattern.endsWith('/*') ? field.startsWith(pattern.slice(0, -1)) : pattern === field;
  });
}

/** Whether `permissions` let a handler see the entries of the call's own party. */
export function mayReadEntries(permissions: readonly string[]): boolean {
  return permissions.includes('entries');
}

/** Whether `permissions` let a handler sign for `purpose`. */
export function maySign(permissions: readonly string[], purpose: string): boolean {
  return permissions.includes(`sign:${purpose}`);
}
