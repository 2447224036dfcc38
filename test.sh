#!/usr/bin/env bash
# Every test of the repository: ordinary build, laboratory build, small builds, documents.
# Stops at the first failure, says which step it was and what to do.
set -u
cd "$(dirname "$0")" || exit 1

if [ -n "${RUSTFLAGS:-}${CARGO_ENCODED_RUSTFLAGS:-}" ]; then
    echo "test.sh: unset RUSTFLAGS and CARGO_ENCODED_RUSTFLAGS first: the tests look at what the ordinary flags make" >&2
    exit 1
fi
if ! command -v cargo >/dev/null; then
    echo "test.sh: cargo is not on the PATH; install Rust from https://rustup.rs" >&2
    exit 1
fi

# A folder for both builds: what they depend on is compiled once, and no laboratory program gets into target/debug.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/test}

# What `cargo lab` is, with the libraries of the ordinary build.
lab() {
    RUSTC_WORKSPACE_WRAPPER=$PWD/tests/lab/rustc.sh STRONGROOM_LAB=1 "$@"
}

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

# Builds the program and asks it once for an answer and once for an error.
acvp_program() {
    local program=$CARGO_TARGET_DIR/debug/strongroom-acvp answer code
    lab cargo build --package strongroom-acvp || return 1
    local set='[{"acvVersion": "1.0"}, {"vsId": 1, "algorithm": "SHA2-256", "revision": "1.0", "testGroups": [{"tgId": 1,
      "testType": "AFT", "tests": [{"tcId": 1, "msg": "616263", "len": 24}]}]}]'
    answer=$("$program" <<<"$set") || return 1
    grep -q BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD <<<"$answer" || return 1
    answer=$("$program" <<<'{"algorithm": "LMS", "mode": "keyGen", "testGroups": []}' 2>&1)
    code=$?
    [ "$code" -eq 3 ] && [[ $answer == *"LMS keyGen"* ]] || return 1
    answer=$("$program" <<<'{' 2>/dev/null)
    code=$?
    [ "$code" -eq 2 ] && [ -z "$answer" ]
}

step "ordinary build" \
    "The failing test's name stands above; 'cargo test NAME' runs it alone. If docs.rs failed, the documents are stale: STRONGROOM_WRITE_DOCS=1 cargo test --test docs" \
    cargo test --workspace --lib --bins --tests --examples
step "documentation tests" \
    "An example in the documentation of the library no longer compiles or runs." \
    cargo test --workspace --doc
# The arithmetic has no laboratory form: its tests have run above.
step "laboratory build" \
    "The tests that break self-tests on purpose; 'cargo lab test NAME' runs one alone." \
    lab cargo test --workspace --lib --bins --tests -- --skip boundary::backend::
step "ACVP program" \
    "The program reads a set on standard input: crates/acvp/README.md. What it answers is tested in crates/acvp/src/tests.rs." \
    acvp_program
for features in "" "alloc" "std" "aes" "hmac" "sha3" "kdf" "ecdsa" "secp256k1" "ed25519" "rsa" "ml-kem" "ml-dsa" "slh-dsa" "hybrid" "aes,hmac,ecdsa,ed25519"; do
    step "build with features '${features:-none}'" \
        "A build that leaves families out must compile: look for a use that lacks its #[cfg(feature = ..)]." \
        cargo check --package strongroom --lib --no-default-features --features "$features"
done
echo
echo "test.sh: all $steps steps passed in $SECONDS s"
