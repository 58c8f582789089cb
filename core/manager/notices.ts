import type { NoticeBodies } from '../../ledger/notice-bodies.ts';
import { type NoticeLog, noticeKey, type ToldNotice } from '../../projections/evolve-notices.ts';
import type { VaultState } from '../../projections/vault-state.ts';
import {
  type DescribedNotice,
  type NoticeAbout,
  type NoticePage,
  noticeSeverities,
  ownerNotifiedType,
} from '../../wire/notice.ts';
import { tellOwner } from './tell-owner.ts';
import type { Turn, VaultParts } from './turn.ts';

/*
 * What the owner is told without having asked. It is recorded before it is sent, so that an app which was away finds
 * it later; what happens again soon is counted, durably too, and told in one notice when the time is over.
 */

const minuteMs = 60_000;

/** How long what others can cause at will is counted before the owner is told of it again, in milliseconds. */
const foldedMs: { readonly [about in NoticeAbout]?: number } = {
  unauthorised: 10 * minuteMs,
  forged: 10 * minuteMs,
  limit_reached: 60 * minuteMs,
  updates_limited: 60 * minuteMs,
  message_received: 10 * minuteMs,
  credential_refused: 60 * minuteMs,
  consent_expired: 60 * minuteMs,
};

/** Notices that one turn tells, at most: each is sealed to every device. */
const toldPerTurn = 20;
const detailMax = 400;

/** Something that the owner should know. */
export type Happening = {
  readonly about: NoticeAbout;
  /** Id of the connection that it is about. */
  readonly connection?: string;
  readonly detail?: string;
  /** How often it happened; once, unless it is said. */
  readonly count?: number;
};

/** Tells the owner at once, or counts it where they were told of the same a moment ago. */
export async function notify(
  parts: VaultParts,
  turn: Turn,
  happening: Happening,
  from: number,
): Promise<void> {
  const { state, time } = turn.batch;
  const log = state.notices?.get(noticeKey(happening));
  if (log !== undefined && !isDue(log, time)) return hold(turn, happening, from);
  const { count = 1, detail } = happening;
  const held = log?.held;
  await tell(parts, turn, happening, {
    count: (held?.count ?? 0) + count,
    since: held?.since ?? time,
    ...(detail === undefined ? {} : { detail: detail.slice(0, detailMax) }),
  });
}

/** Counts something that the owner is to be told later. */
export function hold({ batch }: Turn, happening: Happening, cause: number): void {
  const { about, connection, detail, count = 1 } = happening;
  const body = {
    about,
    ...(connection === undefined ? {} : { connection }),
    count,
    ...(detail === undefined ? {} : { detail: detail.slice(0, detailMax) }),
  };
  batch.add({ kind: 'notice_held', scope: scopeFor(batch.state, connection), cause, body });
}

/** Tells the owner what was counted, where the time for it has come. */
export async function tellHeld(parts: VaultParts, turn: Turn): Promise<void> {
  const { state, time } = turn.batch;
  const due = allLogs(state).filter((log) => log.held !== undefined && isDue(log, time));
  for (const log of due.slice(0, toldPerTurn))
    if (log.held !== undefined) await tell(parts, turn, log, log.held);
}

/** What the owner was told, from a record on, the oldest first. */
export function noticesFrom(state: VaultState, from: number, count: number): NoticePage {
  const all = allLogs(state)
    .flatMap((log) => log.told.map((told) => ({ log, told })))
    .filter(({ told }) => told.index >= from)
    .sort((a, b) => a.told.index - b.told.index);
  const page = all.slice(0, count);
  return {
    notices: page.map(({ log, told }) => describe(state, log, told)),
    next: all[count]?.told.index ?? state.size,
  };
}

function allLogs({ notices }: VaultState): readonly NoticeLog[] {
  return notices === undefined ? [] : [...notices.values()];
}

/** Whether enough time has passed since the owner was told of it. */
function isDue({ about, told }: NoticeLog, time: number): boolean {
  const last = told.at(-1);
  return last === undefined || time - last.at >= (foldedMs[about] ?? 0);
}

async function tell(
  parts: VaultParts,
  turn: Turn,
  { about, connection }: Pick<Happening, 'about' | 'connection'>,
  said: Pick<NoticeBodies['notified'], 'count' | 'since' | 'detail'>,
): Promise<void> {
  const { batch } = turn;
  const whose = connection === undefined ? {} : { connection };
  const body = { about, severity: noticeSeverities[about], ...whose, ...said };
  const index = batch.add({ kind: 'notified', scope: scopeFor(batch.state, connection), body });
  const told = { ...body, index, at: batch.time };
  await tellOwner(parts, turn, ownerNotifiedType, describe(batch.state, body, told), index);
}

function describe(
  state: VaultState,
  { about, connection }: Pick<Happening, 'about' | 'connection'>,
  { index, at, severity, count, since, detail }: ToldNotice,
): DescribedNotice {
  const name = connection === undefined ? undefined : state.connections.get(connection)?.name;
  return {
    notice: index,
    at,
    severity,
    about,
    connection: connection ?? null,
    name: name ?? null,
    count,
    since,
    detail: detail ?? null,
  };
}

function scopeFor(state: VaultState, connection: string | undefined): string {
  const own = connection === undefined ? undefined : state.connections.get(connection)?.scope;
  return own ?? state.scope;
}
