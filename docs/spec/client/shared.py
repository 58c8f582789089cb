"""What this client has in common with the verifier beside it: Ed25519's curve, and how msgpack is read."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "verifier"))

import ed25519  # noqa: E402
import strict_msgpack  # noqa: E402

__all__ = ["ed25519", "strict_msgpack"]
