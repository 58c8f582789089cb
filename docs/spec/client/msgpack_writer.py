"""The msgpack that is written, byte for byte (event.md, "A writer MUST use")."""

import math
import struct

INTEGER_MAX = 2**53 - 1


class Int64:
    """An integer that is written in 8 bytes (`d3`), as the times of an event are."""

    def __init__(self, value):
        self.value = value


def encode(value):
    """The bytes of None, bool, int, float, str, bytes, list, tuple, dict or Int64."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, Int64):
        return b"\xd3" + value.value.to_bytes(8, "big", signed=True)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        data = value.encode("utf-8")
        return _head(len(data), (0xA0, 32), (0xD9, 0xDA, 0xDB)) + data
    if isinstance(value, bytes):
        return _head(len(value), None, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, (list, tuple)):
        return _head(len(value), (0x90, 16), (None, 0xDC, 0xDD)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        members = (encode(part) for member in value.items() for part in member)
        return _head(len(value), (0x80, 16), (None, 0xDE, 0xDF)) + b"".join(members)
    raise TypeError(f"{type(value).__name__} is not taken")


def _integer(value):
    if not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise ValueError("integer too large")
    if -32 <= value < 128:
        return struct.pack("b" if value < 0 else "B", value)
    unsigned = ((0xCC, "B", 2**8), (0xCD, ">H", 2**16), (0xCE, ">I", 2**32))
    signed = ((0xD0, "b", 2**7), (0xD1, ">h", 2**15), (0xD2, ">i", 2**31))
    for tag, form, limit in unsigned if value >= 0 else signed:
        if value < limit and -value <= limit:
            return bytes([tag]) + struct.pack(form, value)
    return b"\xcb" + struct.pack(">d", value)


def _float(value):
    if not math.isfinite(value):
        raise ValueError("number is not finite")
    if value.is_integer():
        return _integer(int(value))
    return b"\xcb" + struct.pack(">d", value)


def _head(length, short, tags):
    if short is not None and length < short[1]:
        return bytes([short[0] + length])
    for tag, size in zip(tags, (1, 2, 4)):
        if tag is not None and length < 1 << 8 * size:
            return bytes([tag]) + length.to_bytes(size, "big")
    raise ValueError("too long")
