import json
import pathlib
import re
import unittest

from fault import Fault
from ledger import Ledger, Tree, ledger_id_of, sha256, u64

SPEC = pathlib.Path(__file__).parent.parent
PAGE = (SPEC / "ledger.md").read_text(encoding="utf-8")
TREE = json.loads((SPEC / "vectors" / "tree.json").read_text(encoding="utf-8"))
PUBLIC_KEY = bytes.fromhex(re.search(r"^public key +(\w{64})$", PAGE, re.M)[1])
LEDGER_ID = bytes.fromhex(re.search(r"^ledger id +(\w{32})$", PAGE, re.M)[1])
COMMIT = bytes.fromhex("".join(re.search(r"^(?:[0-9a-f]{100}\n)+[0-9a-f]+$", PAGE, re.M)[0].split()))


class Example(unittest.TestCase):
    """The example that the page itself gives."""

    def setUp(self):
        self.ledger = Ledger(LEDGER_ID, PUBLIC_KEY)

    def test_verifies(self):
        self.assertEqual(ledger_id_of(PUBLIC_KEY), LEDGER_ID)
        self.assertIn(f"first head   {self.ledger.head.hex()}", PAGE)
        self.ledger.take(COMMIT)
        self.assertEqual((self.ledger.commits, self.ledger.records), (1, 2))
        self.assertIn(f"head 1   {self.ledger.head.hex()}", PAGE)

    def test_is_refused_with_any_byte_changed(self):
        for at in range(len(COMMIT)):
            changed = bytearray(COMMIT)
            changed[at] ^= 0x20
            with self.assertRaises(Fault, msg=str(at)) as raised:
                Ledger(LEDGER_ID, PUBLIC_KEY).take(bytes(changed))
            self.assertIn(raised.exception.index, (0, 1))

    def test_is_refused_twice_and_under_another_id(self):
        self.ledger.take(COMMIT)
        with self.assertRaises(Fault) as raised:
            self.ledger.take(COMMIT)
        self.assertEqual((raised.exception.code, raised.exception.index), ("INDEX_GAP", 2))
        with self.assertRaises(Fault) as raised:
            Ledger(bytes(16), PUBLIC_KEY)
        self.assertEqual((raised.exception.code, raised.exception.index), ("FOREIGN", 0))


class Roots(unittest.TestCase):
    def test_are_those_of_the_vectors(self):
        for one in TREE["leaves"]:
            self.assertEqual(sha256(b"\0", bytes.fromhex(one["record"])).hex(), one["leaf"])
        for one in TREE["roots"]:
            tree = Tree()
            for index in range(one["size"]):
                tree.add(sha256(b"\0", u64(index)))
            self.assertEqual(tree.root().hex(), one["root"], one["size"])

    def test_are_those_of_the_textbook(self):
        leaves = [sha256(bytes([0, number])) for number in range(70)]
        tree = Tree()
        for size in range(len(leaves)):
            self.assertEqual(tree.root(), textbook_root(leaves[:size]), size)
            tree.add(leaves[size])


def textbook_root(leaves):
    """RFC 6962 §2.1, word for word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", textbook_root(leaves[:split]), textbook_root(leaves[split:]))


if __name__ == "__main__":
    unittest.main()
