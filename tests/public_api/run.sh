#!/usr/bin/env bash
# Compares the public interface of the library with default.txt and bare.txt (--no-default-features) beside this
# script. Ends with 1 and the difference when it changed, with 77 when the compiler writes another format.
#
#   run.sh            compares
#   run.sh --write    writes both files: a change of the interface is reviewed as a change of them
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
target=$root/target
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

CARGO_TARGET_DIR=$target/public_api cargo build --quiet --locked
code=0
# snapshot NAME [FLAGS..]
snapshot() {
    local name=$1
    shift
    # The JSON of rustdoc is unstable, and its format changes with the compiler; the stable one writes it when told to.
    (cd "$root" && RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target cargo rustdoc --quiet --locked --package strongroom --lib "$@" \
        -- -Z unstable-options --output-format json --cap-lints allow)
    if ! "$target/public_api/debug/strongroom-public-api" "$target/doc/strongroom.json" >"$target/public_api/$name.txt"; then
        echo "public_api: not compared: $(rustc --version) writes a format that tests/public_api does not read" >&2
        exit 77
    fi
    if [ "${write:-}" ]; then
        cp "$target/public_api/$name.txt" "$name.txt"
    elif ! diff -u "$name.txt" "$target/public_api/$name.txt"; then
        echo "public_api: the interface differs from tests/public_api/$name.txt; if that is meant: tests/public_api/run.sh --write" >&2
        code=1
        return
    fi
    echo "public_api: $name: $(wc -l <"$name.txt") items"
}
[ "${1:-}" != --write ] || write=1
snapshot default
snapshot bare --no-default-features
exit "$code"
