#!/usr/bin/env python3
"""Writes the vector sets in crates/acvp/sets: prompts, and the answers an independent implementation gives.

Nothing here comes from the Rust code: ciphers, signatures and hashes are those of `cryptography` (OpenSSL),
`pycryptodome` and `hashlib`, and the Monte Carlo rules are written out once more, from the ACVP
specifications. Keys and messages come of a seeded generator, so that a second run writes the same files
(but for randomised signatures and ciphertexts among the inputs, which are new each time).

    pip install cryptography pycryptodome; python3 crates/acvp/tools/make_sets.py

A file holds `prompt`, and `expected`: groups and cases by their ids. Of Monte Carlo results three are kept
(the last one depends on all before it). A case that is left out of `expected` is one that must not be
answered; `code` is the exit code.
"""

import hashlib
import hmac as pyhmac
import importlib.util
import json
import pathlib
import random

from Crypto.Cipher import AES as PAES
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import CMAC, SHA3_256, SHA224, SHA256, SHA512
from Crypto.PublicKey import RSA
from Crypto.Signature import eddsa
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT = pathlib.Path(__file__).parents[3]
OUT = pathlib.Path(__file__).parents[1] / "sets"
R = random.Random(0x5742)
rnd = R.randbytes
H = lambda b: b.hex().upper()


