import type { PeerRequest } from '../wire/asked-connection.ts';
import { toBase64url } from '../wire/bytes.ts';
import type { ConnectionAccepted, Invite } from '../wire/messages.ts';
import type { PeerOffer } from '../wire/peer-messages.ts';
import type { CheckedAnswer } from './checked-answer.ts';
import { ServiceError } from './errors.ts';
import { addressOf, openServiceKeys, type WayToVault } from './service-identity.ts';
import { VaultClient } from './vault-client.ts';

const timerMaxMs = 2 ** 31 - 1;

/** What the other owner has said. */
export type PeerWord = ConnectionAccepted | 'refused';

/** How a vault asks another one to be let in. */
export type Knock = {
  readonly peer: PeerOffer;
  /** Keeps the other owner's word. What it rejects comes again, here or to a later process. */
  readonly keep: (word: PeerWord) => Promise<void>;
  /** Is given what ends the wait. */
  readonly closable: (close: () => void) => void;
};

/**
 * Asks a vault to be let in as a peer, and waits for its owner. A vault that has been asked before, by an earlier
 * process, says so: then the answer to that is waited for. The word is kept before the messaging layer may forget it.
 * @throws ServiceError NOT_CONNECTED, NOT_ACCEPTED, NO_ANSWER
 */
export async function letInBy(
  way: WayToVault & { readonly invite: Invite },
  { peer, keep, closable }: Knock,
): Promise<void> {
  const left = way.invite.expires - Date.now();
  if (left <= 0) return keep('refused');
  let kept: () => void = () => {};
  const late = new Promise<void>((resolve) => {
    kept = resolve;
  });
  const client = await VaultClient.connect(await addressOf(way), {
    onAnswer: async ({ answer }) => {
      if (!isWord(answer)) return;
      await keep(wordIn(answer));
      kept();
    },
  });
  closable(() => void client.close());
  const over = setTimeout(() => void client.close(), Math.min(left, timerMaxMs)).unref();
  try {
    const { signer, encapsulation } = await openServiceKeys(way.keys);
    const payload: PeerRequest = {
      signing: toBase64url(signer.publicKey),
      encapsulation: toBase64url(encapsulation.publicKey),
      peer,
    };
    const asked = client
      .ask(
        { type: 'connection.request', payload },
        { critical: true, timeoutMs: Math.min(left, timerMaxMs), acceptPending: true },
      )
      .then((answer) => (isWord(answer) ? keep(wordIn(answer)) : late));
    await Promise.race([asked, late, cutOff(client)]);
  } finally {
    clearTimeout(over);
    await client.close();
  }
}

async function cutOff(client: VaultClient): Promise<never> {
  await client.closed;
  throw new ServiceError('NOT_CONNECTED', 'the messaging layer ended the connection');
}

function wordIn(answer: CheckedAnswer): PeerWord {
  return answer.status === 'served' ? (answer.result as ConnectionAccepted) : 'refused';
}

/** The owner's yes, with the vault's signature on it, or a no. */
function isWord({ type, check, ...answer }: CheckedAnswer): boolean {
  if (type !== 'connection.request') return false;
  if (answer.status === 'served') return check?.ok === true;
  return answer.status === 'refused' && answer.code !== 'duplicate';
}
