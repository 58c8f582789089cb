"""Every construction against the vectors of the specification."""

import json
import pathlib
import unittest

import addresses
import contract
import envelope
import event
import handover
import hpke
import hybrid_kem
import identifiers
import invite
import link
import profile
import statement
from byte_text import from_base64url
from canonical_json import canonical
from refusal import Refusal
from signing import public_key, sign_under

hx = bytes.fromhex
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "vectors"


def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


class VectorTest(unittest.TestCase):
    def assert_refused(self, code, what, *arguments):
        with self.assertRaises(Refusal) as caught:
            what(*arguments)
        self.assertEqual(caught.exception.code, code)


class Events(VectorTest):
    def test_are_written_and_read(self):
        for vector in vectors("event")["events"]:
            with self.subTest(vector["name"]):
                self.assertEqual(event.write(vector["event"]).hex(), vector["bytes"])
                self.assertEqual(event.read(hx(vector["bytes"])), vector["event"])

    def test_that_are_none_are_refused(self):
        for vector in vectors("event")["refused"]:
            with self.subTest(vector["name"]):
                self.assert_refused(vector["code"], event.read, hx(vector["bytes"]))


class Hpke(VectorTest):
    """The vectors of draft-ietf-hpke-pq for the suite of envelopes."""

    def test_are_those_of_the_draft(self):
        v = vectors("hpke")
        self.assertEqual(hybrid_kem.derive_seed(hx(v["ikmR"])).hex(), v["skRm"])
        key = hybrid_kem.PrivateKey(hx(v["skRm"]))
        self.assertEqual(key.public.hex(), v["pkRm"])
        shared, enc = hybrid_kem.encapsulate(key.public, hx(v["ikmE"]))
        self.assertEqual((shared.hex(), enc.hex()), (v["shared_secret"], v["enc"]))
        self.assertEqual(key.decapsulate(enc), shared)
        for one in v["exports"]:
            made = hpke.exported(v["kem_id"], shared, hx(v["info"]), hx(one["exporter_context"]), one["L"])
            self.assertEqual(made.hex(), one["exported_value"])


class Handovers(VectorTest):
    def setUp(self):
        self.v = v = vectors("handover")
        self.known = {name: from_base64url(key) for name, key in v["known"].items()}

    def test_sign_these_bytes(self):
        every = self.v["followed"][1]["handovers"]
        for vector, one in zip(self.v["messages"], every):
            self.assertEqual(handover.message_of(self.v["vault"], one).hex(), vector["message"])

    def test_lead_where_they_say(self):
        for vector in self.v["followed"]:
            with self.subTest(vector["name"]):
                keys = handover.follow(self.v["vault"], self.known, vector["handovers"])
                self.assertEqual(keys, {name: from_base64url(key) for name, key in vector["keys"].items()})

    def test_are_refused_whole(self):
        for vector in self.v["refused"]:
            with self.subTest(vector["name"]):
                self.assert_refused(
                    vector["code"], handover.follow, self.v["vault"], self.known, vector["handovers"]
                )


