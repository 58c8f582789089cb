"""Invites (handshake.md, "The invite")."""

import json
import re

from byte_text import from_base64url, to_base64url
from identifiers import is_identifier, is_party

PREFIX = "cambium-invite:"


def read(text):
    """The invite in a line of text; ValueError when it is none."""
    body = text.strip()
    if not body.startswith(PREFIX):
        raise ValueError("this is not an invite")
    try:
        invite = json.loads(from_base64url(body[len(PREFIX) :]).decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("this is not an invite") from None
    if not isinstance(invite, dict) or type(invite.get("v")) is not int or invite["v"] != 1:
        raise ValueError("an invite of another version")
    faults = [name for name, is_good in _FORMS.items() if not is_good(invite.get(name))]
    if faults:
        raise ValueError(f"not an invite: {', '.join(faults)}")
    return invite


def write(members):
    """The line of text that holds these members of an invite."""
    return PREFIX + to_base64url(json.dumps({"v": 1, **members}).encode("utf-8"))


def is_key(value, length):
    """Whether this is base64url of so many bytes."""
    try:
        return isinstance(value, str) and len(from_base64url(value)) == length
    except ValueError:
        return False


def _is_credential(value):
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in ("jwt", "seed"))


def _is_ledger(value):
    if not isinstance(value, dict) or not is_key(value.get("key"), 32):
        return False
    return isinstance(value.get("id"), str) and re.fullmatch("[0-9a-f]{32}", value["id"]) is not None


_FORMS = {
    "vault": is_identifier,
    "connection": is_identifier,
    "party": is_party,
    "servers": lambda value: isinstance(value, list) and value and all(isinstance(one, str) for one in value),
    "credential": _is_credential,
    "signing": lambda value: is_key(value, 32),
    "encapsulation": lambda value: is_key(value, 1216),
    "ledger": _is_ledger,
    "expires": lambda value: type(value) is int and 0 <= value < 2**48,
}
