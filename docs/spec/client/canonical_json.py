"""RFC 8785 for what contracts hold: objects, arrays, text, booleans and integers. A fraction is refused."""

import json

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
    raise TypeError(f"not in a contract: {value!r}")


def _string(text):
    # Python escapes what RFC 8785 section 3.2.2.2 escapes, and in the same way, once ASCII is not asked for.
    return json.dumps(text, ensure_ascii=False)
