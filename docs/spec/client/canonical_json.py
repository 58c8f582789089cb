"""RFC 8785: the one form of a JSON document that is signed."""

import json
import math
from decimal import Decimal

INTEGER_MAX = 2**53 - 1


def canonical(value):
    """The canonical UTF-8 bytes."""
    return _text(value).encode("utf-8")


def _text(value):
    if isinstance(value, dict):
        # By UTF-16 code units (RFC 8785 section 3.2.3).
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{_string(name)}:{_text(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, str):
        return _string(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and -INTEGER_MAX <= value <= INTEGER_MAX:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return _number(value)
    raise ValueError(f"not in a signed document: {value!r}")


def _number(value):
    """As ECMAScript writes it (RFC 8785 section 3.2.2.3): the shortest digits that read back as this number."""
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + exponent
    if 0 < point <= 21:
        text = text.ljust(point, "0")
        text = text[:point] + ("." + text[point:] if text[point:] else "")
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        mantissa = text[0] + ("." + text[1:] if text[1:] else "")
        text = f"{mantissa}e{point - 1:+d}"
    return "-" * sign + text


def _string(text):
    # Python escapes what RFC 8785 section 3.2.2.2 escapes, and in the same way, once ASCII is not asked for.
    return json.dumps(text, ensure_ascii=False)
