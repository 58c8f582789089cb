/** Something that keeps records durably. All contenders carry the same load in the same run. */
export type Contender = {
  /** What it is, and what a record includes. */
  readonly name: string;
  /**
   * Appends up to `count` records as fast as it can, and resolves when all are durable.
   * @returns how many: one that is slow stops earlier
   */
  burst?(count: number): Promise<number>;
  /** Appends one record, and resolves when it is durable. */
  alone?(): Promise<unknown>;
  /** Reads everything back and checks it; gives the count of records. */
  verify?(): Promise<number>;
  /** Reads everything back, checks, opens and folds it; gives the count of records. */
  replay?(): Promise<number>;
  close(): Promise<void>;
};

/** Bytes of a record's contents. */
export const bodyBytes = 300;
/** Records that a contender with batches makes durable at once: as many as a commit holds. */
export const batchRecords = 1000;
