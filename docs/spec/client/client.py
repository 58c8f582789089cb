#!/usr/bin/env python3
"""A service's client for vaults that speak the standard, in the standard library of Python alone.

    client.py connect INVITE --contract FILE
    client.py request TYPE PAYLOAD

Prints one line of JSON for each answer. Ends with 0 (served), 1 (refused, or no answer) or 2 (wrong use).
"""

import argparse
import json
import os
import pathlib
import secrets
import sys
import time

import contract as contracts
import invite as invites
from byte_text import from_base64url, to_base64url
from conversation import Conversation
from nats import NatsError
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
    text = _text_of(options.invite)
    invite = invites.read(text)
    contract = json.loads(_text_of(options.contract))
    seeds = {"signing": secrets.token_bytes(32), "encapsulation": secrets.token_bytes(32)}
    state = {
        "invite": text.strip(),
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
    answer = _asked(options, session, invite, invite["credential"], ("connection.request", payload), critical=True)
    if answer is not None and answer["status"] == "served":
        _save(options.state, {**state, "accepted": answer["result"]})
    return _exit_code(answer)


def request(options):
    """Sends one request and prints its answers."""
    state = json.loads(_text_of(options.state))
    if "accepted" not in state:
        raise ValueError("this connection has not been accepted")
    invite, accepted = invites.read(state["invite"]), state["accepted"]
    session = _session(state, options.state, invite)
    answer = _asked(
        options,
        session,
        invite,
        accepted["credential"],
        (options.type, json.loads(options.payload)),
        contract=contracts.reference(state["contract"]),
        critical=options.type in accepted["critical"],
    )
    return _exit_code(answer)


def _session(state, path, invite):
    """A session with a new epoch. Its number is no earlier one's, even where the state was lost: the clock's."""
    state["epoch"] = max(state["epoch"] + 1, int(time.time()))
    _save(path, state)
    keys = {name: from_base64url(text) for name, text in state["keys"].items()}
    return Session(invite, keys["signing"], keys["encapsulation"], state["epoch"])


def _asked(options, session, invite, credential, event, **more):
    """The last answer to an event; None when there was none in time."""
    conversation = Conversation(session, invite, credential, options.server or invite["servers"][0])
    last = None
    try:
        for event_id, last, verdict in conversation.ask(*event, options.timeout, **more):
            shown = {name: value for name, value in last.items() if name != "statement"}
            print(json.dumps({"event": event_id, **shown, "statement": verdict}), flush=True)
    finally:
        conversation.close()
    if last is None:
        print("no answer in time", file=sys.stderr)
    return last


def _exit_code(answer):
    return 0 if answer is not None and answer["status"] == "served" else 1


def _text_of(path_or_text):
    if path_or_text.startswith(invites.PREFIX):
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
    one.add_argument("invite", help="an invite, or a file with one")
    one.add_argument("--contract", required=True, help="a file with the contract, unsigned")
    one.set_defaults(run=connect)
    two = commands.add_parser("request", parents=[common], help="send a request")
    two.add_argument("type", help="for example data.request")
    two.add_argument("payload", help="JSON")
    two.set_defaults(run=request)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
