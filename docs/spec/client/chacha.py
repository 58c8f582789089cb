"""ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03)."""

import hmac
import struct

TAG = 16
_MASK = 0xFFFFFFFF
_CONSTANTS = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
_POLY_PRIME = 2**130 - 5
_ROUND = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)) + (
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


def hchacha20(key, nonce):
    """The 32-byte subkey of a 32-byte key and a 16-byte nonce (xchacha draft, section 2.2)."""
    state = _rounds([*_CONSTANTS, *struct.unpack("<8I", key), *struct.unpack("<4I", nonce)])
    return struct.pack("<8I", *state[:4], *state[12:])


def seal_x(key, nonce, aad, message):
    """XChaCha20-Poly1305: ciphertext and 16-byte tag. The nonce has 24 bytes."""
    return seal(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, message)


def open_x(key, nonce, aad, sealed):
    """What `seal_x` sealed; None when it is not authentic."""
    return open_(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, sealed)


def seal(key, nonce, aad, message):
    """ChaCha20-Poly1305: ciphertext and 16-byte tag. The nonce has 12 bytes."""
    ciphertext = _stream(key, nonce, message)
    return ciphertext + _tag(key, nonce, aad, ciphertext)


def open_(key, nonce, aad, sealed):
    if len(sealed) < TAG:
        return None
    ciphertext, tag = sealed[:-TAG], sealed[-TAG:]
    if not hmac.compare_digest(tag, _tag(key, nonce, aad, ciphertext)):
        return None
    return _stream(key, nonce, ciphertext)


def _stream(key, nonce, message):
    blocks = (_block(key, 1 + at, nonce) for at in range((len(message) + 63) // 64))
    stream = b"".join(blocks)[: len(message)]
    mixed = int.from_bytes(stream, "big") ^ int.from_bytes(message, "big")
    return mixed.to_bytes(len(message), "big")


def _block(key, counter, nonce):
    start = [*_CONSTANTS, *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    mixed = _rounds(list(start))
    return struct.pack("<16I", *((a + b) & _MASK for a, b in zip(start, mixed)))


def _rounds(x):
    for _ in range(10):
        for a, b, c, d in _ROUND:
            x[a] = x[a] + x[b] & _MASK
            x[d] = _turned(x[d] ^ x[a], 16)
            x[c] = x[c] + x[d] & _MASK
            x[b] = _turned(x[b] ^ x[c], 12)
            x[a] = x[a] + x[b] & _MASK
            x[d] = _turned(x[d] ^ x[a], 8)
            x[c] = x[c] + x[d] & _MASK
            x[b] = _turned(x[b] ^ x[c], 7)
    return x


def _turned(word, bits):
    return (word << bits | word >> 32 - bits) & _MASK


def _tag(key, nonce, aad, ciphertext):
    one_time = _block(key, 0, nonce)[:32]
    lengths = struct.pack("<QQ", len(aad), len(ciphertext))
    return _poly1305(one_time, _padded(aad) + _padded(ciphertext) + lengths)


def _padded(data):
    return data + bytes(-len(data) % 16)


def _poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        chunk = message[at : at + 16] + b"\1"
        total = (total + int.from_bytes(chunk, "little")) * r % _POLY_PRIME
    total += int.from_bytes(key[16:], "little")
    return (total & (1 << 128) - 1).to_bytes(16, "little")