class Envelopes(VectorTest):
    def setUp(self):
        self.v = v = vectors("envelope")
        self.seed = hx(v["sender"]["seed"])
        self.recipient = hx(v["recipient"]["keyId"])
        self.encapsulation = hx(v["encapsulation"])
        self.epoch = envelope.Epoch(v["epoch"], hx(v["secret"]), self.encapsulation)
        self.place = (v["connection"], v["direction"], v["epoch"])

    def test_have_a_secret_that_comes_out_of_the_encapsulation(self):
        v = self.v
        key = hybrid_kem.PrivateKey(hybrid_kem.derive_seed(hx(v["recipient"]["seed"])))
        self.assertEqual(key.public.hex(), v["recipient"]["publicKey"])
        self.assertEqual(envelope.key_id(key.public), self.recipient)
        info = envelope.epoch_info(*self.place)
        self.assertEqual(info.hex(), v["info"])
        self.assertEqual(envelope.epoch_secret(key.decapsulate(self.encapsulation), info).hex(), v["secret"])
        self.assertEqual(self.epoch.encapsulation_hash.hex(), v["encapsulationHash"])

    def test_are_signed(self):
        v = self.v
        self.assertEqual(public_key(self.seed).hex(), v["sender"]["publicKey"])
        message = envelope.opening_message(*self.place, self.recipient, self.encapsulation)
        self.assertEqual(message.hex(), v["openingMessage"])
        self.assertEqual(envelope.sign_opening(self.seed, message).hex(), v["openingSignature"])
        message = envelope.event_message(v["connection"], v["subject"], self.epoch, hx(v["event"]))
        self.assertEqual(message.hex(), v["eventMessage"])
        self.assertEqual(envelope.sign_event(self.seed, message).hex(), v["eventSignature"])

    def test_are_sealed_and_opened(self):
        v = self.v
        opening = [self.recipient, self.encapsulation, hx(v["openingSignature"])]
        for vector in v["envelopes"]:
            with self.subTest(vector["name"]):
                signature = hx(v["eventSignature"]) if vector["signed"] else None
                contents = [hx(v["event"]), signature, vector["seen"]]
                sealed = envelope.seal(
                    v["connection"],
                    self.epoch,
                    opening if vector["opening"] else None,
                    v["subject"],
                    v["eventId"],
                    hx(v["nonce"]),
                    contents,
                )
                self.assertEqual(sealed.hex(), vector["bytes"])
                parts = envelope.parse(sealed)
                self.assertEqual(list(envelope.open_box(parts, v["subject"], self.epoch.secret)), contents)

    def test_that_are_none_are_refused(self):
        def read(vector):
            parts = envelope.parse(hx(vector["envelope"]))
            return envelope.open_box(parts, vector["subject"], self.epoch.secret)

        for vector in self.v["refused"]:
            with self.subTest(vector["name"]):
                self.assert_refused(vector["code"], read, vector)

    def test_are_padded(self):
        for vector in self.v["padding"]:
            padded = envelope.pad(bytes(vector["length"]))
            self.assertEqual(len(padded), vector["padded"])
            self.assertEqual(len(envelope.unpad(padded)), vector["length"])
            self.assert_refused("malformed", envelope.unpad, padded + bytes(64))
        self.assert_refused("malformed", envelope.unpad, bytes(64))


class Subjects(VectorTest):
    def test_are_read(self):
        for vector in vectors("subjects")["subjects"]:
            self.assertEqual(identifiers.read_subject(vector["subject"]), vector["reads"])

    def test_that_are_none_are_refused(self):
        for subject in vectors("subjects")["refused"]:
            self.assertIsNone(identifiers.read_subject(subject), subject)


