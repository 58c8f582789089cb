"""The vault's signed word on an answer (receipt.md, "Statement")."""

import hashlib
import re

from byte_text import from_base64url, to_base64url
from identifiers import is_event_id, is_identifier
from msgpack_writer import INTEGER_MAX, Int64, encode
from signing import verify_under

_OWN = {"contract", "leaf", "time", "key", "signature"}


def check(value, keys):
    """`good`, `malformed`, `key_unknown` or `forged`: a whole statement, against the ledger's known keys."""
    if not _is_in_form(value):
        return "malformed"
    key = next((one for one in keys if _key_id(one) == value["key"]), None)
    if key is None:
        return "key_unknown"
    try:
        signature, message = from_base64url(value["signature"]), message_of(value)
    except ValueError:
        return "forged"
    return "good" if verify_under(key, "cambium/statement/v1", message, signature) else "forged"


def check_answer(event, about, keys):
    """The verdict on the statement that came with an answer; `missing` where there is none.

    `about` has the `vault`, `ledger` and `connection` that it must be about.
    """
    answer = event["payload"]
    said = answer.get("statement")
    if said is None:
        return "missing"
    if not isinstance(said, dict) or not set(said) <= _OWN:
        return "malformed"
    whole = {**said, **about, "event": event["cause"], "type": answer["type"], "status": answer["status"]}
    if answer["status"] == "refused":
        whole["code"] = answer["code"]
    return check(whole, keys)


def message_of(statement):
    """What is signed, without its domain."""
    members = {name: value for name, value in statement.items() if name not in ("key", "signature")}
    members["ledger"] = bytes.fromhex(members["ledger"])
    members["leaf"] = from_base64url(members["leaf"])
    members["time"] = Int64(members["time"])
    return encode(dict(sorted(members.items())))


def _key_id(key):
    return to_base64url(hashlib.sha256(key).digest()[:16])


def _is_match(pattern):
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_in_form(value):
    if not isinstance(value, dict) or not set(value) <= set(_FORMS):
        return False
    if not all(name in value for name in _FORMS if name not in ("code", "contract")):
        return False
    if ("code" in value) != (value["status"] == "refused"):
        return False
    return all(_FORMS[name](member) for name, member in value.items())


_FORMS = {
    "vault": is_identifier,
    "ledger": _is_match("[0-9a-f]{32}"),
    "connection": is_identifier,
    "event": is_event_id,
    "type": _is_match("[a-z0-9_.]{0,64}"),
    "status": lambda value: value in ("served", "pending", "refused"),
    "code": _is_match("[a-z_]{1,64}"),
    "contract": _is_match("[0-9a-f]{64}"),
    "leaf": _is_match("[A-Za-z0-9_-]{43}"),
    "time": lambda value: type(value) is int and 0 <= value <= INTEGER_MAX,
    "key": _is_match("[A-Za-z0-9_-]{22}"),
    "signature": _is_match("[A-Za-z0-9_-]{86}"),
}
