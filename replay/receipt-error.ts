/** Why a receipt proves nothing. */
export type ReceiptFault =
  /** More bytes or items than are taken, no JSON, or not the form of a receipt. */
  | 'TOO_LARGE'
  | 'MALFORMED'
  | 'VERSION_UNSUPPORTED'
  /** The ledger's id is not the one of its first key. */
  | 'LEDGER_ID'
  /** The key that the reader has is none of this ledger's, or leads to no key that signed the checkpoint. */
  | 'KEY_NOT_FOLLOWED'
  /** A change of keys that the old or the new key has not signed, or that stands out of order. */
  | 'ROTATION_INVALID'
  /** No key of this ledger has signed the checkpoint. */
  | 'CHECKPOINT_INVALID'
  /** Signed by a key that had been replaced by then, or was not in force yet. */
  | 'KEY_RETIRED'
  /** A witness that the reader asks for has not cosigned the checkpoint. */
  | 'WITNESS_MISSING'
  | 'RECORD_MALFORMED'
  /** Records stand in another order than in the ledger, or twice. */
  | 'RECORD_ORDER'
  | 'RECORD_DOUBLED'
  /** The proof does not lead from this record, at this index, to the checkpoint's root. */
  | 'NOT_INCLUDED'
  /** What is given as the record's key is not what the record commits to, or does not open it. */
  | 'KEY_COMMITMENT'
  | 'SEAL_BROKEN'
  | 'BODY_MALFORMED'
  /** A record of another scope, or one that has nothing to do with the event. */
  | 'RECORD_FOREIGN'
  /** Records of the scope are left out. */
  | 'RECORD_MISSING'
  /** A record names another one as the last of its scope. */
  | 'SCOPE_LINK'
  /** A statement that no key of this ledger has signed. */
  | 'STATEMENT_INVALID'
  /** A statement about something that this receipt does not hold. */
  | 'STATEMENT_UNRELATED'
  /** A statement that is signed, and says something else than the record that it is about. */
  | 'STATEMENT_CONTRADICTED'
  /** The summary is not what follows from the rest. */
  | 'SUMMARY_MISMATCH';

/** A receipt that proves nothing. `verifyReceipt` gives it as a value. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
  readonly code: ReceiptFault;
  /** The record at fault, where there is one. */
  readonly index?: number;

  constructor(code: ReceiptFault, message: string, index?: number) {
    super(message);
    this.code = code;
    if (index !== undefined) this.index = index;
  }
}
