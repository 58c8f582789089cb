"""Where a vault is reached (handshake.md, "Addresses later")."""

import re

_ADDRESS = re.compile(
    r"(?:(?:nats|tls|wss?)://)?(?:[A-Za-z0-9._-]{1,200}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}", re.ASCII
)


def read(payload):
    """The list in a payload of connection.moved or connection.servers; None for one in another form."""
    if not isinstance(payload, dict) or set(payload) != {"servers"}:
        return None
    servers = payload["servers"]
    if not isinstance(servers, list) or not 1 <= len(servers) <= 16:
        return None
    return servers if all(map(_is_address, servers)) else None


def _is_address(value):
    return isinstance(value, str) and len(value) <= 255 and _ADDRESS.fullmatch(value) is not None
