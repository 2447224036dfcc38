"""ML-KEM, ML-DSA and HashML-DSA, SLH-DSA and HashSLH-DSA."""

import os

import slhdsa
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem
from dilithium_py import ml_dsa
from kyber_py import ml_kem

import hashes as names
from engine import flipped, spki, template
from signatures import OURS, THEIRS, accepted, taken

# The last bytes of 2.16.840.1.101.3.4.{4,3}.x
KEM = {"ML-KEM-512": 1, "ML-KEM-768": 2, "ML-KEM-1024": 3}
DSA = {"ML-DSA-44": 17, "ML-DSA-65": 18, "ML-DSA-87": 19}
SLH = {
    f"SLH-DSA-{family}-{size}{speed}": 20 + 6 * (family == "SHAKE") + 2 * at + (speed == "f")
    for family in ("SHA2", "SHAKE")
    for at, size in enumerate((128, 192, 256))
    for speed in "sf"
}


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    octets = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 + octets]) + size.to_bytes(octets, "big") + body


def identifier(arc, last):
    return der(0x30, der(6, bytes([0x60, 0x86, 0x48, 1, 0x65, 3, 4, arc, last])))


def encode_private(arc, last, inner):
    return der(0x30, der(2, b"\0"), identifier(arc, last), der(4, inner))


def encode_public(arc, last, key):
    return der(0x30, identifier(arc, last), der(3, b"\0" + key))


def run(engine, table, kek, slow):
    encapsulation(engine, table, kek)
    module_lattice(engine, table, kek)
    stateless(engine, table, kek, slow)


def encapsulation(engine, table, kek):
    name = "ML-KEM"
    policy = template("HMAC", "mac", "HMAC", hash="SHA-256", length=32)
    ours, theirs = "ours encapsulates, theirs decapsulates", "theirs encapsulates, ours decapsulates"
    for kind, last in KEM.items():
        seed = os.urandom(64)
        pure = getattr(ml_kem, kind.replace("-", "_"))
        ek, dk = pure.key_derive(seed)
        own = kek.bring(encode_private(4, last, der(0x80, seed)), template(kind, "decapsulate", name))
        public = engine("import", data=encode_public(4, last, ek), template=template(kind, "encapsulate", name, public=True))
        table.add(f"{name} ({kind})", "the same key pair of a seed", "kyber-py", engine.bytes("public", key=own) == encode_public(4, last, ek))
        peers = [("kyber-py", lambda: pure.encaps(ek), lambda c: pure.decaps(dk, c))]
        if kind != "ML-KEM-512":  # cryptography does not have it
            bits = kind.rsplit("-", 1)[1]
            private = getattr(mlkem, f"MLKEM{bits}PrivateKey").from_seed_bytes(seed)
            good = spki(private.public_key()) == engine.bytes("public", key=own)
            table.add(f"{name} ({kind})", "the same key pair of a seed", "cryptography", good)
            peers.append(("cryptography", private.public_key().encapsulate, private.decapsulate))
        for peer, encapsulate, decapsulate in peers:
            for _ in range(10):
                secret, sealed = encapsulate()
                key = engine("decapsulate", key=own, algorithm=name, data=sealed, template=policy)
                table.add(f"{name} ({kind})", theirs, peer, kek.holds(key, secret))
                # Implicit rejection: the same key on both sides here too.
                bad = flipped(sealed)
                key = engine("decapsulate", key=own, algorithm=name, data=bad, template=policy)
                table.add(f"{name} ({kind})", "the same key of a damaged ciphertext", peer, kek.holds(key, decapsulate(bad)))
                made = engine("encapsulate", key=public, algorithm=name, template=policy)
                secret = decapsulate(bytes.fromhex(made["text"]))
                table.add(f"{name} ({kind})", ours, peer, kek.holds(made["key"], secret))


