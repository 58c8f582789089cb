"""Commits, records, chain and tree (docs/spec/ledger.md), checked in the order of that page."""

import hashlib

import ed25519
import strict_msgpack
from fault import Fault

COMMIT_BYTES_MAX = 524_288
COMMIT_RECORDS_MAX = 1_000
RECORD_BYTES_MAX = 491_520
GENESIS = 1
KINDS = frozenset((*range(1, 32), *range(33, 41), *range(42, 47)))

ID_DOMAIN = b"cambium/ledger/id/v1\0"
HEAD_DOMAIN = b"cambium/ledger/head/v1\0"
COMMIT_DOMAIN = b"cambium/ledger/commit/v1\0"
ROTATION_DOMAIN = b"cambium/ledger/rotation/v1\0"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64(value):
    return value.to_bytes(8, "big")


def ledger_id_of(public_key):
    return sha256(ID_DOMAIN, public_key)[:16]


class Tree:
    """The tree of RFC 6962 §2.1 as it grows: the roots of its perfect subtrees, largest first."""

    def __init__(self):
        self.size = 0
        self._peaks = []

    def add(self, leaf):
        node, rest = leaf, self.size
        while rest & 1:
            node = sha256(b"\1", self._peaks.pop(), node)
            rest >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self):
        if not self._peaks:
            return sha256()
        *others, root = self._peaks
        for peak in reversed(others):
            root = sha256(b"\1", peak, root)
        return root


class Ledger:
    """Where a verified chain stands. `take` adds one commit to it, or raises a Fault."""

    def __init__(self, ledger_id, public_key):
        if ledger_id_of(public_key) != ledger_id:
            raise Fault("FOREIGN", 0, "the ledger id is not the one of this key")
        self.id = ledger_id
        # Every key that has signed so far; the last one signs what comes next.
        self.keys = [public_key]
        self.commits = 0
        self.records = 0
        self.head = sha256(HEAD_DOMAIN, ledger_id)
        self.time = 0
        self.tree = Tree()
        # Roots at the sizes that somebody asked for before.
        self.roots = {}

    def watch(self, size):
        """Keeps the root of the first `size` records, more than there are by now, when they are there."""
        self.roots[size] = None

    def take(self, data):
        index = self.records
        commit = _Commit(data, index)
        if commit.ledger_id != self.id:
            raise Fault("FOREIGN", index, "a commit of another ledger")
        if commit.first_index != index:
            raise Fault("INDEX_GAP", index, f"record {commit.first_index} stands here")
        if commit.previous_head != self.head:
            raise Fault("HEAD_MISMATCH", index, "the commit continues another chain")
        key = self._key_of(commit)
        leaves, time = _check_records(commit.records, index, self.time)
        head = self.head
        for leaf in leaves:
            head = sha256(HEAD_DOMAIN, head, leaf)
        signed = self.id + u64(index) + u64(len(leaves)) + self.head + head
        if not ed25519.verify(key, COMMIT_DOMAIN + signed, commit.signature):
            raise Fault("SIGNATURE_INVALID", index, "not what was signed")
        self._advance(leaves, head, time, key)

    def _key_of(self, commit):
        """The key that signs this commit: the last one, or the one that it brings."""
        old = self.keys[-1]
        if commit.rotation is None:
            return old
        new, by_old, by_new = commit.rotation
        place = self.id + u64(commit.first_index) + commit.previous_head
        signed = ROTATION_DOMAIN + place + old + new
        if ed25519.verify(old, signed, by_old) and ed25519.verify(new, signed, by_new):
            return new
        raise Fault("SIGNATURE_INVALID", self.records, "the new key is not signed by both keys")

    def _advance(self, leaves, head, time, key):
        for leaf in leaves:
            self.tree.add(leaf)
            if self.tree.size in self.roots:
                self.roots[self.tree.size] = self.tree.root()
        if key != self.keys[-1]:
            self.keys.append(key)
        self.commits += 1
        self.records += len(leaves)
        self.head = head
        self.time = time


