"""NATS's keys as text: base32 of a prefix, the key and a checksum (routing.md, "Credentials")."""

import base64

_SEED, _USER = 18 << 3, 20 << 3


def user_seed(text):
    """The 32-byte Ed25519 seed in a user's nkey seed (`SU…`); ValueError for any other text."""
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise ValueError("not an nkey seed") from None
    if len(data) != 36 or int.from_bytes(data[34:], "little") != _crc16(data[:34]):
        raise ValueError("not an nkey seed")
    kind = (data[0] & 7) << 5 | data[1] >> 3
    if data[0] & 0xF8 != _SEED or kind != _USER:
        raise ValueError("not the seed of a user")
    return data[2:34]


def account_name(key):
    """The name of the account with this Ed25519 key: a party's token in subjects."""
    body = b"\0" + key
    return base64.b32encode(body + _crc16(body).to_bytes(2, "little")).decode("ascii")


def _crc16(data):
    """CRC-16/XMODEM."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc
