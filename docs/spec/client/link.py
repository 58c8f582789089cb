"""Links (handshake.md, "The link"): an invite without the keys that are too big for a QR code."""

import base64
import re
import zlib

from byte_text import to_base64url
from identifiers import is_party
from nkey import account_name

PREFIX = "CAMBIUM:"
_HEAD = 161
_LINK_MAX, _TEXT_MAX = 4096, 8192


def is_link(text):
    return text.strip().upper().startswith(PREFIX)


def read(text):
    """What a link says, with the names of an invite; ValueError for any other text."""
    line = text.strip().upper()
    if not line.startswith(PREFIX) or len(line) > _LINK_MAX:
        raise ValueError("this is not a link")
    data = _from_base32(line[len(PREFIX) :])
    if len(data) <= _HEAD or data[0] != 1:
        raise ValueError("a link of another version")
    vault, connection = _identifier(data[1:17]), _identifier(data[17:33])
    party = account_name(data[33:65])
    lines = _inflated(data[_HEAD:], _dictionary(vault, party)).decode("utf-8").split("\n")
    if len(lines) != 5:
        raise ValueError("not the text of a link")
    expires, servers, seed, head, claims = lines
    if not re.fullmatch(r"0|[1-9][0-9]{0,14}", expires) or not re.fullmatch(r"SU[A-Z2-7]{56}", seed):
        raise ValueError("not the text of a link")
    if not all(servers.split(" ")) or not is_party(party):
        raise ValueError("not the text of a link")
    token = [head.encode("utf-8"), claims.encode("utf-8"), data[97:_HEAD]]
    return {
        "vault": vault,
        "connection": connection,
        "party": party,
        "servers": servers.split(" "),
        "credential": {"jwt": ".".join(map(to_base64url, token)), "seed": seed},
        "signing": to_base64url(data[65:97]),
        "expires": int(expires),
    }


def _from_base32(text):
    """ValueError for text that is not canonical: unused bits that are not zero included."""
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    if base64.b32encode(data).rstrip(b"=").decode("ascii") != text:
        raise ValueError("not base32")
    return data


def _identifier(data):
    return base64.b32encode(data).rstrip(b"=").decode("ascii").lower()


def _inflated(data, dictionary):
    """At most so much as a link may hold, and all of it."""
    stream = zlib.decompressobj(-15, zdict=dictionary)
    try:
        text = stream.decompress(data, _TEXT_MAX)
    except zlib.error as error:
        raise ValueError("not the text of a link") from error
    if not stream.eof:
        raise ValueError("the text of a link is too long, or ends early")
    return text


def _dictionary(vault, party):
    to = f"MessageSpace.{vault}.fromService.{party}"
    return (
        "wss://tls://nats://127.0.0.1:4222\nSUA\n"
        '{"typ":"JWT","alg":"ed25519-nkey"}\n'
        '{"exp":17,"aud":"NATS","name":"handshake","sub":"UA",'
        '"nats":{"data":-1,"payload":1048576,"subs":64,'
        f'"pub":{{"allow":["{to}.connection.request","{to}.profile.get"]}},'
        f'"sub":{{"allow":["MessageSpace.{party}.fromVault.{vault}.>","_INBOX.{party}.>"]}},'
        '"allowed_connection_types":["STANDARD","WEBSOCKET"],'
        f'"issuer_account":"{party}","type":"user","version":2}},"iss":"A","iat":17,"jti":"=="}}'
    ).encode("utf-8")
