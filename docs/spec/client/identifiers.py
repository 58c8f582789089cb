"""The forms of ids, types and subjects (subjects.md), and how an event's id is made (event.md)."""

import re
import secrets

_EVENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,4}")


def is_identifier(text):
    """A vault's or a connection's id."""
    return isinstance(text, str) and re.fullmatch(r"[a-z2-7]{26}", text) is not None


def is_party(text):
    return isinstance(text, str) and re.fullmatch(r"A[A-Z2-7]{55}", text) is not None


def is_event_type(text):
    return isinstance(text, str) and len(text) <= 64 and _TYPE.fullmatch(text) is not None


def is_event_id(text):
    return isinstance(text, str) and _EVENT_ID.fullmatch(text) is not None


def new_event_id(time):
    """A UUIDv7 (RFC 9562) for a Unix time in milliseconds."""
    data = bytearray(time.to_bytes(6, "big") + secrets.token_bytes(10))
    data[6] = data[6] & 0x0F | 0x70
    data[8] = data[8] & 0x3F | 0x80
    text = data.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def read_subject(subject):
    """What a subject says, or None when it is none of the four forms."""
    parts = subject.split(".", 3)
    if parts[0] == "OwnerSpace" and len(parts) == 4:
        return _owner_subject(*parts[1:])
    parts = subject.split(".", 4)
    if parts[0] == "MessageSpace" and len(parts) == 5:
        return _message_subject(*parts[1:])
    return None


def _owner_subject(vault, way, kind):
    if way not in ("forVault", "forApp") or not is_identifier(vault) or not is_event_type(kind):
        return None
    return {"space": "owner", "toVault": way == "forVault", "vault": vault, "type": kind}


def _message_subject(to, way, sender, kind):
    vault, party = (to, sender) if way == "fromService" else (sender, to)
    if way not in ("fromService", "fromVault") or not is_event_type(kind):
        return None
    if not is_identifier(vault) or not is_party(party):
        return None
    space = {"space": "message", "toVault": way == "fromService"}
    return {**space, "vault": vault, "party": party, "type": kind}
