import { randomBytes, randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { concat, equalBytes, u64 } from '../../wire/bytes.ts';
import { seal, sha256 } from '../../wire/crypto.ts';
import { batchRecords, bodyBytes, type Contender } from '../contender.ts';
import { peerPackage } from './installed.ts';

/** The part of better-sqlite3 that is used here. */
type Database = {
  pragma(text: string): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: unknown[]): unknown;
    iterate(): IterableIterator<Row>;
  };
  transaction(body: (count: number) => void): (count: number) => void;
  close(): void;
};
type Row = { index: number; nonce: Uint8Array; sealed: Uint8Array; head: Uint8Array };

const firstHead = new Uint8Array(32);

/**
 * A SQLite table (WAL, synchronous=FULL) whose rows are sealed as a careful program would, with our own
 * primitives, and chained; one transaction a batch. `undefined` where better-sqlite3 is not installed.
 */
export async function startSqlite(folder: string): Promise<Contender | undefined> {
  const Sqlite = peerPackage('better-sqlite3') as (new (path: string) => Database) | undefined;
  if (Sqlite === undefined) return undefined;
  const database = new Sqlite(join(folder, 'peer.sqlite'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'CREATE TABLE records ("index" INTEGER PRIMARY KEY, nonce BLOB, sealed BLOB, head BLOB)',
  );
  const append = appender(database);
  return {
    name: 'SQLite: sealed, chained, synchronous=FULL',
    burst: async (count) => {
      for (let done = 0; done < count; done += batchRecords) append(batchRecords);
      return count;
    },
    alone: async () => append(1),
    verify: async () => verify(database),
    close: async () => database.close(),
  };
}

function appender(database: Database): (count: number) => void {
  const insert = database.prepare('INSERT INTO records VALUES (?, ?, ?, ?)');
  const key = new Uint8Array(randomBytes(32));
  const body = new Uint8Array(randomBytes(bodyBytes));
  let head: Uint8Array = firstHead;
  let index = 0;
  return database.transaction((count) => {
    for (let done = 0; done < count; done++) {
      const nonce = randomFillSync(new Uint8Array(24));
      const sealed = seal(key, nonce, u64(index), body);
      head = chained(head, nonce, sealed);
      insert.run(index, nonce, sealed, head);
      index += 1;
    }
  });
}

function verify(database: Database): number {
  let head: Uint8Array = firstHead;
  let count = 0;
  for (const row of database.prepare('SELECT * FROM records ORDER BY "index"').iterate()) {
    head = chained(head, row.nonce, row.sealed);
    if (row.index !== count || !equalBytes(head, row.head))
      throw new Error(`row ${count} is not the one that was chained`);
    count += 1;
  }
  return count;
}

function chained(head: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  return sha256(concat(head, nonce, sealed));
}
