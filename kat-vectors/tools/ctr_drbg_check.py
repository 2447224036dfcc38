#!/usr/bin/env python3
"""CTR_DRBG, AES-256, with derivation function (SP 800-90A r1, 10.2.1 and 10.3.2), a second time.

Written from the standard on AES from the package `cryptography`, with nothing in common with the Rust
code. Reads the known answers out of src/boundary/drbg/ctr.rs, recomputes each of them, and prints the digest
that the Rust test `odd_lengths` expects. Exit status 1 if anything differs.

    pip install cryptography; python3 kat-vectors/tools/ctr_drbg_check.py
"""

import hashlib
import pathlib
import re
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SEEDLEN = 48


def aes(key, block):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def bcc(key, data):
    chain = bytes(16)
    for i in range(0, len(data), 16):
        chain = aes(key, xor(chain, data[i : i + 16]))
    return chain


def block_cipher_df(data, n=SEEDLEN):
    s = len(data).to_bytes(4, "big") + n.to_bytes(4, "big") + data + b"\x80"
    s += bytes(-len(s) % 16)
    key, temp, i = bytes(range(32)), b"", 0
    while len(temp) < SEEDLEN:
        temp += bcc(key, i.to_bytes(4, "big") + bytes(12) + s)
        i += 1
    key, x, out = temp[:32], temp[32:48], b""
    while len(out) < n:
        x = aes(key, x)
        out += x
    return out[:n]


class CtrDrbg:
    def __init__(self, entropy, nonce, personalisation):
        self.key, self.v = bytes(32), 0
        self.update(block_cipher_df(entropy + nonce + personalisation))

    def stream(self, n):
        out = b""
        while len(out) < n:
            self.v = (self.v + 1) % 2**128
            out += aes(self.key, self.v.to_bytes(16, "big"))
        return out[:n]

    def update(self, provided):
        temp = xor(self.stream(SEEDLEN), provided)
        self.key, self.v = temp[:32], int.from_bytes(temp[32:], "big")

    def reseed(self, entropy, additional):
        self.update(block_cipher_df(entropy + additional))

    def generate(self, n, additional):
        provided = bytes(SEEDLEN)
        if additional:
            provided = block_cipher_df(additional)
            self.update(provided)
        out = self.stream(n)
        self.update(provided)
        return out

    def state(self):
        return self.key + self.v.to_bytes(16, "big")


def cases(source):
    """The `Case { .. }` literals: field name -> list of byte strings, or None for `None`."""
    table = source[source.index("const CASES") : source.index("fn assert_state")]
    for literal in table.split("Case {")[1:]:
        fields = {}
        for name, value in re.findall(r"^\s{12}(\w+): (.*?),\n(?=\s{12}\w|\s{8}\})", literal, re.S | re.M):
            fields[name] = None if value == "None" else [bytes.fromhex(v) for v in re.findall(r'"([^"]*)"', value)]
            if value == "NONE":
                fields[name] = [b"", b""]
        yield fields


def check(case):
    drbg = CtrDrbg(case["entropy"][0], case["nonce"][0], case["personalisation"][0])
    states = [drbg.state()]
    if case["reseed"]:
        drbg.reseed(*case["reseed"])
        states.append(drbg.state())
    for i, additional in enumerate(case["additional"]):
        if case["prediction"]:
            drbg.reseed(case["prediction"][i], additional)
            additional = b""
        out = drbg.generate(len(case["returned"][0]), additional)
        states.append(drbg.state())
    return out == case["returned"][0] and states[: len(case["states"])] == case["states"]


def odd_lengths():
    data = lambda n: bytes(i % 251 for i in range(n))
    drbg, out = CtrDrbg(data(45), data(17), data(5)), b""
    for i, n in enumerate([0, 1, 12, 15, 16, 17, 48, 79, 80, 81, 127, 128, 129, 1000, 65536]):
        out += drbg.generate(n, data(i * 13 % 60))
        if i % 4 == 3:
            drbg.reseed(data(32 + i * 5), data(i))
    return hashlib.sha256(out).hexdigest()


def main():
    source = (pathlib.Path(__file__).parents[2] / "src/boundary/drbg/ctr.rs").read_text()
    verdicts = [check(case) for case in cases(source)]
    digest = odd_lengths()
    print(f"known answers: {verdicts.count(True)} of {len(verdicts)} agree")
    print(f"odd_lengths:   {digest} ({'agrees' if digest in source else 'differs'})")
    return 0 if verdicts and all(verdicts) and digest in source else 1


if __name__ == "__main__":
    sys.exit(main())
