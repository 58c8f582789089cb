import {
  forApp,
  forVault,
  fromService,
  fromVault,
  ownerAppInbox,
  partyInbox,
} from '../wire/subjects.ts';
import type { PeerIdentity } from './session.ts';

type Who = Pick<PeerIdentity, 'vault' | 'party'>;

/** How we are known to the messaging layer: the owner's app, or a party. */
export function connectsAs({ vault, party }: Who): {
  readonly name: string;
  readonly inboxPrefix: string;
} {
  return party === 'owner'
    ? { name: 'owner-app', inboxPrefix: ownerAppInbox(vault) }
    : { name: 'service', inboxPrefix: partyInbox(party) };
}

/** Where all that the vault says to us is heard. */
export function heardOn({ vault, party }: Who): string {
  return party === 'owner' ? forApp(vault, '>') : fromVault(vault, party, '>');
}

/** Where an event of ours goes. */
export function saidOn({ vault, party }: Who, type: string): string {
  return party === 'owner' ? forVault(vault, type) : fromService(vault, party, type);
}
