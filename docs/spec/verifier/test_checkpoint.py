import json
import pathlib
import unittest

from checkpoint import is_signed, key_id, read_checkpoint

VECTORS = json.loads(
    (pathlib.Path(__file__).parent.parent / "vectors" / "checkpoint.json").read_text(encoding="utf-8")
)
LEDGER_ID = bytes.fromhex(VECTORS["ledgerId"])
PUBLIC_KEY = bytes.fromhex(VECTORS["publicKey"])


def opens(note):
    return read_checkpoint(note) is not None and is_signed(note, LEDGER_ID, [PUBLIC_KEY])


class Notes(unittest.TestCase):
    """The vectors of docs/spec/checkpoint.md."""

    def test_know_their_key_by_its_id(self):
        self.assertEqual(key_id(VECTORS["origin"], PUBLIC_KEY).hex(), VECTORS["keyId"])

    def test_are_read_and_believed(self):
        for one in VECTORS["checkpoints"]:
            told = read_checkpoint(one["note"])
            self.assertEqual((told.size, told.root.hex()), (one["size"], one["root"]), one["name"])
            self.assertTrue(opens(one["note"]), one["name"])
        for one in VECTORS["taken"]:
            self.assertEqual(read_checkpoint(one["note"]).size, one["size"], one["name"])
            self.assertTrue(opens(one["note"]), one["name"])

    def test_are_refused(self):
        for one in VECTORS["refused"]:
            self.assertFalse(opens(one["note"]), one["name"])


if __name__ == "__main__":
    unittest.main()
