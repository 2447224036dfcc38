"""The engine as a child process, the KEK that both sides know, and the table of results."""

import json
import subprocess

from cryptography.hazmat.primitives import keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import mlkem


class Refused(Exception):
    pass


class Engine:
    def __init__(self, program):
        pipe = subprocess.PIPE
        self.child = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def __call__(self, op, **fields):
        fields = {k: v.hex() if isinstance(v, (bytes, bytearray)) else v for k, v in fields.items()}
        self.child.stdin.write(json.dumps({"op": op} | fields) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["ok"]

    def bytes(self, op, **fields):
        return bytes.fromhex(self(op, **fields))

    def refuses(self, op, **fields):
        """As malformed, whatever is wrong, and as nothing else."""
        try:
            self(op, **fields)
        except Refused as refused:
            return str(refused) == "Rejected"
        return False

    def takes(self, op, **fields):
        try:
            self(op, **fields)
        except Refused:
            return False
        return True

    def close(self):
        self.child.stdin.close()
        assert self.child.wait() == 0, "the engine did not end well"


def template(kind, usage, algorithm, **more):
    return {"kind": kind, "usage": usage.split(), "algorithm": algorithm} | more


def mac_template(length=32):
    return template("HMAC", "mac verify-mac", "HMAC", hash="SHA-256", length=length, export="interoperable")


def spki(public):
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pkcs8(private):
    none = serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, none)


def flipped(data, at=-1):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


class KEK:
    """An AES-256 key of 256 bits of strength on both sides, so that any key may pass: the engine makes it and
    encapsulates it under the ML-KEM-1024 key of the peer (OpenSSL)."""

    def __init__(self, engine, table):
        self.engine, self.own = engine, mlkem.MLKEM1024PrivateKey.generate()
        public = template("ML-KEM-1024", "encapsulate", "ML-KEM", public=True)
        self.public = engine("import", data=spki(self.own.public_key()), template=public)
        self.key, self.bytes = self.another("AES-KWP")
        out = self.send(self.mac_key(bytes(range(32))))
        table.add("ML-KEM (ML-KEM-1024)", "ours encapsulates, theirs decapsulates", "cryptography", out == bytes(range(32)))

    def another(self, algorithm):
        policy = template("AES-256", "wrap unwrap", algorithm)
        made = self.engine("encapsulate", key=self.public, algorithm="ML-KEM", template=policy)
        return made["key"], self.own.decapsulate(bytes.fromhex(made["text"]))

    def bring(self, secret, policy):
        """A key of these bytes, or of this PKCS #8."""
        blob = keywrap.aes_key_wrap_with_padding(self.bytes, secret)
        return self.engine("unwrap", key=self.key, algorithm="AES-KWP", data=blob, template=policy)

    def mac_key(self, secret):
        return self.bring(secret, mac_template(len(secret)))

    def send(self, key):
        blob = self.engine.bytes("wrap", key=self.key, algorithm="AES-KWP", payload=key)
        return keywrap.aes_key_unwrap_with_padding(self.bytes, blob)

    def holds(self, key, secret):
        """Whether the key, which may not leave, makes the MACs of this secret."""
        import hashlib
        import hmac

        tag = self.engine.bytes("mac", key=key, algorithm="HMAC", hash="SHA-256", data=b"message")
        self.engine("destroy", key=key)
        return tag == hmac.digest(secret, b"message", hashlib.sha256)


class Table:
    def __init__(self):
        self.rows = {}

    def add(self, algorithm, direction, peer, good):
        row = self.rows.setdefault((algorithm, direction, peer), [0, 0])
        row[0] += 1
        row[1] += bool(good)

    def missing(self, page):
        """Algorithms of docs/algorithms.md without a row. The DRBGs have none: nobody outside knows their seed."""
        rows = page.split("## Families")[0].splitlines()
        names = {row.split(" | ")[0].strip("| ") for row in rows if " | `0x" in row}
        checked = {algorithm.split(" ")[0] for algorithm, _, _ in self.rows}
        return sorted(names - checked - {"CTR-DRBG", "HMAC-DRBG"})

    def show(self):
        bad = 0
        print("| Algorithm | Direction | Peer | Checks | Result |")
        print("| --- | --- | --- | --- | --- |")
        for (algorithm, direction, peer), (checks, good) in sorted(self.rows.items()):
            result = "agree" if good == checks else f"**{checks - good} DIFFER**"
            bad += checks - good
            print(f"| {algorithm} | {direction} | {peer} | {checks} | {result} |")
        checks = sum(row[0] for row in self.rows.values())
        print(f"| all | | | {checks} | {'agree' if not bad else f'**{bad} DIFFER**'} |")
        return 1 if bad or not checks else 0