def module_lattice(engine, table, kek):
    for kind, last in DSA.items():
        seed = os.urandom(32)
        pure = getattr(ml_dsa, kind.replace("-", "_"))
        pk, sk = pure.key_derive(seed)
        openssl = getattr(mldsa, kind.replace("-", "") + "PrivateKey").from_seed_bytes(seed)
        encoded = encode_private(3, last, der(0x80, seed))
        for name in ("ML-DSA", "HASH-ML-DSA"):
            key = kek.bring(encoded, template(kind, "sign sign-digest verify", name))
            public = template(kind, "verify", name, public=True)
            public = engine("import", data=encode_public(3, last, pk), template=public)
            same = engine.bytes("public", key=key)
            table.add(f"{name} ({kind})", "the same key pair of a seed", "dilithium-py", same == encode_public(3, last, pk))
            table.add(f"{name} ({kind})", "the same key pair of a seed", "cryptography", same == spki(openssl.public_key()))
            for context in (b"", b"context", os.urandom(255)):
                text = os.urandom(100)
                fields = {"algorithm": name, "context": context, "data": text}
                if name == "ML-DSA":
                    hedged = engine.bytes("sign", key=key, **fields)
                    fixed = engine.bytes("sign", key=key, deterministic=True, **fields)
                    for ours in (hedged, fixed):
                        good = pure.verify(pk, text, ours, context)
                        good = good and not pure.verify(pk, text, flipped(ours, 0), context)
                        table.add(f"{name} ({kind})", OURS, "dilithium-py", good)
                        good = accepted(lambda s: openssl.public_key().verify(s, text, context), ours)
                        table.add(f"{name} ({kind})", OURS, "cryptography", good)
                    theirs = pure.sign(sk, text, context, deterministic=True)
                    table.add(f"{name} ({kind}, deterministic)", "the same signature", "dilithium-py", theirs == fixed)
                    table.add(f"{name} ({kind})", THEIRS, "dilithium-py", taken(engine, theirs, key=public, **fields))
                    theirs = openssl.sign(text, context)
                    table.add(f"{name} ({kind})", THEIRS, "cryptography", taken(engine, theirs, key=public, **fields))
                    mu = pure.prehash_external_mu(pk, text, context)
                    ours = engine.bytes("sign-digest", key=key, algorithm=name, data=mu)
                    table.add(f"{name} ({kind}, mu)", OURS, "dilithium-py", pure.verify(pk, text, ours, context))
                    theirs = pure.sign_external_mu(sk, mu)
                    table.add(f"{name} ({kind}, mu)", THEIRS, "dilithium-py", taken(engine, theirs, key=public, **fields))
                    theirs = openssl.sign_mu(mu)
                    good = engine.takes("verify-digest", key=public, algorithm=name, data=mu, other=theirs)
                    table.add(f"{name} ({kind}, mu)", THEIRS, "cryptography", good)
                    continue
                # Weaker hashes than the key are refused.
                strength = {"ML-DSA-44": 128, "ML-DSA-65": 192, "ML-DSA-87": 256}[kind]
                for hash in (h for h, row in names.STRONG.items() if row[0].digest_size * 4 >= strength):
                    # FIPS 204 section 5.4; the peer signs what it is given.
                    message = b"\1" + bytes([len(context)]) + context + names.encoded(hash, text)
                    ours = engine.bytes("sign", key=key, hash=hash, **fields)
                    good = pure._verify_internal(pk, message, ours)
                    table.add(f"{name} ({kind})", OURS, "dilithium-py", good)
                    theirs = pure._sign_internal(sk, message, os.urandom(32))
                    good = taken(engine, theirs, key=public, hash=hash, **fields)
                    table.add(f"{name} ({kind})", THEIRS, "dilithium-py", good)


def stateless(engine, table, kek, slow):
    for kind, last in SLH.items():
        _, _, family, size = kind.split("-")
        par = getattr(slhdsa, f"{family.lower()}_{size}")
        signs = slow or size.endswith("f")  # pure Python: each of the others takes a minute
        name = "SLH-DSA"
        if signs:
            pair = slhdsa.KeyPair.gen(par)
            encoded = encode_private(3, last, pair.sec.digest())
            policy = template(kind, "sign verify", name)
            key, public = kek.bring(encoded, policy), pair.pub
        else:
            key = engine("generate", template=template(kind, "sign verify", name))
            public = slhdsa.PublicKey.from_digest(engine.bytes("public", key=key)[-2 * par.n :], par)
        its = template(kind, "verify", name, public=True)
        its = engine("import", data=encode_public(3, last, public.digest()), template=its)
        context, text = b"context", os.urandom(50)
        fields = {"algorithm": name, "context": context, "data": text}
        for more in ({}, {"deterministic": True}):
            ours = engine.bytes("sign", key=key, **fields, **more)
            good = public.verify_pure(text, ours, context) and not public.verify_pure(text + b"x", ours, context)
            table.add(f"{name} ({kind})", OURS, "slh-dsa", good)
        if signs:
            theirs = pair.sec.sign_pure(text, False, context)
            table.add(f"{name} ({kind}, deterministic)", "the same signature", "slh-dsa", theirs == ours)
            table.add(f"{name} ({kind})", THEIRS, "slh-dsa", taken(engine, theirs, key=its, **fields))
        # Over a hash, with a key of its own.
        name = "HASH-SLH-DSA"
        policy = template(kind, "sign verify", name)
        if signs:
            key = kek.bring(encoded, policy)
        else:
            key = engine("generate", template=policy)
            public = slhdsa.PublicKey.from_digest(engine.bytes("public", key=key)[-2 * par.n :], par)
        its = template(kind, "verify", name, public=True)
        its = engine("import", data=encode_public(3, last, public.digest()), template=its)
        fields["algorithm"] = name
        for hash in ("SHA-512", "SHA3-256") if size == "128f" else ("SHA-512",):
            ours = engine.bytes("sign", key=key, hash=hash, **fields)
            hashed = lambda data: names.encoded(hash, data)
            good = public.verify_hash(text, ours, context, hashed)
            table.add(f"{name} ({kind})", OURS, "slh-dsa", good)
            if signs:
                theirs = pair.sec.sign_hash(text, False, context, hashed)
                good = taken(engine, theirs, key=its, hash=hash, **fields)
                table.add(f"{name} ({kind})", THEIRS, "slh-dsa", good)
