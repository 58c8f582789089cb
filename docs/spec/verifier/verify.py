#!/usr/bin/env python3
"""Verifies export files of Cambium ledgers, as docs/spec/ledger.md and export.md say, without any secret.

    python3 verify.py FILE...

One line for each file: `whole: …`, or `not whole: CODE at record INDEX: …` for the first thing that is wrong.
Exit code 0 when all are whole, 1 when one is not, 2 for wrong use or a file that cannot be read.
"""

import sys
from typing import NamedTuple

import export_file
from checkpoint import is_signed, read_checkpoint
from fault import Fault
from ledger import Ledger


class Whole(NamedTuple):
    """What a whole export holds."""

    records: int
    commits: int
    checkpoints: int
    head: bytes
    root: bytes


def verify_export(stream):
    """Reads one export to its end.

    Raises Fault for the first thing that is wrong, in the order of docs/spec/export.md.
    """
    run = _Run()
    try:
        for kind, value in export_file.frames(stream):
            run.take(kind, value)
    except export_file.FileFault as error:
        raise Fault("EXPORT_MALFORMED", run.records, str(error)) from None
    return run.whole()


class _Run:
    def __init__(self):
        self._ledger = None
        self._end = None
        # Each note, and the checkpoint that it tells of; who signed it shows only at the end.
        self._notes = []

    @property
    def records(self):
        return self._ledger.records if self._ledger else 0

    def take(self, kind, value):
        if kind == b"H":
            self._ledger = Ledger(value.ledger_id, value.public_key)
        elif kind == b"P":
            self._take_note(value)
        elif kind == b"C":
            self._take_commit(value)
        elif kind == b"E":
            self._end = value

    def whole(self):
        ledger, end = self._ledger, self._end
        if ledger.records == 0:
            raise Fault("EMPTY", 0, "the ledger holds no record")
        root = ledger.tree.root()
        if end != (ledger.commits, ledger.records, ledger.head, root):
            raise Fault("EXPORT_MALFORMED", ledger.records, "the end tells of another ledger")
        for note, told in self._notes:
            if told.size > ledger.records:
                raise Fault("ROLLED_BACK", ledger.records, f"a checkpoint knows of {told.size} records")
            if not is_signed(note, ledger.id, ledger.keys):
                raise Fault("PIN_INVALID", ledger.records, "a checkpoint that no key of this ledger signed")
        return Whole(ledger.records, ledger.commits, len(self._notes), ledger.head, root)

    def _take_note(self, note):
        told = read_checkpoint(note)
        if told is None:
            raise Fault("PIN_INVALID", 0, "not a checkpoint")
        self._notes.append((note, told))
        self._ledger.watch(told.size)

    def _take_commit(self, data):
        ledger = self._ledger
        before = ledger.records
        ledger.take(data)
        for _, told in self._notes:
            if before < told.size <= ledger.records and ledger.roots[told.size] != told.root:
                what = f"a checkpoint has another root for {told.size} records"
                raise Fault("FORKED", told.size - 1, what)


def describe(path):
    """One line about a file, and the exit code for it."""
    try:
        with open(path, "rb") as stream:
            whole = verify_export(stream)
    except OSError as error:
        return f"cannot read it: {error.strerror}", 2
    except Fault as fault:
        return f"not whole: {fault.code} at record {fault.index}: {fault}", 1
    checkpoints = f", {whole.checkpoints} checkpoints" if whole.checkpoints else ""
    return (
        f"whole: {whole.records} records in {whole.commits} commits{checkpoints}, "
        f"head {whole.head.hex()}, root {whole.root.hex()}"
    ), 0


def main(paths):
    if not paths or any(path.startswith("-") for path in paths):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    codes = []
    for path in paths:
        line, code = describe(path)
        print(line if len(paths) == 1 else f"{path}: {line}", flush=True)
        codes.append(code)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
