import { randomBytes } from 'node:crypto';
import { proveAccount } from '../../wire/account-proof.ts';
import { fromBase64url } from '../../wire/bytes.ts';
import { type Signer, signerFrom } from '../../wire/crypto.ts';
import { identifierFrom } from '../../wire/identifiers.ts';
import type { ConnectionRequest } from '../../wire/messages.ts';
import { accountName } from '../../wire/nkey.ts';
import { freshId, openEpoch, type Sent } from './forgery.ts';
import type { HandshakeCase } from './handshake-case.ts';
import type { Peer } from './peer.ts';
import { withUnusedBit } from './wrong-keys.ts';

const section = 'An account of its own';

/** What an account signs about, but for what is another. */
type Use = Parameters<typeof proveAccount>[1];
type Proof = NonNullable<ConnectionRequest['account']>;

/** An account that nobody has. */
export const newAccount = (): Signer => signerFrom(new Uint8Array(randomBytes(32)));

const another = identifierFrom(new Uint8Array(16));

/** A request that names an account, in an epoch of its own: a request that is refused may install nothing. */
async function naming(
  peer: Peer,
  payload: ConnectionRequest,
  change: { readonly use?: Partial<Use>; readonly proof?: (proof: Proof) => Proof },
): Promise<Sent> {
  const { vault, connection } = peer.identity;
  const id = freshId();
  const signing = fromBase64url(payload.signing);
  const proof = proveAccount(newAccount(), {
    vault,
    connection,
    event: id,
    signing,
    ...change.use,
  });
  const account = change.proof?.(proof) ?? proof;
  const epoch = await openEpoch(peer.identity, peer.nextNumber());
  return peer.forge('connection.request', { ...payload, account }, { id, epoch });
}

/** Cases of a request to connect that must be refused. */
export const accountCases: readonly HandshakeCase[] = [
  {
    ...{ id: 'handshake.account-form', page: 'handshake.md', section, codes: ['malformed'] },
    says: 'A request whose account names no account key, or whose proof is not in its one form, is refused.',
    make: async (peer, payload) => [
      await naming(peer, payload, { proof: (proof) => ({ ...proof, key: `A${'B'.repeat(55)}` }) }),
      await naming(peer, payload, {
        proof: (proof) => ({ ...proof, signature: withUnusedBit(proof.signature) }),
      }),
    ],
  },
  {
    ...{ id: 'handshake.account-proof', page: 'handshake.md', section },
    codes: ['signature_invalid'],
    says: 'A request whose account has not signed for this vault, connection, event and key is refused.',
    make: async (peer, payload) => [
      await naming(peer, payload, { use: { vault: another } }),
      await naming(peer, payload, { use: { connection: another } }),
      await naming(peer, payload, { use: { event: freshId() } }),
      await naming(peer, payload, { use: { signing: new Uint8Array(32) } }),
      await naming(peer, payload, {
        proof: (proof) => ({ ...proof, key: accountName(newAccount().publicKey) }),
      }),
    ],
  },
];
