#!/usr/bin/env bash
# Runs every operation on secrets under valgrind, with the secrets marked as undefined, and prints a table: operation
# -> result. docs/side-channels.md says what is marked, what becomes public where, and what is suppressed and why.
#
#   run.sh            everything
#   run.sh --quick    without the slow sets of SLH-DSA, the generation of RSA keys, and with three hashes for all
#   run.sh --backend portable     the portable implementation of the curves too (words64 without it)
#
# Ends with 0 when no branch and no address depended on a secret, with 1 when one did, when an operation did not run
# or failed, or when valgrind did not see a leak made on purpose; with 77 and the reason when something is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=target/valgrind
mkdir -p "$work"

missing() {
    echo "valgrind: not run: $*" >&2
    exit 77
}
[ "$(uname -m)" = x86_64 ] || missing "the marks are for x86-64"
command -v valgrind >/dev/null || missing "install valgrind"
command -v openssl >/dev/null || missing "install openssl, which makes the RSA keys that are brought in"

# The laboratory build has the marks; the profile optimises as a release does and keeps the names for valgrind.
unset CARGO_ENCODED_RUSTFLAGS
RUSTFLAGS="--cfg strongroom_lab" CARGO_TARGET_DIR=${STRONGROOM_VALGRIND_TARGET:-target/lab} \
    cargo build --quiet --profile valgrind --package strongroom-sidechannel --bin strongroom-secrets
program=${STRONGROOM_VALGRIND_TARGET:-target/lab}/valgrind/strongroom-secrets

sizes="2048 3072 4096"
[[ " $* " != *" --quick "* ]] || sizes=2048
keys=()
for bits in $sizes; do
    openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits" 2>/dev/null |
        openssl pkcs8 -topk8 -nocrypt -outform DER -out "$work/rsa$bits.der"
    keys+=("$work/rsa$bits.der")
done

# watch LOG ARGUMENTS...
watch() {
    local log=$1
    shift
    valgrind --error-limit=no --num-callers=60 -s \
        --suppressions=tests/valgrind/suppressions.supp --log-file="$log" "$program" "$@" 2>"$log.progress"
}

echo "valgrind $(valgrind --version), $(rustc --version)"
watch "$work/leak.log" --leak | tee "$work/leak.txt"
if ! grep -qx "leak on purpose: 3 errors" "$work/leak.txt"; then
    echo "valgrind: FAILED: three leaks made on purpose were not reported" >&2
    exit 1
fi

answer=0
watch "$work/run.log" "$@" "${keys[@]}" | tee "$work/run.txt" || answer=$?
echo "suppressed, and how often:"
grep -h "used_suppression:" "$work/run.log" "$work/leak.log" | sed 's/^.*used_suppression: *//; s/ tests\/valgrind.*//' |
    awk '{ n = $1; $1 = ""; sum[$0] += n } END { for (name in sum) print "  " sum[name] name }' | sort -k2
# One that nothing needs would hide what comes later.
sed -n '/^{/{n;s/^ *//p}' tests/valgrind/suppressions.supp | while read -r name; do
    grep -qF "$name" "$work/run.log" || echo "  not needed: $name"
done
if [ "$answer" -ne 0 ]; then
    echo "valgrind: FAILED: $work/run.log has the reports, $work/run.log.progress the operation each was in" >&2
    exit 1
fi
