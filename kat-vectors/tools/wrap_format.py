#!/usr/bin/env python3
"""Reads and writes native wrapped-key blobs, version 1, with nothing of strongroom in it.

    pip install cryptography pycryptodome kyber-py
    python3 kat-vectors/tools/wrap_format.py               check every golden blob of kat-vectors/tests/wrap
    python3 kat-vectors/tools/wrap_format.py --write       make the golden blobs from their descriptions
    python3 kat-vectors/tools/wrap_format.py --open KEK_HEX BLOB_FILE

The check parses each blob, compares every field with the description beside it, opens it with AES-256-GCM
under the description's KEK (or the one that its hybrid key and the blob's encapsulation give), compares the payload,
writes the blob again from the description alone and
compares every byte; then it changes each byte in turn and demands that no change is accepted. It prints
a line per blob and exits non-zero on a mismatch. The keys in the descriptions are public and protect
nothing.
"""

import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC, VERSION, NATIVE, HYBRID = b"SRWK", 1, 0x0121, 0x0532
# Point and ciphertext of a hybrid encapsulation.
ENCAPSULATION = {NATIVE: 0, HYBRID: 97 + 1568}
IV, TAG = 12, 16
WRAP = pathlib.Path(__file__).resolve().parent.parent / "tests" / "wrap"

# Fields of the policy that may be absent, in order of their bits.
OPTIONAL = ("uses", "not_before", "not_after", "owner")
TRUSTED = 16


