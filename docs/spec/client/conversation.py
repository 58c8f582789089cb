"""Events sent to a vault, and their answers (delivery.md)."""

import json
import time

import addresses
import handover
import kept
import statement
from byte_text import from_base64url
from nats import NatsError, connect
from refusal import Refusal

_AGAIN_S = 2.0
_ACCEPTED_S = 10.0
_ANSWERS = ("event.answer", "event.answer.kept")
_STATUSES = ("served", "pending", "refused")


class Conversation:
    """A connection to the vault's messaging layer, and the session on it.

    `on_servers` keeps the addresses at which the vault says that it is reached.
    """

    def __init__(self, session, invite, credential, servers, on_servers=None):
        self._session, self._on_servers = session, on_servers
        self._about = {
            "vault": invite["vault"],
            "ledger": invite["ledger"]["id"],
            "connection": invite["connection"],
        }
        self._keys = [from_base64url(invite["ledger"]["key"])]
        self._known = {name: from_base64url(invite[name]) for name in ("signing", "encapsulation")}
        self._known["ledger"] = self._keys[0]
        self._nats = connect(servers, credential, f"_INBOX.{session.party}")
        self._nats.subscribe(f"MessageSpace.{session.party}.fromVault.{session.vault}.>")
        self._nats.flush()

    def ask(self, kind, payload, timeout, contract=None, critical=False):
        """Yields (event id, answer, verdict on its statement) as they come: at most one `pending`, then the end.

        Ends without the last one when the time, in seconds, is over. A best-effort event is sent again, byte
        for byte, until something answers.
        """
        event_id, subject, data = self._session.seal(kind, payload, contract)
        deadline = time.monotonic() + timeout
        if critical:
            early = self._hand_over(subject, data)
        else:
            self._nats.publish(subject, data)
            early = []
        heard = False
        while time.monotonic() < deadline:
            message = early.pop(0) if early else self._nats.next(min(deadline, time.monotonic() + _AGAIN_S))
            if message is None:
                if not critical and not heard:
                    self._nats.publish(subject, data)
                continue
            event = self._answer_in(message, event_id)
            if event is None or (event["payload"]["status"] == "pending" and heard):
                continue
            heard = True
            verdict = statement.check_answer(event, self._about, self._keys)
            yield event_id, event["payload"], verdict
            if event["payload"]["status"] != "pending":
                return

    def submit(self, kind, payload, contract=None):
        """Hands over a critical event, and waits for no answer: returns the event's id."""
        event_id, subject, data = self._session.seal(kind, payload, contract)
        self._hand_over(subject, data)
        return event_id

    def kept(self, timeout):
        """Yields (event id, answer, verdict on its statement) of the answers that were kept for us."""
        for message in kept.pull(self._nats, self._session.party, timeout):
            event = self._answer_in(message)
            if event is not None:
                verdict = statement.check_answer(event, self._about, self._keys)
                yield event["cause"], event["payload"], verdict

    def _moved(self, payload):
        """Keeps new addresses, and only then says so: until then the vault tells us again."""
        servers = addresses.read(payload)
        if servers is None or self._on_servers is None:
            return
        self._on_servers(servers)
        _, subject, data = self._session.seal("connection.servers", {"servers": servers})
        self._nats.publish(subject, data)

    def _learn(self, handovers):
        """Takes keys of the vault that those we know have signed for; of others nothing.

        They are not kept from one process to the next, and so nothing is said of them to the vault: it tells them
        again to whoever comes with a new epoch.
        """
        try:
            keys = handover.follow(self._session.vault, self._known, handovers)
        except (Refusal, ValueError):
            return
        self._known = keys
        self._session.trust(keys["signing"])
        if keys["ledger"] not in self._keys:
            self._keys.append(keys["ledger"])

    def close(self):
        """What was published last has left when the server answers; one that is away is let go of."""
        try:
            self._nats.flush()
        except NatsError:
            pass
        self._nats.close()

    def _hand_over(self, subject, data):
        """Gives a critical event to the messaging layer; other messages that come meanwhile are returned."""
        reply = self._nats.request(subject, data)
        deadline, early = time.monotonic() + _ACCEPTED_S, []
        while True:
            message = self._nats.next(deadline)
            if message is None:
                raise NatsError("the messaging layer did not take the event in time")
            if message.subject == reply:
                break
            early.append(message)
        if message.status is not None:
            raise NatsError(f"nobody takes this event (status {message.status})")
        taken = json.loads(message.data)
        if "seq" not in taken:
            raise NatsError(taken.get("error", {}).get("description", "the event was not taken"))
        return early

    def _answer_in(self, message, event_id=None):
        """The event of an answer: to ours, or to any of earlier processes. What does not open is nobody's: it is passed over."""
        try:
            event = self._session.open(message.subject, message.data)
        except Refusal:
            return None
        payload = event["payload"]
        if event["type"] == "connection.keys_changed" and isinstance(payload, dict):
            self._learn(payload.get("handovers"))
            return None
        if event["type"] == "connection.moved":
            self._moved(payload)
            return None
        if event["type"] not in _ANSWERS or "cause" not in event or not isinstance(payload, dict):
            return None
        if event_id is not None and event["cause"] != event_id:
            return None
        if payload.get("status") not in _STATUSES or not isinstance(payload.get("type"), str):
            return None
        if payload["status"] == "refused" and not isinstance(payload.get("code"), str):
            return None
        return event
