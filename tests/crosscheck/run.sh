#!/bin/sh
# Cross-checks of every algorithm against other implementations, in both directions. Installs those in a folder of
# its own under target/, builds examples/crosscheck.rs, prints a table, and fails if a check fails. --slow lets
# the peer sign with the slow sets of SLH-DSA too, which takes pure Python some minutes more.
set -eu
cd "$(dirname "$0")/../.."
peers=target/crosscheck/venv
test -x "$peers/bin/python" || python3 -m venv "$peers"
"$peers/bin/pip" install --quiet --disable-pip-version-check -r tests/crosscheck/requirements.txt
cargo build --quiet --example crosscheck
exec "$peers/bin/python" tests/crosscheck/crosscheck.py target/debug/examples/crosscheck "$@"
