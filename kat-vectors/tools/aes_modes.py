#!/usr/bin/env python3
"""Confirms kat-vectors/tests/aes_modes.txt with `cryptography` (OpenSSL) and PyCryptodome.

    pip install cryptography pycryptodome
    python3 kat-vectors/tools/aes_modes.py

Prints the number of records confirmed; exits with 1 at the first one that is not. It changes no file.
Written against cryptography 48 and PyCryptodome 4.4.
"""

import pathlib
import sys

from Crypto.Cipher import AES
from Crypto.Hash import CMAC
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC as OpenSslCmac

FILE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "aes_modes.txt"


def openssl(mode, key, iv, text):
    if mode == "cmac":
        mac = OpenSslCmac(algorithms.AES(key))
        mac.update(text)
        return mac.finalize()
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv) if mode == "cbc" else modes.CTR(iv)).encryptor()
    return cipher.update(text) + cipher.finalize()


def pycryptodome(mode, key, iv, text):
    if mode == "cmac":
        return CMAC.new(key, text, AES).digest()
    if mode == "cbc":
        return AES.new(key, AES.MODE_CBC, iv).encrypt(text)
    # A counter that wraps is refused by its CTR mode: block by block then.
    block, number, stream = AES.new(key, AES.MODE_ECB), int.from_bytes(iv, "big"), b""
    while len(stream) < len(text):
        stream += block.encrypt((number % 2**128).to_bytes(16, "big"))
        number += 1
    return bytes(a ^ b for a, b in zip(text, stream))


def main():
    count = 0
    for number, line in enumerate(FILE.read_text("ascii").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        mode, *rest = line.split(" ")
        key, iv, text, expected = (bytes.fromhex("" if field == "-" else field) for field in rest)
        for other in (openssl, pycryptodome):
            if other(mode, key, iv, text) != expected:
                sys.exit(f"{FILE.name}:{number}: {other.__name__} has another answer")
        count += 1
    print(f"{count} records confirmed" if count else "no record found")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
