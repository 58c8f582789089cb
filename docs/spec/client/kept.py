"""Answers that the messaging layer has kept (delivery.md, "Answers that are kept")."""

import json
import secrets
import time

from nats import NatsError

_BATCH = 64
_EXPIRES_MAX_S = 60
_HEARTBEAT, _TIME_IS_OVER = "100", "408"
_NANOS = 1_000_000_000


def pull(connection, party, timeout):
    """Yields messages that are kept for a party, until none has come for so many seconds.

    Each is acknowledged when the next is asked for: whoever stops in between gets it again.
    """
    expires = min(max(timeout, 1), _EXPIRES_MAX_S)
    inbox = f"_INBOX.{party}.kept.{secrets.token_hex(11)}"
    connection.subscribe(inbox)
    while True:
        left = _BATCH
        asked = {"batch": left, "expires": int(expires * _NANOS), "idle_heartbeat": int(expires * _NANOS / 2)}
        body = json.dumps(asked).encode("ascii")
        connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.OUT.{party}", body, inbox)
        quiet_until = time.monotonic() + expires
        while left > 0:
            message = connection.next(quiet_until)
            if message is None or message.status == _TIME_IS_OVER:
                return
            if message.reply.startswith(f"$JS.ACK.OUT.{party}."):
                yield message
                connection.publish(message.reply, b"+ACK")
                left -= 1
                quiet_until = time.monotonic() + expires
            elif message.status not in (None, _HEARTBEAT):
                raise NatsError(f"no answers are kept here (status {message.status})")
