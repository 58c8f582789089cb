/** How long a session lasts at most, in milliseconds: as long as a sender may use one epoch. */
export const sessionMaxMs = 86_400_000;

/** Form of a duration: days, hours and minutes. */
export const durationPattern: string = '^P(?=.)(\\d{1,4}D)?(T(?=.)(\\d{1,4}H)?(\\d{1,4}M)?)?$';

const form = /^P(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?)?$/;

/** Length of an ISO 8601 duration of days, hours and minutes in milliseconds; `undefined` for other text. */
export function durationMs(text: string): number | undefined {
  const parts = form.exec(text);
  if (parts === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0'] = parts;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000;
}