class _Commit:
    """The parts of a commit, of the right form; nothing of them is proved."""

    def __init__(self, data, index):
        parts = _decode_array(data, COMMIT_BYTES_MAX, "COMMIT_MALFORMED", index)
        if not parts or not strict_msgpack.is_number(parts[0]):
            raise Fault("COMMIT_MALFORMED", index, "no version")
        # The version stands first: a later one may have other parts.
        if parts[0] not in (1, 2):
            raise Fault("VERSION_UNSUPPORTED", index, f"commit version {parts[0]}")
        if len(parts) != 5 + parts[0] or not _are_commit_parts(*parts[1:6]):
            raise Fault("COMMIT_MALFORMED", index, "not the parts of a commit")
        self.ledger_id, self.first_index, self.previous_head, self.records, self.signature = parts[1:6]
        self.rotation = parts[6] if parts[0] == 2 else None
        if parts[0] == 2 and not _is_rotation(self.rotation):
            raise Fault("COMMIT_MALFORMED", index, "not a rotation")


def _are_commit_parts(ledger_id, first_index, previous_head, records, signature):
    return (
        type(ledger_id) is bytes
        and strict_msgpack.is_integer(first_index)
        and first_index >= 0
        and type(previous_head) is bytes
        and type(records) is list
        and 1 <= len(records) <= COMMIT_RECORDS_MAX
        and all(type(record) is bytes for record in records)
        and type(signature) is bytes
    )


def _is_rotation(parts):
    return type(parts) is list and [_length(part) for part in parts] == [32, 64, 64]


def _length(value):
    return len(value) if type(value) is bytes else None


def _check_records(records, first, time):
    """Leaves of a commit's records, and the time of the last."""
    leaves = []
    for index, data in enumerate(records, first):
        time = _check_record(data, index, time)
        leaves.append(sha256(b"\0", data))
    return leaves, time


def _check_record(data, index, time_before):
    kind, time = _read_header(data, index)
    if (kind == GENESIS) != (index == 0):
        raise Fault("GENESIS_INVALID", index, "a ledger begins with its one genesis")
    if time < time_before:
        raise Fault("TIME_REVERSED", index, "older than the record before")
    return time


def _read_header(data, index):
    """Kind and time of a record, after the checks of its clear part."""
    parts = _decode_array(data, RECORD_BYTES_MAX, "RECORD_MALFORMED", index)
    if len(parts) != 2 or not all(type(part) is bytes for part in parts):
        raise Fault("RECORD_MALFORMED", index, "not two binaries")
    header = _decode_array(parts[0], RECORD_BYTES_MAX, "RECORD_MALFORMED", index)
    if not header or not strict_msgpack.is_number(header[0]):
        raise Fault("RECORD_MALFORMED", index, "no version")
    if header[0] != 1:
        raise Fault("VERSION_UNSUPPORTED", index, f"record version {header[0]}")
    if len(header) != 6 or not strict_msgpack.is_number(header[1]):
        raise Fault("RECORD_MALFORMED", index, "not the parts of a header")
    _, kind, time, scope, nonce, commitment = header
    if kind not in KINDS:
        raise Fault("KIND_UNKNOWN", index, f"record kind {kind}")
    lengths = [_length(part) for part in (scope, nonce, commitment)]
    if not strict_msgpack.is_integer(time) or time < 0 or lengths != [16, 24, 32]:
        raise Fault("RECORD_MALFORMED", index, "time, scope, nonce or key commitment")
    return kind, time


def _decode_array(data, bytes_max, code, index):
    if len(data) > bytes_max:
        raise Fault(code, index, f"{len(data)} bytes")
    try:
        value = strict_msgpack.decode(data)
    except strict_msgpack.MsgpackError as error:
        raise Fault(code, index, str(error)) from None
    if type(value) is not list:
        raise Fault(code, index, "not an array")
    return value
