"""RSA signatures, ECDSA and EdDSA."""

import os

from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import DSS, eddsa, pkcs1_15, pss
from Crypto.Hash import SHA512
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

import hashes as names
from engine import flipped, pkcs8, spki, template

OURS, THEIRS = "ours signs, theirs verifies", "theirs signs, ours verifies"


def run(engine, table, kek, slow):
    for bits in (2048, 3072, 4096):
        rsa_signatures(engine, table, kek, bits)
    ecdsa(engine, table, kek)
    edwards(engine, table, kek)


def accepted(verify, signature):
    """The peer takes the signature, and not a damaged one: it raises then. (What it returns says nothing.)"""

    def once(signature):
        try:
            verify(signature)
        except (InvalidSignature, ValueError):
            return False
        return True

    return once(signature) and not once(flipped(signature))


def taken(engine, signature, **fields):
    """The engine takes the signature, and not a damaged one."""
    good = engine.takes("verify", other=signature, **fields)
    return good and engine.refuses("verify", other=flipped(signature), **fields)


def rsa_signatures(engine, table, kek, bits):
    made = rsa.generate_private_key(65537, bits)
    other, kind = RSA.import_key(pkcs8(made)), f"RSA-{bits}"
    for name in ("RSA-PKCS1", "RSA-PSS"):
        key = kek.bring(pkcs8(made), template(kind, "sign verify", name))
        public = template(kind, "verify", name, public=True)
        public = engine("import", data=spki(made.public_key()), template=public)
        for hash, (theirs, new, _) in names.STRONG.items():
            text = os.urandom(100)
            fields = {"algorithm": name, "hash": hash, "data": text}
            ours = engine.bytes("sign", key=key, **fields)
            pad = (
                padding.PKCS1v15()
                if name == "RSA-PKCS1"
                else padding.PSS(padding.MGF1(theirs), theirs.digest_size)
            )
            table.add(name, OURS, "cryptography", accepted(lambda s: made.public_key().verify(s, text, pad, theirs), ours))
            table.add(name, THEIRS, "cryptography", taken(engine, made.sign(text, pad, theirs), key=public, **fields))
            scheme = pkcs1_15.new(other) if name == "RSA-PKCS1" else pss.new(other)
            table.add(name, OURS, "pycryptodome", accepted(lambda s: scheme.verify(new(text), s), ours))
            table.add(name, THEIRS, "pycryptodome", taken(engine, scheme.sign(new(text)), key=public, **fields))


CURVES = (
    ("P-256", "ECDSA-P256", ec.SECP256R1(), 32, tuple(names.STRONG)),
    ("P-384", "ECDSA-P384", ec.SECP384R1(), 48, ("SHA-384", "SHA-512")),
    ("P-521", "ECDSA-P521", ec.SECP521R1(), 66, ("SHA-512", "SHA3-512")),
    ("secp256k1", "ECDSA-SECP256K1", ec.SECP256K1(), 32, ("SHA-256", "SHA3-256")),
)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1


def ecdsa(engine, table, kek):
    for kind, name, curve, size, hashes in CURVES:
        made = ec.generate_private_key(curve)
        key = kek.bring(pkcs8(made), template(kind, "sign verify", name))
        public = template(kind, "verify", name, public=True)
        public = engine("import", data=spki(made.public_key()), template=public)

        def plain(der):
            return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(der))

        def der(signature):
            parts = (signature[:size], signature[size:])
            return encode_dss_signature(*(int.from_bytes(part, "big") for part in parts))

        for hash in hashes:
            theirs, new, _ = names.ALL[hash]
            for n in (0, 1, 100, 1000):
                text = os.urandom(n)
                fields = {"algorithm": name, "hash": hash, "data": text}
                hedged = engine.bytes("sign", key=key, **fields)
                fixed = engine.bytes("sign", key=key, deterministic=True, **fields)
                for ours in (hedged, fixed):
                    good = accepted(lambda s: made.public_key().verify(der(s), text, ec.ECDSA(theirs)), ours)
                    table.add(name, OURS, "cryptography", good)
                signed = made.sign(text, ec.ECDSA(theirs))
                table.add(name, THEIRS, "cryptography", taken(engine, plain(signed), key=public, **fields))
                if kind == "secp256k1":
                    continue  # pycryptodome does not have it
                other = ECC.import_key(pkcs8(made))
                scheme = DSS.new(other, "deterministic-rfc6979")
                table.add(name, OURS, "pycryptodome", accepted(lambda s: scheme.verify(new(text), s), hedged))
                same = scheme.sign(new(text))
                table.add(name, THEIRS, "pycryptodome", taken(engine, same, key=public, **fields))
                table.add(f"{name} (deterministic)", "the same signature", "pycryptodome", same == fixed)
        if kind == "secp256k1":
            # The same nonce; the engine gives the lower of the two s.
            signed = made.sign(b"text", ec.ECDSA(names.ALL["SHA-256"][0], deterministic_signing=True))
            r, s = decode_dss_signature(signed)
            expected = plain(encode_dss_signature(r, min(s, ORDER - s)))
            fields = {"algorithm": name, "hash": "SHA-256", "data": b"text", "deterministic": True}
            good = engine.bytes("sign", key=key, **fields) == expected
            table.add(f"{name} (deterministic)", "the same signature", "cryptography", good)


def edwards(engine, table, kek):
    made = ed25519.Ed25519PrivateKey.generate()
    other = ECC.import_key(pkcs8(made))
    for name in ("ED25519", "ED25519PH"):
        key = kek.bring(pkcs8(made), template("Ed25519", "sign verify", name))
        public = template("Ed25519", "verify", name, public=True)
        public = engine("import", data=spki(made.public_key()), template=public)
        for n in (0, 1, 64, 1000):
            text = os.urandom(n)
            if name == "ED25519":
                fields = {"algorithm": name, "data": text}
                ours = engine.bytes("sign", key=key, **fields)
                table.add(name, OURS, "cryptography", accepted(lambda s: made.public_key().verify(s, text), ours))
                table.add(name, THEIRS, "cryptography", taken(engine, made.sign(text), key=public, **fields))
                scheme = eddsa.new(other, "rfc8032")
                table.add(name, OURS, "pycryptodome", accepted(lambda s: scheme.verify(text, s), ours))
                table.add(name, THEIRS, "pycryptodome", taken(engine, scheme.sign(text), key=public, **fields))
                continue
            for context in (b"", b"context", os.urandom(255)):
                fields = {"algorithm": name, "hash": "SHA-512", "data": text, "context": context}
                ours = engine.bytes("sign", key=key, **fields)
                scheme = eddsa.new(other, "rfc8032", context=context)
                table.add(name, OURS, "pycryptodome", accepted(lambda s: scheme.verify(SHA512.new(text), s), ours))
                theirs = scheme.sign(SHA512.new(text))
                table.add(name, THEIRS, "pycryptodome", taken(engine, theirs, key=public, **fields))
