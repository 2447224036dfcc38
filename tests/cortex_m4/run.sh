#!/usr/bin/env bash
# Builds the Cortex-M4 images and runs them on an emulated board; ends with 0 when everything held, with 77 and the
# reason when something is missing that could not be had.
#
#   run.sh            the image without a heap and the full image: signed, run, and one damaged
#   run.sh --sizes    code and constants of images with fewer families too, which are built and not run
#
# What it fetches goes to target/cortex_m4; QEMU, where it is missing, is installed with apt-get.
# CORTEX_M4_RUST=debian takes Debian's compiler although rustup has the target.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
cache=$root/target/cortex_m4
target=thumbv7em-none-eabi
mkdir -p "$cache"
# Flags for this host mean nothing to the image.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

missing() {
    echo "cortex_m4: not run: $*" >&2
    exit 77
}

# install PACKAGE...
install() {
    local sudo=()
    command -v apt-get >/dev/null || missing "there is no apt-get to install $* with; install it by hand"
    if [ "$(id -u)" -ne 0 ]; then
        sudo=(sudo -n)
        sudo -n true 2>/dev/null || missing "install $* first (neither root nor sudo without a password)"
    fi
    "${sudo[@]}" apt-get update -qq || true
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$cache/apt.log" 2>&1 ||
        missing "apt-get could not install $*: $(tail -n 1 "$cache/apt.log")"
}

# The compiler of this toolchain, with the target's core and alloc from rustup.
rustup_rust() {
    [ "${CORTEX_M4_RUST:-}" != debian ] || return 1
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] && return
    command -v rustup >/dev/null && rustup target add "$target"
}

# Debian's compiler and its sources, unpacked side by side: core and alloc are built from the sources.
debian_rust() {
    local rust=$cache/rust
    if [ ! -x "$rust/usr/bin/rustc" ]; then
        command -v apt-get >/dev/null || missing "neither rustup nor apt-get can bring a compiler for $target"
        [ "$(id -u)" -ne 0 ] || apt-get update -qq || true
        local library packages
        library=$(apt-cache depends libstd-rust-web-dev 2>/dev/null | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p')
        [ -n "$library" ] || missing "rustup cannot bring $target, and apt-get knows no libstd-rust-web-dev"
        packages=$(apt-cache depends rust-web-llvm "$library" 2>/dev/null | sed -n 's/.*Depends: \(libllvm[0-9.]*\)$/\1/p' | sort -u)
        rm -rf "$rust" "$cache/debs"
        mkdir -p "$cache/debs"
        # shellcheck disable=SC2086 # a list
        (cd "$cache/debs" && apt-get download -qq rustc-web rust-web-src libstd-rust-web-dev "$library" $packages) ||
            missing "apt-get could not download rustc-web and rust-web-src"
        for package in "$cache"/debs/*.deb; do
            dpkg-deb -x "$package" "$rust.part"
        done
        rm -rf "$rust.part/usr/lib/rustlib/src" "$cache/debs"
        mkdir -p "$rust.part/usr/lib/rustlib/src"
        ln -s "$(cd "$rust.part"/usr/src/rustc-* && basename "$PWD" | sed 's|^|../../../src/|')" "$rust.part/usr/lib/rustlib/src/rust"
        mv "$rust.part" "$rust"
    fi
    command -v ld.lld >/dev/null || install lld
    export RUSTC=$rust/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_THUMBV7EM_NONE_EABI_LINKER=ld.lld
    export LD_LIBRARY_PATH=$rust/usr/lib/x86_64-linux-gnu
    "$RUSTC" --version >/dev/null || missing "Debian's rustc does not run here"
    build_std=(-Zbuild-std=core,alloc)
}

# build NAME FEATURES: leaves $cache/NAME.elf
build() {
    CARGO_TARGET_DIR=$cache/build cargo build --locked --quiet --release --target "$target" --features "$2" \
        ${build_std[@]+"${build_std[@]}"}
    cp "$cache/build/$target/release/strongroom-cortex-m4" "$cache/$1.elf"
}

sizes() {
    readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] //' |
        while read -r name _ _ _ size _; do
            case $name in .text | .rodata) printf ' %s %d' "$name" "0x$size" ;; esac
        done
}

# run NAME CODE LAST: runs $cache/NAME.elf, which must end with CODE and say LAST.
run() {
    local code=0 start=$SECONDS
    timeout 600 qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none \
        -chardev stdio,id=console -semihosting-config enable=on,target=native,chardev=console \
        -icount shift=0 -kernel "$cache/$1.elf" </dev/null >"$cache/$1.log" || code=$?
    cat "$cache/$1.log"
    if [ "$code" -ne "$2" ] || ! grep -qxF "$3" "$cache/$1.log"; then
        echo "cortex_m4: FAILED: $1 ended with $code instead of $2, or did not say: $3" >&2
        exit 1
    fi
    echo "-- $1: as expected, $((SECONDS - start)) s"
}

build_std=()
command -v qemu-system-arm >/dev/null || install qemu-system-arm
qemu-system-arm --version | head -n 1
# The command that signs is a program of this host.
(cd "$root" && CARGO_TARGET_DIR=target cargo build --quiet --package strongroom-cli)
strongroom=$root/target/debug/strongroom
rustup_rust || debian_rust
"${RUSTC:-rustc}" --version

if [ "${1:-}" = --sizes ]; then
    for features in "" heap rsa lattice slh-dsa lattice,slh-dsa,rsa; do
        build sizes "$features"
        echo "features '${features:-none}':$(sizes "$cache/sizes.elf")"
    done
    exit
fi

build core ""
run core 0 "unsigned image, not approved"
"$strongroom" sign-image --linked "$cache/core.elf"
run core 0 "signed image, approved"

# One bit of a constant, after signing.
cp "$cache/core.elf" "$cache/damaged.elf"
at=$(grep -abo -m 1 "not approved" "$cache/damaged.elf" | head -n 1 | cut -d : -f 1)
printf N | dd of="$cache/damaged.elf" bs=1 seek="$at" conv=notrunc status=none
run damaged 1 "power-on failed: a self-test this call depends on has failed (integrity)"

build full rsa,lattice,slh-dsa
"$strongroom" sign-image --linked "$cache/full.elf"
run full 0 "signed image, approved"
echo "cortex_m4: everything held, $SECONDS s"
