"""ECDH into derived keys, with every derivation. An agreement has no direction: both sides make the key."""

import os

from Crypto.Protocol import DH
from Crypto.PublicKey import ECC
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

import hashes as names
from derivations import maker, secret_kdf
from engine import mac_template, pkcs8, template


def run(engine, table, kek, slow):
    for kind, curve in (("P-256", ec.SECP256R1()), ("P-384", ec.SECP384R1()), ("P-521", ec.SECP521R1())):
        name = "ECDH-" + kind.replace("-", "")
        # A pair that the engine made, and one that came in.
        made = engine("generate", template=template(kind, "agree", name))
        own = ec.generate_private_key(curve)
        brought = kek.bring(pkcs8(own), template(kind, "agree", name))
        for pair in (made, brought):
            public = load_der_public_key(engine.bytes("public", key=pair))
            for kdf in ("HKDF", "ONE-STEP-HASH", "ONE-STEP-HMAC", "X9.63-KDF"):
                for hash, (theirs, _, _) in names.STRONG.items():
                    if kdf == "X9.63-KDF" and hash.startswith("SHA3"):
                        continue
                    peer, info = ec.generate_private_key(curve), os.urandom(16)
                    salt = b"salt" if kdf in ("HKDF", "ONE-STEP-HMAC") else b""
                    form = PublicFormat.CompressedPoint if hash == "SHA-384" else PublicFormat.UncompressedPoint
                    point = peer.public_key().public_bytes(Encoding.X962, form)
                    key = engine(
                        "agree",
                        key=pair,
                        algorithm=name,
                        kdf=kdf,
                        hash=hash,
                        salt=salt,
                        info=info,
                        data=point,
                        template=template("HMAC", "mac", "HMAC", hash="SHA-256", length=48),
                    )
                    z = peer.exchange(ec.ECDH(), public)
                    expected = secret_kdf(kdf, theirs, z, 48, salt, info)
                    table.add(f"{name} with {kdf}", "the same key", maker(kdf, hash), kek.holds(key, expected))
                    if kdf != "HKDF":
                        continue
                    fields = {"key": pair, "algorithm": name, "kdf": kdf, "hash": hash, "info": info, "salt": salt}
                    key = engine("agree", data=point, template=mac_template() | {"export": "none"}, **fields)
                    other = DH.key_agreement(
                        static_priv=ECC.import_key(pkcs8(peer)),
                        static_pub=ECC.import_key(engine.bytes("public", key=pair)),
                        kdf=lambda z: secret_kdf(kdf, theirs, z, 32, salt, info),
                    )
                    table.add(f"{name} with {kdf}", "the same key", "pycryptodome", kek.holds(key, other))
