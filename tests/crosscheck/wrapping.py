"""KW, KWP, AES-GCM around keys, RSA-OAEP (keys and data), RSA-AES, hybrid transport, and the native format."""

import os
import pathlib
import sys

from Crypto.Cipher import AES, PKCS1_OAEP
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives import keywrap
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import hashes as names
from engine import flipped, mac_template, pkcs8, spki, template

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "kat-vectors" / "tools"))
import hybrid as hybrids  # noqa: E402  a second implementation of the hybrid transport
import wrap_format  # noqa: E402  and of the native format

OURS, THEIRS = "ours wraps, theirs unwraps", "theirs wraps, ours unwraps"


def run(engine, table, kek, slow):
    symmetric(engine, table, kek)
    asymmetric_payloads(engine, table, kek)
    native(engine, table, kek)
    hybrid(engine, table, kek)
    for bits in (2048, 3072, 4096):
        transport(engine, table, kek, bits)


def judge(engine, table, kek, name, peer, theirs, open_theirs, secret, **fields):
    """`theirs` is a blob of the peer's around `secret`; `open_theirs` opens one of ours."""
    policy = mac_template(len(secret))
    key = engine("unwrap", data=theirs, template=policy, **fields)
    bad = engine.refuses("unwrap", data=flipped(theirs), template=policy, **fields)
    ours = engine.bytes("wrap", payload=key, **fields) if open_theirs else None
    table.add(name, THEIRS, peer, kek.holds(key, secret) and bad)
    if open_theirs:
        table.add(name, OURS, peer, open_theirs(ours) == secret)


