/** A token bucket that the standard itself sets. */
export type TypeLimit = {
  readonly counted: 'updates' | 'connection' | 'identity';
  readonly perHour: number;
  readonly burst: number;
};

/** How often a party may send the standard's other types: about its connection, its keys, its credential. */
export const connectionLimit: TypeLimit = { counted: 'connection', perHour: 240, burst: 60 };
/** How many events of a party's are decided about in which checks 1 to 3 fail; others may have caused them. */
export const identityLimit: TypeLimit = { counted: 'identity', perHour: 60, burst: 300 };
