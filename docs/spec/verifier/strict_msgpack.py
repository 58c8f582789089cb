"""The msgpack that the standard takes (docs/spec/event.md, "The msgpack that is taken")."""

import math
import struct

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 32


class MsgpackError(ValueError):
    """Bytes that are not exactly one value of the taken kinds."""


def decode(data, depth=DEPTH_MAX):
    """The one value in `data`: None, bool, int, float, str, bytes, list or dict.

    Numbers are compared by value, so a float that is a whole number comes back as an int.
    """
    value, end = _value(data, 0, depth)
    if end != len(data):
        raise MsgpackError("trailing bytes")
    return value


def is_integer(value):
    """Whether a decoded value is an integer that every reader can hold."""
    return type(value) is int and -INTEGER_MAX <= value <= INTEGER_MAX


def is_number(value):
    return type(value) in (int, float)


def _value(data, at, depth):
    if depth < 0:
        raise MsgpackError("nested too deep")
    tag, at = _uint(data, at, 1)
    if tag <= 0x7F:
        return tag, at
    if tag >= 0xE0:
        return tag - 0x100, at
    if tag <= 0x8F:
        return _map(data, at, tag & 0x0F, depth)
    if tag <= 0x9F:
        return _array(data, at, tag & 0x0F, depth)
    if tag <= 0xBF:
        return _text(data, at, tag & 0x1F)
    return _tagged(data, at, tag, depth)


def _tagged(data, at, tag, depth):
    if tag == 0xC0:
        return None, at
    if tag in (0xC2, 0xC3):
        return tag == 0xC3, at
    if tag in (0xC4, 0xC5, 0xC6):
        length, at = _uint(data, at, 1 << (tag - 0xC4))
        return _take(data, at, length)
    if tag in (0xCA, 0xCB):
        return _float(data, at, 4 if tag == 0xCA else 8)
    if 0xCC <= tag <= 0xCF:
        value, at = _uint(data, at, 1 << (tag - 0xCC))
        return _safe(value), at
    if 0xD0 <= tag <= 0xD3:
        taken, at = _take(data, at, 1 << (tag - 0xD0))
        return _safe(int.from_bytes(taken, "big", signed=True)), at
    if tag in (0xD9, 0xDA, 0xDB):
        length, at = _uint(data, at, 1 << (tag - 0xD9))
        return _text(data, at, length)
    if tag in (0xDC, 0xDD):
        count, at = _uint(data, at, 2 if tag == 0xDC else 4)
        return _array(data, at, count, depth)
    if tag in (0xDE, 0xDF):
        count, at = _uint(data, at, 2 if tag == 0xDE else 4)
        return _map(data, at, count, depth)
    raise MsgpackError(f"type 0x{tag:02x} is not taken")


def _take(data, at, length):
    end = at + length
    if end > len(data):
        raise MsgpackError("cut short")
    return data[at:end], end


def _uint(data, at, size):
    taken, at = _take(data, at, size)
    return int.from_bytes(taken, "big"), at


def _safe(value):
    if not is_integer(value):
        raise MsgpackError("integer too large")
    return value


def _float(data, at, size):
    taken, at = _take(data, at, size)
    (value,) = struct.unpack(">f" if size == 4 else ">d", taken)
    if not math.isfinite(value):
        raise MsgpackError("number is not finite")
    return (int(value) if value.is_integer() else value), at


def _text(data, at, length):
    taken, at = _take(data, at, length)
    try:
        return taken.decode("utf-8"), at
    except UnicodeDecodeError:
        raise MsgpackError("text is not UTF-8") from None


def _array(data, at, count, depth):
    _expect_room(data, at, count)
    items = []
    for _ in range(count):
        item, at = _value(data, at, depth - 1)
        items.append(item)
    return items, at


def _map(data, at, count, depth):
    _expect_room(data, at, 2 * count)
    members = {}
    for _ in range(count):
        key, at = _value(data, at, depth - 1)
        if type(key) is not str or key == "__proto__":
            raise MsgpackError("map key is not taken")
        if key in members:
            raise MsgpackError("map key stands twice")
        members[key], at = _value(data, at, depth - 1)
    return members, at


def _expect_room(data, at, items):
    """Each item takes a byte at least, so a huge count in a small message is refused unread."""
    if items > len(data) - at:
        raise MsgpackError("cut short")
