"""The hashes of the engine by name, in both libraries, and their object identifiers."""

from Crypto.Hash import SHA3_224, SHA3_256, SHA3_384, SHA3_512, SHA224, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives import hashes as h

# Name: cryptography, pycryptodome, last byte of 2.16.840.1.101.3.4.2.x
ALL = {
    "SHA-224": (h.SHA224(), SHA224.new, 4),
    "SHA-256": (h.SHA256(), SHA256.new, 1),
    "SHA-384": (h.SHA384(), SHA384.new, 2),
    "SHA-512": (h.SHA512(), SHA512.new, 3),
    "SHA-512/256": (h.SHA512_256(), lambda data=None: SHA512.new(data, truncate="256"), 6),
    "SHA3-224": (h.SHA3_224(), SHA3_224.new, 7),
    "SHA3-256": (h.SHA3_256(), SHA3_256.new, 8),
    "SHA3-384": (h.SHA3_384(), SHA3_384.new, 9),
    "SHA3-512": (h.SHA3_512(), SHA3_512.new, 10),
}
# Those of signatures, key transport and derivation.
STRONG = {name: row for name, row in ALL.items() if not name.endswith("224")}


def digest(name, data):
    run = h.Hash(ALL[name][0])
    run.update(data)
    return run.finalize()


def encoded(name, data):
    """The identifier of the hash in DER, and the digest: what pre-hash signatures sign."""
    return bytes.fromhex("06096086480165030402") + bytes([ALL[name][2]]) + digest(name, data)
