#!/usr/bin/env python3
"""A service's client for vaults that speak the standard, in the standard library of Python alone.

    client.py connect INVITE --contract FILE      an invite, or the link of one
    client.py request TYPE PAYLOAD                --no-wait: hand over a critical event, and go
    client.py answers                             what came for us since
    client.py profile                             what the vault shows of itself
    client.py servers                             where the vault is reached, kept for later

Prints one line of JSON for each answer. Ends with 0 (served), 1 (refused, or no answer) or 2 (wrong use).
"""

import argparse
import contextlib
import json
import os
import pathlib
import secrets
import sys
import time

import addresses
import contract as contracts
import invite as invites
import link as links
import profile as profiles
from byte_text import from_base64url, to_base64url
from conversation import Conversation
from nats import NatsError, connect as connect_nats
from session import Session


def main(arguments):
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except NatsError as error:
        print(error, file=sys.stderr)
        return 1


def connect(options):
    """Asks to connect under a contract, and keeps what the owner's yes brings (handshake.md)."""
    invite = _invite_in(options, _text_of(options.invite))
    contract = json.loads(_text_of(options.contract))
    seeds = {"signing": secrets.token_bytes(32), "encapsulation": secrets.token_bytes(32)}
    state = {
        "invite": invites.write(invite),
        "contract": contract,
        "keys": {name: to_base64url(seed) for name, seed in seeds.items()},
        "epoch": 0,
    }
    session = _session(state, options.state, invite)
    payload = {
        "signing": to_base64url(session.signing_key),
        "encapsulation": to_base64url(session.encapsulation_key),
        "contract": contracts.signed(contract, seeds["signing"]),
    }
    conversation = Conversation(session, invite, invite["credential"], _servers(options, state))
    answer = _last(conversation, conversation.ask("connection.request", payload, options.timeout, critical=True))
    if answer is not None and answer["status"] == "served":
        _save(options.state, {**state, "accepted": answer["result"]})
    return _exit_code(answer)


def request(options):
    """Sends one request and prints its answers."""
    state = _accepted_state(options)
    payload, contract = json.loads(options.payload), contracts.reference(state["contract"])
    critical = options.type in state["accepted"]["critical"]
    conversation = _conversation(options, state)
    if options.no_wait:
        if not critical:
            raise ValueError("nothing is kept of a best-effort event: it has to be waited for")
        with contextlib.closing(conversation):
            print(json.dumps({"event": conversation.submit(options.type, payload, contract)}), flush=True)
        return 0
    answers = conversation.ask(options.type, payload, options.timeout, contract, critical)
    return _exit_code(_last(conversation, answers))


def answers(options):
    """Prints the answers that the messaging layer has kept for us; they are gone from there then."""
    conversation = _conversation(options, _accepted_state(options))
    with contextlib.closing(conversation):
        for answer in conversation.kept(options.timeout):
            _print_answer(*answer)
    return 0


def profile(options):
    """Prints what the vault shows of itself, and keeps when that was signed: no older one is believed later."""
    state = _accepted_state(options)
    invite = {**invites.read(state["invite"]), "party": state["accepted"]["party"]}
    credential = state["accepted"]["credential"]
    shown = _fetched(invite, credential, _servers(options, state), options.timeout, state.get("profile_time", 0))
    _save(options.state, {**state, "profile_time": shown["time"]})
    print(json.dumps({"event": "", "status": "shown", "type": "profile.get", "result": shown}))
    return 0


def servers(options):
    """Asks where the vault is reached, keeps that, and says so (handshake.md, "Addresses later")."""
    state = _accepted_state(options)
    known = _servers(options, state)
    conversation = _conversation(options, state)
    answer = _last(conversation, conversation.ask("connection.servers", {"servers": known}, options.timeout))
    found = addresses.read(answer["result"]) if answer and answer["status"] == "served" else None
    if found is None or found == known:
        return _exit_code(answer)
    _save(options.state, {**state, "servers": found})
    options.server = None
    return servers(options)


