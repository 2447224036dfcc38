#!/usr/bin/env python3
"""The sets of derivation from keys and passwords, HMAC_DRBG and the post-quantum schemes, as `make_sets.py` makes
the others. Each has a seed of its own, so that one can be made without the rest.

One-step derivation, SP 800-108 and HMAC_DRBG are written out here from the standards, over `hmac`, `hashlib` and
the CMAC of `pycryptodome`; PBKDF2 is that of `hashlib`; the post-quantum schemes are those of `kyber-py`,
`dilithium-py` and `slh-dsa`, on seeds, randomness and formatted messages that are made here.

    pip install cryptography pycryptodome kyber-py dilithium-py slh-dsa
    python3 crates/acvp/tools/more_sets.py [name ..]

Written against kyber-py 1.2.0, dilithium-py 1.5.1 and slh-dsa 0.2.5.
"""

import hashlib
import hmac as pyhmac
import sys

import dilithium_py.ml_dsa as dsa
import kyber_py.ml_kem as kem
import slhdsa
import slhdsa.lowlevel.slhdsa as slh
from Crypto.Cipher import AES as PAES
from Crypto.Hash import CMAC

from make_sets import H, HASHES, R, Set, flipped, md, rnd

# -- derivation --


def mac_of(name, key, data):
    if name.startswith("CMAC"):
        return CMAC.new(key, data, ciphermod=PAES).digest()
    return pyhmac.new(key, data, HASHES[name.removeprefix("HMAC-")]).digest()


def counted(block, length):
    """Blocks from their counter, one behind the other."""
    out, i = b"", 0
    while len(out) < length:
        i += 1
        out += block(i.to_bytes(4, "big"))
    return out[:length]


def one_step(auxiliary, salt, z, info, length):
    """SP 800-56C r2 section 4.1."""
    if auxiliary.startswith("HMAC"):
        return counted(lambda i: mac_of(auxiliary, salt, i + z + info), length)
    return counted(lambda i: md(auxiliary, i + z + info), length)


