"""The frames of an export file (docs/spec/export.md), read as a stream."""

import base64
import hashlib
import re
from typing import NamedTuple

import strict_msgpack

MAGIC = b"cambium-ledger-export 1\n"
# Frame types in the order in which they stand, with their most bytes of payload and most frames.
LIMITS = {
    b"H": (4_096, 1),
    b"P": (262_144, 256),
    b"C": (524_288, 2**53 - 1),
    b"K": (65_536, 1_048_576),
    b"F": (8_388_608, 65_536),
    b"E": (4_096, 1),
}
ORDER = b"".join(LIMITS)

NUMBER = r"(0|[1-9][0-9]{0,15})"
HEADER = re.compile(
    r'\{"v":1,"vault":"([a-z2-7]{26})","ledger":"([0-9a-f]{32})",'
    r'"ledger_key":"([A-Za-z0-9_-]{43})","created":' + NUMBER + r"\}"
)
END = re.compile(
    r'\{"commits":' + NUMBER + r',"records":' + NUMBER + r',"head":"([0-9a-f]{64})",'
    r'"root":"([0-9a-f]{64})","digest":"([0-9a-f]{64})"\}'
)
KEY_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
NAMES = {b"K": (KEY_NAME, 128), b"F": (FILE_NAME, 255)}


class FileFault(ValueError):
    """Bytes that are not an export file."""


class Header(NamedTuple):
    vault: str
    ledger_id: bytes
    public_key: bytes
    created: int


class End(NamedTuple):
    commits: int
    records: int
    head: bytes
    root: bytes


def frames(stream):
    """Each frame as (type, value): a Header, a note's text, a commit's bytes, (name, bytes), an End.

    `stream` gives exactly as many bytes as it is asked for, or ends.
    """
    digest = hashlib.sha256()
    if stream.read(len(MAGIC)) != MAGIC:
        raise FileFault("not an export of version 1")
    digest.update(MAGIC)
    order = _Order()
    while True:
        kind, payload, head = _read_frame(stream)
        order.take(kind)
        if kind == b"E":
            break
        digest.update(head + payload)
        yield kind, order.value(kind, payload)
    end = _end(payload, digest.hexdigest())
    if stream.read(1) != b"":
        raise FileFault("bytes after the end")
    yield kind, end


class _Order:
    """Which frame may come next."""

    def __init__(self):
        self._kind = b""
        self._count = 0
        self._name = ""

    def take(self, kind):
        if self._kind == b"" and kind != b"H":
            raise FileFault("no header")
        if kind != self._kind:
            if ORDER.find(kind) < ORDER.find(self._kind):
                raise FileFault(f"frame {kind!r} after {self._kind!r}")
            self._kind, self._count, self._name = kind, 0, ""
        self._count += 1
        if self._count > LIMITS[kind][1]:
            raise FileFault(f"too many frames {kind!r}")

    def value(self, kind, payload):
        if kind == b"H":
            return _header(payload)
        if kind == b"P":
            return _note(payload)
        if kind == b"C":
            return payload
        name, data = _named(payload, *NAMES[kind])
        # Ascending, shorter ones first, so no name can stand twice.
        if (len(name), name) <= (len(self._name), self._name):
            raise FileFault(f"name {name} out of order")
        self._name = name
        return name, data


def _read_frame(stream):
    head = stream.read(5)
    if len(head) != 5:
        raise FileFault("cut short")
    length, kind = int.from_bytes(head[:4], "big") - 1, head[4:]
    if kind not in LIMITS:
        raise FileFault(f"frame of type {kind!r}")
    if not 0 <= length <= LIMITS[kind][0]:
        raise FileFault(f"frame {kind!r} of {length} bytes")
    payload = stream.read(length)
    if len(payload) != length:
        raise FileFault("cut short")
    return kind, payload, head


def _header(payload):
    vault, ledger_id, public_key, created = _match(HEADER, payload, "header")
    return Header(vault, bytes.fromhex(ledger_id), _base64url(public_key), _number(created))


def _end(payload, digest):
    commits, records, head, root, told = _match(END, payload, "end")
    if told != digest:
        raise FileFault("the bytes before the end are not those that were written")
    return End(_number(commits), _number(records), bytes.fromhex(head), bytes.fromhex(root))


def _match(pattern, payload, what):
    found = pattern.fullmatch(_text(payload))
    if found is None:
        raise FileFault(f"not the form of a {what}")
    return found.groups()


def _number(text):
    number = int(text)
    if number > strict_msgpack.INTEGER_MAX:
        raise FileFault("a number too large")
    return number


def _base64url(text):
    data = base64.urlsafe_b64decode(text + "=")
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise FileFault("not canonical base64url")
    return data


def _note(payload):
    text = _text(payload)
    if not text.endswith("\n") or any(ord(letter) < 0x20 and letter != "\n" for letter in text):
        raise FileFault("not the text of a note")
    return text


def _named(payload, pattern, length_max):
    try:
        parts = strict_msgpack.decode(payload)
    except strict_msgpack.MsgpackError as error:
        raise FileFault(str(error)) from None
    if type(parts) is not list or [type(part) for part in parts] != [str, bytes]:
        raise FileFault("not a name and bytes")
    if len(parts[0]) > length_max or pattern.fullmatch(parts[0]) is None:
        raise FileFault("not a name")
    return parts


def _text(payload):
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise FileFault("text is not UTF-8") from None
