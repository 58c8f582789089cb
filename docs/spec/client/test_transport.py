"""Credentials, sessions and the client protocol, against what others publish and against themselves."""

import base64
import json
import socket
import threading
import time
import unittest

import kept
import nkey
from msgpack_writer import encode
from nats import Connection, NatsError, connect
from shared import ed25519, strict_msgpack
from signing import public_key


def seed_text(kind, seed):
    """An nkey seed as NATS writes it."""
    data = bytes([18 << 3 | kind >> 5, (kind & 31) << 3]) + seed
    return base64.b32encode(data + nkey._crc16(data).to_bytes(2, "little")).decode("ascii").rstrip("=")


class Nkeys(unittest.TestCase):
    def test_hold_a_seed(self):
        text = seed_text(20 << 3, bytes(range(32)))
        self.assertTrue(text.startswith("SU"))
        self.assertEqual(nkey.user_seed(text), bytes(range(32)))

    def test_that_are_no_users_or_were_mistyped_are_refused(self):
        text = seed_text(20 << 3, bytes(range(32)))
        for other in ("", text[:-1], text[:-1] + "A", seed_text(0, bytes(32)), text.lower(), "not a seed"):
            self.assertRaises(ValueError, nkey.user_seed, other)

    def test_have_the_checksum_of_crc_16_xmodem(self):
        self.assertEqual(nkey._crc16(b"123456789"), 0x31C3)


class Msgpack(unittest.TestCase):
    def test_is_written_in_the_shortest_way(self):
        for value, written in [
            (0, "00"),
            (127, "7f"),
            (128, "cc80"),
            (256, "cd0100"),
            (65_536, "ce00010000"),
            (2**32 - 1, "ceffffffff"),
            (2**32, "cb41f0000000000000"),
            (-1, "ff"),
            (-32, "e0"),
            (-33, "d0df"),
            (-128, "d080"),
            (-129, "d1ff7f"),
            (-(2**31), "d280000000"),
            (-(2**31) - 1, "cbc1e0000000200000"),
            (1.5, "cb3ff8000000000000"),
            (2.0, "02"),
            (None, "c0"),
            (False, "c2"),
            (True, "c3"),
            ("", "a0"),
            (b"", "c400"),
            ([], "90"),
            ({}, "80"),
            ({"a": [1]}, "81a16191" + "01"),
        ]:
            self.assertEqual(encode(value).hex(), written, repr(value))

    def test_of_every_length_is_read_back(self):
        for length in (15, 16, 31, 32, 255, 256, 65_535, 65_536):
            for value in ("a" * length, b"a" * length, [0] * length, {str(n): n for n in range(length)}):
                self.assertEqual(strict_msgpack.decode(encode(value)), value)


def status_message(status):
    """A message that has nothing but a status, as JetStream sends it."""
    head = f"NATS/1.0 {status}\r\n\r\n".encode("ascii")
    return f"HMSG _INBOX.x 1 {len(head)} {len(head)}\r\n".encode("ascii") + head + b"\r\n"


class Server:
    """Speaks one scripted exchange with the first client."""

    def __init__(self, *script):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.heard, self.script = b"", script
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        peer, _ = self.listener.accept()
        with peer:
            peer.sendall(b'INFO {"nonce":"a nonce"}\r\n')
            for wait_for, say in self.script:
                while wait_for not in self.heard:
                    data = peer.recv(65_536)
                    if not data:
                        return
                    self.heard += data
                peer.sendall(say)
            time.sleep(0.05)

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.listener.getsockname()[1]}"


class Nats(unittest.TestCase):
    CREDENTIAL = {"jwt": "a.b.c", "seed": seed_text(20 << 3, bytes(range(32)))}

    def test_signs_the_nonce_and_reads_messages_in_pieces(self):
        message = b"MSG a.b 1 5\r\nhel" , b"lo\r\nHMSG c 2 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
        server = Server((b"PING\r\n", b"PONG\r\n" + message[0]), (b"", message[1]), (b"", b"PING\r\n"))
        self.addCleanup(server.listener.close)
        connection = Connection(server.url, self.CREDENTIAL, "_INBOX.x")
        self.addCleanup(connection.close)
        deadline = time.monotonic() + 5
        first, second = connection.next(deadline), connection.next(deadline)
        self.assertEqual((first.subject, first.data, first.status), ("a.b", b"hello", None))
        self.assertEqual((second.subject, second.data, second.status), ("c", b"", "503"))
        options = json.loads(server.heard.split(b"\r\n")[0][len(b"CONNECT ") :])
        signature = base64.urlsafe_b64decode(options["sig"] + "==")
        self.assertTrue(ed25519.verify(public_key(bytes(range(32))), b"a nonce", signature))

    def test_acknowledges_what_was_kept_when_the_next_is_asked_for(self):
        party = "A" * 56
        ack = f"$JS.ACK.OUT.{party}.1.7.1.5.0"
        kept_one = f"MSG MessageSpace.x.event.answer.kept 1 {ack} 3\r\none\r\n".encode("ascii")
        heartbeat, over = status_message("100 Idle Heartbeat"), status_message("408 Request Timeout")
        asked = f"PUB $JS.API.CONSUMER.MSG.NEXT.OUT.{party} _INBOX.{party}.kept.".encode("ascii")
        server = Server(
            (b"PING\r\n", b"PONG\r\n"), (asked, heartbeat + kept_one), (f"PUB {ack}  4\r\n+ACK".encode(), over)
        )
        self.addCleanup(server.listener.close)
        connection = Connection(server.url, self.CREDENTIAL, f"_INBOX.{party}")
        self.addCleanup(connection.close)
        self.assertEqual([message.data for message in kept.pull(connection, party, 5)], [b"one"])

    def test_goes_on_with_the_next_address(self):
        listener = socket.create_server(("127.0.0.1", 0))
        nobody = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        server = Server((b"PING\r\n", b"PONG\r\n"))
        self.addCleanup(server.listener.close)
        self.addCleanup(connect([nobody, server.url], self.CREDENTIAL, "_INBOX.x").close)

    def test_says_what_the_server_says_against_it(self):
        server = Server((b"PING\r\n", b"-ERR 'Authorization Violation'\r\n"))
        self.addCleanup(server.listener.close)
        with self.assertRaisesRegex(NatsError, "Authorization Violation"):
            Connection(server.url, self.CREDENTIAL, "_INBOX.x")

    def test_needs_a_server(self):
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        self.assertRaises(NatsError, Connection, url, self.CREDENTIAL, "_INBOX.x")


if __name__ == "__main__":
    unittest.main()
