#!/usr/bin/env python3
"""Confirms the known answers of kat-vectors/cast/ with implementations that share nothing with the
library: `cryptography` (OpenSSL), PyCryptodome, and the short ones below.

    pip install cryptography pycryptodome kyber-py dilithium-py slh-dsa pqcrypto
    python3 kat-vectors/tools/make_cast.py

Prints a line per check; exits with 1 if one fails, a value went unread or an input is there twice.
It changes no file: kat-vectors/README.md tells where each value comes from and how the generated ones
were made.
Written against cryptography 50, PyCryptodome 4.4, kyber-py 1.2, dilithium-py 1.5, slh-dsa 0.2 and pqcrypto 1.0.
"""

import functools
import hashlib
import hmac
import math
import operator
import pathlib
import re
import subprocess
import sys

import pqcrypto
import slhdsa
import slhdsa.lowlevel.slhdsa as slh_low
from Crypto.Cipher import AES, PKCS1_OAEP
from Crypto.Hash import CMAC, HMAC, SHA3_256, SHA256, SHA384, SHA512, SHAKE256
from Crypto.Protocol import KDF
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import DSS, eddsa, pkcs1_15, pss
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC as OpenSslCmac
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash, ConcatKDFHMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from dilithium_py.ml_dsa import ML_DSA_44
from kyber_py.ml_kem import ML_KEM_768

import hybrid as hybrids

CAST = pathlib.Path(__file__).resolve().parent.parent / "cast"
failures = 0


def check(what, ok):
    global failures
    failures += not ok
    print(("ok   " if ok else "FAIL ") + what)


class Vectors:
    """One vector file; remembers which of its values were read."""

    def __init__(self, name):
        self.name, self.values, self.unread = name, {}, set()
        text, last = (CAST / f"{name}.txt").read_text("ascii"), None
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("  ") and last:
                self.values[last] += bytes.fromhex(line[2:])
            elif match := re.fullmatch(r"([a-z0-9_]+) =(?: ((?:[0-9a-fA-F]{2})*))?", line):
                last = match[1]
                if last in self.values:
                    sys.exit(f"{name}.txt:{number}: {last} is there twice")
                self.values[last] = bytes.fromhex(match[2] or "")
                self.unread.add(last)
            elif line == "" or line.startswith("#"):
                last = None
            else:
                sys.exit(f"{name}.txt:{number}: not understood")

    def __getitem__(self, key):
        self.unread.discard(key)
        return self.values[key]


def verifies(call, *args):
    try:
        call(*args)
        return True
    except (InvalidSignature, ValueError):
        return False


# --- SHA-2, HMAC ---


def sha(v):
    for bits, other in (("256", SHA256), ("384", SHA384), ("512", SHA512)):
        msg, md = v[f"msg{bits}"], v[f"md{bits}"]
        check(f"sha{bits} more than one block", len(msg) > (64 if bits == "256" else 128))
        check(f"sha{bits} OpenSSL", hashlib.new(f"sha{bits}", msg).digest() == md)
        check(f"sha{bits} PyCryptodome", other.new(msg).digest() == md)


def sha3(v):
    msg, md = v["sha3_256_msg"], v["sha3_256_md"]
    check("sha3_256 more than one block", len(msg) > 136)
    check("sha3_256 hashlib", hashlib.sha3_256(msg).digest() == md)
    check("sha3_256 pycryptodome", SHA3_256.new(msg).digest() == md)
    msg, out = v["shake256_msg"], v["shake256_out"]
    check("shake256 more than one block out", len(out) > 136)
    check("shake256 hashlib", hashlib.shake_256(msg).digest(len(out)) == out)
    check("shake256 pycryptodome", SHAKE256.new(msg).read(len(out)) == out)


def ecdh(v):
    for name, curve, other in (
        ("p256", ec.SECP256R1(), "P-256"),
        ("p384", ec.SECP384R1(), "P-384"),
        ("p521", ec.SECP521R1(), "P-521"),
    ):
        d, q, z = (v[f"{name}_{part}"] for part in "dqz")
        peer = ec.EllipticCurvePublicKey.from_encoded_point(curve, q)
        own = ec.derive_private_key(int.from_bytes(d, "big"), curve)
        check(f"ecdh {name} OpenSSL", own.exchange(ec.ECDH(), peer) == z)
        point = ECC.import_key(q, curve_name=other).pointQ * int.from_bytes(d, "big")
        check(f"ecdh {name} PyCryptodome", point.x.to_bytes(len(z), "big") == z)


