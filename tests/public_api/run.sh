#!/usr/bin/env bash
# Compares the public interface of the crate `strongroom`, with its default features, with the list beside this script: a
# change of it must be meant, and be seen in review.
#
#   run.sh            compares; ends with 1 and the difference when there is one
#   run.sh --write    writes the list anew
#
# Needs a nightly toolchain, for the compiler's JSON, and cargo-public-api; without one of them it says so and ends with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."
list=tests/public_api/strongroom.txt
version=0.52.0

missing() {
    echo "public_api: not run: $*" >&2
    exit 77
}
cargo +nightly --version >/dev/null 2>&1 || missing "rustup toolchain install nightly --profile minimal"
[ "$(cargo public-api --version 2>/dev/null)" = "cargo-public-api $version" ] ||
    missing "cargo install cargo-public-api --locked --version $version"

mkdir -p target/public_api
# Without what the compiler derives and infers: nightlies print that in different ways.
cargo +nightly public-api --package strongroom -sss --target-dir target/public_api >target/public_api/now.txt
if [ "${1:-}" = --write ]; then
    cp target/public_api/now.txt "$list"
elif ! diff -u "$list" target/public_api/now.txt; then
    echo "public_api: the interface changed. If that is meant: tests/public_api/run.sh --write, and a line in CHANGELOG.md" >&2
    exit 1
fi
echo "public_api: $(wc -l <"$list") items"
