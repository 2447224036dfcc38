"""HKDF, one-step derivation, SP 800-108 in counter and feedback mode, X9.63 and PBKDF2.

A derivation has no direction: both sides make the key, and the MACs that it makes are compared.
"""

import os

from Crypto.Cipher import AES
from Crypto.Hash import CMAC, HMAC
from Crypto.Protocol import KDF
from cryptography.hazmat.primitives import cmac, hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash, ConcatKDFHMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

import hashes as names
from ciphers import Module
from engine import mac_template, template

SAME = "the same key"
LENGTHS = (14, 32, 33, 64, 128)


def maker(name, hash):
    """Who makes what `secret_kdf` answers: the library, or the loop here over its hash or HMAC."""
    alone = name.startswith("ONE-STEP") and hash.startswith("SHA3")
    return "a loop over cryptography" if alone else "cryptography"


def secret_kdf(name, hash, z, length, salt, info):
    """What `cryptography` makes of a shared secret: also for agreements."""
    if maker(name, hash.name.upper()) != "cryptography":
        # Its ConcatKDF knows no SHA-3. SP 800-56C r2 section 4; a key of HMAC is filled up with zeros anyhow.
        out = b""
        for counter in range(1, 1 + -(-length // hash.digest_size)):
            run = hashes.Hash(hash) if name == "ONE-STEP-HASH" else hmac.HMAC(salt, hash)
            run.update(counter.to_bytes(4, "big") + z + info)
            out += run.finalize()
        return out[:length]
    if name == "HKDF":
        return HKDF(hash, length, salt or None, info).derive(z)
    if name == "ONE-STEP-HASH":
        return ConcatKDFHash(hash, length, info).derive(z)
    if name == "ONE-STEP-HMAC":
        return ConcatKDFHMAC(hash, length, salt or None, info).derive(z)
    return X963KDF(hash, length, info).derive(z)


def feedback(prf, fixed, length):
    """SP 800-108 r1 section 4.2 with an empty IV and a counter of 32 bits, over a PRF of the peer's."""
    out, last, counter = b"", b"", 1
    while len(out) < length:
        last = prf(last + counter.to_bytes(4, "big") + fixed)
        out, counter = out + last, counter + 1
    return out[:length]


def run(engine, table, kek, slow):
    from_secrets(engine, table, kek)
    counter_and_feedback(engine, table, kek)
    passwords(engine, table, kek)


def derived(engine, kek, parent, name, length, secret, **fields):
    key = engine("derive", key=parent, algorithm=name, template=mac_template(length), **fields)
    return kek.holds(key, secret)


def from_secrets(engine, table, kek):
    for name in ("HKDF", "ONE-STEP-HASH", "ONE-STEP-HMAC", "X9.63-KDF"):
        secret = os.urandom(40)
        policy = template("Derivation", "derive", name, length=40, export="interoperable")
        parent = kek.bring(secret, policy)
        for hash, (theirs, new, _) in names.STRONG.items():
            if name == "X9.63-KDF" and hash.startswith("SHA3"):
                continue
            for length in LENGTHS:
                info = os.urandom(length)
                # Zeros as long as the block of the hash are the default salt of one-step HMAC there, as here.
                for salt in (b"", b"salt") if name in ("HKDF", "ONE-STEP-HMAC") else (b"",):
                    expected = secret_kdf(name, theirs, secret, length, salt, info)
                    fields = {"hash": hash, "info": info, "salt": salt}
                    good = derived(engine, kek, parent, name, length, expected, **fields)
                    table.add(name, SAME, maker(name, hash), good)
                    if name == "HKDF":
                        other = KDF.HKDF(secret, length, salt, Module(new), context=info)
                        good = derived(engine, kek, parent, name, length, other, **fields)
                        table.add(name, SAME, "pycryptodome", good)


def counter_and_feedback(engine, table, kek):
    for mode in ("COUNTER", "FEEDBACK"):
        name = f"KDF-{mode}-HMAC"
        peers = ("cryptography", "pycryptodome")
        if mode == "FEEDBACK":  # neither has it
            peers = tuple(f"a loop over {peer}" for peer in peers)
        secret = os.urandom(33)
        policy = template("Derivation", "derive", name, length=33, export="interoperable")
        parent = kek.bring(secret, policy)
        for hash, (theirs, new, _) in names.STRONG.items():
            for length in LENGTHS:
                label, info = b"label", os.urandom(20)
                fixed = label + b"\0" + info + (8 * length).to_bytes(4, "big")

                def by_cryptography(data):
                    run = hmac.HMAC(secret, theirs)
                    run.update(data)
                    return run.finalize()

                def by_other(data):
                    return HMAC.new(secret, data, digestmod=Module(new)).digest()

                if mode == "COUNTER":
                    one = KBKDFHMAC(
                        theirs, Mode.CounterMode, length, 4, 4, CounterLocation.BeforeFixed, label, info, None
                    ).derive(secret)
                    two = KDF.SP800_108_Counter(secret, length, lambda _, data: by_other(data), label=label, context=info)
                else:
                    one, two = (feedback(prf, fixed, length) for prf in (by_cryptography, by_other))
                for peer, expected in ((peers[0], one), (peers[1], two)):
                    good = derived(engine, kek, parent, name, length, expected, hash=hash, label=label, info=info)
                    table.add(name, SAME, peer, good)
        name = f"KDF-{mode}-CMAC"
        for bits in (128, 192, 256):
            secret = os.urandom(bits // 8)
            policy = template(f"AES-{bits}", "derive", name, export="interoperable")
            parent = kek.bring(secret, policy)
            for length in LENGTHS:
                label, info = b"label", os.urandom(20)
                fixed = label + b"\0" + info + (8 * length).to_bytes(4, "big")

                def by_cryptography(data):
                    run = cmac.CMAC(algorithms.AES(secret))
                    run.update(data)
                    return run.finalize()

                def by_other(data):
                    return CMAC.new(secret, data, ciphermod=AES).digest()

                if mode == "COUNTER":
                    one = KBKDFCMAC(
                        algorithms.AES, Mode.CounterMode, length, 4, 4, CounterLocation.BeforeFixed, label, info, None
                    ).derive(secret)
                    two = KDF.SP800_108_Counter(secret, length, lambda _, data: by_other(data), label=label, context=info)
                else:
                    one, two = (feedback(prf, fixed, length) for prf in (by_cryptography, by_other))
                for peer, expected in ((peers[0], one), (peers[1], two)):
                    good = derived(engine, kek, parent, name, length, expected, label=label, info=info)
                    table.add(name, SAME, peer, good)


def passwords(engine, table, kek):
    for hash, (theirs, new, _) in names.STRONG.items():
        for length in LENGTHS:
            password, salt, count = os.urandom(20), os.urandom(16), 1000 + length
            policy = template("HMAC", "mac", "HMAC", hash="SHA-256", length=length)
            fields = {"hash": hash, "salt": salt, "iterations": count, "data": password, "template": policy}
            expected = PBKDF2HMAC(theirs, length, salt, count).derive(password)
            key = engine("password", algorithm="PBKDF2", **fields)
            table.add("PBKDF2", SAME, "cryptography", kek.holds(key, expected))
            if length == 33:
                prf = lambda p, s: HMAC.new(p, s, digestmod=Module(new)).digest()
                expected = KDF.PBKDF2(password, salt, length, count, prf=prf)
                key = engine("password", algorithm="PBKDF2", **fields)
                table.add("PBKDF2", SAME, "pycryptodome", kek.holds(key, expected))
