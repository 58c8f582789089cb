import type { Command } from 'commander';
import type { Asking, Sharing } from './owner-peers.ts';
import { type Common, contextOf, type Finish, listOf, on } from './program-flags.ts';

/** What the owner says about other vaults. */
export function addPeers(program: Command, finish: Finish): void {
  on(program, 'connect', 'reach another vault, with the invite that its owner gave you')
    .argument('<name>', 'what to call it')
    .argument('<invite>', 'the link, or the file with the invite')
    .action(async (name: string, invite: string, options: Common) =>
      finish(
        await (await import('./owner-peers.ts')).connectCommand(contextOf(options), name, invite),
      ),
    );
  on(program, 'share', 'say all that a peer may have of you; without options: nothing')
    .argument('<peer>', 'its name or connection id')
    .option('--fields <names>', 'fields that it may ask for at any time', listOf)
    .option('--consent <names>', 'fields that you are asked about each time', listOf)
    .option('--types <types>', 'what else it may send: message.send', listOf)
    .action(async (peer: string, options: Common & Sharing) =>
      finish(
        await (await import('./owner-peers.ts')).shareCommand(contextOf(options), peer, options),
      ),
    );
  on(program, 'ask', 'ask a peer for something; without a type, what it shares with you')
    .argument('<peer>', 'its name or connection id')
    .argument('[type]', 'data.request or message.send', 'peer.shares')
    .option('--field <names>', 'fields to ask for', listOf)
    .option('--title <text>', 'of a message')
    .option('--text <text>', 'of a message')
    .option('--wait <seconds>', 'how long to wait for the other owner', '0')
    .action(async (peer: string, type: string, options: Common & Asking) =>
      finish(
        await (await import('./owner-peers.ts')).askCommand(
          contextOf(options),
          peer,
          type,
          options,
        ),
      ),
    );
}
