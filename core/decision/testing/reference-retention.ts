import type { ContractField } from '../../../wire/contract.ts';
import { hour, type ScenarioConnection } from './scenario.ts';

const lengths: Readonly<Record<string, number>> = {
  P0D: 0,
  PT30M: 30 * 60_000,
  P1D: 86_400_000,
  P30D: 30 * 86_400_000,
  P1DT2H3M: (26 * 60 + 3) * 60_000,
};

/** Whether a field was first served as long ago as it may be had: a session is a day at most. */
export function isOver(
  connection: ScenarioConnection | undefined,
): (field: ContractField) => boolean {
  return ({ name, retention }) => {
    const ago = connection?.servedAgo[name];
    const day = connection?.servedIn === 'this session' ? 24 * hour : 0;
    const length = retention === 'session' ? day : lengths[retention];
    return ago !== undefined && length !== undefined && ago >= length;
  };
}