def kda_one_step():
    s = Set("KDA", "OneStep", "Sp800-56Cr2")
    blocks = {"SHA2-512": 128, "SHA2-256": 64, "SHA2-224": 64, "SHA3-384": 104}
    for auxiliary in ("SHA2-256", "SHA2-224", "SHA3-512", "SHA2-512/256", "HMAC-SHA2-256", "HMAC-SHA2-512", "HMAC-SHA2-224", "HMAC-SHA3-384"):
        for z_len, length in ((32, 1024), (8, 256), (66, 2048)):
            pattern = R.choice(("t||uPartyInfo||vPartyInfo||l", "uPartyInfo||vPartyInfo||literal[CAFE]||l"))
            keyed = auxiliary.startswith("HMAC")
            default = keyed and z_len == 32
            conf = {"kdfType": "oneStep", "l": length, "saltLen": 512 if keyed else 0,
                    "saltMethod": "default" if default else "random", "fixedInfoPattern": pattern,
                    "fixedInfoEncoding": "concatenation", "auxFunction": auxiliary}
            for type_ in ("AFT", "VAL"):
                s.group(type_, kdfConfiguration=conf, zLength=z_len * 8)
                z, t, u, v, eph = rnd(z_len), rnd(16), rnd(16), rnd(16), rnd(20)
                salt = bytes(blocks[auxiliary.removeprefix("HMAC-")]) if default else rnd(64) if keyed else b""
                parts = {"uPartyInfo": u, "vPartyInfo": v + eph, "l": length.to_bytes(4, "big"), "t": t,
                         "literal[CAFE]": b"\xca\xfe"}
                info = b"".join(parts[p] for p in pattern.split("||"))
                dkm = one_step(auxiliary, salt, z, info, length // 8)
                parameter = {"kdfType": "oneStep", "t": H(t), "z": H(z), "l": length}
                test = {"kdfParameter": parameter | ({"salt": H(salt)} if keyed else {}),
                        "fixedInfoPartyU": {"partyId": H(u)},
                        "fixedInfoPartyV": {"partyId": H(v), "ephemeralData": H(eph)}}
                if type_ == "AFT":
                    s.test(test, {"dkm": H(dkm)})
                else:
                    s.test({**test, "dkm": H(dkm)}, {"testPassed": True})
                    s.test({**test, "dkm": H(flipped(dkm, -1))}, {"testPassed": False})
    s.group(kdfConfiguration={**conf, "auxFunction": "KMAC-128"}, zLength=256)
    s.test(test, None)
    s.code = 3
    s.write()


def kdf108(mode, mac, key, fixed, length, iv=b""):
    """SP 800-108 r1 sections 4.1 and 4.2, the counter of 32 bits before the fixed data."""
    last = iv

    def block(i):
        nonlocal last
        last = mac_of(mac, key, (last if mode == "feedback" else b"") + i + fixed)
        return last

    return counted(block, length)


def kdf():
    s = Set("KDF")
    s.head["mode"] = ""
    macs = ["CMAC-AES128", "CMAC-AES192", "CMAC-AES256", "HMAC-SHA2-256", "HMAC-SHA2-224", "HMAC-SHA2-512",
            "HMAC-SHA3-256", "HMAC-SHA2-512/256"]
    for mode in ("counter", "feedback"):
        for mac in macs:
            key_len = int(mac[8:]) // 8 if mac.startswith("CMAC") else R.choice((8, 32, 130))
            for length in (64, 8, 1024, 2400):
                head = {"kdfMode": mode, "macMode": mac, "counterLength": 32, "keyOutLength": length,
                        "counterLocation": "before fixed data", "zeroLengthIv": mode == "feedback"}
                more = {"iv": ""} if mode == "feedback" else {}
                s.group(**head)
                key, fixed = rnd(key_len), rnd(R.choice((16, 51)))
                # `fixedData` is no field of a prompt: with it the key is known.
                out = kdf108(mode, mac, key, fixed, length // 8)
                s.test({"keyIn": H(key), "fixedData": H(fixed), **more}, {"keyOut": H(out)})
                served = key if mac.startswith("CMAC") else rnd(R.choice((16, 32, 128)))
                s.test({"keyIn": H(served), **more}, {"generated": True})
    base = {"kdfMode": "counter", "macMode": "HMAC-SHA2-256", "counterLength": 32, "keyOutLength": 256,
            "counterLocation": "before fixed data"}
    for change in ({"kdfMode": "double pipeline iteration"}, {"counterLocation": "after fixed data"},
                   {"counterLocation": "middle fixed data"}, {"counterLength": 8}, {"macMode": "CMAC-TDES"},
                   {"macMode": "HMAC-SHA-1"}, {"keyOutLength": 255},
                   {"kdfMode": "feedback", "counterLocation": "before iterator"},
                   {"kdfMode": "feedback", "counterLocation": "none", "counterLength": 0}):
        s.group(**{**base, **change})
        s.test({"keyIn": H(rnd(32)), "iv": ""}, None)
    s.group(**{**base, "kdfMode": "feedback", "zeroLengthIv": False})
    s.test({"keyIn": H(rnd(32)), "iv": H(rnd(32))}, None)
    s.code = 3
    s.write()


def pbkdf():
    s = Set("PBKDF")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for name in HASHES:
        s.group(hmacAlg=name)
        for n, salt_len, count, length in ((8, 16, 10, 112), (16, 31, 1000, 256), (20, 20, 3, 1024), (14, 128, 1, 2000)):
            password, salt = "".join(R.choice(letters) for _ in range(n)), rnd(salt_len)
            out = hashlib.pbkdf2_hmac(HASHES[name], password.encode(), salt, count, length // 8)
            s.test({"keyLen": length, "salt": H(salt), "password": password, "iterationCount": count},
                   {"derivedKey": H(out)})
    s.test({"keyLen": 204, "salt": H(rnd(16)), "password": "abcdefgh", "iterationCount": 10}, None)
    s.group(hmacAlg="SHA-1")
    s.test({"keyLen": 128, "salt": H(rnd(16)), "password": "abcdefgh", "iterationCount": 10}, None)
    s.code = 3
    s.write()


class HmacDrbg:
    """SP 800-90A r1 section 10.1.2 with SHA-512."""

    def __init__(self, entropy, nonce, personalisation):
        self.key, self.v = bytes(64), b"\x01" * 64
        self.update(entropy + nonce + personalisation)

    def mac(self, data):
        return pyhmac.new(self.key, data, "sha512").digest()

    def update(self, data):
        for octet in b"\x00\x01" if data else b"\x00":
            self.key = self.mac(self.v + bytes([octet]) + data)
            self.v = self.mac(self.v)

    def reseed(self, entropy, additional):
        self.update(entropy + additional)

    def generate(self, length, additional):
        if additional:
            self.update(additional)
        out = b""
        while len(out) < length:
            self.v = self.mac(self.v)
            out += self.v
        self.update(additional)
        return out[:length]


def hmac_drbg():
    s = Set("hmacDRBG")
    for resists in (False, True):
        for reseeds in (False, True):
            for additional in (0, 32):
                s.group(mode="SHA2-512", derFunc=False, predResistance=resists, reSeed=reseeds, entropyInputLen=256,
                        nonceLen=128, persoStringLen=256, additionalInputLen=additional * 8, returnedBitsLen=2048)
                for _ in range(2):
                    entropy, nonce, perso = rnd(32), rnd(16), rnd(R.choice((0, 32)))
                    d, steps = HmacDrbg(entropy, nonce, perso), []
                    for use in (["reSeed"] if reseeds and not resists else []) + ["generate", "generate"]:
                        more, fresh = rnd(additional), rnd(32) if use == "reSeed" or resists else b""
                        steps.append({"intendedUse": use, "additionalInput": H(more), "entropyInput": H(fresh)})
                        if use == "reSeed":
                            d.reseed(fresh, more)
                        elif resists:
                            d.reseed(fresh, more)
                            out = d.generate(256, b"")
                        else:
                            out = d.generate(256, more)
                    s.test({"entropyInput": H(entropy), "nonce": H(nonce), "persoString": H(perso),
                            "otherInput": steps}, {"returnedBits": H(out)})
    s.test({"entropyInput": H(rnd(31)), "nonce": H(rnd(16)), "persoString": "", "otherInput": []}, None)
    s.group(mode="SHA2-256", derFunc=False, predResistance=False, reSeed=False, returnedBitsLen=512)
    s.test({"entropyInput": H(rnd(32)), "nonce": H(rnd(16)), "persoString": "", "otherInput": []}, None)
    s.code = 3
    s.write()


# -- ML-KEM --

KEMS = {"ML-KEM-512": kem.ML_KEM_512, "ML-KEM-768": kem.ML_KEM_768, "ML-KEM-1024": kem.ML_KEM_1024}
NO, YES = {"testPassed": False}, {"testPassed": True}


def ml_kem():
    s = Set("ML-KEM", "keyGen", "FIPS203")
    for name, k in KEMS.items():
        s.group(parameterSet=name)
        for _ in range(2):
            d, z = rnd(32), rnd(32)
            ek, dk = k._keygen_internal(d, z)
            s.test({"d": H(d), "z": H(z)}, {"ek": H(ek), "dk": H(dk)})
    s.write()

    for revision in ("FIPS203", "FIPS203-tr1"):
        seeds = revision != "FIPS203"
        s = Set("ML-KEM", "encapDecap", revision, name="ML-KEM-encapDecap" + ("-tr1" if seeds else ""))
        for name, k in KEMS.items():
            d, z = rnd(32), rnd(32)
            ek, dk = k._keygen_internal(d, z)
            s.group(parameterSet=name, function="encapsulation")
            for _ in range(1 if seeds else 2):
                m = rnd(32)
                key, c = k._encaps_internal(ek, m)
                s.test({"ek": H(ek), "m": H(m)}, {"c": H(c), "k": H(key)})
            for form in ("seed", "expanded") if seeds else ("expanded",):
                s.group("VAL", parameterSet=name, function="decapsulation", **({"keyFormat": form} if seeds else {}))
                own = {"d": H(d), "z": H(z)} if form == "seed" else {"dk": H(dk)}
                # Implicit rejection of a flipped and of a random ciphertext is an answer like any other.
                assert k._decaps_internal(dk, c) == key
                for made in (c, flipped(c, 100), flipped(c, -1), rnd(len(c))):
                    s.test({**own, "c": H(made)}, {"k": H(k._decaps_internal(dk, made))})
            if seeds:
                continue
            s.group("VAL", parameterSet=name, function="encapsulationKeyCheck")
            other = k._keygen_internal(rnd(32), rnd(32))[0]
            s.test({"ek": H(ek)}, YES)
            s.test({"ek": H(other)}, YES)
            s.test({"ek": H(b"\xff\x0f" + ek[2:])}, NO)  # 4095 is not below q
            at = len(ek) - 34
            s.test({"ek": H(ek[:at] + b"\xf0\xff" + ek[at + 2 :])}, NO)
            s.test({"ek": H(ek[:-1])}, NO)
            s.test({"ek": H(ek + b"\0")}, NO)
            s.group("VAL", parameterSet=name, function="decapsulationKeyCheck")
            s.test({"dk": H(dk)}, YES)
            s.test({"dk": H(flipped(dk, -33))}, NO)  # the hash
            s.test({"dk": H(flipped(dk, -70))}, NO)  # what is hashed
            s.test({"dk": H(flipped(dk, -1))}, YES)  # z, which nothing checks
            s.test({"dk": H(dk[1:])}, NO)
        s.group("VAL", parameterSet="ML-KEM-2048", function="decapsulation")
        s.test({"dk": "00", "c": "00"}, None)
        s.code = 3
        s.write()


# -- signatures --

OIDS = {"SHA2-256": 1, "SHA2-384": 2, "SHA2-512": 3, "SHA2-224": 4, "SHA2-512/256": 6, "SHA3-224": 7,
        "SHA3-256": 8, "SHA3-384": 9, "SHA3-512": 10}


def formatted(interface, pre_hash, message, context, name):
    """FIPS 204 algorithms 2 and 4, FIPS 205 algorithms 22 and 23."""
    if interface == "internal":
        return message
    if pre_hash == "pure":
        return b"\0" + bytes([len(context)]) + context + message
    oid = bytes.fromhex("0609608648016503040200")[:-1] + bytes([OIDS[name]])
    return b"\x01" + bytes([len(context)]) + context + oid + md(name, message)


def contents(scheme):
    """(fields of a group, what is signed as fields, as the formatted message, and whether it is a mu)."""
    for interface, pre_hash in (("external", "pure"), ("external", "preHash"), ("internal", None)):
        for name in ("SHA2-512", "SHA3-256", "SHA2-224") if pre_hash == "preHash" else (None,):
            group = {"signatureInterface": interface} | ({"preHash": pre_hash} if pre_hash else {})
            if interface == "internal" and scheme == "ML-DSA":
                group["externalMu"] = False
            message, context = rnd(R.choice((1, 60, 200))), rnd(R.choice((0, 12, 255)))
            fields = {"message": H(message)}
            if interface == "external":
                fields["context"] = H(context)
            if name:
                fields["hashAlg"] = name
            yield group, fields, formatted(interface, pre_hash, message, context, name), False
    if scheme == "ML-DSA":
        mu = rnd(64)
        yield {"signatureInterface": "internal", "externalMu": True}, {"mu": H(mu)}, mu, True


DSAS = {"ML-DSA-44": dsa.ML_DSA_44, "ML-DSA-65": dsa.ML_DSA_65, "ML-DSA-87": dsa.ML_DSA_87}


def ml_dsa_verifies(d, pk, message, signature, is_mu):
    if is_mu:  # dilithium-py verifies no mu: put the hash of the key before it back to nothing.
        h, d._h = d._h, lambda data, n: message if data.endswith(b"mu!") else type(d)._h(data, n)
        try:
            return d._verify_internal(pk, b"mu!", signature)
        finally:
            d._h = h
    return d._verify_internal(pk, message, signature)


def ml_dsa():
    s = Set("ML-DSA", "keyGen", "FIPS204")
    for name, d in DSAS.items():
        s.group(parameterSet=name)
        for _ in range(2):
            xi = rnd(32)
            pk, sk = d._keygen_internal(xi)
            s.test({"seed": H(xi)}, {"pk": H(pk), "sk": H(sk)})
    s.write()

    for revision in ("FIPS204", "FIPS204-tr1"):
        seeds = revision != "FIPS204"
        s = Set("ML-DSA", "sigGen", revision, name="ML-DSA-sigGen" + ("-tr1" if seeds else ""))
        for name, d in DSAS.items():
            xi = rnd(32)
            pk, sk = d._keygen_internal(xi)
            own = {"seed": H(xi)} if seeds else {"sk": H(sk)}
            for group, fields, message, is_mu in contents("ML-DSA"):
                # All contents with the smallest set, one that differs with each of the others.
                if name != "ML-DSA-44" and fields.get("hashAlg", "SHA2-512") != "SHA2-512":
                    continue
                for deterministic in (True, False):
                    # Half of the rest: keys and signatures are long.
                    if name != "ML-DSA-44" and deterministic == is_mu:
                        continue
                    s.group(parameterSet=name, deterministic=deterministic, **group,
                            **({"keyFormat": "seed"} if seeds else {}))
                    random = bytes(32) if deterministic else rnd(32)
                    signature = d._sign_internal(sk, message, random, is_mu)
                    more = {} if deterministic else {"rnd": H(random)}
                    s.test({**own, **fields, **more}, {"signature": H(signature)})
                    if name == "ML-DSA-44" and not deterministic:
                        # `pk` is no field of these prompts: the checker verifies with it.
                        s.test({**own, **fields, "pk": H(pk)}, {"generated": True})
        s.group(parameterSet="ML-DSA-44", deterministic=True, signatureInterface="external", preHash="preHash",
                **({"keyFormat": "seed"} if seeds else {}))
        s.test({**own, "message": "00", "context": "", "hashAlg": "SHAKE-128"}, None)
        s.code = 3
        s.write()

    s = Set("ML-DSA", "sigVer", "FIPS204")
    for name, d in DSAS.items():
        pk, sk = d._keygen_internal(rnd(32))
        other = d._keygen_internal(rnd(32))[0]
        for group, fields, message, is_mu in contents("ML-DSA"):
            if name != "ML-DSA-44" and not (is_mu or group.get("preHash") == "pure"):
                continue
            s.group(parameterSet=name, **group)
            signature = d._sign_internal(sk, message, rnd(32), is_mu)
            assert ml_dsa_verifies(d, pk, message, signature, is_mu)
            s.test({"pk": H(pk), **fields, "signature": H(signature)}, YES)
            which = "mu" if is_mu else "message"
            wrong = {**fields, which: H(flipped(bytes.fromhex(fields[which])))}
            s.test({"pk": H(pk), **wrong, "signature": H(signature)}, NO)
            if name != "ML-DSA-44" or "hashAlg" in fields:
                continue
            # c~, z, the hint
            for at in (0, 700, -1):
                s.test({"pk": H(pk), **fields, "signature": H(flipped(signature, at))}, NO)
            if group.get("preHash") == "pure":
                s.test({"pk": H(other), **fields, "signature": H(signature)}, NO)
                s.test({"pk": H(pk), **fields, "signature": H(signature[:-1])}, NO)
                s.test({"pk": H(pk), **fields, "signature": H(signature + b"\0")}, NO)
    s.group(parameterSet="ML-DSA-44", signatureInterface="external", preHash="preHash")
    s.test({"pk": H(pk), "message": "00", "context": "", "hashAlg": "SHA2-512/224", "signature": "00"}, None)
    s.code = 3
    s.write()


def slh_set(name):
    family, size = name.removeprefix("SLH-DSA-").lower().split("-")
    return getattr(slhdsa, f"{family}_{size}")


def slh_key(par, seeds):
    parts = iter(seeds[i : i + par.n] for i in range(0, 3 * par.n, par.n))
    slh.token_bytes = lambda n: next(parts)
    key, _public = slh.keygen(par)
    assert b"".join(key[:3]) == seeds
    return key


def slh_sign(key, par, message, random):
    """With given randomness: hedged signing draws it once."""
    slh.token_bytes = lambda n: random
    return slh.sign(message, key, par, random is not None)


def slh_dsa():
    s = Set("SLH-DSA", "keyGen", "FIPS205")
    for name in ("SHA2-128f", "SHAKE-128f", "SHA2-192f", "SHAKE-192f", "SHA2-256f", "SHAKE-256f", "SHA2-128s"):
        name = f"SLH-DSA-{name}"
        par = slh_set(name)
        s.group(parameterSet=name)
        seeds = rnd(3 * par.n)
        key = b"".join(slh_key(par, seeds))
        sk_seed, sk_prf, pk_seed = (H(seeds[i * par.n : (i + 1) * par.n]) for i in range(3))
        s.test({"skSeed": sk_seed, "skPrf": sk_prf, "pkSeed": pk_seed}, {"pk": H(key[2 * par.n :]), "sk": H(key)})
    s.write()

    # Signing is tested most with a fast set, verifying with one of short signatures.
    signing, verifying = "SLH-DSA-SHA2-128f", "SLH-DSA-SHAKE-128s"
    signer, verifier = Set("SLH-DSA", "sigGen", "FIPS205"), Set("SLH-DSA", "sigVer", "FIPS205")
    for name in (signing, verifying, "SLH-DSA-SHAKE-128f", "SLH-DSA-SHA2-192f", "SLH-DSA-SHA2-128s"):
        par = slh_set(name)
        key = slh_key(par, rnd(3 * par.n))
        sk, pk = b"".join(key), b"".join(key[2:])
        for i, (group, fields, message, _) in enumerate(contents("SLH-DSA")):
            if name not in (signing, verifying) and i != 0:
                continue
            length = {"messageLength": len(fields["message"]) * 4}
            random = rnd(par.n) if i % 2 == 0 else None
            signature = slh_sign(key, par, message, random)
            assert slh.verify(message, signature, key[2:], par)
            if name != verifying or i == 1:
                signer.group(parameterSet=name, deterministic=random is None, **group)
                more = {"additionalRandomness": H(random)} if random else {}
                signer.test({"sk": H(sk), **fields, **length, **more}, {"signature": H(signature)})
            if name == signing:
                signer.group(parameterSet=name, deterministic=False, **group)
                signer.test({"sk": H(sk), **fields, **length}, {"generated": True})
            if name == "SLH-DSA-SHAKE-128f" or name == signing and i != 1:
                continue
            verifier.group(parameterSet=name, **group)
            head = {"pk": H(pk), **fields, **length}
            verifier.test({**head, "signature": H(signature)}, YES)
            if name != verifying:
                continue
            wrong = {**head, "message": H(flipped(bytes.fromhex(fields["message"])))}
            verifier.test({**wrong, "signature": H(signature)}, NO)
            if i == 0:
                # R, FORS, the hypertree
                for at in (0, 500, -1):
                    verifier.test({**head, "signature": H(flipped(signature, at))}, NO)
                verifier.test({**head, "signature": H(signature[:-1])}, NO)
                verifier.test({**head, "signature": H(signature + b"\0")}, NO)
                verifier.test({**head, "signature": H(signature[:100])}, NO)
                verifier.test({**head, "signature": ""}, NO)
                verifier.test({**head, "pk": H(flipped(pk, -1)), "signature": H(signature)}, NO)
    for s, test in ((signer, {"sk": H(sk)}), (verifier, {"pk": H(pk), "signature": "00"})):
        s.group(parameterSet=name, deterministic=True, signatureInterface="external", preHash="preHash")
        s.test({**test, "message": "00", "context": "", "hashAlg": "SHAKE-256"}, None)
        s.code = 3
        s.write()


ALL = [kda_one_step, kdf, pbkdf, hmac_drbg, ml_kem, ml_dsa, slh_dsa]

if __name__ == "__main__":
    wanted = sys.argv[1:] or [make.__name__ for make in ALL]
    for make in ALL:
        if make.__name__ in wanted:
            R.seed(f"strongroom {make.__name__}")
            make()
