#!/usr/bin/env python3
"""Every algorithm of the engine against other implementations, in both directions.

    tests/crosscheck/run.sh            installs what this needs, builds the engine's end, runs this
    crosscheck.py PROGRAM [--slow]     PROGRAM is examples/crosscheck.rs, built

What the engine makes, the peers open or verify, and the other way round; what is not random is compared byte for
byte. Of everything that can be damaged, a damaged copy is shown to the engine, which must refuse it. Keys pass
between the two sides as they would between two HSMs: the engine encapsulates a KEK under the peer's ML-KEM key, and
under that KEK keys travel in both directions. Prints a table; exits with 1 if anything differs.
"""

import pathlib
import sys

from engine import KEK, Engine, Table
import agreements
import ciphers
import derivations
import lattices
import signatures
import wrapping


def main(program, slow):
    engine, table = Engine(program), Table()
    kek = KEK(engine, table)
    for part in (ciphers, wrapping, signatures, agreements, derivations, lattices):
        part.run(engine, table, kek, slow)
        print(f"{part.__name__}: done", file=sys.stderr, flush=True)
    engine.close()
    missing = table.missing((pathlib.Path(__file__).parents[2] / "docs" / "algorithms.md").read_text())
    if missing:
        print("not checked at all:", *missing, file=sys.stderr)
    return table.show() or bool(missing)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], "--slow" in sys.argv))
