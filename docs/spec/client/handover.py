"""How a vault's keys follow one another (handshake.md, "Keys later")."""

import hashlib

from byte_text import from_base64url
from hybrid_kem import PUBLIC_BYTES
from mlkem768 import EK_BYTES, is_encapsulation_key
from msgpack_writer import encode
from refusal import Refusal
from signing import verify_under

PURPOSES = ("signing", "encapsulation", "ledger")
MOST = 20
_MEMBERS = {"purpose", "from", "to", "by_old"}
_DOMAIN = "cambium/handover/v1"


def follow(vault, known, handovers):
    """The keys that `handovers` lead to from those that are known (bytes, by purpose): all are taken or none."""
    if not isinstance(handovers, list) or len(handovers) > MOST:
        raise Refusal("schema_invalid", "handovers")
    keys = dict(known)
    for handover in handovers:
        _follow(vault, keys, handover)
    return keys


def message_of(vault, handover):
    """What is signed, without its domain."""
    return encode([vault, handover["purpose"], from_base64url(handover["from"]), from_base64url(handover["to"])])


def _follow(vault, keys, handover):
    if not isinstance(handover, dict) or not _MEMBERS <= set(handover) <= _MEMBERS | {"by_new"}:
        raise Refusal("schema_invalid", "members of a handover")
    purpose = handover["purpose"]
    if purpose not in PURPOSES:
        raise Refusal("schema_invalid", "purpose of a handover")
    if from_base64url(handover["from"]) != hashlib.sha256(keys[purpose]).digest()[:16]:
        return
    to, encapsulates = from_base64url(handover["to"]), purpose == "encapsulation"
    in_form = len(to) == PUBLIC_BYTES and is_encapsulation_key(to[:EK_BYTES]) if encapsulates else len(to) == 32
    if not in_form or encapsulates == ("by_new" in handover):
        raise Refusal("malformed", "form of a handover")
    message = message_of(vault, handover)
    signatures = [(keys["signing" if encapsulates else purpose], handover["by_old"])]
    if not encapsulates:
        signatures.append((to, handover["by_new"]))
    if not all(verify_under(key, _DOMAIN, message, from_base64url(one)) for key, one in signatures):
        raise Refusal("signature_invalid", "a handover")
    keys[purpose] = to
