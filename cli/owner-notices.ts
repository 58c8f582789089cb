import { printable } from '../projections/printable.ts';
import type { DescribedNotice, NoticeAbout, NoticePage } from '../wire/notice.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { renderTable } from './render-table.ts';
import { withOwner } from './with-owner.ts';

const perPage = 200;

/** What a notice is about, in words. */
const words: Readonly<Record<NoticeAbout, string>> = {
  unauthorised: 'asked for what its contract does not allow',
  forged: 'something came in its name that it did not sign',
  device_paired: 'is a device of yours from now on',
  device_removed: 'is no device of yours any more',
  image_changed: 'your vault runs another program than before',
  limit_reached: 'asks more often, or stores more, than its contract allows',
  agent_cooling: 'is an agent of which too much was refused: it gets nothing for a while',
  contract_frozen: 'has new terms, and gets nothing until you decide',
  updates_limited: 'publishes new terms more often than it may, and is slowed down',
  credential_refused: 'was refused another messaging credential',
  consent_expired: 'asked you, and you did not answer in time',
  message_received: 'has sent you a message',
  connection_made: 'is connected',
  connection_severed: 'is connected no more',
};

/** `cambium owner notifications`: what the vault has told its owner, whether an app was there or not. */
export async function notificationsCommand(
  context: CommandContext,
  { from = 0 }: { readonly from?: number },
): Promise<ExitCode> {
  const notices = await withOwner(context, async (owner) => {
    const all: DescribedNotice[] = [];
    for (let at = from; ; ) {
      const asked = { from: at, count: perPage };
      const page = (await owner.ask('owner.notifications', asked)) as NoticePage;
      all.push(...page.notices);
      at = page.next;
      if (page.notices.length < perPage) return all;
    }
  });
  if (context.json) context.print(JSON.stringify(notices));
  else context.print(notices.length === 0 ? 'nothing happened' : render(notices, context));
  return 0;
}

function render(notices: readonly DescribedNotice[], context: CommandContext): string {
  const rows = notices.map(({ notice, at, severity, about, name, count, detail }) => [
    String(notice),
    new Date(at).toISOString(),
    severity,
    `${name === null ? '' : `${printable(name)} `}${words[about]}${count === 1 ? '' : ` (${count} times)`}`,
    printable(detail ?? ''),
  ]);
  const { columns: width, colour } = context;
  return renderTable(['notice', 'time', 'severity', 'what', 'last'], rows, { width, colour });
}
