"""Ed25519 signatures over domain, a zero byte and the message (envelope.md, "Signatures").

Not constant time: a program that holds keys of value should sign with a library that is.
"""

import hashlib

from shared import ed25519

BASE = ed25519.decode((4 * pow(5, -1, ed25519.P) % ed25519.P).to_bytes(32, "little"))


def public_key(seed):
    """The 32-byte public key of a 32-byte seed (RFC 8032 section 5.1.5)."""
    scalar, _ = _expanded(seed)
    return ed25519.encode(_times(scalar, BASE))


def sign(seed, message):
    """64-byte signature over the bytes alone (RFC 8032 section 5.1.6)."""
    scalar, prefix = _expanded(seed)
    key = ed25519.encode(_times(scalar, BASE))
    r = _number(prefix, message)
    point = ed25519.encode(_times(r, BASE))
    s = (r + _number(point, key, message) * scalar) % ed25519.ORDER
    return point + s.to_bytes(32, "little")


def sign_under(seed, domain, message):
    return sign(seed, domain.encode("ascii") + b"\0" + message)


def verify_under(key, domain, message, signature):
    return ed25519.verify(key, domain.encode("ascii") + b"\0" + message, signature)


def _expanded(seed):
    if len(seed) != 32:
        raise ValueError("a seed has 32 bytes")
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    scalar &= (1 << 254) - 8
    return scalar | 1 << 254, digest[32:]


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ed25519.ORDER


def _times(scalar, point):
    result = ed25519.IDENTITY
    while scalar:
        if scalar & 1:
            result = ed25519.add(result, point)
        point = ed25519.add(point, point)
        scalar >>= 1
    return result