class Contracts(VectorTest):
    def test_have_this_canonical_form_hash_and_signature(self):
        v = vectors("contract")
        document = v["signed"]["contract"]
        self.assertEqual(canonical(document).decode("utf-8"), v["canonical"])
        self.assertEqual(contract.contract_hash(document), v["hash"])
        self.assertEqual(contract.signed(document, hx(v["seed"])), v["signed"])

    def test_are_written_as_rfc_8785_writes_text(self):
        # RFC 8785 sections 3.2.2.2 and 3.2.3
        self.assertEqual(canonical("\u20ac$\u000f\nA'B\"\\\\\"/"), '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode())
        names = dict.fromkeys(["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"], 0)
        order = [name for name, _ in json.loads(canonical(names), object_pairs_hook=list)]
        self.assertEqual(order, ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"])


    def test_of_numbers_write_them_as_rfc_8785_does(self):
        # RFC 8785 section 3.2.2, and the two ends of each way of writing
        numbers = [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27, 1e20, 1e21, 1e-6, 1e-7, -0.0, -1.5, 1.0]
        written = b"[333333333.3333333,1e+30,4.5,0.002,1e-27,100000000000000000000,1e+21,0.000001,1e-7,0,-1.5,1]"
        self.assertEqual(canonical(numbers), written)
        self.assertRaises(ValueError, canonical, float("nan"))


class Profiles(VectorTest):
    @staticmethod
    def arguments(vector):
        data = vector["text"].encode("utf-8") if "text" in vector else from_base64url(vector["base64url"])
        known = vector["known"]
        return data.ljust(vector.get("size", 0)), known["vault"], known["signing"], known.get("since", 0)

    def test_are_read(self):
        v = vectors("profile")
        for vector in v["read"]:
            with self.subTest(vector["name"]):
                self.assertEqual(profile.read(*self.arguments(vector)), v["profile"])

    def test_that_are_none_are_passed_over(self):
        for vector in vectors("profile")["refused"]:
            with self.subTest(vector["name"]):
                self.assert_refused(vector["reason"], profile.read, *self.arguments(vector))


class Addresses(VectorTest):
    def test_are_taken(self):
        for vector in vectors("moved")["read"]:
            with self.subTest(vector["name"]):
                self.assertEqual(addresses.read(vector["payload"]), vector["payload"]["servers"])

    def test_in_another_form_are_not(self):
        for vector in vectors("moved")["refused"]:
            with self.subTest(vector["name"]):
                self.assertIsNone(addresses.read(vector["payload"]))


class Statements(VectorTest):
    def test_are_signed_over_these_bytes(self):
        v = vectors("statement")
        for vector in v["statements"]:
            with self.subTest(vector["name"]):
                message = statement.message_of(vector["signed"])
                self.assertEqual(message.hex(), vector["message"])
                signature = sign_under(hx(v["seed"]), "cambium/statement/v1", message)
                self.assertEqual(signature, from_base64url(vector["signed"]["signature"]))
                self.assertEqual(statement.check(vector["signed"], self.keys(v)), "good")

    def test_that_are_none_are_not_believed(self):
        v = vectors("statement")
        for vector in v["refused"]:
            with self.subTest(vector["name"]):
                self.assertEqual(statement.check(vector["value"], self.keys(v)), vector["fault"])

    @staticmethod
    def keys(v):
        return [from_base64url(v["publicKey"])]


class Handshake(VectorTest):
    def test_invites_are_read(self):
        for vector in vectors("handshake")["invites"]["read"]:
            self.assertEqual(invite.read(vector["text"]), vector["invite"])

    def test_invites_are_written(self):
        for vector in vectors("handshake")["invites"]["read"]:
            self.assertEqual(invite.read(invite.write(vector["invite"])), vector["invite"])

    def test_invites_that_are_none_are_refused(self):
        for vector in vectors("handshake")["invites"]["refused"]:
            with self.subTest(vector["name"]):
                self.assertRaises(ValueError, invite.read, vector["text"])

    def test_links_are_read(self):
        v = vectors("link")
        for vector in v["read"]:
            with self.subTest(vector["name"]):
                self.assertEqual(link.read(vector["text"]), v["link"])

    def test_links_that_are_none_are_refused(self):
        for vector in vectors("link")["refused"]:
            with self.subTest(vector["name"]):
                self.assertRaises(ValueError, link.read, vector["text"])

    def test_a_request_has_these_bytes(self):
        v = vectors("handshake")["request"]
        key = hybrid_kem.PrivateKey(hybrid_kem.derive_seed(hx(v["seeds"]["encapsulation"])))
        seed = hx(v["seeds"]["signing"])
        payload = v["event"]["payload"]
        self.assertEqual(from_base64url(payload["encapsulation"]), key.public)
        self.assertEqual(from_base64url(payload["signing"]), public_key(seed))
        self.assertEqual(payload["contract"], contract.signed(payload["contract"]["contract"], seed))
        self.assertEqual(event.write(v["event"]).hex(), v["bytes"])

    def test_answers_come_with_a_good_statement(self):
        v = vectors("handshake")["answers"]
        keys = [from_base64url(v["ledger"]["key"])]
        about = {"vault": v["vault"], "ledger": v["ledger"]["id"], "connection": v["connection"]}
        for vector in v["read"]:
            with self.subTest(vector["name"]):
                answer = event.read(hx(vector["bytes"]))
                self.assertEqual(answer, vector["event"])
                self.assertEqual(statement.check_answer(answer, about, keys), vector["statement"])


if __name__ == "__main__":
    unittest.main()
