"""Events (event.md)."""

import re

from identifiers import is_event_id, is_event_type
from msgpack_writer import Int64, encode
from refusal import Refusal
from shared import strict_msgpack

BYTES_MAX = 131_072
AGE_MAX_MS = 16 * 24 * 60 * 60 * 1000
AHEAD_MAX_MS = 120_000
_DEPTH_MAX = 16
_ORDER = ("v", "id", "type", "time", "expires", "party", "contract", "cause", "payload")
_NEEDED = ("v", "id", "type", "time", "party", "payload")
_TIMES = ("time", "expires")


def write(event):
    """The bytes of an event; `v` is added."""
    members = {"v": 1, **event}
    ordered = {name: members[name] for name in _ORDER if name in members}
    for name in _TIMES:
        if name in ordered:
            ordered[name] = Int64(ordered[name])
    return encode(ordered)


def read(data):
    """The event in these bytes, without `v`; raises Refusal."""
    if len(data) > BYTES_MAX:
        raise Refusal("too_large")
    try:
        members = strict_msgpack.decode(data, _DEPTH_MAX)
    except strict_msgpack.MsgpackError as error:
        raise Refusal("malformed", str(error)) from None
    if not isinstance(members, dict):
        raise Refusal("malformed", "not a map")
    if not _is(members.get("v"), int) or members["v"] != 1:
        raise Refusal("version_unsupported")
    if not all(name in members for name in _NEEDED) or not all(name in _ORDER for name in members):
        raise Refusal("malformed", "members")
    for name, is_good in _FORMS.items():
        if name in members and not is_good(members[name]):
            raise Refusal("malformed", name)
    return {name: value for name, value in members.items() if name != "v"}


def _is(value, kind):
    return type(value) is kind


def _is_time(value):
    return _is(value, int) and 0 <= value < 2**48


def _is_match(pattern):
    compiled = re.compile(pattern)
    return lambda value: _is(value, str) and compiled.fullmatch(value) is not None


_is_contract_id = _is_match(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_is_hash = _is_match(r"[0-9a-f]{64}")


def _is_contract(value):
    return (
        _is(value, dict)
        and set(value) == {"id", "version", "hash"}
        and _is_contract_id(value["id"])
        and _is(value["version"], int)
        and 1 <= value["version"] <= 1_000_000
        and _is_hash(value["hash"])
    )


_FORMS = {
    "id": is_event_id,
    "type": is_event_type,
    "time": _is_time,
    "expires": _is_time,
    "party": _is_match(r"[A-Za-z0-9]{1,64}"),
    "contract": _is_contract,
    "cause": is_event_id,
}
