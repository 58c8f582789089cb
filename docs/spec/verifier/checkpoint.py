"""Signed checkpoint notes (docs/spec/checkpoint.md; C2SP signed-note and tlog-checkpoint)."""

import base64
import binascii
import re
from typing import NamedTuple

import ed25519
from ledger import sha256

NOTE_KEY_TYPE = b"\x01"
SIGNATURES_MAX = 64
SIZE_MAX = 2**53 - 1


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


def read_checkpoint(note):
    """The checkpoint that a note tells of, whoever signed it; None when it is no note or tells of none."""
    text, _ = _split(note)
    if text is None:
        return None
    origin, *rest = text[:-1].split("\n")
    if origin == "" or len(rest) < 2 or "" in rest:
        return None
    if re.fullmatch("0|[1-9][0-9]{0,15}", rest[0]) is None or int(rest[0]) > SIZE_MAX:
        return None
    root = _base64(rest[1])
    return Checkpoint(origin, int(rest[0]), root) if root is not None and len(root) == 32 else None


def is_signed(note, ledger_id, keys):
    """Whether a note with a checkpoint is one of this ledger, signed by one of its keys.

    A line that names a known key and does not verify refuses the whole note. Other lines, those of
    witnesses, say nothing here.
    """
    origin = f"cambium.vault/{ledger_id.hex()}"
    text, lines = _split(note)
    signed = False
    for name, line_id, signature in lines:
        named = [key for key in keys if name == origin and line_id == key_id(origin, key)]
        if not named:
            continue
        if not any(ed25519.verify(key, text.encode(), signature) for key in named):
            return False
        signed = True
    return signed and read_checkpoint(note).origin == origin


def key_id(name, public_key):
    return sha256(name.encode(), b"\n", NOTE_KEY_TYPE, public_key)[:4]


def _split(note):
    """The text, with its last line feed, and the signature lines as (name, key id, signature)."""
    text, gap, rest = note.rpartition("\n\n")
    lines = [_signature_line(line) for line in rest[:-1].split("\n")]
    if not gap or not rest.endswith("\n") or len(lines) > SIGNATURES_MAX or None in lines:
        return None, []
    return text + "\n", lines


def _signature_line(line):
    found = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
    if found is None:
        return None
    name, data = found[1], _base64(found[2])
    if "+" in name or any(letter.isspace() for letter in name) or data is None or len(data) < 5:
        return None
    return name, data[:4], data[4:]


def _base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None
