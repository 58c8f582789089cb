"""The building blocks against published vectors."""

import hashlib
import unittest

import chacha
import hpke
import hybrid_kem
import mlkem768
import signing
from shared import ed25519
from x25519 import BASE, x25519

hx = bytes.fromhex

SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    b"sunscreen would be it."
)


class Ed25519(unittest.TestCase):
    # RFC 8032 section 7.1: seed, message, signature.
    VECTORS = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ]

    def test_signs_the_vectors_of_rfc_8032(self):
        for seed, message, signature in self.VECTORS:
            made = signing.sign(hx(seed), hx(message))
            self.assertEqual(made.hex(), signature)
            self.assertTrue(ed25519.verify(signing.public_key(hx(seed)), hx(message), made))

    def test_refuses_a_seed_of_another_length(self):
        self.assertRaises(ValueError, signing.sign, bytes(31), b"")


class X25519(unittest.TestCase):
    # RFC 7748 section 5.2.
    def test_multiplies_as_rfc_7748(self):
        scalar = hx("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
        u = hx("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
        product = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        self.assertEqual(x25519(scalar, u).hex(), product)

    def test_iterates_as_rfc_7748(self):
        k = u = BASE
        k, u = x25519(k, u), k
        self.assertEqual(k.hex(), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
        for _ in range(999):
            k, u = x25519(k, u), k
        self.assertEqual(k.hex(), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")

    def test_gives_zeros_for_a_point_of_small_order(self):
        for u in (0, 1, 2**255 - 20):
            self.assertEqual(x25519(bytes(range(32)), u.to_bytes(32, "little")), bytes(32))


class ChaCha(unittest.TestCase):
    def test_hchacha20_is_that_of_the_xchacha_draft(self):
        # draft-irtf-cfrg-xchacha-03 section 2.2.1
        subkey = chacha.hchacha20(bytes(range(32)), hx("000000090000004a0000000031415927"))
        self.assertEqual(subkey.hex(), "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")

    def test_seals_as_the_xchacha_draft(self):
        # draft-irtf-cfrg-xchacha-03 appendix A.3.1
        key, nonce, aad = bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), hx("50515253c0c1c2c3c4c5c6c7")
        sealed = hx(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
            "21f9664c97637da9768812f615c68b13b52e"
            "c0875924c1c7987947deafd8780acf49"
        )
        self.assertEqual(chacha.seal_x(key, nonce, aad, SUNSCREEN), sealed)
        self.assertEqual(chacha.open_x(key, nonce, aad, sealed), SUNSCREEN)
        for other in (sealed[:-1], sealed[:3], b"\0" + sealed[1:], sealed[:-1] + b"\0"):
            self.assertIsNone(chacha.open_x(key, nonce, aad, other))
        self.assertIsNone(chacha.open_x(key, nonce, aad + b"\0", sealed))

    def test_seals_as_rfc_8439(self):
        # RFC 8439 section 2.8.2
        key, nonce = bytes(range(0x80, 0xA0)), hx("070000004041424344454647")
        sealed = chacha.seal(key, nonce, hx("50515253c0c1c2c3c4c5c6c7"), SUNSCREEN)
        self.assertEqual(sealed[:16].hex(), "d31a8d34648e60db7b86afbc53ef7ec2")
        self.assertEqual(sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691")


class Hpke(unittest.TestCase):
    def test_hkdf_is_that_of_rfc_5869(self):
        # RFC 5869 appendix A.1
        key = hpke.extract(bytes(range(13)), b"\x0b" * 22)
        self.assertEqual(
            hpke.expand(key, bytes(range(0xF0, 0xFA)), 42).hex(),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        )

    def test_exports_as_rfc_9180(self):
        # RFC 9180 appendix A.2.1: another KEM, but the same KDF and AEAD
        shared = hx("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7")
        info = hx("4f6465206f6e2061204772656369616e2055726e")
        for context, secret in [
            ("", "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e"),
            ("00", "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69"),
        ]:
            self.assertEqual(hpke.exported(0x20, shared, info, hx(context), 32).hex(), secret)


class MlKem768(unittest.TestCase):
    def test_accumulates_to_the_published_hash(self):
        """100 keys, encapsulations and implicit rejections, drawn as C2SP's CCTV draws them (c2sp.org/CCTV/ML-KEM).

        The hash is the one that Go's crypto/mlkem is tested with.
        """
        count, drawn = 100, 32 + 32 + 32 + mlkem768.CT_BYTES
        stream = hashlib.shake_128(b"").digest(count * drawn)
        total = hashlib.shake_128()
        for at in range(count):
            part = stream[at * drawn : (at + 1) * drawn]
            ek, dk = mlkem768.key_pair(part[:32], part[32:64])
            shared, ciphertext = mlkem768.encapsulate(ek, part[64:96])
            self.assertEqual(mlkem768.decapsulate(dk, ciphertext), shared)
            for data in (ek, ciphertext, shared, mlkem768.decapsulate(dk, part[96:])):
                total.update(data)
        self.assertEqual(
            total.digest(32).hex(), "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415"
        )

    def test_refuses_a_key_with_a_coefficient_that_is_not_reduced(self):
        ek, _ = mlkem768.key_pair(bytes(32), bytes(32))
        self.assertTrue(mlkem768.is_encapsulation_key(ek))
        self.assertFalse(mlkem768.is_encapsulation_key(b"\x01\x0d" + ek[2:]))
        self.assertFalse(mlkem768.is_encapsulation_key(ek[:-1]))


class HybridKem(unittest.TestCase):
    # draft-connolly-cfrg-xwing-kem-08 appendix C: seed, randomness, shared secret, ends of key and encapsulation.
    VECTORS = [
        (
            "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
            "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2"
            "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
            "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
            ("e2236b35a8c24b39b10aa1323a96a919", "23593d4ba32d9abac8cd049040ef6534"),
            ("b83aa828d4d62b9a83ceffe1d3d3bb1e", "e63e0e41d354274a079d3e6fb2e15"),
        ),
        (
            "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
            "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdef"
            "aee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
            "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
            ("0333285fa253661508c9fb444852caa4", "8c953926d96ea8a160b8843f1c89c62"),
            ("c93beb22326705699bbc3d1d0aa6339b", "91c98bea4127ae66312f4ae3ea155b67"),
        ),
    ]

    def test_encapsulates_as_its_draft(self):
        for seed, random, secret, (head, tail), (start, end) in self.VECTORS:
            key = hybrid_kem.PrivateKey(hx(seed))
            self.assertEqual(len(key.public), hybrid_kem.PUBLIC_BYTES)
            self.assertTrue(key.public.hex().startswith(head) and key.public.hex().endswith(tail))
            shared, encapsulation = hybrid_kem.encapsulate(key.public, hx(random))
            self.assertEqual(shared.hex(), secret)
            self.assertTrue(encapsulation.hex().startswith(start) and encapsulation.hex().endswith(end))
            self.assertEqual(key.decapsulate(encapsulation).hex(), secret)

    def test_refuses_a_key_whose_point_gives_zeros(self):
        public = hybrid_kem.PrivateKey(bytes(32)).public[:1184] + bytes(32)
        self.assertRaises(ValueError, hybrid_kem.encapsulate, public, bytes(range(64)))


if __name__ == "__main__":
    unittest.main()