def _invite_in(options, text):
    """An invite as it stands, or the one that a link leads to (handshake.md, "The link")."""
    if not links.is_link(text):
        return invites.read(text)
    found = links.read(text)
    reached = [options.server] if options.server else found["servers"]
    shown = _fetched(found, found["credential"], reached, options.timeout)
    return invites.read(invites.write({**found, "encapsulation": shown["encapsulation"], "ledger": shown["ledger"]}))


def _fetched(place, credential, servers_, timeout, since=0):
    connection = connect_nats(servers_, credential, f"_INBOX.{place['party']}")
    with contextlib.closing(connection):
        return profiles.fetch(connection, place, timeout, since)


def _accepted_state(options):
    state = json.loads(_text_of(options.state))
    if "accepted" not in state:
        raise ValueError("this connection has not been accepted")
    return state


def _servers(options, state):
    """Where the vault is reached: as we were told here, as it has said, or as its invite says."""
    if options.server:
        return [options.server]
    return state.get("servers") or invites.read(state["invite"])["servers"]


def _conversation(options, state):
    """A conversation of an accepted connection, with an epoch of its own."""
    # An account of its own, where one was proved, is the party from the acceptance on.
    invite = {**invites.read(state["invite"]), "party": state["accepted"]["party"]}

    def keep(moved):
        state["servers"] = moved
        _save(options.state, state)

    session = _session(state, options.state, invite)
    credential = state["accepted"]["credential"]
    return Conversation(session, invite, credential, _servers(options, state), keep)


def _session(state, path, invite):
    """A session with a new epoch. Its number is no earlier one's, even where the state was lost: the clock's."""
    state["epoch"] = max(state["epoch"] + 1, int(time.time()))
    _save(path, state)
    keys = {name: from_base64url(text) for name, text in state["keys"].items()}
    return Session(invite, keys["signing"], keys["encapsulation"], state["epoch"])


def _last(conversation, answers_):
    """The last answer to an event; None when there was none in time."""
    last = None
    with contextlib.closing(conversation):
        for event_id, last, verdict in answers_:
            _print_answer(event_id, last, verdict)
    if last is None:
        print("no answer in time", file=sys.stderr)
    return last


def _print_answer(event_id, answer, verdict):
    shown = {name: value for name, value in answer.items() if name != "statement"}
    print(json.dumps({"event": event_id, **shown, "statement": verdict}), flush=True)


def _exit_code(answer):
    return 0 if answer is not None and answer["status"] == "served" else 1


def _text_of(path_or_text):
    if path_or_text.startswith(invites.PREFIX) or links.is_link(path_or_text):
        return path_or_text
    return pathlib.Path(path_or_text).read_text(encoding="utf-8")


def _save(path, state):
    """Secret, so for its owner only; written whole or not at all."""
    fresh = f"{path}.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(state, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def _parser():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state", default="client-state.json", help="file that keeps keys and credential")
    common.add_argument("--server", help="messaging server, in place of the one in the invite")
    common.add_argument("--timeout", type=float, default=60, help="seconds to wait for the last answer")
    one = commands.add_parser("connect", parents=[common], help="ask to connect")
    one.add_argument("invite", help="an invite, its link, or a file with one of them")
    one.add_argument("--contract", required=True, help="a file with the contract, unsigned")
    one.set_defaults(run=connect)
    two = commands.add_parser("request", parents=[common], help="send a request")
    two.add_argument("type", help="for example data.request")
    two.add_argument("payload", help="JSON")
    two.add_argument("--no-wait", action="store_true", help="end when the messaging layer has the event")
    two.set_defaults(run=request)
    for run, words in (
        (answers, "print the answers that were kept for us, until none comes for --timeout"),
        (profile, "print what the vault shows of itself"),
        (servers, "ask where the vault is reached"),
    ):
        commands.add_parser(run.__name__, parents=[common], help=words).set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
