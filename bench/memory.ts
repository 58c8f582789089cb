import type { LedgerContender } from './ledger-contender.ts';

const parts = 10;
const mebibyte = 1024 * 1024;

/** Resident memory of this process, in MiB, after each tenth of some records. */
export type MemoryCurve = {
  readonly name: string;
  readonly residentMib: readonly number[];
};

/** Appends `count` records, verifies them and opens them, watching memory all the while. */
export async function memoryCurves(
  ledger: LedgerContender,
  count: number,
): Promise<readonly MemoryCurve[]> {
  const appended: number[] = [];
  for (let part = 0; part < parts; part++) {
    await ledger.burst(count / parts);
    appended.push(resident());
  }
  return [
    { name: 'append', residentMib: appended },
    { name: 'verify', residentMib: await whileRunning(ledger.verify) },
    { name: 'replay', residentMib: await whileRunning(ledger.replay) },
  ];
}

/** Samples often, and keeps the highest of each tenth of the time that `run` took. */
async function whileRunning(run: () => Promise<unknown>): Promise<readonly number[]> {
  const samples = [resident()];
  const timer = setInterval(() => samples.push(resident()), 20);
  await run();
  clearInterval(timer);
  const length = Math.ceil(samples.length / parts);
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, part) =>
    Math.max(...samples.slice(part * length, (part + 1) * length)),
  );
}

function resident(): number {
  return Math.round(process.memoryUsage().rss / mebibyte);
}
