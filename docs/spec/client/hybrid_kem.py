"""MLKEM768-X25519, the KEM 0x647a of HPKE (envelope.md, "The KEM")."""

import hashlib

import mlkem768
from x25519 import BASE, x25519

PUBLIC_BYTES = 1216
ENCAPSULATION_BYTES = 1120
_LABEL = bytes.fromhex("5c2e2f2f5e5c")
_SUITE = b"KEM\x64\x7a"


def derive_seed(ikm):
    """The 32-byte private key of HPKE's DeriveKeyPair for the input keying material."""
    labelled = ikm + b"HPKE-v1" + _SUITE + b"\x00\x0dDeriveKeyPair" + b"\x00\x20"
    return hashlib.shake_256(labelled).digest(32)


class PrivateKey:
    """A key pair from its 32-byte private key."""

    def __init__(self, seed):
        expanded = hashlib.shake_256(seed).digest(96)
        ek, self._decapsulation = mlkem768.key_pair(expanded[:32], expanded[32:64])
        self._scalar = expanded[64:]
        self._point = x25519(self._scalar, BASE)
        self.public = ek + self._point

    def decapsulate(self, encapsulation):
        ciphertext, point = encapsulation[: mlkem768.CT_BYTES], encapsulation[mlkem768.CT_BYTES :]
        first = mlkem768.decapsulate(self._decapsulation, ciphertext)
        return _combined(first, _shared(self._scalar, point), point, self._point)


def encapsulate(public, random):
    """(shared secret, encapsulation) to a public key, with 64 random bytes.

    ValueError for what is no public key: the length, the modulus, or a point that gives nothing but zeros.
    """
    ek, point = public[: mlkem768.EK_BYTES], public[mlkem768.EK_BYTES :]
    if len(public) != PUBLIC_BYTES or not mlkem768.is_encapsulation_key(ek):
        raise ValueError("not an encapsulation key")
    first, ciphertext = mlkem768.encapsulate(ek, random[:32])
    own = x25519(random[32:], BASE)
    second = _shared(random[32:], point)
    return _combined(first, second, own, point), ciphertext + own


def _shared(scalar, point):
    shared = x25519(scalar, point)
    if shared == bytes(32):
        raise ValueError("not an encapsulation key")
    return shared


def _combined(first, second, encapsulated, public):
    return hashlib.sha3_256(first + second + encapsulated + public + _LABEL).digest()
