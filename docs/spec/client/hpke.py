"""HPKE (RFC 9180) in base mode, export only: HKDF-SHA256 under any KEM."""

import hashlib
import hmac

AEAD_CHACHA20_POLY1305 = 3
KDF_HKDF_SHA256 = 1


def exported(kem_id, shared_secret, info, context, length):
    """The exported secret (sections 5.1 and 5.3)."""
    suite = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (kem_id, KDF_HKDF_SHA256, AEAD_CHACHA20_POLY1305))
    exporter = exporter_secret(suite, shared_secret, info)
    return _labelled_expand(suite, exporter, b"sec", context, length)


def exporter_secret(suite, shared_secret, info):
    psk_id_hash = _labelled_extract(suite, b"", b"psk_id_hash", b"")
    info_hash = _labelled_extract(suite, b"", b"info_hash", info)
    secret = _labelled_extract(suite, shared_secret, b"secret", b"")
    return _labelled_expand(suite, secret, b"exp", b"\0" + psk_id_hash + info_hash, 32)


def extract(salt, material):
    """HKDF-Extract (RFC 5869)."""
    return hmac.new(salt, material, hashlib.sha256).digest()


def expand(key, info, length):
    """HKDF-Expand (RFC 5869)."""
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
        counter += 1
    return output[:length]


def _labelled_extract(suite, salt, label, material):
    return extract(salt, b"HPKE-v1" + suite + label + material)


def _labelled_expand(suite, key, label, info, length):
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)
