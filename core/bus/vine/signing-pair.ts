import { fromSeed, type KeyPair } from '@nats-io/nkeys';
import { utf8 } from '../../../wire/bytes.ts';
import { nkeyFrom } from '../../../wire/nkey.ts';

/**
 * The pair of a seed as `@nats-io/jwt` takes it, but one that signs and names itself with node:crypto: the library's own
 * works its public key out in JavaScript each time that it is asked for it, some 5 ms, several times for each token.
 * @throws RangeError when the seed is none
 */
export function signingPair(seed: string): KeyPair {
  const { name, sign } = nkeyFrom(seed);
  const pair = fromSeed(utf8(seed));
  return {
    getPublicKey: () => name,
    // Asked for only to see whether there is one.
    getPrivateKey: () => pair.getSeed(),
    getSeed: () => pair.getSeed(),
    sign: (input) => sign(new TextDecoder().decode(input)),
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => pair.clear(),
    seal: (input, recipient, nonce) => pair.seal(input, recipient, nonce),
    open: (message, sender) => pair.open(message, sender),
  };
}
