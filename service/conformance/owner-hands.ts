/** How it went. `cannot`: whoever plays the owner has no way to do this. */
export type Deed = {
  readonly result: 'done' | 'refused' | 'cannot';
  /** What was said about it; of `invite`, the invite. */
  readonly text: string;
};

/**
 * The owner of the tried vault: what a rule needs of them, in the words of `cambium owner`.
 *
 * - `set FIELD VALUE`: stores a field
 * - `invite NAME`: makes an invite, which is `text`
 * - `approve ID`, with `--optional A,B` or `--fields A,B`: accepts the connection, or approves the held event, of that id
 *   and offered terms by the id of their connection; with `--remember 1h`, the same yes stands for an hour
 * - `deny ID`: declines the connection, denies the held event, or rejects offered terms
 * - `sever CONNECTION`
 * - `rotate KEY`: replaces the key that signs (`signing`) or the one that is sealed to (`encapsulation`)
 * - `servers ADDRESS…`: where the vault is reached from now on; with `--default`, as without the owner's word
 * - `profile --name NAME`: lets the vault be called that
 * - `stop`, `start`: closes the vault, and opens it again, while its vine goes on
 */
export type OwnerHands = { do(words: readonly string[]): Promise<Deed> };
