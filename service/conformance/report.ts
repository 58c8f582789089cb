import type { Result } from './suite.ts';

/** What was tried, and what came of it: one JSON document. */
export type Report = {
  readonly type: 'cambium-conformance';
  readonly v: 1;
  readonly vault: string;
  readonly servers: readonly string[];
  /** Unix milliseconds. */
  readonly started: number;
  readonly ended: number;
  /** `yes` where every rule that applies was tried and holds, `no` where one does not, `open` where some were not tried. */
  readonly conforms: 'yes' | 'no' | 'open';
  readonly counts: { readonly [result in Result['result']]: number };
  readonly rules: readonly Result[];
};

/** What the results of a run amount to. */
export function reportOf(
  run: Pick<Report, 'vault' | 'servers' | 'started' | 'ended'>,
  results: readonly Result[],
): Report {
  const count = (wanted: Result['result']): number =>
    results.filter(({ result }) => result === wanted).length;
  const counts = {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    not_applicable: count('not_applicable'),
  };
  const untried = counts.skipped > 0 || counts.passed === 0;
  const conforms = counts.failed > 0 ? 'no' : untried ? 'open' : 'yes';
  return { type: 'cambium-conformance', v: 1, ...run, conforms, counts, rules: [...results] };
}

const marks = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip', not_applicable: 'n/a ' } as const;

/** The report for a person: page by page, with what was expected where something else came. */
export function renderReport(report: Report): string {
  const pages = [...new Set(report.rules.map(({ page }) => page))];
  const parts = pages.map((page) => {
    const lines = report.rules.filter((one) => one.page === page).flatMap(linesOf);
    return [page, ...lines].join('\n');
  });
  return [...parts, [...againOf(report), conclusionOf(report)].join('\n')].join('\n\n');
}

function linesOf(result: Result): string[] {
  const first = `  ${marks[result.result]}  ${result.id}`;
  switch (result.result) {
    case 'passed':
      return [first];
    case 'skipped':
    case 'not_applicable':
      return [`${first}: ${result.why}`];
    case 'failed':
      return [
        `${first}: ${result.says} (${result.section})`,
        `          expected: ${result.expected}`,
        `          came:     ${result.came}`,
      ];
  }
}

/** Names that a reader would have to look for among hundreds of lines. */
function againOf({ rules }: Report): string[] {
  const named = (wanted: Result['result'], words: string): string[] => {
    const ids = rules.filter(({ result }) => result === wanted).map(({ id }) => id);
    return ids.length === 0 ? [] : [`${words}: ${ids.join(', ')}`];
  };
  return [...named('failed', 'not kept'), ...named('skipped', 'not tried')];
}

function conclusionOf({ conforms, counts, vault }: Report): string {
  const { passed, failed, skipped, not_applicable: foreign } = counts;
  const said = {
    yes: 'keeps every rule that was tried',
    no: 'does not keep to the standard',
    open: 'breaks no rule that was tried, but not all were',
  }[conforms];
  return `${passed} passed, ${failed} failed, ${skipped} skipped, ${foreign} not applicable: vault ${vault} ${said}`;
}
