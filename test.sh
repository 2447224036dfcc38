#!/usr/bin/env bash
# Every test of the repository: ordinary build, laboratory build, small builds, documents.
# Stops at the first failure, says which step it was and what to do.
set -u
cd "$(dirname "$0")" || exit 1

if [ -n "${RUSTFLAGS:-}${CARGO_ENCODED_RUSTFLAGS:-}" ]; then
    echo "test.sh: unset RUSTFLAGS and CARGO_ENCODED_RUSTFLAGS first: they override .cargo/config.toml," >&2
    echo "         and the laboratory build would silently be an ordinary one" >&2
    exit 1
fi
if ! command -v cargo >/dev/null; then
    echo "test.sh: cargo is not on the PATH; install Rust from https://rustup.rs" >&2
    exit 1
fi

steps=0
# step NAME ADVICE COMMAND...
step() {
    local name=$1 advice=$2 start=$SECONDS
    shift 2
    echo "== $name: $*"
    if ! "$@"; then
        echo >&2
        echo "test.sh: FAILED: $name" >&2
        echo "         run again:  $*" >&2
        echo "         $advice" >&2
        exit 1
    fi
    steps=$((steps + 1))
    echo "== $name: passed in $((SECONDS - start)) s"
}

step "ordinary build" \
    "The failing test's name stands above; 'cargo test NAME' runs it alone. If docs.rs failed, the documents are stale: STRONGROOM_WRITE_DOCS=1 cargo test --test docs" \
    cargo test --workspace --lib --bins --tests --examples
step "documentation tests" \
    "An example in the documentation of the library no longer compiles or runs." \
    cargo test --workspace --doc
step "laboratory build" \
    "The tests that break self-tests on purpose; 'cargo lab test NAME' runs one alone." \
    cargo lab test --workspace
for features in "" "alloc" "std" "aes" "hmac" "sha3" "kdf" "ecdsa" "secp256k1" "ed25519" "rsa" "aes,hmac,ecdsa,ed25519"; do
    step "build with features '${features:-none}'" \
        "A build that leaves families out must compile: look for a use that lacks its #[cfg(feature = ..)]." \
        cargo check --package strongroom --lib --no-default-features --features "$features"
done
echo
echo "test.sh: all $steps steps passed in $SECONDS s"
