import base64
import hashlib
import io
import json
import unittest

from export_file import MAGIC
from fault import Fault
from ledger import Ledger
from test_ledger import COMMIT, LEDGER_ID, PUBLIC_KEY
from verify import verify_export

LEDGER = Ledger(LEDGER_ID, PUBLIC_KEY)
LEDGER.take(COMMIT)
HEADER = {
    "v": 1,
    "vault": "a" * 26,
    "ledger": LEDGER_ID.hex(),
    "ledger_key": base64.urlsafe_b64encode(PUBLIC_KEY).rstrip(b"=").decode(),
    "created": 1_800_000_000_000,
}
END = {"commits": 1, "records": 2, "head": LEDGER.head.hex(), "root": LEDGER.tree.root().hex()}
KEY = b"\x92\xa4root\xc4\x01\x00"


def frame(kind, payload):
    return (1 + len(payload)).to_bytes(4, "big") + kind + payload


def text(value):
    return json.dumps(value, separators=(",", ":")).encode()


def export(*frames, end=END):
    """A file with these frames after its header, and an end with the right digest."""
    before = MAGIC + frame(b"H", text(HEADER)) + b"".join(frames)
    return before + frame(b"E", text({**end, "digest": hashlib.sha256(before).hexdigest()}))


def found(data):
    """Code and index of the fault in a file."""
    try:
        verify_export(io.BytesIO(data))
    except Fault as fault:
        return fault.code, fault.index
    return None


class Verify(unittest.TestCase):
    def test_takes_a_whole_export(self):
        whole = verify_export(io.BytesIO(export(frame(b"C", COMMIT), frame(b"K", KEY))))
        self.assertEqual((whole.records, whole.commits, whole.head), (2, 1, LEDGER.head))

    def test_refuses_frames_out_of_order(self):
        commit, key = frame(b"C", COMMIT), frame(b"K", KEY)
        self.assertEqual(found(export(key, commit)), ("EXPORT_MALFORMED", 0))
        self.assertEqual(found(export(commit, key, key)), ("EXPORT_MALFORMED", 2))
        self.assertEqual(found(export(commit, frame(b"P", b"note\n"))), ("EXPORT_MALFORMED", 2))
        self.assertEqual(found(export(commit, frame(b"H", text(HEADER)))), ("EXPORT_MALFORMED", 2))

    def test_refuses_an_end_that_tells_of_something_else(self):
        for member, value in [("commits", 2), ("records", 1), ("head", "0" * 64), ("root", "0" * 64)]:
            data = export(frame(b"C", COMMIT), end={**END, member: value})
            self.assertEqual(found(data), ("EXPORT_MALFORMED", 2), member)

    def test_refuses_a_ledger_without_records(self):
        self.assertEqual(found(export()), ("EMPTY", 0))

    def test_refuses_a_file_cut_or_changed_anywhere(self):
        data = export(frame(b"C", COMMIT))
        for length in range(0, len(data), 7):
            self.assertEqual(found(data[:length])[0], "EXPORT_MALFORMED", length)
        self.assertEqual(found(data + b"\0"), ("EXPORT_MALFORMED", 2))
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= 1
            self.assertIsNotNone(found(bytes(changed)), at)


if __name__ == "__main__":
    unittest.main()
