import type { Turn } from './turn.ts';

/** Connections that are told in one turn: a commit holds so many notices. */
const toldInTurn = 50;

/** Tells these connections something, some in each turn. */
export async function inTurns(
  turn: Turn,
  ids: readonly string[],
  tell: (turn: Turn, connection: string) => Promise<void>,
): Promise<void> {
  for (const id of ids.slice(0, toldInTurn)) await tell(turn, id);
  const rest = ids.slice(toldInTurn);
  if (rest.length > 0) turn.later(async () => ({ task: (next) => inTurns(next, rest, tell) }));
}
