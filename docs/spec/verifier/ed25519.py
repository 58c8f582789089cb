"""Ed25519 verification (RFC 8032 §5.1.7), in Python's own integers.

Not constant time: it sees public values only. A key is worth a table of its multiples here, since one
key signs a whole ledger: with it, a verification is 64 additions of points and no doubling.
"""

import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)

# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, T = XY/Z (RFC 8032 §5.1.4).
IDENTITY = (0, 1, 1, 0)

WINDOW_BITS = 8
WINDOWS = 32  # scalars are below 2^253, so the last digit carries nothing


def verify(public_key, message, signature):
    """Whether `signature` is that of `public_key` over `message`; all of them bytes, of any length.

    The equation is the one without cofactor: encode(S·B - k·A) = R, byte for byte.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    minus_key = _minus_key_table(public_key)
    if minus_key is None:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    point = _add_multiple(IDENTITY, _base_table(), scalar)
    point = _add_multiple(point, minus_key, challenge)
    return encode(point) == signature[:32]


def decode(data):
    """The point that 32 bytes encode (RFC 8032 §5.1.3); None when they encode none."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= 2**255 - 1
    if y >= P:
        return None
    x = _x_of(y)
    if x is None or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode(point):
    """The 32 bytes of a point (RFC 8032 §5.1.2)."""
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_small_order(point):
    """Whether 8 times the point is the identity: under such a key one signature fits many messages."""
    for _ in range(3):
        point = add(point, point)
    x, y, z, _ = point
    return x % P == 0 and (y - z) % P == 0


def add(p, q):
    """Sum of two points (RFC 8032 §5.1.4)."""
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = t1 * 2 * D * t2 % P
    d = z1 * 2 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _x_of(y):
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == u:
        return x
    if v * x * x % P == P - u:
        return x * SQRT_MINUS_ONE % P
    return None


@functools.cache
def _base_table():
    y = 4 * pow(5, -1, P) % P
    return _table(decode(y.to_bytes(32, "little")))


@functools.lru_cache(maxsize=8)
def _minus_key_table(public_key):
    point = decode(public_key)
    if point is None or is_small_order(point):
        return None
    x, y, z, t = point
    return _table((P - x, y, z, P - t))


def _table(point):
    """For each window, the multiples 1 to 128 of the point times 256^window, ready to be added."""
    points = []
    for _ in range(WINDOWS):
        multiple = point
        for _ in range(128):
            points.append(multiple)
            multiple = add(multiple, point)
        # 128 times the point, doubled.
        point = add(points[-1], points[-1])
    ready = _prepared(points)
    return [ready[at : at + 128] for at in range(0, len(ready), 128)]


def _prepared(points):
    """(y + x, y - x, 2dxy) of each point, with one inversion for all of them (Montgomery's trick)."""
    products, product = [], 1
    for _, _, z, _ in points:
        products.append(product)
        product = product * z % P
    inverse = pow(product, -1, P)
    ready = []
    for (x, y, z, _), before in zip(reversed(points), reversed(products)):
        own = inverse * before % P
        inverse = inverse * z % P
        x, y = x * own % P, y * own % P
        ready.append(((y + x) % P, (y - x) % P, 2 * D * x * y % P))
    ready.reverse()
    return ready


def _add_multiple(point, table, scalar):
    """The point plus `scalar` times the point that the table is of. Digits are -127 to 128."""
    x1, y1, z1, t1 = point
    carry = 0
    for window, byte in zip(table, scalar.to_bytes(WINDOWS, "little")):
        digit = byte + carry
        carry = 1 if digit > 128 else 0
        if carry:
            digit -= 256
        if digit == 0:
            continue
        if digit > 0:
            plus, minus, product = window[digit - 1]
        else:
            minus, plus, product = window[-digit - 1]
            product = -product
        a = (y1 - x1) * minus
        b = (y1 + x1) * plus
        c = t1 * product % P
        d = 2 * z1
        e, f, g, h = (b - a) % P, d - c, d + c, (b + a) % P
        x1, y1, z1, t1 = e * f % P, g * h % P, f * g % P, e * h % P
    return (x1, y1, z1, t1)
