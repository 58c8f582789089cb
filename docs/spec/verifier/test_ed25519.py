import unittest

import ed25519

# RFC 8032 §7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


def vector(at):
    return [bytes.fromhex(text) for text in VECTORS[at]]


class Verify(unittest.TestCase):
    def test_takes_the_vectors_of_rfc_8032(self):
        for at in range(len(VECTORS)):
            self.assertTrue(ed25519.verify(*vector(at)), at)

    def test_refuses_every_flipped_bit_of_a_signature_or_message(self):
        key, message, signature = vector(2)
        for at in range(8 * len(signature)):
            self.assertFalse(ed25519.verify(key, message, flipped(signature, at)), at)
        for at in range(8 * len(message)):
            self.assertFalse(ed25519.verify(key, flipped(message, at), signature))

    def test_refuses_another_key(self):
        key, message, signature = vector(1)
        self.assertFalse(ed25519.verify(vector(0)[0], message, signature))
        for at in (0, 7, 100, 255):
            self.assertFalse(ed25519.verify(flipped(key, at), message, signature))

    def test_refuses_other_lengths(self):
        key, message, signature = vector(1)
        self.assertFalse(ed25519.verify(key[:-1], message, signature))
        self.assertFalse(ed25519.verify(key + b"\0", message, signature))
        self.assertFalse(ed25519.verify(key, message, signature[:-1]))
        self.assertFalse(ed25519.verify(key, message, b""))

    def test_refuses_a_scalar_that_is_not_reduced(self):
        key, message, signature = vector(1)
        scalar = int.from_bytes(signature[32:], "little") + ed25519.ORDER
        other = signature[:32] + scalar.to_bytes(32, "little")
        self.assertFalse(ed25519.verify(key, message, other))

    def test_refuses_keys_of_small_order(self):
        # The identity signs everything with S = 0 and R = the identity.
        identity = ed25519.encode(ed25519.IDENTITY)
        self.assertFalse(ed25519.verify(identity, b"message", identity + bytes(32)))
        for y in (0, 1, ed25519.P - 1):
            self.assertFalse(ed25519.verify(y.to_bytes(32, "little"), b"", bytes(64)))


class Points(unittest.TestCase):
    def test_are_decoded_from_what_they_are_encoded_to(self):
        for at in range(len(VECTORS)):
            key = vector(at)[0]
            self.assertEqual(ed25519.encode(ed25519.decode(key)), key)

    def test_have_one_encoding(self):
        one_again = ed25519.P + 1
        self.assertIsNone(ed25519.decode(one_again.to_bytes(32, "little")))
        minus_zero = 1 | 1 << 255
        self.assertIsNone(ed25519.decode(minus_zero.to_bytes(32, "little")))

    def test_are_not_every_32_bytes(self):
        self.assertIsNone(ed25519.decode((2).to_bytes(32, "little")))


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


if __name__ == "__main__":
    unittest.main()