def kdf(v):
    ikm, salt, info, okm = (v[f"hkdf_{part}"] for part in ("ikm", "salt", "info", "okm"))
    check("hkdf OpenSSL", HKDF(hashes.SHA256(), len(okm), salt, info).derive(ikm) == okm)
    check("hkdf PyCryptodome", KDF.HKDF(ikm, len(okm), salt, SHA256, context=info) == okm)

    def counted(length, block):
        blocks = (block(i.to_bytes(4, "big")) for i in range(1, length // 32 + 2))
        return b"".join(blocks)[:length]

    z, info, okm = (v[f"one_step_hash_{part}"] for part in ("z", "info", "okm"))
    check("one-step hash OpenSSL", ConcatKDFHash(hashes.SHA256(), len(okm), info).derive(z) == okm)
    by_hand = counted(len(okm), lambda i: SHA256.new(i + z + info).digest())
    check("one-step hash by hand over PyCryptodome", by_hand == okm)
    z, salt, info, okm = (v[f"one_step_hmac_{part}"] for part in ("z", "salt", "info", "okm"))
    check("one-step HMAC OpenSSL", ConcatKDFHMAC(hashes.SHA256(), len(okm), salt, info).derive(z) == okm)
    by_hand = counted(len(okm), lambda i: HMAC.new(salt, i + z + info, SHA256).digest())
    check("one-step HMAC by hand over PyCryptodome", by_hand == okm)
    z, info, okm = (v[f"x963_{part}"] for part in ("z", "info", "okm"))
    check("x963 OpenSSL", X963KDF(hashes.SHA256(), len(okm), info).derive(z) == okm)
    by_hand = counted(len(okm), lambda i: SHA256.new(z + i + info).digest())
    check("x963 by hand over PyCryptodome", by_hand == okm)


def kbkdf_openssl(mode, mac, key, label, context, length):
    options = [f"mode:{mode}", f"mac:{mac.upper()}", f"hexkey:{key.hex()}"]
    options += [f"hexsalt:{label.hex()}", f"hexinfo:{context.hex()}"]
    options.append("digest:SHA256" if mac == "hmac" else "cipher:AES-256-CBC")
    command = ["openssl", "kdf", "-binary", "-keylen", str(length)]
    for option in options:
        command += ["-kdfopt", option]
    return subprocess.run([*command, "KBKDF"], capture_output=True, check=True).stdout


def kbkdf(v):
    """SP 800-108 r1, sections 4.1 and 4.2."""
    prfs = {
        "hmac": lambda key, data: HMAC.new(key, data, SHA256).digest(),
        "cmac": lambda key, data: CMAC.new(key, data, AES).digest(),
    }
    for mode in ("counter", "feedback"):
        for mac, prf in prfs.items():
            key, label, context, okm = (v[f"{mode}_{mac}_{part}"] for part in ("key", "label", "context", "okm"))
            check(f"{mode} {mac}: no zero byte in the label", 0 not in label)
            fixed = label + b"\0" + context + (8 * len(okm)).to_bytes(4, "big")
            made, before = b"", b""
            for i in range(1, 4):
                before = prf(key, (before if mode == "feedback" else b"") + i.to_bytes(4, "big") + fixed)
                made += before
            check(f"{mode} {mac} by hand over PyCryptodome", made[: len(okm)] == okm)
            theirs = kbkdf_openssl(mode, mac, key, label, context, len(okm))
            check(f"{mode} {mac} openssl", theirs == okm)
    for mac, other, what in (("hmac", KBKDFHMAC, hashes.SHA256()), ("cmac", KBKDFCMAC, algorithms.AES)):
        key, label, context, okm = (v[f"counter_{mac}_{part}"] for part in ("key", "label", "context", "okm"))
        place = (Mode.CounterMode, len(okm), 4, 4, CounterLocation.BeforeFixed)
        check(f"counter {mac} cryptography", other(what, *place, label, context, None).derive(key) == okm)


def pbkdf2(v):
    password, salt, okm = v["password"], v["salt"], v["okm"]
    check("pbkdf2 OpenSSL", PBKDF2HMAC(hashes.SHA256(), len(okm), salt, 2).derive(password) == okm)
    check("pbkdf2 PyCryptodome", KDF.PBKDF2(password, salt, len(okm), 2, hmac_hash_module=SHA256) == okm)
    check("pbkdf2 more than one block", len(okm) > 32)


def hmacs(v):
    for bits, other in (("256", SHA256), ("384", SHA384), ("512", SHA512)):
        key, msg, mac = v[f"key{bits}"], v[f"msg{bits}"], v[f"mac{bits}"]
        check(f"hmac{bits} OpenSSL", hmac.digest(key, msg, f"sha{bits}") == mac)
        check(f"hmac{bits} PyCryptodome", HMAC.new(key, msg, other).digest() == mac)


# --- AES ---


def aes_openssl(key, block):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return cipher.update(block) + cipher.finalize()


def aes_openssl_inverse(key, block):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    return cipher.update(block) + cipher.finalize()


def aes_pycryptodome(key, block):
    return AES.new(key, AES.MODE_ECB).encrypt(block)


def aes_block(v):
    for size in ("aes128", "aes192", "aes256"):
        key, pt, ct = (v[f"{size}_enc_{part}"] for part in ("key", "pt", "ct"))
        check(f"{size} encrypt OpenSSL", aes_openssl(key, pt) == ct)
        check(f"{size} encrypt PyCryptodome", aes_pycryptodome(key, pt) == ct)
        key, pt, ct = (v[f"{size}_dec_{part}"] for part in ("key", "pt", "ct"))
        check(f"{size} decrypt OpenSSL", aes_openssl_inverse(key, ct) == pt)
        check(f"{size} decrypt PyCryptodome", AES.new(key, AES.MODE_ECB).decrypt(ct) == pt)


def aes_gcm(v):
    for size in ("aes128", "aes192", "aes256"):
        parts = ("key", "iv", "aad", "pt", "ct", "tag")
        key, iv, aad, pt, ct, tag = (v[f"{size}_seal_{part}"] for part in parts)
        check(f"{size}-gcm seal OpenSSL", AESGCM(key).encrypt(iv, pt, aad) == ct + tag)
        other = AES.new(key, AES.MODE_GCM, nonce=iv).update(aad)
        check(f"{size}-gcm seal PyCryptodome", other.encrypt_and_digest(pt) == (ct, tag))
        key, iv, aad, pt, ct, tag = (v[f"{size}_open_{part}"] for part in parts)
        check(f"{size}-gcm open OpenSSL", AESGCM(key).decrypt(iv, ct + tag, aad) == pt)
        other = AES.new(key, AES.MODE_GCM, nonce=iv).update(aad)
        check(f"{size}-gcm open PyCryptodome", other.decrypt_and_verify(ct, tag) == pt)
    made = [hashlib.shake_256(f"strongroom CAST GCM long {part}".encode()).digest(n) for part, n in (("key", 32), ("IV", 12))]
    key, iv = v["long_key"], v["long_iv"]
    check("gcm long inputs are generated", [key, iv] == made)
    text = bytes(i % 251 for i in range(1075))
    sealed = AESGCM(key).encrypt(iv, text, b"")
    check("gcm long seal OpenSSL", sealed[-16:] == v["long_seal_tag"])
    other = AES.new(key, AES.MODE_GCM, nonce=iv)
    check("gcm long seal PyCryptodome", other.encrypt_and_digest(text) == (sealed[:-16], sealed[-16:]))
    opened = AESGCM(key).decrypt(iv, text + v["long_open_tag"], b"")
    other = AES.new(key, AES.MODE_GCM, nonce=iv)
    check("gcm long open PyCryptodome", other.decrypt_and_verify(text, v["long_open_tag"]) == opened)
    blocks = [opened[at : at + 16].ljust(16, b"\0") for at in range(0, len(opened), 16)]
    check("gcm long open sum", bytes(functools.reduce(operator.xor, column) for column in zip(*blocks)) == v["long_open_sum"])


def aes_cbc(v):
    for way in ("encrypt", "decrypt"):
        key, iv, pt, ct = (v[f"{way}_{part}"] for part in ("key", "iv", "pt", "ct"))
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
        half = cipher.encryptor() if way == "encrypt" else cipher.decryptor()
        given, expected = (pt, ct) if way == "encrypt" else (ct, pt)
        check(f"cbc {way} OpenSSL", half.update(given) + half.finalize() == expected)
        other = AES.new(key, AES.MODE_CBC, iv)
        check(f"cbc {way} PyCryptodome", getattr(other, way)(given) == expected)


def aes_ctr(v):
    for prefix in ("", "carry_"):
        key, counter, pt, ct = (v[prefix + part] for part in ("key", "counter", "pt", "ct"))
        half = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
        check(f"{prefix}ctr OpenSSL", half.update(pt) + half.finalize() == ct)
        other = AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=counter)
        check(f"{prefix}ctr PyCryptodome", other.encrypt(pt) == ct)
    low = int.from_bytes(v["carry_counter"][8:], "big")
    check("ctr carries into the upper half", low + len(v["carry_pt"]) // 16 > 2**64)
    for part in ("key", "message"):
        name, length = f"strongroom CAST CTR carry {part}", 32 if part == "key" else 61
        made = hashlib.shake_256(name.encode()).digest(length)
        check(f"ctr carry {part} is generated", made == v["carry_key" if part == "key" else "carry_pt"])


def aes_cmac(v):
    for length in (40, 64):
        key, msg, mac = v["key"], v["msg"][:length], v[f"mac{length}"]
        other = OpenSslCmac(algorithms.AES(key))
        other.update(msg)
        check(f"cmac of {length} bytes OpenSSL", other.finalize() == mac)
        check(f"cmac of {length} bytes PyCryptodome", CMAC.new(key, msg, AES).digest() == mac)


def aes_kw(v):
    modes_ = {
        "kw": (keywrap.aes_key_wrap, keywrap.aes_key_unwrap, AES.MODE_KW),
        "kwp": (keywrap.aes_key_wrap_with_padding, keywrap.aes_key_unwrap_with_padding, AES.MODE_KWP),
    }
    for name, (wrap, unwrap, mode) in modes_.items():
        kek, pt, ct = (v[f"{name}_wrap_{part}"] for part in ("kek", "pt", "ct"))
        check(f"{name} wrap cryptography", wrap(kek, pt) == ct)
        check(f"{name} wrap PyCryptodome", AES.new(kek, mode).seal(pt) == ct)
        kek, pt, ct = (v[f"{name}_unwrap_{part}"] for part in ("kek", "pt", "ct"))
        check(f"{name} unwrap cryptography", unwrap(kek, ct) == pt)
        check(f"{name} unwrap PyCryptodome", AES.new(kek, mode).unseal(ct) == pt)


# --- CTR_DRBG: SP 800-90A Rev. 1, section 10.2.1, AES-256 with the derivation function ---


class CtrDrbg:
    def __init__(self, aes, entropy, nonce, personalisation):
        self.aes, self.key, self.v = aes, bytes(32), bytes(16)
        self.update(self.df(entropy + nonce + personalisation))

    def reseed(self, entropy, additional=b""):
        self.update(self.df(entropy + additional))

    def generate(self, length, additional=b""):
        additional = self.df(additional) if additional else bytes(48)
        if any(additional):
            self.update(additional)
        out = self.blocks(length)
        self.update(additional)
        return out

    def blocks(self, length):
        out = b""
        while len(out) < length:
            self.v = ((int.from_bytes(self.v, "big") + 1) % 2**128).to_bytes(16, "big")
            out += self.aes(self.key, self.v)
        return out[:length]

    def update(self, provided):
        new = bytes(a ^ b for a, b in zip(self.blocks(48), provided, strict=True))
        self.key, self.v = new[:32], new[32:]

    def df(self, data):  # section 10.3.2
        s = len(data).to_bytes(4, "big") + (48).to_bytes(4, "big") + data + b"\x80"
        s += bytes(-len(s) % 16)
        key, temp = bytes(range(32)), b""
        for i in range(3):
            chain = bytes(16)
            block = i.to_bytes(4, "big") + bytes(12) + s
            for at in range(0, len(block), 16):  # section 10.3.3
                chain = self.aes(key, bytes(a ^ b for a, b in zip(chain, block[at : at + 16])))
            temp += chain
        key, x, out = temp[:32], temp[32:48], b""
        for _ in range(3):
            x = self.aes(key, x)
            out += x
        return out


def ctr_drbg(v):
    for name, aes in (("OpenSSL AES", aes_openssl), ("PyCryptodome AES", aes_pycryptodome)):
        seed = (v[f"between_{part}"] for part in ("entropy", "nonce", "personalisation"))
        drbg, expected = CtrDrbg(aes, *seed), v["between_returned"]
        drbg.generate(len(expected), v["between_additional_first"])
        drbg.reseed(v["between_reseed_entropy"], v["between_reseed_additional"])
        returned = drbg.generate(len(expected), v["between_additional_second"])
        check(f"ctr_drbg reseed between generates, {name}", returned == expected)

        seed = (v[f"first_{part}"] for part in ("entropy", "nonce", "personalisation"))
        drbg, expected = CtrDrbg(aes, *seed), v["first_returned"]
        drbg.reseed(v["first_reseed_entropy"])
        drbg.generate(len(expected))
        check(f"ctr_drbg reseed first, {name}", drbg.generate(len(expected)) == expected)


# --- HMAC_DRBG: SP 800-90A Rev. 1, section 10.1.2, SHA-512 ---


class HmacDrbg:
    def __init__(self, mac, seed):
        self.mac, self.key, self.v = mac, bytes(64), b"\x01" * 64
        self.update(seed)

    def update(self, data):
        for octet in (b"\0", b"\1") if data else (b"\0",):
            self.key = self.mac(self.key, self.v + octet + data)
            self.v = self.mac(self.key, self.v)

    def generate(self, length, additional=b""):
        if additional:
            self.update(additional)
        out = b""
        while len(out) < length:
            self.v = self.mac(self.key, self.v)
            out += self.v
        self.update(additional)
        return out[:length]


def hmac_drbg(v):
    macs = {
        "Python": lambda key, data: hmac.digest(key, data, "sha512"),
        "PyCryptodome": lambda key, data: HMAC.new(key, data, SHA512).digest(),
    }
    for name, mac in macs.items():
        drbg = HmacDrbg(mac, v["entropy"] + v["nonce"] + v["personalisation"])
        drbg.update(v["reseed_entropy"] + v["reseed_additional"])
        drbg.generate(256, v["additional_first"])
        check(f"hmac_drbg, HMAC of {name}", drbg.generate(256, v["additional_second"]) == v["returned"])


# --- ECDSA: FIPS 186-5, section 6.4 ---


def scalar_times_point(k, point, p, a=-3):
    """k times the point, on y^2 = x^3 + a*x + b, in plain affine arithmetic."""
    result = None
    while k:
        if k & 1:
            result = add_points(result, point, p, a)
        point = add_points(point, point, p, a)
        k >>= 1
    return result


def add_points(left, right, p, a):
    if left is None:
        return right
    (x1, y1), (x2, y2) = left, right
    if left == right:
        slope = (3 * x1 * x1 + a) * pow(2 * y1, -1, p) % p
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, p) % p
    x3 = (slope * slope - x1 - x2) % p
    return x3, (slope * (x1 - x3) - y1) % p


# p, the order n and the base point: SP 800-186, sections 3.2.1.3 to 3.2.1.5.
P256 = (
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
P384 = (
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)
P521 = (
    2**521 - 1,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    0xC6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
    0x11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
)
# SEC 2 v2, section 2.4.1; a = 0 and not -3.
SECP256K1 = (
    2**256 - 2**32 - 977,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def ecdsa_sign(curve, d, digest, k, a=-3):
    p, n, gx, gy = curve
    size = (n.bit_length() + 7) // 8
    d, e, k = (int.from_bytes(x, "big") for x in (d, digest, k))
    r = scalar_times_point(k, (gx, gy), p, a)[0] % n
    s = pow(k, -1, n) * (e + r * d) % n
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def ecdsa_verifies(curve, hash_, other_hash, q, msg, sig):
    """Both verifiers accept the signature, and both refuse one with a bit changed."""
    half = len(sig) // 2
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, q)
    other = DSS.new(ECC.import_key(q, curve_name=f"P-{curve.key_size}"), "fips-186-3")

    def both(sig):
        r, s = int.from_bytes(sig[:half], "big"), int.from_bytes(sig[half:], "big")
        der = utils.encode_dss_signature(r, s)
        return (
            verifies(theirs.verify, der, msg, ec.ECDSA(hash_)),
            verifies(other.verify, other_hash.new(msg), sig),
        )

    return both(sig) == (True, True) and both(sig[:-1] + bytes([sig[-1] ^ 1])) == (False, False)


def ecdsa(v, curve, params, hash_, other_hash):
    name = v.name
    for case in ("sign", "verify") + (("det",) if "det_d" in v.values else ()):
        q, msg, sig = v[f"{case}_q"], v[f"{case}_msg"], v[f"{case}_sig"]
        check(f"{name} {case} digest", other_hash.new(msg).digest() == v[f"{case}_digest"])
        accepted = ecdsa_verifies(curve, hash_, other_hash, q, msg, sig)
        check(f"{name} {case} verifies, cryptography and PyCryptodome", accepted)
        if case == "verify":
            continue
        d = v[f"{case}_d"]
        public = scalar_times_point(int.from_bytes(d, "big"), params[2:], params[0])
        size = len(d)
        check(f"{name} {case} public key", q == b"\x04" + b"".join(c.to_bytes(size, "big") for c in public))
        signed = ecdsa_sign(params, d, v[f"{case}_digest"], v[f"{case}_k"])
        check(f"{name} {case} with k, this file", signed == sig)
        if case == "det":
            key = ec.derive_private_key(int.from_bytes(d, "big"), curve)
            der = key.sign(msg, ec.ECDSA(hash_, deterministic_signing=True))
            rs = b"".join(x.to_bytes(size, "big") for x in utils.decode_dss_signature(der))
            check(f"{name} deterministic, OpenSSL", rs == sig)
            key = ECC.construct(curve=f"P-{curve.key_size}", d=int.from_bytes(d, "big"))
            signed = DSS.new(key, "deterministic-rfc6979").sign(other_hash.new(msg))
            check(f"{name} deterministic, PyCryptodome", signed == sig)


def secp256k1(v):
    """PyCryptodome has not this curve: OpenSSL and the arithmetic of this file."""
    curve, n = ec.SECP256K1(), SECP256K1[1]
    for case in ("sign", "verify"):
        q, msg, sig = v[f"{case}_q"], v[f"{case}_msg"], v[f"{case}_sig"]
        check(f"{v.name} {case} digest", hashlib.sha256(msg).digest() == v[f"{case}_digest"])
        r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, q)
        for good, value in ((True, s), (True, n - s), (False, s ^ 1)):
            der = utils.encode_dss_signature(r, value)
            check(f"{v.name} {case} OpenSSL", verifies(key.verify, der, msg, ec.ECDSA(hashes.SHA256())) == good)
        check(f"{v.name} {case} low s to sign, high s to verify", (s <= n // 2) == (case == "sign"))
    d = int.from_bytes(v["sign_d"], "big")
    public = scalar_times_point(d, SECP256K1[2:], SECP256K1[0], a=0)
    check(f"{v.name} public key", v["sign_q"] == b"\x04" + b"".join(c.to_bytes(32, "big") for c in public))
    signed = ecdsa_sign(SECP256K1, v["sign_d"], v["sign_digest"], v["sign_k"], a=0)
    s = int.from_bytes(signed[32:], "big")
    check(f"{v.name} k gives a high s", s > n // 2)
    check(f"{v.name} sign with k, this file", signed[:32] + (n - s).to_bytes(32, "big") == v["sign_sig"])


def ed25519s(v):
    seed, q, msg, sig = (v[f"sign_{part}"] for part in ("seed", "q", "msg", "sig"))
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    check("ed25519 public key", key.public_key().public_bytes_raw() == q)
    check("ed25519 sign OpenSSL", key.sign(msg) == sig)
    key = ECC.construct(curve="Ed25519", seed=seed)
    check("ed25519 sign PyCryptodome", eddsa.new(key, "rfc8032").sign(msg) == sig)
    q, msg, sig = (v[f"verify_{part}"] for part in ("q", "msg", "sig"))
    key = ed25519.Ed25519PublicKey.from_public_bytes(q)
    other = eddsa.new(eddsa.import_public_key(q), "rfc8032")
    check("ed25519 verify OpenSSL", verifies(key.verify, sig, msg))
    check("ed25519 verify PyCryptodome", verifies(other.verify, msg, sig))
    check("ed25519 refuse OpenSSL", not verifies(key.verify, sig, msg + b"\0"))
    check("ed25519 refuse PyCryptodome", not verifies(other.verify, msg + b"\0", sig))
    key = ed25519.Ed25519PrivateKey.from_private_bytes(v["verify_seed"])
    check("ed25519 second seed OpenSSL", key.public_key().public_bytes_raw() == q and key.sign(msg) == sig)
    key = ECC.construct(curve="Ed25519", seed=v["verify_seed"])
    check("ed25519 second seed PyCryptodome", eddsa.new(key, "rfc8032").sign(msg) == sig)


# --- Ed25519ph: RFC 8032, 5.1, by hand, as `cryptography` has no prehash ---

ED_P, ED_L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
ED_D = -121665 * pow(121666, -1, ED_P) % ED_P


def ed_add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = ED_D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, ED_P)
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, ED_P)
    return x % ED_P, y % ED_P


def ed_times(n, point):
    sum = (0, 1)
    for bit in bin(n)[2:]:
        sum = ed_add(sum, sum)
        if bit == "1":
            sum = ed_add(sum, point)
    return sum


def ed_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def ed25519ph_sign(seed, context, msg):
    y = 4 * pow(5, -1, ED_P) % ED_P
    xx = (y * y - 1) * pow(ED_D * y * y + 1, -1, ED_P)
    x = pow(xx, (ED_P + 3) // 8, ED_P)
    if (x * x - xx) % ED_P:
        x = x * pow(2, (ED_P - 1) // 4, ED_P) % ED_P
    base = (x if x % 2 == 0 else ED_P - x, y)
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    dom2 = b"SigEd25519 no Ed25519 collisions" + bytes([1, len(context)]) + context
    digest = hashlib.sha512(msg).digest()
    number = lambda *parts: int.from_bytes(hashlib.sha512(dom2 + b"".join(parts)).digest(), "little") % ED_L
    r = number(h[32:], digest)
    q, big_r = ed_encode(ed_times(a, base)), ed_encode(ed_times(r, base))
    return q, big_r + ((r + number(big_r, q, digest) * a) % ED_L).to_bytes(32, "little")


def ed25519phs(v):
    for name in ("sign", "verify"):
        seed, context, msg, sig = (v[f"{name}_{part}"] for part in ("seed", "context", "msg", "sig"))
        key = ECC.construct(curve="Ed25519", seed=seed)
        check(f"ed25519ph {name} PyCryptodome", eddsa.new(key, "rfc8032", context).sign(SHA512.new(msg)) == sig)
        q, by_hand = ed25519ph_sign(seed, context, msg)
        check(f"ed25519ph {name} by hand", by_hand == sig)
    check("ed25519ph verify public key", q == v["verify_q"])


# --- RSA: FIPS 186-5 section 5, RFC 8017 ---


def mgf1(seed, length):  # RFC 8017, appendix B.2.1
    counters = range((length + 31) // 32)
    return b"".join(hashlib.sha256(seed + c.to_bytes(4, "big")).digest() for c in counters)[:length]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def emsa_pss(msg, salt):  # RFC 8017, section 9.1.1, emBits = 2047
    h = hashlib.sha256(bytes(8) + hashlib.sha256(msg).digest() + salt).digest()
    db = bytes(223 - 1 - len(salt)) + b"\x01" + salt
    masked = xor(db, mgf1(h, len(db)))
    return bytes([masked[0] & 0x7F]) + masked[1:] + h + b"\xbc"


def eme_oaep(msg, seed):  # RFC 8017, section 7.1.1 step 2, empty label
    db = hashlib.sha256(b"").digest() + bytes(256 - len(msg) - 66) + b"\x01" + msg
    masked = xor(db, mgf1(seed, len(db)))
    return b"\0" + xor(seed, mgf1(masked, 32)) + masked


def rsa_power(block, exponent, n):
    return pow(int.from_bytes(block, "big"), exponent, n).to_bytes(256, "big")


def is_prime(n):
    """Miller-Rabin with the first 64 odd bases: 100 % for honest primes, enough for this key."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in range(3, 131, 2):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def rsa_key_checks(n, e, d, p, q, dp, dq, qinv):
    lcm = math.lcm(p - 1, q - 1)
    check("rsa n = p q, 2048 bits", n == p * q and n.bit_length() == 2048)
    check("rsa e odd, 2^16 < e < 2^256 (5.1)", e % 2 == 1 and 2**16 < e < 2**256)
    check("rsa p, q prime, e coprime", all(is_prime(x) and math.gcd(x - 1, e) == 1 for x in (p, q)))
    check("rsa p, q >= sqrt(2) 2^1023 (A.1.1)", all(x * x >= 2 ** (2 * 1023 + 1) for x in (p, q)))
    check("rsa p, q < 2^1024 (A.1.1)", max(p, q) < 2**1024)
    check("rsa p > q, |p - q| > 2^924 (A.1.1)", p - q > 2**924)
    check("rsa d = e^-1 mod lcm(p-1, q-1), d > 2^1024 (A.1.1)", d == pow(e, -1, lcm) and d > 2**1024)
    check("rsa dp, dq, qinv", (dp, dq, qinv) == (d % (p - 1), d % (q - 1), pow(q, -1, p)))


def rsa_2048(v):
    numbers = [int.from_bytes(v[x], "big") for x in ("n", "e", "d", "p", "q", "dp", "dq", "qinv")]
    rsa_key_checks(*numbers)
    n, e, d, p, q, dp, dq, qinv = numbers
    key = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qinv, rsa.RSAPublicNumbers(e, n)).private_key()
    other = RSA.construct((n, e, d, p, q))
    sha256, mgf = hashes.SHA256(), padding.MGF1(hashes.SHA256())

    msg, sig = v["pkcs1_sign_msg"], v["pkcs1_sign_sig"]
    check("rsa pkcs1 sign OpenSSL", key.sign(msg, padding.PKCS1v15(), sha256) == sig)
    check("rsa pkcs1 sign PyCryptodome", pkcs1_15.new(other).sign(SHA256.new(msg)) == sig)
    n2, e2 = (int.from_bytes(v[f"pkcs1_verify_{x}"], "big") for x in ("n", "e"))
    msg, sig = v["pkcs1_verify_msg"], v["pkcs1_verify_sig"]
    public, other_public = rsa.RSAPublicNumbers(e2, n2).public_key(), RSA.construct((n2, e2))
    for changed in (False, True):
        m, what = (msg + b"\0", "refuse") if changed else (msg, "verify")
        ok = verifies(public.verify, sig, m, padding.PKCS1v15(), sha256)
        check(f"rsa pkcs1 {what} OpenSSL", ok != changed)
        ok = verifies(pkcs1_15.new(other_public).verify, SHA256.new(m), sig)
        check(f"rsa pkcs1 {what} PyCryptodome", ok != changed)

    msg, salt, sig = v["pss_sign_msg"], v["pss_sign_salt"], v["pss_sign_sig"]
    check("rsa pss sign, this file", rsa_power(emsa_pss(msg, salt), d, n) == sig)
    signer = pss.new(other, salt_bytes=len(salt), rand_func=lambda length: salt[:length])
    check("rsa pss sign PyCryptodome", signer.sign(SHA256.new(msg)) == sig)
    pad = padding.PSS(mgf, 32)
    check("rsa pss sign accepted by OpenSSL", verifies(key.public_key().verify, sig, msg, pad, sha256))
    msg, sig = v["pss_verify_msg"], v["pss_verify_sig"]
    for changed in (False, True):
        m, what = (msg + b"\0", "refuse") if changed else (msg, "verify")
        ok = verifies(key.public_key().verify, sig, m, pad, sha256)
        check(f"rsa pss {what} OpenSSL", ok != changed)
        ok = verifies(pss.new(other, salt_bytes=32).verify, SHA256.new(m), sig)
        check(f"rsa pss {what} PyCryptodome", ok != changed)

    seed, msg, ct = (v[f"oaep_encrypt_{x}"] for x in ("seed", "msg", "ct"))
    check("rsa oaep encrypt, this file", rsa_power(eme_oaep(msg, seed), e, n) == ct)
    cipher = PKCS1_OAEP.new(other, hashAlgo=SHA256, randfunc=lambda length: seed[:length])
    check("rsa oaep encrypt PyCryptodome", cipher.encrypt(msg) == ct)
    pad = padding.OAEP(mgf, sha256, None)
    check("rsa oaep encrypt opened by OpenSSL", key.decrypt(ct, pad) == msg)
    msg, ct = v["oaep_decrypt_msg"], v["oaep_decrypt_ct"]
    check("rsa oaep decrypt OpenSSL", key.decrypt(ct, pad) == msg)
    check("rsa oaep decrypt PyCryptodome", PKCS1_OAEP.new(other, hashAlgo=SHA256).decrypt(ct) == msg)


def derived(name, length):
    """The inputs that no document gives."""
    return hashlib.shake_256(b"strongroom CAST " + name.encode()).digest(length)


def ml_kem(v):
    sha = lambda data: hashlib.sha256(data).digest()
    seed = {x: derived(f"ML-KEM {x} d", 32) + derived(f"ML-KEM {x} z", 32) for x in ("keygen", "encaps", "decaps", "reject")}
    check("ml-kem seeds", all(v[f"{x}_seed"] == seed[x] for x in ("keygen", "decaps", "reject")))
    ek, dk = ML_KEM_768.key_derive(v["keygen_seed"])
    check("ml-kem keygen kyber-py", (sha(ek), sha(dk)) == (v["keygen_ek_sha256"], v["keygen_dk_sha256"]))
    key = mlkem.MLKEM768PrivateKey.from_seed_bytes(v["keygen_seed"])
    check("ml-kem keygen OpenSSL", key.public_key().public_bytes_raw() == ek)

    m = v["encaps_m"]
    check("ml-kem encaps m", m == derived("ML-KEM encaps m", 32))
    k, c = ML_KEM_768._encaps_internal(v["encaps_ek"], m)
    check("ml-kem encaps kyber-py", (sha(c), k) == (v["encaps_c_sha256"], v["encaps_k"]))
    key = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed["encaps"])
    check("ml-kem encaps key OpenSSL", key.public_key().public_bytes_raw() == v["encaps_ek"])
    check("ml-kem encaps opened by OpenSSL", key.decapsulate(c) == k)

    for x in ("decaps", "reject"):
        ek, dk = ML_KEM_768.key_derive(v[f"{x}_seed"])
        k, c = ML_KEM_768._encaps_internal(ek, derived(f"ML-KEM {x} m", 32))
        if x == "reject":
            c = bytes([c[0] ^ 1]) + c[1:]
            k = hashlib.shake_256(v["reject_seed"][32:] + c).digest(32)
        check(f"ml-kem {x} values", (c, k) == (v[f"{x}_c"], v[f"{x}_k"]))
        check(f"ml-kem {x} kyber-py", ML_KEM_768.decaps(dk, c) == k)
        key = mlkem.MLKEM768PrivateKey.from_seed_bytes(v[f"{x}_seed"])
        check(f"ml-kem {x} OpenSSL", key.decapsulate(c) == k)


def hybrid(v):
    key, ephemeral, m = hybrids.inputs("send")
    check("hybrid send inputs", (key, ephemeral, m) == (v["send_key"], v["send_ephemeral"], v["send_m"]))
    encapsulation, secret = hybrids.encapsulate(hybrids.HYBRID_KWP, hybrids.public(key), ephemeral, m)
    check("hybrid send encapsulation", hashlib.sha512(encapsulation).digest() == v["send_encapsulation_sha512"])
    check("hybrid send secret", secret == v["send_secret"])
    opened = hybrids.decapsulate(hybrids.HYBRID_KWP, key, encapsulation)
    check("hybrid send opened by OpenSSL", opened == secret)
    key, ephemeral, m = hybrids.inputs("receive")
    encapsulation, secret = hybrids.encapsulate(hybrids.HYBRID_NATIVE, hybrids.public(key), ephemeral, m)
    check("hybrid receive inputs", (key, encapsulation) == (v["receive_key"], v["receive_encapsulation"]))
    check("hybrid receive secret", secret == v["receive_secret"])
    opened = hybrids.decapsulate(hybrids.HYBRID_NATIVE, key, encapsulation)
    check("hybrid receive opened by OpenSSL", opened == secret)
    check("hybrid algorithms differ", hybrids.decapsulate(hybrids.HYBRID_KWP, key, encapsulation) != secret)


OID_SHA256 = bytes.fromhex("0609608648016503040201")


def ml_dsa(v):
    sha = lambda data: hashlib.sha256(data).digest()
    openssl = lambda seed: mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    names = (("keygen", "ML-DSA keygen"), ("hedged", "ML-DSA hedged"), ("prehash", "HashML-DSA sign"))
    check("ml-dsa seeds", all(v[f"{x}_seed"] == derived(f"{name} seed", 32) for x, name in names))
    pk, sk = ML_DSA_44.key_derive(v["keygen_seed"])
    check("ml-dsa keygen dilithium-py", (sha(pk), sha(sk)) == (v["keygen_pk_sha256"], v["keygen_sk_sha256"]))
    check("ml-dsa keygen OpenSSL", openssl(v["keygen_seed"]).public_key().public_bytes_raw() == pk)

    _pk, sk = ML_DSA_44.key_derive(v["sign_seed"])
    sig = ML_DSA_44._sign_internal(sk, v["sign_formatted_msg"], bytes(32))
    check("ml-dsa sign dilithium-py", sha(sig) == v["sign_sig_sha256"])
    rejected = ml_dsa_rejections(sk, v["sign_formatted_msg"])
    check(f"ml-dsa sign meets every rejection {sorted(rejected)}", {"z", "r0", "ct0", "h"} <= rejected)

    pk, sk = ML_DSA_44.key_derive(v["hedged_seed"])
    ctx, msg = v["hedged_context"], v["hedged_msg"]
    check("ml-dsa hedged inputs", (ctx, msg) == (derived("ML-DSA hedged context", 20), derived("ML-DSA hedged message", 61)))
    check("ml-dsa hedged rnd", v["hedged_rnd"] == derived("ML-DSA hedged rnd", 32))
    sig = ML_DSA_44._sign_internal(sk, bytes([0, len(ctx)]) + ctx + msg, v["hedged_rnd"])
    check("ml-dsa hedged dilithium-py", sha(sig) == v["hedged_sig_sha256"])
    check("ml-dsa hedged accepted by OpenSSL", verifies(openssl(v["hedged_seed"]).public_key().verify, sig, msg, ctx))

    pk, ctx, msg, sig = (v[f"verify_{x}"] for x in ("pk", "context", "msg", "sig"))
    public = openssl(derived("ML-DSA verify seed", 32)).public_key()
    check("ml-dsa verify key", public.public_bytes_raw() == pk)
    check("ml-dsa verify OpenSSL", verifies(public.verify, sig, msg, ctx))
    check("ml-dsa refuse OpenSSL", not verifies(public.verify, sig, msg, b""))
    check("ml-dsa verify dilithium-py", ML_DSA_44.verify(pk, msg, sig, ctx) and not ML_DSA_44.verify(pk, msg, sig))

    pk, sk = ML_DSA_44.key_derive(v["prehash_seed"])
    ctx, msg = v["prehash_context"], v["prehash_msg"]
    formatted = bytes([1, len(ctx)]) + ctx + OID_SHA256 + sha(msg)
    sig = ML_DSA_44._sign_internal(sk, formatted, bytes(32))
    check("hash-ml-dsa sign dilithium-py", sha(sig) == v["prehash_sig_sha256"])
    prehashed = {"context": ctx, "hash_algorithm": pqcrypto.HashAlgorithm.Sha256}
    other = pqcrypto.ml_dsa_44
    check("hash-ml-dsa sign accepted by pqcrypto", accepted(other, pk, sha(msg), sig, **prehashed))
    pk, ctx, msg, sig = (v[f"preverify_{x}"] for x in ("pk", "context", "msg", "sig"))
    formatted = bytes([1, len(ctx)]) + ctx + OID_SHA256 + sha(msg)
    check("hash-ml-dsa verify dilithium-py", ML_DSA_44._verify_internal(pk, formatted, sig))
    check("hash-ml-dsa verify pqcrypto", accepted(other, pk, sha(msg), sig, context=ctx, hash_algorithm=pqcrypto.HashAlgorithm.Sha256))


def ml_dsa_rejections(sk, formatted):
    """Algorithm 7 of FIPS 204 over dilithium-py's arithmetic; answers the reasons to reject that it met."""
    ml, met, kappa = ML_DSA_44, set(), 0
    rho, k, tr, *vectors = ml._unpack_sk(sk)
    s1, s2, t0 = (vector.to_ntt() for vector in vectors)
    a_hat, alpha = ml._expand_matrix_from_seed(rho), 2 * ml.gamma_2
    mu = ml._h(tr + formatted, 64)
    random = ml._h(k + bytes(32) + mu, 64)
    while True:
        y = ml._expand_mask_vector(random, kappa)
        kappa += ml.l
        w = (a_hat @ y.to_ntt()).from_ntt()
        c = ml._h(mu + w.high_bits(alpha).bit_pack_w(ml.gamma_2), ml.c_tilde_bytes)
        c = ml.R.sample_in_ball(c, ml.tau).to_ntt()
        z, cs2 = y + s1.scale(c).from_ntt(), s2.scale(c).from_ntt()
        bounds = {"z": z.check_norm_bound(ml.gamma_1 - ml.beta)}
        bounds["r0"] = (w - cs2).low_bits(alpha).check_norm_bound(ml.gamma_2 - ml.beta)
        if not any(bounds.values()):
            ct0 = t0.scale(c).from_ntt()
            bounds["ct0"] = ct0.check_norm_bound(ml.gamma_2)
            bounds["h"] = (-ct0).make_hint(w - cs2 + ct0, alpha).sum_hint() > ml.omega
        if not any(bounds.values()):
            return met
        met |= {reason for reason, broken in bounds.items() if broken}


def accepted(module, pk, msg, sig, **params):
    """The verdict of pqcrypto, which takes a digest in place of a message that is hashed."""
    try:
        return module.verify(pk, msg, sig, **params) is not False
    except (pqcrypto.InvalidSignatureError, ValueError):
        return False


def slh_dsa(v):
    sha = lambda data: hashlib.sha256(data).digest()
    for tag, par in (("sha2", slhdsa.sha2_128f), ("shake", slhdsa.shake_128f)):
        parts = ("sk.seed", "sk.prf", "pk.seed")
        seeds = lambda what: [derived(f"SLH-DSA {tag} {what} {part}", 16) for part in parts]
        check(f"slh-dsa {tag} keygen seeds", b"".join(seeds("keygen")) == v[f"{tag}_keygen_seeds"])
        key = (*seeds("keygen"), v[f"{tag}_keygen_root"])
        check(f"slh-dsa {tag} keygen slh-dsa", slh_low.validate_secretkey(key, par))

        sk, opt, ctx, msg = (v[f"{tag}_sign_{x}"] for x in ("sk", "opt_rand", "context", "msg"))
        check(f"slh-dsa {tag} sign inputs", sk[:48] == b"".join(seeds("sign")) and opt == derived(f"SLH-DSA {tag} opt_rand", 16))
        key = tuple(sk[i : i + 16] for i in range(0, 64, 16))
        slh_low.token_bytes = lambda length: opt[:length]
        sig = slh_low.sign(bytes([0, len(ctx)]) + ctx + msg, key, par, True)
        check(f"slh-dsa {tag} sign slh-dsa", sha(sig) == v[f"{tag}_sign_sig_sha256"])
        other = getattr(pqcrypto, f"slh_dsa_{tag}_128f")
        check(f"slh-dsa {tag} sign accepted by pqcrypto", accepted(other, sk[32:], msg, sig, context=ctx))

        pk, ctx, msg = (v[f"{tag}_verify_{x}"] for x in ("pk", "context", "msg"))
        sig = (CAST.parent / "signatures" / f"slh_dsa_{tag}_128f.bin").read_bytes()
        for context in (ctx, b""):
            what, good = ("verify", True) if context else ("refuse", False)
            formatted = bytes([0, len(context)]) + context + msg
            ok = slh_low.verify(formatted, sig, (pk[:16], pk[16:]), par)
            check(f"slh-dsa {tag} {what} slh-dsa", ok == good)
            check(f"slh-dsa {tag} {what} pqcrypto", accepted(other, pk, msg, sig, context=context) == good)


def unique(files):
    """CAST-8: no value of 8 bytes or more stands, whole, in another value of any file."""
    all_values = [(f"{v.name} {key}", value) for v in files for key, value in v.values.items()]
    for name, value in all_values:
        twice = [other for other, text in all_values if other != name and value in text]
        if len(value) >= 8:
            check(f"{name} is there once (CAST-8) {twice or ''}".rstrip(), not twice)


CHECKS = {
    "sha": sha,
    "sha3": sha3,
    "hmac": hmacs,
    "hmac_drbg": hmac_drbg,
    "aes_block": aes_block,
    "aes_cbc": aes_cbc,
    "aes_cmac": aes_cmac,
    "aes_ctr": aes_ctr,
    "aes_gcm": aes_gcm,
    "aes_kw": aes_kw,
    "ctr_drbg": ctr_drbg,
    "ecdh": ecdh,
    "ecdsa_p256": lambda v: ecdsa(v, ec.SECP256R1(), P256, hashes.SHA256(), SHA256),
    "ecdsa_p384": lambda v: ecdsa(v, ec.SECP384R1(), P384, hashes.SHA384(), SHA384),
    "ecdsa_p521": lambda v: ecdsa(v, ec.SECP521R1(), P521, hashes.SHA512(), SHA512),
    "ecdsa_secp256k1": secp256k1,
    "ed25519": ed25519s,
    "ed25519ph": ed25519phs,
    "hybrid": hybrid,
    "kbkdf": kbkdf,
    "kdf": kdf,
    "ml_dsa": ml_dsa,
    "ml_kem": ml_kem,
    "pbkdf2": pbkdf2,
    "rsa_2048": rsa_2048,
    "slh_dsa": slh_dsa,
}


def main():
    check("a check for every file", {path.stem for path in CAST.glob("*.txt")} == set(CHECKS))
    files = [Vectors(name) for name in CHECKS]
    for v in files:
        CHECKS[v.name](v)
        check(f"{v.name} every value read", not v.unread)
    unique(files)
    print(f"{failures} failed" if failures else "all confirmed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
