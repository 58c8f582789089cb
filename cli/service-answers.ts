import type { LateAnswer } from '../service/heard-answers.ts';
import { addressOf } from '../service/service-identity.ts';
import { VaultClient } from '../service/vault-client.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { dataDir } from './data-dir.ts';
import { keepStatements } from './kept-statements.ts';
import { refusalText, serversOf } from './service.ts';
import { loadService } from './service-files.ts';

/** How to read answers. */
export type AnswersOptions = {
  readonly as?: string;
  /** Seconds of quiet after which it ends. */
  readonly timeout: number;
};

/** `cambium service answers`: reads what came while this service was away, and lets the messaging layer forget it. */
export async function answersCommand(
  context: CommandContext,
  options: AnswersOptions,
): Promise<ExitCode> {
  const data = dataDir(context.data);
  const { name, connection } = await loadService(data, options.as);
  const address = await addressOf(connection, await serversOf(context, options));
  let heard = performance.now();
  let count = 0;
  const onAnswer = async (late: LateAnswer): Promise<void> => {
    context.print(context.json ? JSON.stringify(late) : lineOf(late));
    await keepStatements(context, data, name, [late.answer]);
    count += 1;
    heard = performance.now();
  };
  const client = await VaultClient.connect(address, { onAnswer });
  while (performance.now() - heard < options.timeout * 1_000) await wait(50);
  await client.close();
  if (count === 0) context.progress('no answer has come since');
  return 0;
}

function lineOf({ event, answer }: LateAnswer): string {
  if (answer.status === 'served')
    return `${event} served: ${JSON.stringify(answer.result, null, 2)}`;
  if (answer.status === 'refused') return `${event} ${refusalText(answer.code)}`;
  return `${event} pending: the owner is asked first`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
