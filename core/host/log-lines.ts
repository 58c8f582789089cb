const lineCharsMax = 1000;
const minuteCharsMax = 64 * 1024;
const minuteMs = 60_000;

/**
 * Cuts a handler's log into lines of at most 1,000 characters, without control characters. A handler
 * that writes more than 64 KiB in a minute is silenced until the next, with one line that says so.
 * @param nowMs - a clock, in milliseconds
 */
export function createLogLines(
  onLine: (line: string) => void,
  nowMs: () => number = () => performance.now(),
): (text: string) => void {
  let held = '';
  let minute = 0;
  let used = 0;

  function write(line: string): void {
    const current = Math.floor(nowMs() / minuteMs);
    if (current !== minute) {
      minute = current;
      used = 0;
    }
    if (used > minuteCharsMax) return;
    used += line.length + 1;
    const clean = line.replace(/\p{Cc}/gu, ' ');
    onLine(used > minuteCharsMax ? '(the rest of this minute is dropped)' : clean);
  }

  return (text) => {
    const lines = (held + text).split('\n');
    held = (lines.pop() ?? '').slice(0, lineCharsMax);
    for (const line of lines) if (line !== '') write(line.slice(0, lineCharsMax));
  };
}
