"""What a vault shows of itself (profile.md), and how it is asked for."""

import json
import re
import time

from byte_text import from_base64url
from canonical_json import canonical
from hybrid_kem import PUBLIC_BYTES
from identifiers import is_identifier
from mlkem768 import EK_BYTES, is_encapsulation_key
from nats import NatsError
from refusal import Refusal
from signing import verify_under

BYTES_MAX = 262_144
AGE_MAX_MS = 24 * 60 * 60 * 1000
_DOMAIN = "cambium/profile/v1"
_AGAIN_S = 1.5


def read(data, vault, signing, since=0):
    """The profile in bytes from anywhere; Refusal unless it is this vault's, signed with this key at `since` or later."""
    if len(data) > BYTES_MAX:
        raise Refusal("too_large")
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("malformed") from None
    if not _is_signed_profile(value):
        raise Refusal("schema_invalid")
    profile = value["profile"]
    if profile["vault"] != vault or profile["signing"] != signing:
        raise Refusal("sender_subject_mismatch")
    if not _is_signed(profile, value["signature"]):
        raise Refusal("signature_invalid")
    if profile["time"] < since:
        raise Refusal("expired")
    return profile


def fetch(connection, place, timeout, since=0):
    """Asks for the profile, over a connection with the credential of an invitee or a party.

    `place` has the vault, the party and the vault's signing key. Whatever comes and is no good is passed over, as if
    it had not come.
    """
    vault, party = place["vault"], place["party"]
    since = max(since, int(time.time() * 1000) - AGE_MAX_MS)
    shown = f"MessageSpace.{party}.fromVault.{vault}.profile.shown"
    connection.subscribe(shown)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        connection.publish(f"MessageSpace.{vault}.fromService.{party}.profile.get", b"")
        again = min(deadline, time.monotonic() + _AGAIN_S)
        while (message := connection.next(again)) is not None:
            if message.subject != shown:
                continue
            try:
                return read(message.data, vault, place["signing"], since)
            except Refusal:
                continue
    raise NatsError("no profile in time")


def _no_number(text):
    raise ValueError(text)


def _is_signed(profile, signature):
    try:
        key = from_base64url(profile["encapsulation"])
        from_base64url(profile["ledger"]["key"])
        if len(key) != PUBLIC_BYTES or not is_encapsulation_key(key[:EK_BYTES]):
            return False
        signed = canonical(profile)
        return verify_under(from_base64url(profile["signing"]), _DOMAIN, signed, from_base64url(signature))
    except ValueError:
        return False


def _is_signed_profile(value):
    if not _has(value, {"profile": _is_object, "signature": _base64url(86)}):
        return False
    return _has(value["profile"], _MEMBERS)


def _has(value, forms, optional=()):
    """Whether a value is an object with these members and no others, each in its form."""
    if not isinstance(value, dict) or not set(value) <= set(forms):
        return False
    return all(
        is_good(value[name]) if name in value else name in optional for name, is_good in forms.items()
    )


def _is_object(value):
    return isinstance(value, dict)


def _text(longest):
    return lambda value: isinstance(value, str) and len(value) <= longest


def _matches(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _base64url(length):
    return _matches(f"[A-Za-z0-9_-]{{{length}}}")


def _is_time(value):
    return type(value) is int and 0 <= value < 2**53


def _are_versions(value):
    if not isinstance(value, list) or not 1 <= len(value) <= 16:
        return False
    return all(type(one) is int and one >= 1 for one in value)


def _is_type(value):
    forms = {
        "type": _text(64),
        "delivery": lambda one: one in ("critical", "best-effort"),
        "permission": _text(64),
        "request": _is_object,
        "response": _is_object,
    }
    return _has(value, forms, optional=("permission",))


_MEMBERS = {
    "v": lambda value: type(value) is int and value == 1,
    "vault": is_identifier,
    "name": _text(80),
    "signing": _base64url(43),
    "encapsulation": _base64url(1622),
    "ledger": lambda value: _has(value, {"id": _matches("[0-9a-f]{32}"), "key": _base64url(43)}),
    "wire": lambda value: _has(value, dict.fromkeys(("event", "envelope", "suites"), _are_versions)),
    "types": lambda value: isinstance(value, list) and len(value) <= 1024 and all(map(_is_type, value)),
    "time": _is_time,
}
