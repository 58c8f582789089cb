import { durationMs, sessionMaxMs } from '../../wire/duration.ts';
import { type CheckFunction, fail, pass, skip } from './check-result.ts';
import type { CheckContext } from './context.ts';

/** A field that was served before, and when the time ends for which it was granted. */
type Running = { readonly name: string; readonly until: number };

/**
 * Check 11: no field that was served longer ago than its retention lasts. Such a field has to be granted
 * anew by its tier's rule: one of the consent tier by the owner's yes to this very request, so that its
 * own check comes later; any other by an act of the owner.
 */
export const retentionCheck: CheckFunction = (context) => {
  const { fields, time, received } = context;
  const running = fields.flatMap((name) => runningOf(context, name));
  if (running.length === 0) return skip('no retention is running');
  const over = running.filter(({ until }) => until <= time).map(({ name }) => name);
  const asked = over.filter((name) => isAsked(context, name));
  const inputs = {
    now: time,
    until: Object.fromEntries(running.map(({ name, until }) => [name, until])),
    ...(context.connection?.sessions === undefined ? {} : { session: received.epoch }),
    ...(asked.length === 0 ? {} : { asked_anew: asked }),
  };
  const refused = over.filter((name) => !asked.includes(name));
  return refused.length === 0
    ? pass(inputs)
    : fail('retention_expired', `kept long enough: ${refused.join(', ')}`, inputs);
};

/** Whether the time is over for which a field was granted. */
export function isOver(context: CheckContext, name: string): boolean {
  return runningOf(context, name).some(({ until }) => until <= context.time);
}

function runningOf(context: CheckContext, name: string): Running[] {
  const since = context.connection?.served.get(name);
  const retention = context.declared.get(name)?.retention;
  if (since === undefined || retention === undefined) return [];
  const lasts = retention === 'session' ? sessionLeft(context, name) : durationMs(retention);
  return lasts === undefined ? [] : [{ name, until: since + lasts }];
}

/** A session is one epoch of the sender, for a day at most: what another one was given is over. */
function sessionLeft({ connection, received }: CheckContext, name: string): number {
  return connection?.sessions?.get(name) === received.epoch ? sessionMaxMs : 0;
}

/** Whether the owner is, or was, asked about this field for this request: no remembered approval answers. */
function isAsked(context: CheckContext, name: string): boolean {
  const answered = context.open?.facts.rules ?? {};
  return context.declared.get(name)?.tier === 'consent' && answered[name] === undefined;
}
