"""As much of the NATS client protocol as a party needs: text over one socket, JWT and nkey."""

import json
import secrets
import socket
import ssl
import time
import urllib.parse

from byte_text import to_base64url
from nkey import user_seed
from signing import sign

_LINE_MAX = 65_536
_CONNECT_S = 5.0


class NatsError(Exception):
    """The server cannot be reached, does not take us, or spoke something else."""


class Message:
    def __init__(self, subject, data, status=None, reply=""):
        self.subject = subject
        self.data = data
        self.status = status
        self.reply = reply


def connect(servers, credential, inbox):
    """A connection to the first of these addresses that takes us."""
    for server in servers[:-1]:
        try:
            return Connection(server, credential, inbox)
        except NatsError:
            continue
    return Connection(servers[-1], credential, inbox)


class Connection:
    """One connection. Answers to requests land below `inbox`, which the credential allows."""

    def __init__(self, url, credential, inbox):
        place = urllib.parse.urlparse(url if "://" in url else f"nats://{url}")
        self._inbox, self._sid, self._buffer = inbox, 0, b""
        try:
            self._socket = socket.create_connection((place.hostname, place.port or 4222), _CONNECT_S)
            info = self._info()
            if info.get("tls_required") or place.scheme == "tls":
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=place.hostname)
            self._introduce(info, credential)
        except (OSError, TimeoutError) as error:
            raise NatsError(f"{url}: {error}") from None

    def subscribe(self, subject):
        self._sid += 1
        self._send(f"SUB {subject} {self._sid}\r\n".encode("ascii"))

    def publish(self, subject, data, reply=""):
        self._send(f"PUB {subject} {reply} {len(data)}\r\n".encode("ascii") + data + b"\r\n")

    def request(self, subject, data):
        """Publishes, and returns the inbox below which the answer will come."""
        reply = f"{self._inbox}.{secrets.token_hex(11)}"
        self.subscribe(reply)
        self.publish(subject, data, reply)
        return reply

    def next(self, deadline):
        """The next message, or None when the monotonic clock reaches `deadline` without one."""
        while True:
            line = self._line(deadline)
            if line is None:
                return None
            verb, _, rest = line.partition(b" ")
            verb = verb.upper()
            if verb == b"MSG":
                return self._message(rest, headers=False)
            if verb == b"HMSG":
                return self._message(rest, headers=True)
            if verb == b"PING":
                self._send(b"PONG\r\n")
            elif verb == b"-ERR":
                raise NatsError(rest.decode("utf-8", "replace").strip("' "))

    def flush(self):
        """Returns when the server has everything that was sent."""
        self._send(b"PING\r\n")
        deadline = time.monotonic() + _CONNECT_S
        while True:
            line = self._line(deadline)
            if line is None:
                raise NatsError("the server does not answer")
            if line.upper().startswith(b"-ERR"):
                raise NatsError(line[5:].decode("utf-8", "replace").strip("' "))
            if line.upper() == b"PONG":
                return

    def close(self):
        self._socket.close()

    def _info(self):
        line = self._line(time.monotonic() + _CONNECT_S)
        if line is None or not line.startswith(b"INFO "):
            raise NatsError("not a NATS server")
        return json.loads(line[5:])

    def _introduce(self, info, credential):
        signature = sign(user_seed(credential["seed"]), info.get("nonce", "").encode("ascii"))
        options = {
            "jwt": credential["jwt"],
            "sig": to_base64url(signature),
            "protocol": 1,
            "verbose": False,
            "pedantic": False,
            "headers": True,
            "no_responders": True,
            "lang": "python",
            "version": "1",
            "name": "cambium-spec-client",
        }
        self._send(b"CONNECT " + json.dumps(options).encode("utf-8") + b"\r\n")
        self.flush()

    def _send(self, data):
        try:
            self._socket.settimeout(_CONNECT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise NatsError(str(error)) from None

    def _line(self, deadline):
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _LINE_MAX:
                raise NatsError("a line without an end")
            if not self._receive(deadline):
                return None
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _message(self, rest, headers):
        parts = rest.decode("ascii").split()
        size = int(parts[-1])
        head = int(parts[-2]) if headers else 0
        deadline = time.monotonic() + _CONNECT_S
        while len(self._buffer) < size + 2:
            if not self._receive(deadline):
                raise NatsError("a message without an end")
        whole, self._buffer = self._buffer[:size], self._buffer[size + 2 :]
        status = whole[:head].split(b"\r\n")[0].split(b" ")[1:2] if headers else []
        reply = parts[2] if len(parts) == (5 if headers else 4) else ""
        return Message(parts[0], whole[head:], status[0].decode("ascii") if status else None, reply)

    def _receive(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(65_536)
        except socket.timeout:
            return False
        except OSError as error:
            raise NatsError(str(error)) from None
        if not data:
            raise NatsError("the server closed the connection")
        self._buffer += data
        return True
