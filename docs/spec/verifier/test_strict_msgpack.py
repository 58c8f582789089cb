import unittest

from strict_msgpack import MsgpackError, decode


def read(text):
    return decode(bytes.fromhex(text))


class Decode(unittest.TestCase):
    def test_reads_each_kind_in_each_width(self):
        for text, value in [
            ("c0", None),
            ("c2", False),
            ("c3", True),
            ("7f", 127),
            ("e0", -32),
            ("ccff", 255),
            ("cdffff", 65_535),
            ("ceffffffff", 2**32 - 1),
            ("cf001fffffffffffff", 2**53 - 1),
            ("d0df", -33),
            ("d1ff7f", -129),
            ("d2ffffffff", -1),
            ("d3ffe0000000000001", 1 - 2**53),
            ("ca3fc00000", 1.5),
            ("cb3ff8000000000000", 1.5),
            ("a161", "a"),
            ("d90161", "a"),
            ("da000161", "a"),
            ("db0000000161", "a"),
            ("c40161", b"a"),
            ("c5000161", b"a"),
            ("c60000000161", b"a"),
            ("9101", [1]),
            ("dc000101", [1]),
            ("dd0000000101", [1]),
            ("81a16101", {"a": 1}),
            ("de0001a16101", {"a": 1}),
            ("df00000001a16101", {"a": 1}),
        ]:
            self.assertEqual(read(text), value, text)

    def test_compares_numbers_by_value(self):
        for text, value in [("cb3ff0000000000000", 1), ("cb8000000000000000", 0)]:
            self.assertEqual((read(text), type(read(text))), (value, int))

    def test_refuses_what_has_two_readings_or_none(self):
        for text in [
            "",
            "c0c0",
            "82a16101a16102",
            "82a16101d9016102",
            "810101",
            "81c4016101",
            "81a95f5f70726f746f5f5f01",
            "c1",
            "d40000",
            "d6ff00000000",
            "c7010000",
            "cf0020000000000000",
            "d3ffe0000000000000",
            "cb7ff8000000000000",
            "ca7f800000",
            "a1c3",
            "a2c080",
            "a3eda080",
            "a180",
            "dbffffffff61",
            "c6ffffffff00",
            "ddffffffff00",
            "dfffffffffa16100",
            "81a161",
        ]:
            with self.assertRaises(MsgpackError, msg=text):
                read(text)

    def test_stops_at_32_levels(self):
        self.assertIsNotNone(read("91" * 32 + "c0"))
        for levels in (33, 100_000):
            with self.assertRaises(MsgpackError):
                read("91" * levels + "c0")


if __name__ == "__main__":
    unittest.main()
