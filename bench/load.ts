/** What a run of operations came to. */
export type Figures = {
  readonly operations: number;
  /** Operations a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
};

/** Runs `operation` for some seconds, with `inFlight` at a time, after a warm-up that is not counted. */
export async function measure(
  operation: () => Promise<unknown>,
  inFlight: number,
  seconds: number,
): Promise<Figures> {
  await drive(operation, inFlight, Math.min(1, seconds / 4));
  const began = performance.now();
  const times = await drive(operation, inFlight, seconds);
  const elapsed = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  return {
    operations: times.length,
    rate: times.length / elapsed,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  };
}

async function drive(
  operation: () => Promise<unknown>,
  inFlight: number,
  seconds: number,
): Promise<number[]> {
  const end = performance.now() + seconds * 1000;
  const times: number[] = [];
  const worker = async (): Promise<void> => {
    for (;;) {
      const began = performance.now();
      if (began >= end) return;
      await operation();
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return times;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
