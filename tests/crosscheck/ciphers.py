"""AES-GCM, CBC, CTR, CMAC, HMAC, digests and SHAKE."""

import os

from Crypto.Cipher import AES
from Crypto.Hash import CMAC, HMAC, SHAKE128, SHAKE256
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import cmac, hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import hashes as names
from engine import flipped, template

LENGTHS = (0, 1, 15, 16, 17, 64, 200, 1000)
OURS, THEIRS = "ours encrypts, theirs decrypts", "theirs encrypts, ours decrypts"


def crypt(cipher, text, decrypt=False):
    run = cipher.decryptor() if decrypt else cipher.encryptor()
    return run.update(text) + run.finalize()


def run(engine, table, kek, slow):
    for bits in (128, 192, 256):
        gcm(engine, table, kek, bits)
        unauthenticated(engine, table, kek, bits)
        cmacs(engine, table, kek, bits)
    hmacs(engine, table, kek)
    digests(engine, table)


def gcm(engine, table, kek, bits):
    for name in ("AES-GCM", "AES-GCM-COUNTER"):
        # A key with counted IVs is never brought in: the engine makes it, and sends it out for this.
        policy = template(f"AES-{bits}", "encrypt decrypt", name, export="interoperable", min_tag=12)
        key = engine("generate", template=policy)
        secret = kek.send(key)
        for n in LENGTHS:
            text, aad, iv = os.urandom(n), os.urandom(n // 2), os.urandom(12)
            made = engine("encrypt", key=key, algorithm=name, aad=aad, data=text)
            ours, its_iv = bytes.fromhex(made["text"]), bytes.fromhex(made["iv"])
            try:
                table.add(name, OURS, "cryptography", AESGCM(secret).decrypt(its_iv, ours, aad) == text)
            except InvalidTag:
                table.add(name, OURS, "cryptography", False)
            theirs = AESGCM(secret).encrypt(iv, text, aad)
            fields = {"key": key, "algorithm": name, "aad": aad, "iv": iv}
            good = engine.bytes("decrypt", data=theirs, **fields) == text
            good = good and engine.refuses("decrypt", data=flipped(theirs), **fields)
            table.add(name, THEIRS, "cryptography", good)
            for tag in (12, 16):
                cipher = AES.new(secret, AES.MODE_GCM, nonce=iv, mac_len=tag)
                cipher.update(aad)
                theirs = b"".join(cipher.encrypt_and_digest(text))
                table.add(name, THEIRS, "pycryptodome", engine.bytes("decrypt", data=theirs, tag=tag, **fields) == text)
                made = engine("encrypt", key=key, algorithm=name, aad=aad, data=text, tag=tag)
                ours = bytes.fromhex(made["text"])
                cipher = AES.new(secret, AES.MODE_GCM, nonce=bytes.fromhex(made["iv"]), mac_len=tag)
                cipher.update(aad)
                good = cipher.decrypt_and_verify(ours[:-tag], ours[-tag:]) == text
                table.add(name, OURS, "pycryptodome", good)


def unauthenticated(engine, table, kek, bits):
    for name in ("AES-CBC", "AES-CBC-PKCS7", "AES-CTR"):
        policy = template(f"AES-{bits}", "encrypt decrypt", name, export="interoperable")
        key = engine("generate", template=policy)
        secret = kek.send(key)
        algorithm = algorithms.AES(secret)
        for n in LENGTHS:
            if name == "AES-CBC" and n % 16:
                continue
            text, iv = os.urandom(n), os.urandom(16)
            pad = lambda data: data + bytes([16 - len(data) % 16] * (16 - len(data) % 16))
            padded = pad(text) if name == "AES-CBC-PKCS7" else text
            made = engine("encrypt", key=key, algorithm=name, data=text)
            ours, its_iv = bytes.fromhex(made["text"]), bytes.fromhex(made["iv"])
            mode = (lambda iv: modes.CTR(iv)) if name == "AES-CTR" else (lambda iv: modes.CBC(iv))
            good = crypt(Cipher(algorithm, mode(its_iv)), ours, decrypt=True) == padded
            if name == "AES-CBC-PKCS7":
                unpad = padding.PKCS7(128).unpadder()
                opened = crypt(Cipher(algorithm, mode(its_iv)), ours, decrypt=True)
                good = good and unpad.update(opened) + unpad.finalize() == text
            table.add(name, OURS, "cryptography", good)
            theirs = crypt(Cipher(algorithm, mode(iv)), padded)
            opened = engine.bytes("decrypt", key=key, algorithm=name, iv=iv, data=theirs)
            table.add(name, THEIRS, "cryptography", opened == text)

            def other(iv):
                if name == "AES-CTR":
                    return AES.new(secret, AES.MODE_CTR, nonce=b"", initial_value=iv)
                return AES.new(secret, AES.MODE_CBC, iv=iv)

            table.add(name, OURS, "pycryptodome", other(its_iv).decrypt(ours) == padded)
            theirs = other(iv).encrypt(padded)
            opened = engine.bytes("decrypt", key=key, algorithm=name, iv=iv, data=theirs)
            table.add(name, THEIRS, "pycryptodome", opened == text)


def judge_mac(engine, table, name, peer, theirs, **fields):
    """One tag of the peer's: ours is the same, and ours is verified by comparing; theirs is verified by us."""
    table.add(name, "ours makes, theirs verifies", peer, engine.bytes("mac", **fields) == theirs)
    good = engine.takes("verify-mac", other=theirs, **fields)
    good = good and engine.refuses("verify-mac", other=flipped(theirs), **fields)
    table.add(name, "theirs makes, ours verifies", peer, good)


def cmacs(engine, table, kek, bits):
    secret = os.urandom(bits // 8)
    key = kek.bring(secret, template(f"AES-{bits}", "mac verify-mac", "AES-CMAC", min_tag=8))
    for n in LENGTHS:
        text = os.urandom(n)
        run = cmac.CMAC(algorithms.AES(secret))
        run.update(text)
        fields = {"key": key, "algorithm": "AES-CMAC", "data": text}
        judge_mac(engine, table, "AES-CMAC", "cryptography", run.finalize(), **fields)
        for tag in (8, 16):
            theirs = CMAC.new(secret, text, ciphermod=AES, mac_len=tag).digest()
            judge_mac(engine, table, "AES-CMAC", "pycryptodome", theirs, tag=tag, **fields)


class Module:
    """A hash of pycryptodome as its HMAC wants it."""

    def __init__(self, new):
        self.new, self.digest_size, self.block_size = new, new().digest_size, new().block_size


def hmacs(engine, table, kek):
    for name, (theirs, new, _) in names.ALL.items():
        for size in (14, 32, 65, 128):
            secret, text = os.urandom(size), os.urandom(size * 3)
            policy = template("HMAC", "mac verify-mac", "HMAC", hash=name, length=size)
            key = kek.bring(secret, policy)
            fields = {"key": key, "algorithm": "HMAC", "hash": name, "data": text}
            run = hmac.HMAC(secret, theirs)
            run.update(text)
            judge_mac(engine, table, "HMAC", "cryptography", run.finalize(), **fields)
            made = HMAC.new(secret, text, digestmod=Module(new)).digest()
            judge_mac(engine, table, "HMAC", "pycryptodome", made, **fields)
            engine("destroy", key=key)


def digests(engine, table):
    for name, (_, new, _) in names.ALL.items():
        family = "SHA-3" if name.startswith("SHA3") else "SHA-2"
        for n in LENGTHS + (71, 72, 103, 104, 135, 136, 137, 4096):
            text = os.urandom(n)
            ours = engine.bytes("digest", hash=name, data=text)
            table.add(family, "the same digest", "cryptography", ours == names.digest(name, text))
            table.add(family, "the same digest", "pycryptodome", ours == new(text).digest())
    for name, size, other in (("SHAKE128", 168, SHAKE128), ("SHAKE256", 136, SHAKE256)):
        for n in (0, 1, size - 1, size, size + 1, 1000):
            for length in (1, 32, size, size + 1, 500):
                text = os.urandom(n)
                ours = engine.bytes("xof", xof=name, len=length, data=text)
                run = hashes.Hash(getattr(hashes, name)(length))
                run.update(text)
                table.add("SHAKE", "the same output", "cryptography", ours == run.finalize())
                table.add("SHAKE", "the same output", "pycryptodome", ours == other.new(text).read(length))
