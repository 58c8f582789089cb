import { Map as Table } from 'immutable';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { NoticeBodies } from '../ledger/notice-bodies.ts';
import type { VaultState } from './vault-state.ts';

type NoticeRecord = Extract<LedgerRecord, { kind: 'notified' | 'notice_held' }>;

/** Something that the owner was told. */
export type ToldNotice = Omit<NoticeBodies['notified'], 'about' | 'connection'> & {
  readonly index: number;
  /** Record time, Unix milliseconds. */
  readonly at: number;
};

/** What the owner was told about one thing, and how often it has happened since without being told. */
export type NoticeLog = Pick<NoticeBodies['notified'], 'about' | 'connection'> & {
  /** Scope of its connection, or of the vault; hex. */
  readonly scope: string;
  /** The last of them, the oldest first; all of them stand in the audit trail. */
  readonly told: readonly ToldNotice[];
  readonly held?: { readonly count: number; readonly since: number; readonly detail?: string };
};

/** How many notices of one log the state keeps ready: a day of hourly warnings. */
const keptMax = 24;

/** Key of what is told about one thing. */
export function noticeKey({ about, connection }: Pick<NoticeLog, 'about' | 'connection'>): string {
  return `${connection ?? ''}/${about}`;
}

/** The state with one more thing that the owner was told, or is to be told later. */
export function noticed(state: VaultState, record: NoticeRecord): VaultState {
  const { about, connection } = record.body;
  const notices = state.notices ?? Table<string, NoticeLog>();
  const whose = connection === undefined ? {} : { connection };
  const key = noticeKey(record.body);
  const log = notices.get(key) ?? { about, ...whose, scope: record.scope, told: [] };
  const next = record.kind === 'notified' ? told(log, record) : held(log, record);
  return { ...state, notices: notices.set(key, next) };
}

function told(log: NoticeLog, record: Extract<NoticeRecord, { kind: 'notified' }>): NoticeLog {
  const { held: _, ...rest } = log;
  const { about: _about, connection: _connection, ...said } = record.body;
  const notice = { ...said, index: record.index, at: record.time };
  return { ...rest, told: [...log.told, notice].slice(-keptMax) };
}

function held(log: NoticeLog, record: Extract<NoticeRecord, { kind: 'notice_held' }>): NoticeLog {
  const { count, detail } = record.body;
  const before = log.held ?? { count: 0, since: record.time };
  const words = detail === undefined ? {} : { detail };
  return { ...log, held: { ...before, count: before.count + count, ...words } };
}
