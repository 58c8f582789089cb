const everyMs = 1_000;

/**
 * Lines of progress for long work: at most one a second, the first one after a second.
 * @param progress - takes a line
 */
export function pacedProgress(progress: (line: string) => void): (line: () => string) => void {
  let last = Date.now();
  return (line) => {
    const now = Date.now();
    if (now - last < everyMs) return;
    last = now;
    progress(line());
  };
}
