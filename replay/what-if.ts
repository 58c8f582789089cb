import { agentContract } from '../core/manager/agent-contract.ts';
import type { LedgerRecord } from '../ledger/bodies.ts';
import type { AgentGrant } from '../wire/agent-terms.ts';
import type { Contract } from '../wire/contract.ts';
import { durationMs } from '../wire/duration.ts';
import { ReplayError } from './errors.ts';
import { JudgedHistory } from './judged-history.ts';
import type { WhatIfReport } from './what-if-report.ts';

/** Which connections, and what the owner would have chosen. */
export type WhatIfOptions = {
  /** Connection id; all that have a contract of the same id by default. */
  readonly connection?: string;
  readonly optional?: readonly string[];
};

/**
 * Judges the recorded history once more as if another contract had been accepted. Only first decisions are
 * judged, those on arrival. Reads, and changes nothing.
 * @param records - whole, from the first one
 * @throws ReplayError UNKNOWN_CONNECTION when no connection is meant
 */
export async function whatIf(
  records: AsyncIterable<LedgerRecord>,
  contract: Contract,
  options: WhatIfOptions = {},
): Promise<WhatIfReport> {
  const { connection, optional } = options;
  const judge = new JudgedHistory((known) => {
    if (known.kind !== 'service') return undefined;
    const isMeant =
      connection === undefined
        ? known.contract?.contract.id === contract.id
        : known.id === connection;
    return isMeant ? contract : undefined;
  }, optional);
  for await (const record of records) judge.take(record);
  return judge.report(() => nobody(contract, connection));
}

/**
 * The same of one agent, as if its owner had written another grant from the beginning. A grant that ends after a while
 * does so from then on.
 * @param connection - connection id of the agent
 * @throws ReplayError UNKNOWN_CONNECTION when no agent is meant
 */
export async function whatIfGranted(
  records: AsyncIterable<LedgerRecord>,
  grant: AgentGrant,
  connection: string,
): Promise<WhatIfReport> {
  const judge = new JudgedHistory(({ kind, id, name }, { handlers, time }) => {
    if (kind !== 'agent' || id !== connection) return undefined;
    const { expires: end } = grant;
    const expires = typeof end === 'number' ? end : time + (durationMs(end) ?? 0);
    return agentContract({ id, name }, grant, handlers, { time, expires });
  });
  for await (const record of records) judge.take(record);
  return judge.report(
    () =>
      new ReplayError('UNKNOWN_CONNECTION', `no agent was connected under the id ${connection}`),
  );
}

function nobody(contract: Contract, connection: string | undefined): ReplayError {
  return new ReplayError(
    'UNKNOWN_CONNECTION',
    connection === undefined
      ? `nobody was connected under the contract ${contract.id}; name a connection`
      : `no service was connected under the id ${connection}`,
  );
}