def integer(n, length=None):
    return H(n.to_bytes(length or max(1, (n.bit_length() + 7) // 8), "big"))


def flipped(b, at=0):
    b = bytearray(b)
    b[at] ^= 1
    return bytes(b)


class Set:
    def __init__(self, algorithm, mode=None, revision="1.0", name=None, envelope=True):
        self.head = {"vsId": 1, "algorithm": algorithm}
        if mode:
            self.head["mode"] = mode
        self.head["revision"] = revision
        self.groups, self.expected, self.tc = [], [], 0
        self.name = name or "-".join(filter(None, [algorithm, mode])).replace("/", "_")
        self.envelope, self.code = envelope, 0

    def group(self, type_="AFT", answer=None, **fields):
        group = {"tgId": len(self.groups) + 1, "testType": type_, **fields, "tests": []}
        self.groups.append(group)
        self.expected.append({"tgId": group["tgId"], **(answer or {}), "tests": []})

    def test(self, prompt, expected):
        self.tc += 1
        self.groups[-1]["tests"].append({"tcId": self.tc, **prompt})
        if expected is not None:
            self.expected[-1]["tests"].append({"tcId": self.tc, **expected})

    def write(self):
        body = {**self.head, "isSample": False, "testGroups": self.groups}
        prompt = [{"acvVersion": "1.0"}, body] if self.envelope else body
        groups = [g for g in self.expected if g["tests"]]
        data = {"code": self.code, "prompt": prompt, "expected": groups}
        lines = json.dumps(data, indent=1)
        (OUT / f"{self.name}.json").write_text(lines + "\n")


def sample(results):
    return {"resultsSample": {str(i): results[i] for i in (0, 1, 99)}, "resultsCount": len(results)}


# -- AES --


def ecb(key):
    return Cipher(algorithms.AES(key), modes.ECB())


def run(cipher_direction, data):
    return cipher_direction.update(data) + cipher_direction.finalize()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def cbc_mct(key, iv, text, encrypt):
    """ACVP AES-CBC Monte Carlo test, over single blocks of ECB."""
    results = []
    for _ in range(100):
        entry = {"key": H(key), "iv": H(iv), ("pt" if encrypt else "ct"): H(text)}
        block = ecb(key)
        out, inputs = [], [text]
        direction = block.encryptor() if encrypt else block.decryptor()
        for j in range(1000):
            if encrypt:
                out.append(direction.update(xor(inputs[j], iv if j == 0 else out[j - 1])))
            else:
                out.append(xor(direction.update(inputs[j]), iv if j == 0 else inputs[j - 1]))
            inputs.append(iv if j == 0 else out[j - 1])
        entry["ct" if encrypt else "pt"] = H(out[999])
        results.append(entry)
        both = out[998] + out[999]
        key = xor(key, both[32 - len(key) :])
        iv, text = out[999], out[998]
    return results


def aes_cbc():
    s = Set("ACVP-AES-CBC")
    for bits in (128, 192, 256):
        for direction in ("encrypt", "decrypt"):
            s.group(direction=direction, keyLen=bits)
            for blocks in (1, 2, 10):
                key, iv, pt = rnd(bits // 8), rnd(16), rnd(16 * blocks)
                ct = run(Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor(), pt)
                head = {"key": H(key), "iv": H(iv)}
                a, b = {"pt": H(pt)}, {"ct": H(ct)}
                s.test({**head, **(a if direction == "encrypt" else b)}, b if direction == "encrypt" else a)
            s.group("MCT", direction=direction, keyLen=bits)
            key, iv, text = rnd(bits // 8), rnd(16), rnd(16)
            name = "pt" if direction == "encrypt" else "ct"
            s.test(
                {"key": H(key), "iv": H(iv), name: H(text)},
                sample(cbc_mct(key, iv, text, direction == "encrypt")),
            )
    s.write()


def aes_ctr():
    s = Set("ACVP-AES-CTR")
    for bits in (128, 192, 256):
        for direction in ("encrypt", "decrypt"):
            name, other = ("pt", "ct") if direction == "encrypt" else ("ct", "pt")
            s.group(direction=direction, keyLen=bits)
            for n in (1, 4, 7, 8, 60, 128):
                key, iv = rnd(bits // 8), rnd(16)
                text = bytearray(rnd((n + 7) // 8))
                out = bytearray(run(Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor(), bytes(text)))
                if n % 8:
                    out[-1] &= 0xFF << (8 - n % 8) & 0xFF
                s.test({"key": H(key), "iv": H(iv), "payloadLen": n, name: H(text)}, {other: H(out)})
            # Counters that run over the end, as those groups ask.
            s.group("CTR", direction=direction, keyLen=bits, incremental=True, overflow=True)
            key, text = rnd(bits // 8), rnd(16 * 40)
            for iv in (b"\xff" * 15 + b"\xf5", b"\xff" * 16, bytes(12) + b"\xff\xff\xff\xfe"):
                out = run(Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor(), text)
                s.test({"key": H(key), "iv": H(iv), name: H(text)}, {other: H(out)})
    s.group("CTR", direction="encrypt", keyLen=128, incremental=False, overflow=False)
    s.test({"key": H(rnd(16)), "iv": H(rnd(16)), "pt": H(rnd(32))}, None)
    s.code = 3
    s.write()


def gcm(key, iv, aad, pt, tag_len):
    c = PAES.new(key, PAES.MODE_GCM, nonce=iv, mac_len=max(4, tag_len))
    c.update(aad)
    return c.encrypt(pt), c.digest()[:tag_len]


def aes_gcm(mac_only=False):
    s = Set("ACVP-AES-GMAC" if mac_only else "ACVP-AES-GCM")
    for bits in (128, 192, 256):
        for tag in (128, 96, 32, 104):
            for direction in ("encrypt", "decrypt"):
                s.group(direction=direction, keyLen=bits, ivLen=96, ivGen="external", ivGenMode="8.2.1",
                        tagLen=tag, aadLen=160, payloadLen=0 if mac_only else 256)
                for i, n in enumerate((0, 16, 51) if not mac_only else (0, 0, 0)):
                    key, iv, aad, pt = rnd(bits // 8), rnd(12), rnd((0, 20, 90)[i] or 1), rnd(n)
                    ct, t = gcm(key, iv, aad, pt, tag // 8)
                    head = {"key": H(key), "iv": H(iv), "aad": H(aad)}
                    texts = ({}, {}) if mac_only else ({"pt": H(pt)}, {"ct": H(ct)})
                    if direction == "encrypt":
                        s.test({**head, **texts[0]}, {**texts[1], "tag": H(t)})
                    else:
                        s.test({**head, **texts[1], "tag": H(t)}, {**texts[0], "testPassed": True})
                        s.test({**head, **texts[1], "tag": H(flipped(t, -1))}, {"testPassed": False})
                        s.test({**head, "iv": H(flipped(iv)), **texts[1], "tag": H(t)}, {"testPassed": False})
    # An IV of another length: the engine has none.
    s.group(direction="encrypt", keyLen=128, ivLen=128, ivGen="external", tagLen=128, aadLen=0, payloadLen=128)
    s.test({"key": H(rnd(16)), "iv": H(rnd(16)), "aad": "", "pt": "" if mac_only else H(rnd(16))}, None)
    s.code = 3
    s.write()


def kw_pad(key, pt):
    return keywrap.aes_key_wrap_with_padding(key, pt)


def key_wrap(padded):
    s = Set("ACVP-AES-KWP" if padded else "ACVP-AES-KW")
    wrap = kw_pad if padded else (lambda k, p: keywrap.aes_key_wrap(k, p))
    mode = PAES.MODE_KWP if padded else PAES.MODE_KW
    lengths = (1, 9, 14, 17, 33, 128, 131, 512) if padded else (16, 24, 40, 128, 136, 512)
    for bits in (128, 192, 256):
        for direction in ("encrypt", "decrypt"):
            for n in lengths:
                s.group(direction=direction, keyLen=bits, kwCipher="cipher", payloadLen=n * 8)
                key, pt = rnd(bits // 8), rnd(n)
                ct = wrap(key, pt)
                assert PAES.new(key, mode).seal(pt) == ct
                if direction == "encrypt":
                    s.test({"key": H(key), "pt": H(pt)}, {"ct": H(ct)})
                else:
                    s.test({"key": H(key), "ct": H(ct)}, {"pt": H(pt), "testPassed": True})
                    s.test({"key": H(key), "ct": H(flipped(ct, -1))}, {"testPassed": False})
    s.group(direction="encrypt", keyLen=128, kwCipher="inverse", payloadLen=128)
    s.test({"key": H(rnd(16)), "pt": H(rnd(16))}, None)
    s.code = 3
    s.write()


def cmac():
    s = Set("CMAC-AES")
    for bits in (128, 192, 256):
        for mac_len in (128, 64, 32):
            for direction in ("gen", "ver"):
                s.group(direction=direction, keyLen=bits, msgLen=0, macLen=mac_len)
                for n in (0, 15, 16, 200):
                    key, message = rnd(bits // 8), rnd(n)
                    mac = CMAC.new(key, message, ciphermod=PAES).digest()[: mac_len // 8]
                    head = {"key": H(key), "message": H(message)}
                    if direction == "gen":
                        s.test(head, {"mac": H(mac)})
                    else:
                        s.test({**head, "mac": H(mac)}, {"testPassed": True})
                        s.test({**head, "mac": H(flipped(mac, -1))}, {"testPassed": False})
    s.write()


# -- hashes --

HASHES = {
    "SHA2-224": "sha224", "SHA2-256": "sha256", "SHA2-384": "sha384", "SHA2-512": "sha512",
    "SHA2-512/256": "sha512_256",
    "SHA3-224": "sha3_224", "SHA3-256": "sha3_256", "SHA3-384": "sha3_384", "SHA3-512": "sha3_512",
}


def md(name, data):
    return hashlib.new(HASHES[name], data).digest()


def sha2_mct(name, seed, alternate):
    results, length = [], len(seed)
    for _ in range(100):
        a = b = c = seed
        for _ in range(1000):
            m = a + b + c
            if alternate:
                m = m[:length] + bytes(max(0, length - len(m)))
            a, b, c = b, c, md(name, m)
        results.append({"md": H(c)})
        seed = c
    return results


def sha3_mct(name, seed, alternate):
    results, length, d = [], len(seed), seed
    for _ in range(100):
        for _ in range(1000):
            if alternate:
                d = d[:length] + bytes(max(0, length - len(d)))
            d = md(name, d)
        results.append({"md": H(d)})
    return results


def shake_mct(function, seed, least, most):
    results, out, length = [], seed, most // 8
    low, high = (least + 7) // 8, most // 8
    for _ in range(100):
        for _ in range(1000):
            message = out[:16] + bytes(max(0, 16 - len(out)))
            out, made = function(message).digest(length), length
            length = low + int.from_bytes(out[-2:], "big") % (high - low + 1)
        results.append({"md": H(out), "outLen": made * 8})
    return results


def repeated(name, content, total):
    h, piece = hashlib.new(HASHES[name]), content * (1 << 20)
    while total >= len(piece):
        h.update(piece)
        total -= len(piece)
    h.update(piece[:total])
    return h.digest()


def large(s, name, total):
    """The full size, 1 GiB, or one that needs many pieces."""
    content = rnd(61)
    s.group("LDT")
    s.test(
        {"largeMsg": {"content": H(content), "contentLength": 488, "fullLength": total * 8,
                      "expansionTechnique": "repeating"}},
        {"md": H(repeated(name, content, total))},
    )


def sha():
    for name in HASHES:
        s = Set(name, revision="2.0" if name.startswith("SHA3") else "1.0", envelope=name != "SHA2-384")
        s.group()
        for n in (0, 1, 55, 56, 64, 111, 112, 128, 200, 1000):
            m = rnd(n)
            # Zero bits stand as one byte in some sets.
            s.test({"msg": H(m) or "00", "len": n * 8}, {"md": H(md(name, m))})
        mct = sha3_mct if name.startswith("SHA3") else sha2_mct
        seed = rnd(len(md(name, b"")))
        s.group("MCT", mctVersion="standard")
        s.test({"msg": H(seed), "len": len(seed) * 8}, sample(mct(name, seed, False)))
        for n in (11, 150):
            s.group("MCT", mctVersion="alternate")
            seed = rnd(n)
            s.test({"msg": H(seed), "len": n * 8}, sample(mct(name, seed, True)))
        large(s, name, 1 << 30 if name == "SHA2-256" else 3_000_001)
        if name == "SHA3-256":
            long = Set(name, revision="2.0", name="long/SHA3-256")
            large(long, name, 1 << 30)
            long.write()
        if name == "SHA2-256":
            s.test({"largeMsg": {"content": "00", "contentLength": 8, "fullLength": 80,
                                 "expansionTechnique": "folding"}}, None)
            s.code = 3
        s.write()
    for name, f in (("SHAKE-128", hashlib.shake_128), ("SHAKE-256", hashlib.shake_256)):
        s = Set(name, revision="FIPS202" if name == "SHAKE-128" else "1.0")
        s.group()
        for n in (0, 1, 136, 168, 500):
            m = rnd(n)
            s.test({"msg": H(m), "len": n * 8, "outLen": 128}, {"md": H(f(m).digest(16)), "outLen": 128})
        s.group("VOT")
        for bits in (16, 256, 1600, 8000):
            m = rnd(32)
            s.test({"msg": H(m), "len": 256, "outLen": bits}, {"md": H(f(m).digest(bits // 8)), "outLen": bits})
        s.test({"msg": "00", "len": 8, "outLen": 1001}, None)
        for least, most in ((16, 1024), (1120, 1120), (21, 4099)):
            s.group("MCT", minOutLen=least, maxOutLen=most, mctVersion="standard")
            seed = rnd(16 if least != 21 else 40)
            s.test({"msg": H(seed), "len": len(seed) * 8}, sample(shake_mct(f, seed, least, most)))
        s.code = 3
        s.write()


def hmac():
    for name, python in HASHES.items():
        s = Set(f"HMAC-{name}", revision="1.0")
        full = len(md(name, b""))
        for key_len, mac_lens in ((1, (full,)), (13, (full,)), (14, (full, 10, 4)), (64, (full, 10)), (128, (full, 16)), (129, (full,)), (200, (full,))):
            for mac_len in mac_lens:
                s.group(keyLen=key_len * 8, msgLen=128, macLen=mac_len * 8)
                key, m = rnd(key_len), rnd(R.choice((0, 16, 300)))
                s.test({"key": H(key), "msg": H(m)}, {"mac": H(pyhmac.new(key, m, python).digest()[:mac_len])})
        s.write()


# -- elliptic curves --

CURVES = {"P-256": (ec.SECP256R1(), 32), "P-384": (ec.SECP384R1(), 48), "P-521": (ec.SECP521R1(), 66)}
ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "P-521": int("01" + 32 * "FF" + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
PRIMES = {
    "P-256": 2**256 - 2**224 + 2**192 + 2**96 - 1,
    "P-384": 2**384 - 2**128 - 2**96 + 2**32 - 1,
    "P-521": 2**521 - 1,
}
CHASH = {
    "SHA2-224": hashes.SHA224(), "SHA2-256": hashes.SHA256(), "SHA2-384": hashes.SHA384(),
    "SHA2-512": hashes.SHA512(), "SHA2-512/256": hashes.SHA512_256(), "SHA3-224": hashes.SHA3_224(),
    "SHA3-256": hashes.SHA3_256(), "SHA3-384": hashes.SHA3_384(), "SHA3-512": hashes.SHA3_512(),
}


def ec_key(curve):
    d = R.randrange(1, ORDERS[curve])
    return d, ec.derive_private_key(d, CURVES[curve][0])


def ecdsa():
    s = Set("ECDSA", "keyGen", "FIPS186-5")
    for curve in (*CURVES, "P-224"):
        s.group(curve=curve, secretGenerationMode="testing candidates")
        s.test({}, None if curve == "P-224" else {"generated": True})
        s.test({}, None if curve == "P-224" else {"generated": True})
    s.group(curve="P-256", secretGenerationMode="extra bits")
    s.test({}, None)
    s.code = 3
    s.write()

    s = Set("ECDSA", "keyVer", "1.0")
    for curve, (_, size) in CURVES.items():
        s.group(curve=curve)
        for _ in range(2):
            n = ec_key(curve)[1].public_key().public_numbers()
            s.test({"qx": integer(n.x), "qy": integer(n.y)}, {"testPassed": True})
        no = {"testPassed": False}
        s.test({"qx": integer(n.x), "qy": integer(n.y ^ 1)}, no)
        s.test({"qx": integer(PRIMES[curve] + 5, size), "qy": integer(n.y, size)}, no)
        s.test({"qx": "01" + integer(n.x, size), "qy": integer(n.y, size)}, no)
        s.test({"qx": "0" + integer(n.x, size), "qy": integer(n.y, size)}, {"testPassed": True})
        s.test({"qx": "00", "qy": "00"}, no)
    s.write()

    pairs = [("P-256", h) for h in CHASH] + [("P-384", h) for h in ("SHA2-384", "SHA2-512", "SHA2-256", "SHA3-384")]
    pairs += [("P-521", h) for h in ("SHA2-512", "SHA2-256")]
    s = Set("ECDSA", "sigGen", "FIPS186-5")
    for curve, h in pairs:
        s.group(curve=curve, hashAlg=h, componentTest=False, answer={"generated": True})
        s.test({"message": H(rnd(128))}, {"generated": True})
    s.group(curve="P-256", hashAlg="SHA2-256", componentTest=True, answer={"generated": True})
    s.test({"message": H(rnd(32))}, {"generated": True})
    s.group(curve="K-283", hashAlg="SHA2-256", componentTest=False)
    s.test({"message": H(rnd(32))}, None)
    s.group(curve="P-256", hashAlg="SHAKE-128", componentTest=False)
    s.test({"message": H(rnd(32))}, None)
    s.code = 3
    s.write()

    for revision in ("FIPS186-5", "1.0"):
        s = Set("ECDSA", "sigVer", revision, name="ECDSA-sigVer" + ("" if revision != "1.0" else "-1.0"))
        for curve, h in pairs:
            for component in (False, True):
                if component and (curve != "P-256" or h != "SHA2-256"):
                    continue
                s.group(curve=curve, hashAlg=h, componentTest=component)
                _, key = ec_key(curve)
                n = key.public_key().public_numbers()
                message = rnd(32 if component else 128)
                how = ec.ECDSA(utils.Prehashed(hashes.SHA256()) if component else CHASH[h])
                r, t = utils.decode_dss_signature(key.sign(message, how))
                head = {"message": H(message), "qx": integer(n.x), "qy": integer(n.y)}
                no = {"testPassed": False}
                s.test({**head, "r": integer(r), "s": integer(t)}, {"testPassed": True})
                s.test({**head, "r": integer(r ^ 1), "s": integer(t)}, no)
                s.test({**head, "r": integer(r), "s": integer(t ^ 1)}, no)
                s.test({**head, "message": H(flipped(message)), "r": integer(r), "s": integer(t)}, no)
                s.test({**head, "r": "00", "s": integer(t)}, no)
                s.test({**head, "r": integer(r), "s": integer(t + ORDERS[curve])}, no)
                s.test({**head, "qy": integer(n.y ^ 2), "r": integer(r), "s": integer(t)}, no)
        s.write()

    # The real sets bring no private key; with one the signature is known.
    s = Set("DetECDSA", "SigGen", "FIPS186-5")
    for curve, h in pairs:
        d, key = ec_key(curve)
        n, size = key.public_key().public_numbers(), CURVES[curve][1]
        point = {"qx": integer(n.x, size), "qy": integer(n.y, size)}
        s.group(curve=curve, hashAlg=h, componentTest=False, d=integer(d), answer=point)
        for _ in range(2):
            message = rnd(100)
            signature = key.sign(message, ec.ECDSA(CHASH[h], deterministic_signing=True))
            r, t = utils.decode_dss_signature(signature)
            s.test({"message": H(message)}, {"r": integer(r, size), "s": integer(t, size)})
    s.group(curve="P-256", hashAlg="SHA2-256", componentTest=False, answer={"generated": True})
    s.test({"message": H(rnd(100))}, {"generated": True})
    s.write()


def ed_key():
    d = rnd(32)
    key = ed25519.Ed25519PrivateKey.from_private_bytes(d)
    return d, key, key.public_key().public_bytes_raw()


def ed_sign(d, message, pre_hash, context):
    key = eddsa.import_private_key(d)
    if pre_hash:
        return eddsa.new(key, "rfc8032", context=context).sign(SHA512.new(message))
    return ed25519.Ed25519PrivateKey.from_private_bytes(d).sign(message)


def ed():
    s = Set("EDDSA", "keyGen")
    s.group(curve="ED-25519")
    s.test({}, {"generated": True})
    s.group(curve="ED-448")
    s.test({}, None)
    s.code = 3
    s.write()

    s = Set("EDDSA", "keyVer")
    s.group(curve="ED-25519")
    for _ in range(2):
        s.test({"q": H(ed_key()[2])}, {"testPassed": True})
    p = 2**255 - 19
    # y = 2 is on no point; p + 1 is not canonical; 1 is the neutral element; and one is too short.
    for q in ((2).to_bytes(32, "little"), (p + 1).to_bytes(32, "little"), (1).to_bytes(32, "little"), rnd(31)):
        s.test({"q": H(q)}, {"testPassed": False})
    s.write()

    s = Set("EDDSA", "sigGen")
    for pre_hash in (False, True):
        for type_ in ("AFT", "BFT"):
            d, _, q = ed_key()
            s.group(type_, curve="ED-25519", preHash=pre_hash, d=H(d), answer={"q": H(q)})
            message = rnd(128)
            for i in range(3):
                context = rnd((0, 7, 255)[i]) if pre_hash else b""
                more = {"context": H(context), "contextLength": len(context)} if pre_hash else {}
                m = flipped(message, i) if type_ == "BFT" else rnd(10 * i)
                s.test({"message": H(m), **more}, {"signature": H(ed_sign(d, m, pre_hash, context))})
    s.group(curve="ED-25519", preHash=False, answer={"generated": True})
    s.test({"message": H(rnd(64))}, {"generated": True})
    s.write()

    s = Set("EDDSA", "sigVer")
    for pre_hash in (False, True):
        s.group(curve="ED-25519", preHash=pre_hash)
        for i in range(3):
            d, _, q = ed_key()
            m, context = rnd(50 * i), rnd((0, 7, 255)[i]) if pre_hash else b""
            signature = ed_sign(d, m, pre_hash, context)
            more = {"context": H(context), "contextLength": len(context)} if pre_hash else {}
            head, no = {"message": H(m), "q": H(q), **more}, {"testPassed": False}
            s.test({**head, "signature": H(signature)}, {"testPassed": True})
            s.test({**head, "signature": H(flipped(signature))}, no)
            s.test({**head, "signature": H(flipped(signature, 40))}, no)
            s.test({**head, "message": H(m + b"x"), "signature": H(signature)}, no)
            s.test({**head, "q": H(ed_key()[2]), "signature": H(signature)}, no)
            if pre_hash:
                s.test({**head, "context": H(context[:100] + b"y"), "contextLength": len(context[:100]) + 1,
                        "signature": H(signature)}, no)
    s.write()


def kas():
    s = Set("KAS-ECC-SSC", revision="Sp800-56Ar3")
    roles = [("ephemeralUnified", "initiator", "ephemeral", "ephemeral"),
             ("staticUnified", "responder", "static", "static"),
             ("onePassDh", "initiator", "ephemeral", "static"),
             ("onePassDh", "responder", "static", "ephemeral")]
    for curve, (c, size) in CURVES.items():
        for scheme, role, ours, theirs in roles:
            hash_z = R.choice(("none", "SHA2-256", "SHA3-512"))
            head = {"domainParameterGenerationMode": curve, "scheme": scheme, "kasRole": role, "hashFunctionZ": hash_z}
            name = "z" if hash_z == "none" else "hashZ"
            s.group("VAL", **head)
            for damage in ("", "z", "public", "private"):
                (_, server), (d, own) = ec_key(curve), ec_key(curve)
                z = own.exchange(ec.ECDH(), server.public_key())
                z = z if hash_z == "none" else md(hash_z, z)
                a, b = server.public_key().public_numbers(), own.public_key().public_numbers()
                z = flipped(z) if damage == "z" else z
                y = a.y ^ 1 if damage == "public" else a.y
                d = d ^ 1 if damage == "private" else d
                s.test({f"{theirs}PublicServerX": integer(a.x, size), f"{theirs}PublicServerY": integer(y, size),
                        f"{ours}PrivateIut": integer(d, size), f"{ours}PublicIutX": integer(b.x, size),
                        f"{ours}PublicIutY": integer(b.y, size), name: H(z)}, {"testPassed": not damage})
            s.group("AFT", **head)
            d, server = ec_key(curve)
            a = server.public_key().public_numbers()
            # `serverD` is no field of ACVP: the checker computes the secret from the other side with it.
            s.test({f"{theirs}PublicServerX": integer(a.x, size), f"{theirs}PublicServerY": integer(a.y, size),
                    "serverD": integer(d, size)}, {"generated": True})
    s.group("AFT", domainParameterGenerationMode="P-256", scheme="fullMqv", kasRole="initiator")
    s.test({"ephemeralPublicServerX": "00", "ephemeralPublicServerY": "00"}, None)
    s.code = 3
    s.write()


# -- RSA --

KEYS = {}


def rsa_key(bits, e=65537, which=0):
    """Keys are kept in a file of their own, so that they are the same in every run."""
    store = OUT.parent / "tools" / "rsa_keys.json"
    if not KEYS and store.exists():
        KEYS.update(json.loads(store.read_text()))
    name = f"{bits}-{e}-{which}"
    if name not in KEYS:
        if e == 65537:
            numbers = rsa.generate_private_key(65537, bits).private_numbers()
            p, q = numbers.p, numbers.q
        else:
            key = RSA.generate(bits, e=e)
            p, q = key.p, key.q
        KEYS[name] = [integer(p), integer(q)]
        store.write_text(json.dumps(KEYS, indent=1) + "\n")
    p, q = (int(v, 16) for v in KEYS[name])
    lam = (p - 1) * (q - 1) // __import__("math").gcd(p - 1, q - 1)
    d = pow(e, -1, lam)
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


SALTS = {"SHA2-256": (32, 0, 20), "SHA2-224": (28,), "SHA2-512": (64,), "SHA3-256": (32,), "SHA2-512/256": (32,)}


def pss(h, salt):
    return padding.PSS(padding.MGF1(CHASH[h]), salt)


def rsa_signatures():
    s = Set("RSA", "keyGen", "FIPS186-5")
    s.group("GDT", modulo=2048, randPQ="probable", primeTest="2powSecStr", pubExp="fixed", fixedPubExp="010001",
            keyFormat="standard", infoGeneratedByServer=False)
    s.test({"deferred": True}, {"generated": True})
    s.group("GDT", modulo=3072, randPQ="probable", primeTest="2powSecStr", pubExp="fixed", fixedPubExp="010001",
            keyFormat="crt", infoGeneratedByServer=False)
    s.test({"deferred": True}, {"generated": True})
    s.group("AFT", modulo=2048, randPQ="provable", infoGeneratedByServer=True, keyFormat="standard")
    s.test({"e": "010001", "seed": "00"}, None)
    s.code = 3
    s.write()

    s = Set("RSA", "sigGen", "FIPS186-5")
    for kind, h, salt in [("pkcs1v1.5", "SHA2-256", 0), ("pkcs1v1.5", "SHA2-224", 0)] + [
        ("pss", h, salt) for h, salts in SALTS.items() for salt in salts
    ]:
        s.group("GDT", sigType=kind, modulo=2048, hashAlg=h, maskFunction="mgf1", saltLen=salt,
                answer={"generated": True})
        s.test({"message": H(rnd(128))}, {"generated": True})
    s.group("GDT", sigType="pss", modulo=2048, hashAlg="SHA2-256", maskFunction="shake-128", saltLen=32)
    s.test({"message": H(rnd(128))}, None)
    s.group("GDT", sigType="ansx9.31", modulo=2048, hashAlg="SHA2-256", saltLen=0)
    s.test({"message": H(rnd(128))}, None)
    s.code = 3
    s.write()

    for revision in ("FIPS186-5", "FIPS186-4"):
        s = Set("RSA", "sigVer", revision, name="RSA-sigVer" + ("" if revision.endswith("5") else "-FIPS186-4"))
        for bits, e in ((2048, 65537), (2048, 0xFBA871DFA1AA1EAB), (3072, 65537), (4096, 65537)):
            for kind, h, salt in [("pkcs1v1.5", h, 0) for h in ("SHA2-256", "SHA2-224", "SHA3-512")] + [
                ("pss", h, salt) for h, salts in SALTS.items() for salt in salts
            ]:
                if (bits != 2048 and h != "SHA2-256") or (revision != "FIPS186-5" and (bits, e, h) != (2048, 65537, "SHA2-256")):
                    continue
                if e != 65537 and (h, salt) not in (("SHA2-256", 0), ("SHA2-256", 32)):
                    continue
                key = rsa_key(bits, e)
                n = key.public_key().public_numbers()
                s.group("GDT", sigType=kind, modulo=bits, hashAlg=h, maskFunction="mgf1", saltLen=salt,
                        n=integer(n.n), e=integer(n.e))
                message = rnd(128)
                how = padding.PKCS1v15() if kind == "pkcs1v1.5" else pss(h, salt)
                signature = key.sign(message, how, CHASH[h])
                no = {"testPassed": False}
                s.test({"message": H(message), "signature": H(signature)}, {"testPassed": True})
                s.test({"message": H(message), "signature": H(flipped(signature, -9))}, no)
                s.test({"message": H(flipped(message)), "signature": H(signature)}, no)
                s.test({"message": H(message), "signature": "01" + H(signature)}, no)
                if kind == "pss":
                    other = key.sign(message, pss(h, salt + 1 if salt < 20 else salt - 1), CHASH[h])
                    s.test({"message": H(message), "signature": H(other)}, no)
        s.group("GDT", sigType="pss", modulo=1024, hashAlg="SHA2-256", maskFunction="mgf1", saltLen=0, n="C5", e="010001")
        s.test({"message": "00", "signature": "00"}, None)
        s.code = 3
        s.write()


def rsa_primitives():
    for mode, revision, given, made in (("signaturePrimitive", "2.0", "message", "signature"),
                                        ("decryptionPrimitive", "Sp800-56Br2", "ct", "pt")):
        s = Set("RSA", mode, revision)
        for bits, e in ((2048, 65537), (2048, 0xA10001), (2048, 0xFBA871DFA1AA1EAB), (3072, 0x314809ECF47F), (4096, 65537)):
            for key_mode in ("standard", "crt"):
                if key_mode == "crt" and (bits, e) != (2048, 65537):
                    continue
                s.group(modulo=bits, keyMode=key_mode, pubExpMode="random" if e != 65537 else "fixed")
                v = rsa_key(bits, e).private_numbers()
                n = v.public_numbers.n
                head = {"n": integer(n), "e": integer(e), "p": integer(v.p), "q": integer(v.q)}
                if key_mode == "crt":
                    head |= {"dmp1": integer(v.dmp1), "dmq1": integer(v.dmq1), "iqmp": integer(v.iqmp)}
                else:
                    head["d"] = integer(v.d)
                m = R.randrange(2, n - 1)
                good = {"testPassed": True, made: integer(pow(m, v.d, n), bits // 8)}
                s.test({**head, given: integer(m, bits // 8)}, good)
                s.test({**head, given: integer(n)}, {"testPassed": False})
                s.test({**head, given: integer(n + 5)}, {"testPassed": False})
                if mode == "decryptionPrimitive" and key_mode == "crt":
                    for bad in (0, 1, n - 1):
                        s.test({**head, given: integer(bad, bits // 8)}, {"testPassed": False})
        s.group(modulo=2048, keyMode="standard", pubExpMode="random")
        big = {**head, "e": "010000000000000001"}
        s.test({**big, given: "02"}, None)
        s.code = 3
        s.write()


def kts():
    s = Set("KTS-IFC", revision="Sp800-56Br2")
    for e in (65537, 0x314809ECF47F):
        for h, length in (("SHA2-256", 1024), ("SHA2-512", 512), ("SHA2-224", 1024), ("SHA3-256", 1040)):
            if e != 65537 and h != "SHA2-256":
                continue
            for pattern in ("", "l||uPartyInfo||vPartyInfo||literal[CAFE]||label"):
                key = rsa_key(2048, e)
                v = key.private_numbers()
                n = v.public_numbers.n
                iut, server, tag = rnd(5), rnd(6), rnd(16)
                encoding = "concatenation" if pattern else "none"
                conf = {"hashAlg": h, "associatedDataPattern": pattern, "encoding": encoding}
                head = {"scheme": "KTS-OAEP-basic", "keyGenerationMethod": "rsakpg1-basic", "modulo": 2048,
                        "l": length, "iutId": H(iut), "serverId": H(server), "ktsConfiguration": conf}
                parameter = {"ktsParameter": {"label": H(tag)}}

                def label(u, v_):
                    return length.to_bytes(4, "big") + u + v_ + b"\xca\xfe" + tag if pattern else None

                # OpenSSL's package has no OAEP with SHA-3.
                public = RSA.construct((n, e))
                module = {"SHA2-256": SHA256, "SHA2-512": SHA512, "SHA2-224": SHA224, "SHA3-256": SHA3_256}[h]
                oaep = PKCS1_OAEP.new(public, hashAlgo=module, label=label(server, iut) or b"")
                for type_ in ("AFT", "VAL") if pattern else ("AFT",):
                    s.group(type_, kasRole="responder", **head)
                    dkm = rnd(length // 8)
                    c = oaep.encrypt(dkm)
                    test = {"iutN": integer(n), "iutE": integer(e), "iutP": integer(v.p), "iutQ": integer(v.q),
                            "iutD": integer(v.d), "serverC": H(c), **parameter}
                    if type_ == "AFT":
                        s.test(test, {"dkm": H(dkm)})
                    else:
                        s.test({**test, "dkm": H(dkm)}, {"testPassed": True})
                        s.test({**test, "dkm": H(flipped(dkm))}, {"testPassed": False})
                        s.test({**test, "serverC": H(flipped(c, -1)), "dkm": H(dkm)}, {"testPassed": False})
                s.group("AFT", kasRole="initiator", **head)
                # `serverP` and `serverQ` are no fields of ACVP: the checker opens `iutC` with them.
                s.test({"serverN": integer(n), "serverE": integer(e), "serverP": integer(v.p),
                        "serverQ": integer(v.q), **parameter}, {"generated": True})
    s.group("AFT", kasRole="initiator", **{**head, "scheme": "KTS-OAEP-Party_V-confirmation"})
    s.test({"serverN": "00", "serverE": "00"}, None)
    s.code = 3
    s.write()


def kda():
    s = Set("KDA", "HKDF", "Sp800-56Cr2")
    for h in ("SHA2-256", "SHA2-224", "SHA2-512", "SHA3-384"):
        for z_len, length in ((32, 512), (66, 1024), (8, 256), (32, 2048)):
            pattern = R.choice(("uPartyInfo||vPartyInfo||l", "literal[0123456789ABCDEF]||l||uPartyInfo||vPartyInfo||t"))
            conf = {"kdfType": "hkdf", "l": length, "saltLen": 512, "saltMethod": "random",
                    "fixedInfoPattern": pattern, "fixedInfoEncoding": "concatenation", "hmacAlg": h}
            for type_ in ("AFT", "VAL"):
                s.group(type_, kdfConfiguration=conf, zLength=z_len * 8)
                z, salt, t = rnd(z_len), rnd(64), rnd(16)
                u, v, eph = rnd(16), rnd(16), rnd(20)
                parts = {"uPartyInfo": u + eph, "vPartyInfo": v, "l": length.to_bytes(4, "big"), "t": t,
                         "literal[0123456789ABCDEF]": bytes.fromhex("0123456789ABCDEF")}
                info = b"".join(parts[p] for p in pattern.split("||"))
                dkm = HKDF(CHASH[h], length // 8, salt, info).derive(z)
                test = {"kdfParameter": {"kdfType": "hkdf", "salt": H(salt), "t": H(t), "z": H(z), "l": length},
                        "fixedInfoPartyU": {"partyId": H(u), "ephemeralData": H(eph)},
                        "fixedInfoPartyV": {"partyId": H(v)}}
                if type_ == "AFT":
                    s.test(test, {"dkm": H(dkm)})
                else:
                    s.test({**test, "dkm": H(dkm)}, {"testPassed": True})
                    s.test({**test, "dkm": H(flipped(dkm))}, {"testPassed": False})
    s.group(multiExpansion=True, kdfMultiExpansionConfiguration={"kdfType": "hkdf", "l": 1024, "hmacAlg": "SHA2-256"})
    z, salt, infos = rnd(33), rnd(64), [rnd(16) for _ in range(3)]
    keys = [H(HKDF(CHASH["SHA2-256"], 128, salt, info).derive(z)) for info in infos]
    s.test({"kdfMultiExpansionParameter": {
        "kdfType": "hkdf", "z": H(z), "salt": H(salt), "hmacAlg": "SHA2-256",
        "iterationParameters": [{"l": 1024, "fixedInfo": H(info)} for info in infos]}}, {"dkms": keys})
    s.group(kdfConfiguration={**conf, "fixedInfoEncoding": "ASN.1"}, zLength=256)
    s.test(test, None)
    s.code = 3
    s.write()


def drbg():
    path = ROOT / "kat-vectors/tools/ctr_drbg_check.py"
    spec = importlib.util.spec_from_file_location("ctr_drbg_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    s = Set("ctrDRBG")
    for resists in (False, True):
        for reseeds in (False, True):
            for additional in (0, 32):
                s.group(mode="AES-256", derFunc=True, predResistance=resists, reSeed=reseeds, entropyInputLen=256,
                        nonceLen=128, persoStringLen=256, additionalInputLen=additional * 8, returnedBitsLen=512)
                for _ in range(2):
                    entropy, nonce, perso = rnd(32), rnd(16), rnd(R.choice((0, 32)))
                    d, steps = module.CtrDrbg(entropy, nonce, perso), []
                    uses = (["reSeed"] if reseeds and not resists else []) + ["generate", "generate"]
                    for use in uses:
                        more, fresh = rnd(additional), rnd(32) if use == "reSeed" or resists else b""
                        steps.append({"intendedUse": use, "additionalInput": H(more), "entropyInput": H(fresh)})
                        if use == "reSeed":
                            d.reseed(fresh, more)
                        elif resists:
                            d.reseed(fresh, more)
                            out = d.generate(64, b"")
                        else:
                            out = d.generate(64, more)
                    s.test({"entropyInput": H(entropy), "nonce": H(nonce), "persoString": H(perso),
                            "otherInput": steps}, {"returnedBits": H(out)})
    s.group(mode="AES-256", derFunc=False, predResistance=False, reSeed=False, returnedBitsLen=512)
    s.test({"entropyInput": H(rnd(48)), "nonce": "", "persoString": "", "otherInput": []}, None)
    s.group(mode="AES-128", derFunc=True, predResistance=False, reSeed=False, returnedBitsLen=512)
    s.test({"entropyInput": H(rnd(16)), "nonce": H(rnd(8)), "persoString": "", "otherInput": []}, None)
    s.code = 3
    s.write()


def main():
    (OUT / "long").mkdir(parents=True, exist_ok=True)
    aes_cbc()
    aes_ctr()
    aes_gcm()
    aes_gcm(mac_only=True)
    key_wrap(False)
    key_wrap(True)
    cmac()
    sha()
    hmac()
    ecdsa()
    ed()
    kas()
    rsa_signatures()
    rsa_primitives()
    kts()
    kda()
    drbg()


if __name__ == "__main__":
    main()
