#!/usr/bin/env python3
"""Checks what the program generates: keys, signatures, shared secrets, internal IVs, fixed data (ACV-3).

Runs the program on the sets that have such cases and judges its answers with `cryptography`, `pycryptodome`,
`dilithium-py` and `slh-dsa`, which share no code with the engine. Exit status 1 if anything is wrong or nothing
was checked.

    cargo lab build --release -p strongroom-acvp
    pip install cryptography pycryptodome kyber-py dilithium-py slh-dsa
    python3 crates/acvp/tools/check_response.py target/lab/release/strongroom-acvp
"""

import json
import math
import pathlib
import subprocess
import sys

from Crypto.Hash import SHA512
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives import hashes
from Crypto.Util.number import isPrime

from make_sets import CHASH, CURVES, Set, md, pss, rnd, H
from more_sets import DSAS, formatted, kdf108, ml_dsa_verifies, slh, slh_set

SETS = pathlib.Path(__file__).parents[1] / "sets"
h = bytes.fromhex
n = lambda text: int(text, 16)
counts = {}


def ask(program, prompt):
    done = subprocess.run([program], input=json.dumps(prompt).encode(), capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    out = json.loads(done.stdout)
    return out[-1] if isinstance(out, list) else out


def generated(program, name):
    """(prompt group, answered group, prompt case, answer) of every generated case of a set."""
    data = json.loads((SETS / f"{name}.json").read_text())
    prompt = data["prompt"][-1] if isinstance(data["prompt"], list) else data["prompt"]
    groups = {g["tgId"]: g for g in prompt["testGroups"]}
    answers = {g["tgId"]: g for g in ask(program, data["prompt"])["testGroups"]}
    for expected in data["expected"]:
        group, answer = groups[expected["tgId"]], answers[expected["tgId"]]
        for case in expected["tests"]:
            if case.get("generated"):
                pick = lambda g: next(t for t in g["tests"] if t["tcId"] == case["tcId"])
                counts[name] = counts.get(name, 0) + 1
                yield group, answer, pick(group), pick(answer)


def point(curve, x, y):
    return ec.EllipticCurvePublicNumbers(n(x), n(y), CURVES[curve][0]).public_key()


def main(program):
    for group, _, _, a in generated(program, "ECDSA-keyGen"):
        q = ec.derive_private_key(n(a["d"]), CURVES[group["curve"]][0]).public_key().public_numbers()
        assert (q.x, q.y) == (n(a["qx"]), n(a["qy"]))
    for name in ("ECDSA-sigGen", "DetECDSA-SigGen"):
        for group, g, t, a in generated(program, name):
            key, algorithm = point(group["curve"], g["qx"], g["qy"]), CHASH[group["hashAlg"]]
            how = ec.ECDSA(utils.Prehashed(algorithm) if group["componentTest"] else algorithm)
            key.verify(utils.encode_dss_signature(n(a["r"]), n(a["s"])), h(t["message"]), how)
    for _, _, _, a in generated(program, "EDDSA-keyGen"):
        assert ed25519.Ed25519PrivateKey.from_private_bytes(h(a["d"])).public_key().public_bytes_raw() == h(a["q"])
    for _, g, t, a in generated(program, "EDDSA-sigGen"):
        ed25519.Ed25519PublicKey.from_public_bytes(h(g["q"])).verify(h(a["signature"]), h(t["message"]))
    for group, _, _, a in generated(program, "RSA-keyGen"):
        p, q, e = n(a["p"]), n(a["q"]), n(a["e"])
        half = group["modulo"] // 2
        assert p * q == n(a["n"]) and (p * q).bit_length() == group["modulo"] and isPrime(p) and isPrime(q)
        assert abs(p - q) > 2 ** (half - 100) and p.bit_length() == q.bit_length() == half
        if group["keyFormat"] == "crt":
            assert n(a["dmp1"]) == pow(e, -1, p - 1) and n(a["dmq1"]) == pow(e, -1, q - 1)
            assert n(a["iqmp"]) == pow(q, -1, p)
        else:
            lam = math.lcm(p - 1, q - 1)
            assert n(a["d"]) == pow(e, -1, lam) and n(a["d"]).bit_length() > half
    for group, g, t, a in generated(program, "RSA-sigGen"):
        key = rsa.RSAPublicNumbers(n(g["e"]), n(g["n"])).public_key()
        hash_ = group["hashAlg"]
        how = padding.PKCS1v15() if group["sigType"] == "pkcs1v1.5" else pss(hash_, group["saltLen"])
        key.verify(h(a["signature"]), h(t["message"]), how, CHASH[hash_])
    for group, _, t, a in generated(program, "KAS-ECC-SSC"):
        curve = group["domainParameterGenerationMode"]
        ours = "ephemeral" if "ephemeralPublicIutX" in a else "static"
        peer = point(curve, a[f"{ours}PublicIutX"], a[f"{ours}PublicIutY"])
        z = ec.derive_private_key(n(t["serverD"]), CURVES[curve][0]).exchange(ec.ECDH(), peer)
        hash_z = group["hashFunctionZ"]
        assert h(a["z"]) == z if hash_z == "none" else h(a["hashZ"]) == md(hash_z, z)
    for group, _, t, a in generated(program, "KTS-IFC"):
        from Crypto.Cipher import PKCS1_OAEP
        from Crypto.Hash import SHA3_256, SHA224, SHA256, SHA512 as S512
        from Crypto.PublicKey import RSA

        e, p, q = n(t["serverE"]), n(t["serverP"]), n(t["serverQ"])
        key = RSA.construct((p * q, e, pow(e, -1, math.lcm(p - 1, q - 1)), p, q))
        conf, label = group["ktsConfiguration"], b""
        if conf["associatedDataPattern"]:
            parties = h(group["iutId"]) + h(group["serverId"])
            label = group["l"].to_bytes(4, "big") + parties + b"\xca\xfe" + h(t["ktsParameter"]["label"])
        module = {"SHA2-256": SHA256, "SHA2-512": S512, "SHA2-224": SHA224, "SHA3-256": SHA3_256}[conf["hashAlg"]]
        opened = PKCS1_OAEP.new(key, hashAlgo=module, label=label).decrypt(h(a["iutC"]))
        assert opened == h(a["dkm"]) and len(opened) * 8 == group["l"]
    internal_ivs(program)
    random_counters(program)
    fixed_data(program)
    post_quantum(program)
    print("\n".join(f"{name}: {count} generated answers are right" for name, count in counts.items()))
    return 0 if sum(counts.values()) > 120 and len(counts) == 15 else 1


def internal_ivs(program):
    for mode in ("8.2.1", "8.2.2"):
        s, keys = Set("ACVP-AES-GCM"), {}
        s.group(direction="encrypt", keyLen=256, ivLen=96, ivGen="internal", ivGenMode=mode, tagLen=128)
        key = rnd(32)
        for _ in range(5):
            aad, pt = rnd(20), rnd(33)
            s.test({"key": H(key), "aad": H(aad), "pt": H(pt)}, None)
            keys[s.tc] = (key, aad, pt)
        answers = ask(program, {**s.head, "testGroups": s.groups})["testGroups"][0]["tests"]
        assert len({a["iv"] for a in answers}) == 5
        for a in answers:
            key, aad, pt = keys[a["tcId"]]
            assert AESGCM(key).decrypt(h(a["iv"]), h(a["ct"]) + h(a["tag"]), aad) == pt
            counts["internal IVs"] = counts.get("internal IVs", 0) + 1


def random_counters(program):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    s, texts = Set("ACVP-AES-CTR"), {}
    s.group(direction="encrypt", keyLen=128)
    for _ in range(3):
        key, pt = rnd(16), rnd(50)
        s.test({"key": H(key), "pt": H(pt), "payloadLen": 400}, None)
        texts[s.tc] = (key, pt)
    for a in ask(program, {**s.head, "testGroups": s.groups})["testGroups"][0]["tests"]:
        key, pt = texts[a["tcId"]]
        assert Cipher(algorithms.AES(key), modes.CTR(h(a["iv"]))).decryptor().update(h(a["ct"])) == pt
        counts["own counters"] = counts.get("own counters", 0) + 1


def fixed_data(program):
    seen = set()
    for group, _, t, a in generated(program, "KDF"):
        fixed, length = h(a["fixedData"]), group["keyOutLength"]
        assert fixed.startswith(b"strongroom-acvp\0") and fixed.endswith(length.to_bytes(4, "big"))
        assert fixed not in seen, "a context twice"
        seen.add(fixed)
        assert h(a["keyOut"]) == kdf108(group["kdfMode"], group["macMode"], h(t["keyIn"]), fixed, length // 8)


def post_quantum(program):
    def content(group, t):
        if group.get("externalMu"):
            return h(t["mu"]), True
        parts = h(t["message"]), h(t.get("context", "")), t.get("hashAlg")
        return formatted(group["signatureInterface"], group.get("preHash"), *parts), False

    for name in ("ML-DSA-sigGen", "ML-DSA-sigGen-tr1"):
        for group, _, t, a in generated(program, name):
            message, is_mu = content(group, t)
            assert ml_dsa_verifies(DSAS[group["parameterSet"]], h(t["pk"]), message, h(a["signature"]), is_mu)
    for group, _, t, a in generated(program, "SLH-DSA-sigGen"):
        par, sk = slh_set(group["parameterSet"]), h(t["sk"])
        key = (sk[2 * par.n : 3 * par.n], sk[3 * par.n :])
        assert slh.verify(content(group, t)[0], h(a["signature"]), key, par)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1]))
    except (AssertionError, InvalidSignature, ValueError) as error:
        raise SystemExit(f"wrong answer: {error!r}") from error
