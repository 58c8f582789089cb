"""X25519 (RFC 7748), in Python's own integers. Not constant time."""

P = 2**255 - 19
BASE = (9).to_bytes(32, "little")


def x25519(scalar, u):
    """scalar times the point u, 32 bytes each (RFC 7748 section 5)."""
    k = int.from_bytes(scalar, "little") & (1 << 254) - 8 | 1 << 254
    x1 = (int.from_bytes(u, "little") & (1 << 255) - 1) % P
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for at in range(254, -1, -1):
        bit = k >> at & 1
        if swap != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) * (da + cb) % P, x1 * (da - cb) * (da - cb) % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")
