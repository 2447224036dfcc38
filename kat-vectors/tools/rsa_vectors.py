#!/usr/bin/env python3
"""Writes kat-vectors/tests/rsa.txt: RSA test keys and known answers.

The keys are made once by `openssl genpkey` and are public TEST KEYS. Signatures and ciphertexts are
made by pycryptodome with a fixed salt or seed, and each is accepted by `cryptography` (OpenSSL)
before it is written. `bad` lines are factors with one flaw each, for the refusals.

  python3 rsa_vectors.py new  > ../tests/rsa.txt      fresh keys
  python3 rsa_vectors.py check < ../tests/rsa.txt     every line again, with `cryptography` alone
"""
import hashlib
import math
import subprocess
import sys

from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA256, SHA384, SHA512
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15, pss
from Crypto.Util import number
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OURS = {"sha256": SHA256, "sha384": SHA384, "sha512": SHA512}
THEIRS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
MESSAGE = b"strongroom rsa known answer"
SECRET = bytes(range(32))


def pattern(name, length):
    """A salt or seed that anyone can make again."""
    return hashlib.shake_256(name.encode()).digest(length)


def numbers(key):
    public = rsa.RSAPublicNumbers(key["e"], key["n"])
    return rsa.RSAPrivateNumbers(
        key["p"], key["q"], key["d"], key["dp"], key["dq"], key["qinv"], public
    ).private_key()


def confirm(kind, private, name, salt_len, label, value):
    public, theirs = private.public_key(), THEIRS[name]
    mgf = padding.MGF1(theirs)
    if kind == "pkcs1":
        public.verify(value, MESSAGE, padding.PKCS1v15(), theirs)
    elif kind == "pss":
        public.verify(value, MESSAGE, padding.PSS(mgf, salt_len), theirs)
    else:
        assert private.decrypt(value, padding.OAEP(mgf, theirs, label)) == SECRET


def new():
    print("# TEST KEYS AND KNOWN ANSWERS: public, never use these keys. Made by kat-vectors/tools/rsa_vectors.py")
    print(f"message {MESSAGE.hex()}")
    print(f"secret {SECRET.hex()}")
    for bits in (2048, 3072, 4096):
        pem = subprocess.run(
            ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"],
            check=True, capture_output=True).stdout
        theirs = RSA.import_key(pem)
        p, q = int(theirs.p), int(theirs.q)
        key = {"n": int(theirs.n), "e": int(theirs.e), "d": int(theirs.d), "p": p, "q": q}
        key |= {"dp": key["d"] % (p - 1), "dq": key["d"] % (q - 1), "qinv": pow(q, -1, p)}
        private = numbers(key)
        print(f"key {bits}")
        for part, value in key.items():
            width = 3 if part == "e" else bits // 8 if part in "nd" else bits // 16
            print(f"{part} {value.to_bytes(width, 'big').hex()}")
        for name, ours in OURS.items():
            digest, hlen = ours.new(MESSAGE), ours.digest_size
            signature = pkcs1_15.new(theirs).sign(digest)
            confirm("pkcs1", private, name, 0, None, signature)
            print(f"pkcs1 {name} - - {signature.hex()}")
            for length in (0, 20, hlen):
                salt = pattern(f"salt {bits} {name}", length)
                signature = pss.new(theirs, salt_bytes=length, rand_func=lambda _: salt).sign(digest)
                confirm("pss", private, name, length, None, signature)
                print(f"pss {name} {salt.hex() or '-'} - {signature.hex()}")
            if 2 * hlen + 2 + len(SECRET) > bits // 8:
                continue
            for label in (b"", b"strongroom label"):
                seed = pattern(f"seed {bits} {name}", hlen)
                cipher = PKCS1_OAEP.new(theirs, ours, label=label, randfunc=lambda _: seed)
                ciphertext = cipher.encrypt(SECRET)
                confirm("oaep", private, name, 0, label, ciphertext)
                print(f"oaep {name} {seed.hex()} {label.hex() or '-'} {ciphertext.hex()}")
    bad()


