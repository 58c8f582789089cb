import type { NoticeAbout, NoticeSeverity } from '../wire/notice.ts';

/** Contents of the records about what the owner is told. */
export type NoticeBodies = {
  /** The owner is told, on every device that stands: the messages are queued in the same commit. */
  readonly notified: {
    readonly about: NoticeAbout;
    readonly severity: NoticeSeverity;
    /** Whom it is about; absent for the vault itself. */
    readonly connection?: string;
    /** How often it happened, from `since` (record time, Unix milliseconds) on. */
    readonly count: number;
    readonly since: number;
    /** The last time, in words; names, never values. */
    readonly detail?: string;
  };
  /** It happened again so soon after the owner was told that it is counted first. */
  readonly notice_held: {
    readonly about: NoticeAbout;
    readonly connection?: string;
    readonly count: number;
    readonly detail?: string;
  };
};