def symmetric(engine, table, kek):
    for bits in (128, 192, 256):
        for name in ("AES-KW", "AES-KWP", "AES-GCM-WRAP"):
            secret = os.urandom(bits // 8)
            key = kek.bring(secret, template(f"AES-{bits}", "wrap unwrap", name))
            fields = {"key": key, "algorithm": name}
            for size in (14, 16, 24, 31, 32, 33, 64, 128):
                # No key leaves under a weaker one: it is the length that gives these their strength.
                size = min(size, bits // 8)
                size -= size % 8 if name == "AES-KW" else 0
                if size < 14:
                    continue
                payload = os.urandom(size)
                if name == "AES-GCM-WRAP":
                    iv, aad = os.urandom(12), os.urandom(size)
                    theirs = iv + AESGCM(secret).encrypt(iv, payload, aad)
                    opened = lambda blob: AESGCM(secret).decrypt(blob[:12], blob[12:], aad)
                    judge(engine, table, kek, name, "cryptography", theirs, opened, payload, aad=aad, **fields)
                    continue
                wrap, unwrap = (
                    (keywrap.aes_key_wrap, keywrap.aes_key_unwrap)
                    if name == "AES-KW"
                    else (keywrap.aes_key_wrap_with_padding, keywrap.aes_key_unwrap_with_padding)
                )
                opened = lambda blob: unwrap(secret, blob)
                judge(engine, table, kek, name, "cryptography", wrap(secret, payload), opened, payload, **fields)
                mode = AES.MODE_KW if name == "AES-KW" else AES.MODE_KWP
                theirs = AES.new(secret, mode).seal(payload)
                opened = lambda blob: bytes(AES.new(secret, mode).unseal(blob))
                judge(engine, table, kek, name, "pycryptodome", theirs, opened, payload, **fields)


def asymmetric_payloads(engine, table, kek):
    """Private keys come in as PKCS #8 and leave as such; what is left of them on the other side is the same key."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    for kind, algorithm, made in (
        ("P-256", "ECDSA-P256", ec.generate_private_key(ec.SECP256R1())),
        ("P-384", "ECDSA-P384", ec.generate_private_key(ec.SECP384R1())),
        ("P-521", "ECDSA-P521", ec.generate_private_key(ec.SECP521R1())),
        ("secp256k1", "ECDSA-SECP256K1", ec.generate_private_key(ec.SECP256K1())),
        ("Ed25519", "ED25519", ed25519.Ed25519PrivateKey.generate()),
        ("RSA-2048", "RSA-PSS", rsa.generate_private_key(65537, 2048)),
    ):
        policy = template(kind, "sign verify", algorithm, export="interoperable")
        key = kek.bring(pkcs8(made), policy)
        good = engine.bytes("public", key=key) == spki(made.public_key())
        table.add("AES-KWP around PKCS #8", THEIRS, "cryptography", good)
        back = load_der_private_key(kek.send(key), None)
        good = back.private_numbers() == made.private_numbers() if kind != "Ed25519" else (
            back.private_bytes_raw() == made.private_bytes_raw()
        )
        table.add("AES-KWP around PKCS #8", OURS, "cryptography", good)


def native(engine, table, kek):
    """Blobs of the engine read by wrap_format.py, and such that it wrote taken by the engine."""
    peer = "wrap_format.py"
    key, secret = kek.another("NATIVE-WRAP")
    kek_id = engine.bytes("id", key=key)
    for size in (14, 16, 32, 64, 128):
        policy = template("HMAC", "mac verify-mac", "HMAC", hash="SHA-256", length=size, export="native")
        payload = engine("generate", template=policy)
        tag = engine.bytes("mac", key=payload, algorithm="HMAC", hash="SHA-256", data=b"message")
        its_id = engine.bytes("id", key=payload)
        blob = engine.bytes("wrap", key=key, algorithm="NATIVE-WRAP", payload=payload)
        fields, associated, sealed = wrap_format.read(blob)
        opened = wrap_format.unseal(secret, associated, sealed)
        import hashlib
        import hmac

        good = hmac.digest(opened, b"message", hashlib.sha256) == tag and len(opened) == size
        good = good and (fields["kek_id"], fields["id"]) == (kek_id, its_id) and fields["length"] == size
        table.add("NATIVE-WRAP", OURS, peer, good)
        # The same policy around another key, with an id of its own.
        another = os.urandom(size)
        fields["id"] = os.urandom(16)
        blob = wrap_format.write(fields, secret, os.urandom(12), another)
        taken = engine("unwrap", key=key, algorithm="NATIVE-WRAP", data=blob)
        good = engine.bytes("id", key=taken) == fields["id"] and kek.holds(taken, another)
        good = good and engine.refuses("unwrap", key=key, algorithm="NATIVE-WRAP", data=flipped(blob))
        good = good and engine.refuses("unwrap", key=key, algorithm="NATIVE-WRAP", data=flipped(blob, 60))
        table.add("NATIVE-WRAP", THEIRS, peer, good)


def hybrid(engine, table, kek):
    """OpenSSL, PyCryptodome and kyber-py under one derivation, as docs/wrap-format.md says it."""
    kind, peer = "P-384-ML-KEM-1024", "hybrid.py"
    for size in (14, 16, 31, 32, 64, 128):
        private = ec.generate_private_key(ec.SECP384R1()).private_numbers().private_value.to_bytes(48, "big")
        private += os.urandom(64)
        public = hybrids.public(private)
        name = "HYBRID-KWP"
        key = kek.bring(private, template(kind, "wrap unwrap", name))
        table.add(name, "the same public key", peer, engine.bytes("public", key=key) == hybrids.spki(public))
        secret = os.urandom(size)

        def opened(blob):
            at = hybrids.ENCAPSULATION
            return keywrap.aes_key_unwrap_with_padding(hybrids.decapsulate(hybrids.HYBRID_KWP, private, blob[:at]), blob[at:])

        encapsulation, one = hybrids.encapsulate(hybrids.HYBRID_KWP, public)
        blob = encapsulation + keywrap.aes_key_wrap_with_padding(one, secret)
        judge(engine, table, kek, name, peer, blob, opened, secret, key=key, algorithm=name)
        to_them = template(kind, "wrap", name, public=True)
        to_them = engine("import", data=hybrids.spki(public), template=to_them)
        payload = kek.mac_key(secret)
        blob = engine.bytes("wrap", key=to_them, algorithm=name, payload=payload)
        table.add(name, OURS, peer, opened(blob) == secret)

        name = "HYBRID-NATIVE"
        key = kek.bring(private, template(kind, "wrap unwrap", name))
        blob = engine.bytes("wrap", key=key, algorithm=name, payload=payload)
        fields, associated, sealed = wrap_format.read(blob)
        good = wrap_format.unseal(private, associated, sealed) == secret and fields["length"] == size
        good = good and fields["kek_id"] == hybrids.name(public) and fields["id"] == engine.bytes("id", key=payload)
        table.add(name, OURS, peer, good)
        another = os.urandom(size)
        fields["id"] = os.urandom(16)
        encapsulation, one = hybrids.encapsulate(hybrids.HYBRID_NATIVE, public)
        blob = wrap_format.write(fields, one, os.urandom(12), another, encapsulation)
        taken = engine("unwrap", key=key, algorithm=name, data=blob)
        good = engine.bytes("id", key=taken) != fields["id"] and kek.holds(taken, another)
        # Payload, header, point and ciphertext.
        for at in (-1, 60, len(associated) + 50, len(associated) + 500):
            good = good and engine.refuses("unwrap", key=key, algorithm=name, data=flipped(blob, at))
        table.add(name, THEIRS, peer, good)


def transport(engine, table, kek, bits):
    made = rsa.generate_private_key(65537, bits)
    other = RSA.import_key(pkcs8(made))
    kind, strength = f"RSA-{bits}", 14 if bits == 2048 else 16

    def pair(algorithm, private, public):
        theirs = template(kind, public, algorithm, public=True)
        return (
            kek.bring(pkcs8(made), template(kind, private, algorithm)),
            engine("import", data=spki(made.public_key()), template=theirs),
        )

    wrapped = pair("RSA-OAEP", "unwrap", "wrap")
    both = pair("RSA-AES-KWP", "unwrap", "wrap")
    data = pair("RSA-OAEP-DATA", "decrypt", "encrypt")
    for name in names.STRONG:
        hash, new, _ = names.STRONG[name]
        label = os.urandom(9)
        fields = {"hash": name, "label": label}
        oaep = padding.OAEP(padding.MGF1(hash), hash, label)
        module = type("Hash", (), {"new": staticmethod(new), "digest_size": hash.digest_size})
        peers = (
            ("cryptography", lambda m: made.public_key().encrypt(m, oaep), lambda c: made.decrypt(c, oaep)),
            (
                "pycryptodome",
                lambda m: PKCS1_OAEP.new(other, hashAlgo=module, label=label).encrypt(m),
                lambda c: PKCS1_OAEP.new(other, hashAlgo=module, label=label).decrypt(c),
            ),
        )
        # cryptography has OAEP with these alone.
        for peer, seal, opened in peers if name in ("SHA-256", "SHA-384", "SHA-512") else peers[1:]:
            secret = os.urandom(strength)
            # Around keys.
            blob = seal(secret)
            use = {"key": wrapped[0], "algorithm": "RSA-OAEP"} | fields
            key = engine("unwrap", data=blob, template=mac_template(strength), **use)
            ours = engine.bytes("wrap", payload=key, **(use | {"key": wrapped[1]}))
            bad = engine.refuses("unwrap", data=flipped(blob), template=mac_template(strength), **use)
            table.add("RSA-OAEP", THEIRS, peer, kek.holds(key, secret) and bad)
            table.add("RSA-OAEP", OURS, peer, opened(ours) == secret)
            # Around an AES key around keys: an AES-256 key, then KWP.
            middle = os.urandom(32)
            blob = seal(middle) + keywrap.aes_key_wrap_with_padding(middle, secret)
            use = {"key": both[0], "algorithm": "RSA-AES-KWP"} | fields
            key = engine("unwrap", data=blob, template=mac_template(strength), **use)
            ours = engine.bytes("wrap", payload=key, **(use | {"key": both[1]}))
            bad = engine.refuses("unwrap", data=flipped(blob), template=mac_template(strength), **use)
            bad = bad and engine.refuses("unwrap", data=flipped(blob, 5), template=mac_template(strength), **use)
            table.add("RSA-AES-KWP", THEIRS, peer, kek.holds(key, secret) and bad)
            middle = opened(ours[: bits // 8])
            good = keywrap.aes_key_unwrap_with_padding(middle, ours[bits // 8 :]) == secret
            table.add("RSA-AES-KWP", OURS, peer, good)
            # Around data.
            text = os.urandom(strength * 2)
            use = {"algorithm": "RSA-OAEP-DATA"} | fields
            good = engine.bytes("decrypt", key=data[0], data=seal(text), **use) == text
            table.add("RSA-OAEP-DATA", "theirs encrypts, ours decrypts", peer, good)
            sealed = bytes.fromhex(engine("encrypt", key=data[1], data=text, **use)["text"])
            table.add("RSA-OAEP-DATA", "ours encrypts, theirs decrypts", peer, opened(sealed) == text)
