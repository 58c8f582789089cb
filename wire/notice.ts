/*
 * What a vault tells its owner of its own accord, besides what waits for their word: what happened, and how much
 * it matters.
 */

/** How much a notice matters: an alarm is somebody who tries what they must not. */
export type NoticeSeverity = 'alarm' | 'warning' | 'notice';

/** What a notice is about. */
export type NoticeAbout =
  | 'unauthorised'
  | 'forged'
  | 'device_paired'
  | 'device_removed'
  | 'image_changed'
  | 'limit_reached'
  | 'agent_cooling'
  | 'contract_frozen'
  | 'updates_limited'
  | 'credential_refused'
  | 'consent_expired'
  | 'message_received'
  | 'connection_made'
  | 'connection_severed';

/** How much each matters. */
export const noticeSeverities: Readonly<Record<NoticeAbout, NoticeSeverity>> = {
  unauthorised: 'alarm',
  forged: 'alarm',
  device_paired: 'alarm',
  device_removed: 'alarm',
  image_changed: 'alarm',
  limit_reached: 'warning',
  agent_cooling: 'warning',
  contract_frozen: 'warning',
  updates_limited: 'warning',
  credential_refused: 'warning',
  consent_expired: 'notice',
  message_received: 'notice',
  connection_made: 'notice',
  connection_severed: 'notice',
};

/** Type of the notification that holds one notice. */
export const ownerNotifiedType = 'owner.notified';

/** A notice as the owner's app is told. */
export type DescribedNotice = {
  /** Index of its record: what an app has read up to. */
  readonly notice: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly severity: NoticeSeverity;
  readonly about: NoticeAbout;
  /** Whom it is about, where it is about somebody: connection id and name. */
  readonly connection: string | null;
  readonly name: string | null;
  /** How often it happened, from `since` (Unix milliseconds) on. */
  readonly count: number;
  readonly since: number;
  /** The last time, in words. */
  readonly detail: string | null;
};

/** Result of `owner.notifications`. */
export type NoticePage = {
  /** The oldest first. */
  readonly notices: readonly DescribedNotice[];
  /** Where the next page begins, or what comes later. */
  readonly next: number;
};
