#!/usr/bin/env python3
"""Makes kat-vectors/tests/slh_dsa.txt with the PyPI package `slh-dsa`: a line for each of the twelve sets of
FIPS 205, of its name, SK.seed || SK.prf || PK.seed, PK.root, and the SHA-256 of the deterministic pure signature
of "strongroom" without a context. Prints it; takes some minutes.

    pip install slh-dsa
    python3 kat-vectors/tools/slh_dsa.py > kat-vectors/tests/slh_dsa.txt

Written against slh-dsa 0.2.5.
"""

import hashlib

import slhdsa
import slhdsa.lowlevel.slhdsa as low

print("# Made by kat-vectors/tools/slh_dsa.py")
for size in (128, 192, 256):
    for speed in "sf":
        for family in ("sha2", "shake"):
            par = getattr(slhdsa, f"{family}_{size}{speed}")
            name = f"SLH-DSA-{family.upper()}-{size}{speed}"
            seeds = hashlib.shake_256(f"strongroom {name}".encode()).digest(3 * par.n)
            parts = iter(seeds[i : i + par.n] for i in range(0, 3 * par.n, par.n))
            low.token_bytes = lambda n: next(parts)
            key, _public = low.keygen(par)
            assert b"".join(key[:3]) == seeds
            signature = low.sign(b"\0\0strongroom", key, par, False)
            assert low.verify(b"\0\0strongroom", signature, key[2:], par)
            print(name, seeds.hex(), key[3].hex(), hashlib.sha256(signature).hexdigest(), flush=True)
