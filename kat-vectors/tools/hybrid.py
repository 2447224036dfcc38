#!/usr/bin/env python3
"""The hybrid key transport of docs/wrap-format.md with nothing of strongroom in it: P-384 and ML-KEM-1024 of
OpenSSL (through cryptography), ML-KEM with a given m of kyber-py, the derivation of OpenSSL and once more by hand.

    pip install cryptography pycryptodome kyber-py
    python3 kat-vectors/tools/hybrid.py > kat-vectors/cast/hybrid.txt

prints the vectors of the self-tests. tests/crosscheck and make_cast.py import the functions.
"""

import hashlib
import os

from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from kyber_py.ml_kem import ML_KEM_1024

CURVE = ec.SECP384R1()
SCALAR, POINT, CIPHERTEXT = 48, 97, 1568
ENCAPSULATION = POINT + CIPHERTEXT
HYBRID_KWP, HYBRID_NATIVE, KIND = 0x0531, 0x0532, 0x0901


def uncompressed(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def halves(private):
    d, seed = private[:SCALAR], private[SCALAR:]
    return ec.derive_private_key(int.from_bytes(d, "big"), CURVE), mlkem.MLKEM1024PrivateKey.from_seed_bytes(seed)


def public(private):
    """The public key of d || seed."""
    curve, lattice = halves(private)
    return uncompressed(curve.public_key()) + lattice.public_key().public_bytes_raw()


def spki(public):
    """Both SubjectPublicKeyInfos, one after the other."""
    curve = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public[:POINT])
    lattice = mlkem.MLKEM1024PublicKey.from_public_bytes(public[POINT:])
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return curve.public_bytes(*der) + lattice.public_bytes(*der)


def combine(algorithm, z, t, encapsulation, recipient):
    ids = algorithm.to_bytes(2, "big") + KIND.to_bytes(2, "big")
    fixed_info = b"strongroom" + ids + encapsulation + recipient
    key = ConcatKDFHash(hashes.SHA512(), 32, fixed_info).derive(z + t)
    assert key == hashlib.sha512(b"\0\0\0\1" + z + t + fixed_info).digest()[:32]
    return key


def encapsulate(algorithm, recipient, ephemeral=None, m=None):
    """The encapsulation under a public key, and the AES-256 key."""
    d = int.from_bytes(ephemeral, "big") if ephemeral else ec.generate_private_key(CURVE).private_numbers().private_value
    own = ec.derive_private_key(d, CURVE)
    z = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, recipient[:POINT]))
    other = ECC.import_key(recipient[:POINT], curve_name="P-384").pointQ * d
    assert other.x.to_bytes(SCALAR, "big") == z
    t, ciphertext = ML_KEM_1024._encaps_internal(recipient[POINT:], m or os.urandom(32))
    encapsulation = uncompressed(own.public_key()) + ciphertext
    return encapsulation, combine(algorithm, z, t, encapsulation, recipient)


def decapsulate(algorithm, private, encapsulation):
    """The AES-256 key of an encapsulation."""
    curve, lattice = halves(private)
    z = curve.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, encapsulation[:POINT]))
    t = lattice.decapsulate(encapsulation[POINT:])
    return combine(algorithm, z, t, encapsulation, public(private))


def name(public):
    """What a native blob calls the recipient."""
    return hashlib.sha512(public).digest()[:16]


def derived(text, length):
    return hashlib.shake_256(b"strongroom CAST " + text.encode()).digest(length)


def inputs(part):
    """Private key, ephemeral scalar and m of a self-test."""
    return (
        derived(f"hybrid {part} d", SCALAR) + derived(f"hybrid {part} seed", 64),
        derived(f"hybrid {part} ephemeral", SCALAR),
        derived(f"hybrid {part} m", 32),
    )


def lines(label, value):
    text = value.hex()
    if len(text) <= 128:
        return f"{label} = {text}"
    return "\n".join([f"{label} ="] + [f"  {text[i : i + 96]}" for i in range(0, len(text), 96)])


def main():
    print("# ECDH on P-384 with ML-KEM-1024 (docs/wrap-format.md). Inputs are SHAKE256 of short sentences, answers those of")
    print("# kat-vectors/tools/hybrid.py; kat-vectors/README.md says how.\n")
    key, ephemeral, m = inputs("send")
    encapsulation, secret = encapsulate(HYBRID_KWP, public(key), ephemeral, m)
    assert decapsulate(HYBRID_KWP, key, encapsulation) == secret
    for label, value in (
        ("send_key", key),
        ("send_ephemeral", ephemeral),
        ("send_m", m),
        ("send_encapsulation_sha512", hashlib.sha512(encapsulation).digest()),
        ("send_secret", secret),
    ):
        print(lines(label, value))
    key, ephemeral, m = inputs("receive")
    encapsulation, secret = encapsulate(HYBRID_NATIVE, public(key), ephemeral, m)
    assert decapsulate(HYBRID_NATIVE, key, encapsulation) == secret
    print()
    for label, value in (
        ("receive_key", key),
        ("receive_encapsulation", encapsulation),
        ("receive_secret", secret),
    ):
        print(lines(label, value))


if __name__ == "__main__":
    main()
