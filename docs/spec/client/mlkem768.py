"""ML-KEM-768 (FIPS 203), in Python's own integers. Not constant time.

Polynomials are lists of 256 integers below Q.
"""

import hashlib

Q = 3329
K = 3
DU, DV = 10, 4

EK_BYTES = 384 * K + 32
CT_BYTES = 32 * (DU * K + DV)

_ZETAS = [pow(17, int(f"{at:07b}"[::-1], 2), Q) for at in range(128)]
_GAMMAS = [pow(17, 2 * int(f"{at:07b}"[::-1], 2) + 1, Q) for at in range(128)]


def key_pair(d, z):
    """(ek, dk) from two seeds of 32 bytes (algorithm 16)."""
    ek, dk = _pke_key_pair(d)
    return ek, dk + ek + hashlib.sha3_256(ek).digest() + z


def is_encapsulation_key(ek):
    """Length and modulus (section 7.2): every coefficient is below Q."""
    return len(ek) == EK_BYTES and all(
        coefficient < Q for at in range(K) for coefficient in _unpack(ek[384 * at : 384 * at + 384], 12)
    )


def encapsulate(ek, m):
    """(shared secret, ciphertext) for 32 random bytes m (algorithm 17)."""
    shared, coins = _g(m + hashlib.sha3_256(ek).digest())
    return shared, _encrypt(ek, m, coins)


def decapsulate(dk, ciphertext):
    """The shared secret (algorithm 18): another one, and no error, for a ciphertext that was altered."""
    cut = 384 * K
    pke, ek, digest, z = dk[:cut], dk[cut : cut + EK_BYTES], dk[-64:-32], dk[-32:]
    m = _decrypt(pke, ciphertext)
    shared, coins = _g(m + digest)
    if _encrypt(ek, m, coins) == ciphertext:
        return shared
    return hashlib.shake_256(z + ciphertext).digest(32)


def _pke_key_pair(d):
    rho, sigma = _g(d + bytes([K]))
    secret = [_ntt(_noise(sigma, at)) for at in range(K)]
    errors = [_ntt(_noise(sigma, K + at)) for at in range(K)]
    public = [
        _sum(errors[row], *(_product(_uniform(rho, column, row), secret[column]) for column in range(K)))
        for row in range(K)
    ]
    pack = lambda polynomials: b"".join(_pack(p, 12) for p in polynomials)
    return pack(public) + rho, pack(secret)


def _encrypt(ek, m, coins):
    public, rho = [_unpack(ek[384 * at : 384 * at + 384], 12) for at in range(K)], ek[384 * K :]
    y = [_ntt(_noise(coins, at)) for at in range(K)]
    u = [
        _sum(
            _inverse_ntt(_sum(*(_product(_uniform(rho, row, column), y[column]) for column in range(K)))),
            _noise(coins, K + row),
        )
        for row in range(K)
    ]
    message = [_decompress(bit, 1) for bit in _unpack(m, 1)]
    inner = _inverse_ntt(_sum(*(_product(public[at], y[at]) for at in range(K))))
    v = _sum(inner, _noise(coins, 2 * K), message)
    parts = [_pack([_compress(c, DU) for c in p], DU) for p in u]
    return b"".join(parts) + _pack([_compress(c, DV) for c in v], DV)


def _decrypt(dk, ciphertext):
    step = 32 * DU
    u = [
        [_decompress(c, DU) for c in _unpack(ciphertext[step * at : step * at + step], DU)]
        for at in range(K)
    ]
    v = [_decompress(c, DV) for c in _unpack(ciphertext[step * K :], DV)]
    secret = [_unpack(dk[384 * at : 384 * at + 384], 12) for at in range(K)]
    inner = _inverse_ntt(_sum(*(_product(secret[at], _ntt(u[at])) for at in range(K))))
    return _pack([_compress((a - b) % Q, 1) for a, b in zip(v, inner)], 1)


def _g(data):
    digest = hashlib.sha3_512(data).digest()
    return digest[:32], digest[32:]


def _uniform(rho, i, j):
    """SampleNTT (algorithm 7); 840 bytes are enough but once in 2^38, then it asks for more."""
    length = 840
    while True:
        stream = hashlib.shake_128(rho + bytes([i, j])).digest(length)
        found = []
        for at in range(0, length, 3):
            a, b, c = stream[at : at + 3]
            for value in (a | (b & 15) << 8, b >> 4 | c << 4):
                if value < Q:
                    found.append(value)
        if len(found) >= 256:
            return found[:256]
        length *= 2


def _noise(seed, number):
    """SamplePolyCBD with eta = 2 (algorithm 8)."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(128), "little")
    polynomial = []
    for _ in range(256):
        four = bits & 15
        bits >>= 4
        polynomial.append(((four & 1) + (four >> 1 & 1) - (four >> 2 & 1) - (four >> 3)) % Q)
    return polynomial


def _ntt(polynomial):
    f, at = list(polynomial), 1
    length = 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[at]
            at += 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
        length //= 2
    return f


def _inverse_ntt(polynomial):
    f, at = list(polynomial), 127
    length = 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = _ZETAS[at]
            at -= 1
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [c * 3303 % Q for c in f]


def _product(f, g):
    """MultiplyNTTs (algorithm 11)."""
    h = []
    for at in range(128):
        a0, a1, b0, b1 = f[2 * at], f[2 * at + 1], g[2 * at], g[2 * at + 1]
        h.append((a0 * b0 + a1 * b1 % Q * _GAMMAS[at]) % Q)
        h.append((a0 * b1 + a1 * b0) % Q)
    return h


def _sum(*polynomials):
    return [sum(column) % Q for column in zip(*polynomials)]


def _compress(value, bits):
    return ((value << bits) + Q // 2) // Q & (1 << bits) - 1


def _decompress(value, bits):
    return (value * Q + (1 << bits - 1)) >> bits


def _pack(values, bits):
    """ByteEncode (algorithm 5)."""
    packed = 0
    for value in reversed(values):
        packed = packed << bits | value
    return packed.to_bytes(32 * bits, "little")


def _unpack(data, bits):
    """ByteDecode (algorithm 6) without the reduction: who reads a key checks it."""
    packed, mask, values = int.from_bytes(data, "little"), (1 << bits) - 1, []
    for _ in range(256):
        values.append(packed & mask)
        packed >>= bits
    return values
