"""Envelopes and their signatures (envelope.md)."""

import hashlib

import chacha
import hpke
import hybrid_kem
from identifiers import is_event_id, is_identifier
from msgpack_writer import encode
from refusal import Refusal
from shared import strict_msgpack
from signing import sign_under, verify_under

BYTES_MAX = 196_608
EPOCH_MAX = 2**32 - 1
_DEPTH_MAX = 2
_KEM_ID = 0x647A
_EXPORT = b"cambium/epoch/v1"


class Epoch:
    """One direction's secret for a while: its number, the 32-byte secret, and the hash of its encapsulation."""

    def __init__(self, number, secret, encapsulation):
        self.number = number
        self.secret = secret
        self.encapsulation_hash = hashlib.sha256(encapsulation).digest()


def key_id(public):
    return hashlib.sha256(public).digest()[:16]


def epoch_info(connection, direction, number):
    return encode(["cambium/epoch/v1", connection, direction, number])


def epoch_secret(shared, info):
    """The secret of an epoch from what the KEM gave."""
    return hpke.exported(_KEM_ID, shared, info, _EXPORT, 32)


def open_epoch(public, connection, direction, number, random):
    """A new epoch to a public key, with 64 random bytes: (epoch, encapsulation)."""
    shared, encapsulation = hybrid_kem.encapsulate(public, random)
    secret = epoch_secret(shared, epoch_info(connection, direction, number))
    return Epoch(number, secret, encapsulation), encapsulation


def opening_message(connection, direction, number, recipient, encapsulation):
    return encode([connection, direction, number, recipient, encapsulation])


def sign_opening(seed, message):
    return sign_under(seed, "cambium/opening/v1", message)


def verify_opening(key, message, signature):
    return verify_under(key, "cambium/opening/v1", message, signature)


def event_message(connection, subject, epoch, event):
    return encode([connection, subject, epoch.number, epoch.encapsulation_hash, event])


def sign_event(seed, message):
    return sign_under(seed, "cambium/event/v1", message)


def additional_data(connection, number, subject, event_id):
    return encode(["cambium/envelope/v1", 1, 1, connection, number, subject, event_id])


def padded_length(length):
    least = length + 1
    step = max(64, 1 << max(0, least.bit_length() - 1 - 3))
    return -(-least // step) * step


def pad(data):
    return data + b"\x80" + bytes(padded_length(len(data)) - len(data) - 1)


def unpad(data):
    """What was padded; raises Refusal for padding of any other length."""
    inner = data.rstrip(b"\0")
    if not inner.endswith(b"\x80") or padded_length(len(inner) - 1) != len(data):
        raise Refusal("malformed", "padding")
    return inner[:-1]


def seal(connection, epoch, opening, subject, event_id, nonce, contents):
    """The bytes of an envelope. `opening` is None or [recipient, encapsulation, signature], `contents` is
    [event, signature or None, seen]."""
    inner = pad(encode(contents))
    aad = additional_data(connection, epoch.number, subject, event_id)
    box = chacha.seal_x(epoch.secret, nonce, aad, inner)
    return encode([1, 1, connection, epoch.number, event_id, nonce, opening, box])


def parse(data):
    """The eight parts of an envelope as a dict; nothing of it is authentic yet. Raises Refusal."""
    if len(data) > BYTES_MAX:
        raise Refusal("too_large")
    parts = _decoded(data)
    if not isinstance(parts, list):
        raise Refusal("malformed", "not an array")
    if not parts or type(parts[0]) is not int or parts[0] != 1:
        raise Refusal("version_unsupported")
    if len(parts) < 2 or type(parts[1]) is not int or parts[1] != 1:
        raise Refusal("suite_refused")
    if len(parts) != 8:
        raise Refusal("malformed", "not eight parts")
    _, _, connection, epoch, event_id, nonce, opening, box = parts
    good = (
        is_identifier(connection)
        and _is_epoch(epoch)
        and epoch >= 1
        and is_event_id(event_id)
        and _is_bytes(nonce, 24)
        and (opening is None or _is_opening(opening))
        and isinstance(box, bytes)
    )
    if not good:
        raise Refusal("malformed", "a part of the envelope")
    names = ("connection", "epoch", "event_id", "nonce", "opening", "box")
    return dict(zip(names, (connection, epoch, event_id, nonce, opening, box)))


def open_box(envelope, subject, secret):
    """(event bytes, signature or None, seen) of a parsed envelope; raises Refusal."""
    aad = additional_data(envelope["connection"], envelope["epoch"], subject, envelope["event_id"])
    padded = chacha.open_x(secret, envelope["nonce"], aad, envelope["box"])
    if padded is None:
        raise Refusal("decrypt_failed")
    parts = _decoded(unpad(padded))
    if not isinstance(parts, list) or len(parts) != 3:
        raise Refusal("malformed", "inner part")
    event, signature, seen = parts
    if not isinstance(event, bytes) or not _is_epoch(seen):
        raise Refusal("malformed", "inner part")
    if signature is not None and not _is_bytes(signature, 64):
        raise Refusal("malformed", "signature")
    return event, signature, seen


def _decoded(data):
    try:
        return strict_msgpack.decode(data, _DEPTH_MAX)
    except strict_msgpack.MsgpackError as error:
        raise Refusal("malformed", str(error)) from None


def _is_epoch(value):
    return type(value) is int and 0 <= value <= EPOCH_MAX


def _is_bytes(value, length):
    return isinstance(value, bytes) and len(value) == length


def _is_opening(value):
    lengths = (16, hybrid_kem.ENCAPSULATION_BYTES, 64)
    return isinstance(value, list) and len(value) == 3 and all(map(_is_bytes, value, lengths))
