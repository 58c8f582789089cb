"""What a service does with its own contract (contract.md): hash, signature and reference."""

import hashlib

from canonical_json import canonical
from byte_text import to_base64url
from signing import public_key, sign_under


def contract_hash(contract):
    return hashlib.sha256(canonical(contract)).hexdigest()


def signed(contract, seed):
    """The document that is sent: the contract under the service's key."""
    signature = sign_under(seed, "cambium/contract/v1", canonical(contract))
    return {
        "contract": contract,
        "key": to_base64url(public_key(seed)),
        "signature": to_base64url(signature),
    }


def reference(contract):
    """How requests name it."""
    return {"id": contract["id"], "version": contract["version"], "hash": contract_hash(contract)}