class Malformed(Exception):
    pass


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Malformed("truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def flag(self):
        value = self.number(1)
        if value > 1:
            raise Malformed("a flag is neither 0 nor 1")
        return value

    def finish(self):
        if self.at != len(self.data):
            raise Malformed("trailing bytes")


def read_policy(data):
    c = Cursor(data)
    policy = {"kind": c.number(2), "class": c.number(1), "length": c.number(2), "usage": c.number(4)}
    policy["rules"] = [
        (c.number(2), c.number(2), c.number(1), c.flag()) for _ in range(c.number(1))
    ]
    if [rule[0] for rule in policy["rules"]] != sorted({rule[0] for rule in policy["rules"]}):
        raise Malformed("rules out of order")
    policy["export"], policy["trusted_only"], policy["lifetime"] = c.number(1), c.flag(), c.flag()
    present = c.number(1)
    if present >= 32:
        raise Malformed("unknown policy fields")
    for bit, name in enumerate(OPTIONAL):
        policy[name] = c.number(8) if present & (1 << bit) else None
    policy["trusted"] = int(bool(present & TRUSTED))
    policy["label"] = c.take(c.number(1))
    policy["application"] = c.take(c.number(1))
    c.finish()
    return policy


def write_policy(policy):
    out = struct.pack(">HBHI", policy["kind"], policy["class"], policy["length"], policy["usage"])
    out += bytes([len(policy["rules"])])
    out += b"".join(struct.pack(">HHBB", *rule) for rule in policy["rules"])
    out += bytes([policy["export"], policy["trusted_only"], policy["lifetime"]])
    present = sum(1 << bit for bit, name in enumerate(OPTIONAL) if policy[name] is not None)
    out += bytes([present | (TRUSTED if policy["trusted"] else 0)])
    out += b"".join(struct.pack(">Q", policy[name]) for name in OPTIONAL if policy[name] is not None)
    for name in ("label", "application"):
        out += bytes([len(policy[name])]) + policy[name]
    return out


def read(blob):
    """Fields, associated data, sealed part."""
    c = Cursor(blob)
    if (c.take(4), c.number(1)) != (MAGIC, VERSION):
        raise Malformed("not a version 1 native blob")
    algorithm = c.number(2)
    if algorithm not in ENCAPSULATION:
        raise Malformed("not of a native algorithm")
    fields = {"algorithm": algorithm, "kek_id": c.take(16), "id": c.take(16), "origin": c.number(1), "strength": c.number(2)}
    if fields["origin"] >= 64 or fields["origin"] & 33 == 33:
        raise Malformed("unknown origin bits")
    if fields["kek_id"] == fields["id"]:
        raise Malformed("wrapped under itself")
    fields["first_use"] = fields["end_of_uses"] = None
    if c.flag():
        fields["first_use"], fields["end_of_uses"] = c.number(8), c.number(8)
        if fields["first_use"] > fields["end_of_uses"]:
            raise Malformed("uses end before they begin")
    fields |= read_policy(c.take(c.number(2)))
    length = c.number(2)
    associated = blob[: c.at]
    sealed = c.take(length)
    c.finish()
    if length <= ENCAPSULATION[algorithm] + IV + TAG:
        raise Malformed("nothing is sealed")
    return fields, associated, sealed


def write(fields, kek, iv, payload, encapsulation=b""):
    out = MAGIC + struct.pack(">BH", VERSION, fields["algorithm"]) + fields["kek_id"] + fields["id"]
    out += struct.pack(">BH", fields["origin"], fields["strength"])
    if fields["first_use"] is None:
        out += b"\0"
    else:
        out += struct.pack(">BQQ", 1, fields["first_use"], fields["end_of_uses"])
    policy = write_policy(fields)
    out += struct.pack(">H", len(policy)) + policy
    out += struct.pack(">H", len(encapsulation) + IV + len(payload) + TAG)
    return out + encapsulation + iv + AESGCM(kek).encrypt(iv, payload, out)


def unseal(kek, associated, sealed):
    """`kek` is that of the blob, or d || seed of the hybrid key."""
    if int.from_bytes(associated[5:7], "big") == HYBRID:
        import hybrid  # needs more packages

        encapsulation, sealed = sealed[: hybrid.ENCAPSULATION], sealed[hybrid.ENCAPSULATION :]
        kek = hybrid.decapsulate(HYBRID, kek, encapsulation)
    return AESGCM(kek).decrypt(sealed[:IV], sealed[IV:], associated)


BYTES = {"kek", "kek_id", "id", "iv", "payload", "label", "application", "ephemeral", "m"}
SEALING = ("kek", "iv", "payload", "ephemeral", "m")


def made(want):
    """The blob of a description."""
    fields = {name: value for name, value in want.items() if name not in SEALING}
    if fields["algorithm"] == NATIVE:
        return write(fields, want["kek"], want["iv"], want["payload"])
    import hybrid

    recipient = hybrid.public(want["kek"])
    assert fields["kek_id"] == hybrid.name(recipient), f"the recipient is {hybrid.name(recipient).hex()}"
    encapsulation, kek = hybrid.encapsulate(HYBRID, recipient, want["ephemeral"], want["m"])
    return write(fields, kek, want["iv"], want["payload"], encapsulation)


def describe(path):
    """`name = value` lines: numbers as Python writes them, bytes in hex, `-` for absent, `rule` repeats."""
    fields = {"rules": [], "algorithm": NATIVE}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, value = (part.strip() for part in line.split("=", 1))
        if name == "rule":
            fields["rules"].append(tuple(int(part, 0) for part in value.split()))
        elif name in BYTES:
            fields[name] = bytes.fromhex(value)
        else:
            fields[name] = None if value == "-" else int(value, 0)
    return fields


def check(path):
    want = describe(path)
    blob = path.with_suffix(".bin").read_bytes()
    assert made(want) == blob, f"{path.stem}: writing gives other bytes"
    kek, iv, payload, *_ = (want.pop(name, None) for name in SEALING)
    fields, associated, sealed = read(blob)
    assert fields == want, f"{path.stem}: fields differ"
    assert sealed[ENCAPSULATION[fields["algorithm"]] :][:IV] == iv, f"{path.stem}: IV differs"
    assert unseal(kek, associated, sealed) == payload, f"{path.stem}: payload differs"
    for at in range(len(blob)):
        damaged = bytearray(blob)
        damaged[at] ^= 1
        try:
            fields, associated, sealed = read(bytes(damaged))
            unseal(kek, associated, sealed)
        except (Malformed, InvalidTag):
            continue
        except ValueError:  # a point that is none
            assert fields["algorithm"] == HYBRID
            continue
        raise AssertionError(f"{path.stem}: a change of byte {at} is accepted")
    print(f"{path.stem}: {len(blob)} bytes, read, opened, written, damaged: as described")


def main(arguments):
    descriptions = sorted(WRAP.glob("*.txt"))
    assert descriptions, "no descriptions"
    match arguments:
        case []:
            for path in descriptions:
                check(path)
        case ["--write"]:
            for path in descriptions:
                path.with_suffix(".bin").write_bytes(made(describe(path)))
        case ["--open", kek, path]:
            fields, associated, sealed = read(pathlib.Path(path).read_bytes())
            payload = unseal(bytes.fromhex(kek), associated, sealed)
            for name, value in fields.items():
                print(f"{name} = {value.hex() if isinstance(value, bytes) else value}")
            print(f"payload: {len(payload)} bytes, authentic")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