def flaws(p, q, e=65537):
    """What SP 800-56B Rev. 2 section 6.4.1 and FIPS 186-5 A.1.1 hold against these factors."""
    n, lam = p * q, math.lcm(p - 1, q - 1)
    half = n.bit_length() // 2
    found = set()
    if not (number.isPrime(p) and number.isPrime(q)):
        found.add("composite")
    if min(p, q) ** 2 < 1 << (n.bit_length() - 1):
        found.add("small_prime")
    if abs(p - q) <= 1 << (half - 100):
        found.add("close")
    if math.gcd(lam, e) != 1:
        found.add("gcd")
    elif pow(e, -1, lam) <= 1 << half:
        found.add("small_d")
    if math.gcd(pow(2, n - 1, n) - 1, n) != 1 or any(n % r == 0 for r in range(3, 1700)):
        found.add("public")
    return found


def bad():
    """Factors of 2048-bit moduli, each with one flaw and no other."""
    prime, root = number.getPrime, math.isqrt(1 << 2047)
    rand = number.getRandomRange

    def odd_prime(low, high):
        while not number.isPrime(p := rand(low, high) | 1):
            pass
        return p

    def small_d():
        # lcm(10g, 12g) = 60g is so small that d may be: sieve 2^20 neighbours for such a g.
        start, size = rand(root // 10, (1 << 1024) // 12), 1 << 20
        alive = bytearray([1]) * size
        for r in (r for r in range(7, 100000) if all(r % i for i in range(2, math.isqrt(r) + 1))):
            for factor in (10, 12):
                first = (-pow(factor, -1, r) - start) % r
                alive[first::r] = bytes(len(range(first, size, r)))
        for g in (start + i for i in range(size) if alive[i]):
            p, q = 10 * g + 1, 12 * g + 1
            if pow(2, p - 1, p) == 1 and pow(2, q - 1, q) == 1 and flaws(p, q) == {"small_d"}:
                return p, q
        return 3, 3

    def multiple():
        while not number.isPrime(p := 65537 * 2 * rand(root // 131074, (1 << 1024) // 131074) + 1):
            pass
        return p

    def near():
        p = odd_prime(root, (1 << 1024) - (1 << 1000))
        return p, odd_prime(p + (1 << 923), p + (1 << 924))

    makers = {
        "small_prime": lambda: (odd_prime(9 << 1020, 11 << 1020), odd_prime(15 << 1020, (1 << 1024) - 1)),
        "close": near,
        "gcd": lambda: (multiple(), odd_prime(root, 1 << 1024)),
        "composite": lambda: (prime(512) * prime(512), odd_prime(root, 1 << 1024)),
        "small_d": small_d,
    }
    for name, make in makers.items():
        while True:
            p, q = make()
            if (p * q).bit_length() == 2048 and flaws(p, q) == {name}:
                break
        print(f"bad {name} {p:0256x} {q:0256x}")
    while True:
        p, q = odd_prime(root, 1 << 1024), odd_prime(root, 1 << 1024)
        if small_crt(p, q):
            break
    print(f"small_crt - {p:0256x} {q:0256x}")


def small_crt(p, q):
    """A good key whose dP and qInv leave room in 1024 bits for p-1 and p to be added."""
    good = (p * q).bit_length() == 2048 and not flaws(p, q)
    return good and max(pow(65537, -1, p - 1), pow(q, -1, p)) + p < 1 << 1024


def check():
    key, count = {}, 0
    for line in sys.stdin:
        word, *rest = line.split()
        if word in ("#", "message", "secret"):
            continue
        if word == "key":
            key = {}
        elif word == "bad":
            assert flaws(int(rest[1], 16), int(rest[2], 16)) == {rest[0]}
            count += 1
        elif word == "small_crt":
            assert small_crt(int(rest[1], 16), int(rest[2], 16))
            count += 1
        elif len(rest) == 1:
            key[word] = int(rest[0], 16)
        else:
            name, salt, label, value = rest
            unhex = lambda s: b"" if s == "-" else bytes.fromhex(s)
            confirm(word, numbers(key), name, len(unhex(salt)), unhex(label), unhex(value))
            count += 1
    print(f"{count} confirmed")


if __name__ == "__main__":
    {"new": new, "check": check}[sys.argv[1]]()
