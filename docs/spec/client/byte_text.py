"""Text forms of bytes that the standard uses, each read in its one canonical form."""

import base64


def to_base64url(data):
    """base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text):
    """Bytes of unpadded base64url; ValueError for any other text, unused bits that are not zero included."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64url(data) != text:
        raise ValueError("not base64url")
    return data
