#!/usr/bin/env python3
"""Independent answers for the ECDSA per-message secret k, deterministic and hedged.

Written with Python integers and the standard `hmac` module only. Before it prints anything it checks
its own deterministic k against OpenSSL: the r of OpenSSL's RFC 6979 signature must be the x-coordinate
of [k]G, on three curves with three hashes. The hedged form differs from the checked one in the seed alone
(draft-irtf-cfrg-det-sigs-with-noise-05, "Hedged ECDSA": zero padding puts the private key at the start
of a hash block of its own).

Needs: pip install cryptography (OpenSSL 3.2 or newer inside). Run: python3 hedged_ecdsa.py
"""

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

# Orders: SP 800-186, 3.2.1. Private keys: RFC 6979, A.2.5 to A.2.7.
CURVES = {
    "P-256": (
        ec.SECP256R1(),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
    ),
    "P-384": (
        ec.SECP384R1(),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5,
    ),
    "P-521": (
        ec.SECP521R1(),
        0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
        0x00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538,
    ),
}
HASHES = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def bits2int(octets, qlen):
    """RFC 6979, 2.3.2."""
    value = int.from_bytes(octets, "big")
    return value >> max(0, 8 * len(octets) - qlen)


def nonces(q, x, digest, name, z=None):
    """Every candidate k in order, in range or not: HMAC_DRBG of SP 800-90A, 10.1.2."""
    qlen = q.bit_length()
    rlen = (qlen + 7) // 8
    block = hashlib.new(name).block_size
    size = hashlib.new(name).digest_size

    def mac(key, data):
        return hmac.new(key, data, name).digest()

    def fill(data):
        return data + bytes(-len(data) % block)

    secret = x.to_bytes(rlen, "big")
    hashed = (bits2int(digest, qlen) % q).to_bytes(rlen, "big")
    v, k = b"\x01" * size, bytes(size)
    for octet in (b"\x00", b"\x01"):
        if z is None:
            seeded = v + octet + secret + hashed
        else:
            seeded = fill(v + octet + z) + fill(secret) + hashed
        k = mac(k, seeded)
        v = mac(k, v)
    while True:
        t = b""
        while 8 * len(t) < qlen:
            v = mac(k, v)
            t += v
        yield bits2int(t, qlen)
        k = mac(k, v + b"\x00")
        v = mac(k, v)


def check_against_openssl():
    for curve, q, x in CURVES.values():
        key = ec.derive_private_key(x, curve)
        for label, name in HASHES.items():
            for message in (b"sample", b"test"):
                algorithm = getattr(hashes, name.upper())()
                r, _ = utils.decode_dss_signature(
                    key.sign(message, ec.ECDSA(algorithm, deterministic_signing=True))
                )
                digest = hashlib.new(name, message).digest()
                k = next(k for k in nonces(q, x, digest, name) if 1 <= k < q)
                point = ec.derive_private_key(k, curve).public_key().public_numbers()
                assert point.x % q == r, (curve.name, label, message)


def main():
    check_against_openssl()
    for title, (_, q, x) in CURVES.items():
        rlen = (q.bit_length() + 7) // 8
        z = bytes(range(1, rlen + 1))
        for label, name in HASHES.items():
            for what, digest in (
                ('H("sample")', hashlib.new(name, b"sample").digest()),
                # An integer above q, so that bits2octets has to reduce it.
                ("ff..ff", b"\xff" * hashlib.new(name).digest_size),
            ):
                for mode, noise in (("deterministic", None), ("hedged Z=010203..", z)):
                    stream = nonces(q, x, digest, name, noise)
                    for count in ("first", "second"):
                        print(title, label, what, mode, count, f"{next(stream):0{2 * rlen}X}")


if __name__ == "__main__":
    main()
