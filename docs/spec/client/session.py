"""One end of a connection to a vault: seals what we send, opens what it sends (envelope.md)."""

import secrets
import time

import envelope
import event as events
import hybrid_kem
import identifiers
from byte_text import from_base64url
from refusal import Refusal
from signing import public_key


class Session:
    """Epochs live in memory only: a new session opens a new one, and says that it has seen none."""

    def __init__(self, invite, signing_seed, encapsulation_seed, epoch_number):
        self.vault, self.party, self.connection = invite["vault"], invite["party"], invite["connection"]
        self.signing_key = public_key(signing_seed)
        self._seed = signing_seed
        self._private = hybrid_kem.PrivateKey(hybrid_kem.derive_seed(encapsulation_seed))
        self._vault_signing = [from_base64url(invite["signing"])]
        vault_key = from_base64url(invite["encapsulation"])
        self._epoch, encapsulation = envelope.open_epoch(
            vault_key, self.connection, "to-vault", epoch_number, secrets.token_bytes(64)
        )
        self._opening = self._signed_opening(envelope.key_id(vault_key), encapsulation)
        self._received = {}
        self._arrived = False

    @property
    def encapsulation_key(self):
        return self._private.public

    def trust(self, key):
        """The vault may open its epochs with this signing key as well."""
        if key not in self._vault_signing:
            self._vault_signing.append(key)

    def seal(self, kind, payload, contract=None, expires=None):
        """(event id, subject, bytes) of a signed event."""
        now = int(time.time() * 1000)
        members = {"id": identifiers.new_event_id(now), "type": kind, "time": now, "party": self.party}
        members.update({"contract": contract} if contract else {})
        members.update({"expires": expires} if expires else {})
        data = events.write({**members, "payload": payload})
        subject = f"MessageSpace.{self.vault}.fromService.{self.party}.{kind}"
        message = envelope.event_message(self.connection, subject, self._epoch, data)
        contents = [data, envelope.sign_event(self._seed, message), max(self._received, default=0)]
        opening = None if self._arrived else self._opening
        nonce = secrets.token_bytes(24)
        sealed = envelope.seal(
            self.connection, self._epoch, opening, subject, members["id"], nonce, contents
        )
        return members["id"], subject, sealed

    def open(self, subject, data):
        """The event in a message of the vault; raises Refusal for whatever is not the vault's own."""
        place = identifiers.read_subject(subject)
        if place is None or place["toVault"] or (place["vault"], place.get("party")) != (self.vault, self.party):
            raise Refusal("sender_subject_mismatch")
        parts = envelope.parse(data)
        if parts["connection"] != self.connection:
            raise Refusal("connection_unknown")
        epoch = self._received.get(parts["epoch"]) or self._opened(parts)
        inner, _, seen = envelope.open_box(parts, subject, epoch.secret)
        event = events.read(inner)
        outside = (parts["event_id"], place["type"], self.vault)
        if (event["id"], event["type"], event["party"]) != outside:
            raise Refusal("sender_subject_mismatch")
        _expect_fresh(event)
        self._received[epoch.number] = epoch
        # A greater one is another session's.
        self._arrived = self._arrived or seen == self._epoch.number
        return event

    def _opened(self, parts):
        if parts["opening"] is None:
            raise Refusal("key_unknown")
        recipient, encapsulation, signature = parts["opening"]
        if recipient != envelope.key_id(self._private.public):
            raise Refusal("key_unknown")
        number = parts["epoch"]
        message = envelope.opening_message(self.connection, "from-vault", number, recipient, encapsulation)
        if not any(envelope.verify_opening(key, message, signature) for key in self._vault_signing):
            raise Refusal("signature_invalid")
        info = envelope.epoch_info(self.connection, "from-vault", number)
        try:
            shared = self._private.decapsulate(encapsulation)
        except ValueError:
            raise Refusal("decrypt_failed") from None
        return envelope.Epoch(number, envelope.epoch_secret(shared, info), encapsulation)

    def _signed_opening(self, recipient, encapsulation):
        message = envelope.opening_message(
            self.connection, "to-vault", self._epoch.number, recipient, encapsulation
        )
        return [recipient, encapsulation, envelope.sign_opening(self._seed, message)]


def _expect_fresh(event):
    now = int(time.time() * 1000)
    if now - event["time"] > events.AGE_MAX_MS or event.get("expires", now + 1) <= now:
        raise Refusal("expired")
    if event["time"] - now > events.AHEAD_MAX_MS:
        raise Refusal("future_timestamp")
