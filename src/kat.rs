//! Compile-time reader of the known answers in `kat-vectors/cast/` for the self-tests (CAST-2).
//!
//! A vector file is lines of four kinds and nothing else, each ended by a newline:
//!
//! ```text
//! # comment
//! name = 00112233
//! long_name =
//!   8899aabb
//!   ccddeeff
//! ```
//!
//! Names are lower-case letters, digits and `_`; digits are hexadecimal in either case, whole bytes
//! on every line; a value may be empty and may go on over lines that begin with two spaces.
//!
//! ```text
//! const FILE: &str = include_str!("../kat-vectors/cast/aes_block.txt");
//! static KEY: [u8; 16] = kat::hex(FILE, "aes128_enc_key");
//! ```
//!
//! Read into a `static` or a `const`, a wrong name, length, digit or line is error E0080 at compile
//! time. Never call it from running code: every refusal here is a panic.

// The one place in the library with `panic!`: in const evaluation it is a compile error. An index out
// of bounds or an overflow is the same error, so neither can reach a running program.
#![allow(clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

/// The value called `name` in the text `file`, exactly `N` bytes long.
pub(crate) const fn hex<const N: usize>(file: &str, name: &str) -> [u8; N] {
    let text = file.as_bytes();
    let mut at = find(text, name.as_bytes());
    let mut out = [0; N];
    let mut filled = 0;
    while let Some((byte, next)) = next_byte(text, at) {
        assert!(filled < N, "the value is longer than the array");
        out[filled] = byte;
        filled += 1;
        at = next;
    }
    assert!(filled == N, "the value is shorter than the array");
    out
}

/// How many bytes the value called `name` has, for an array whose length is not worth repeating.
#[allow(dead_code, reason = "offered beside `hex`; most callers state the length as a check")]
pub(crate) const fn hex_len(file: &str, name: &str) -> usize {
    let text = file.as_bytes();
    let mut at = find(text, name.as_bytes());
    let mut len = 0;
    while let Some((_, next)) = next_byte(text, at) {
        len += 1;
        at = next;
    }
    len
}

/// Where the digits of `name` begin; the name has to be there exactly once. Const evaluation costs
/// microseconds a step, and this reads the whole file for every value: it does no more than it must.
const fn find(text: &[u8], name: &[u8]) -> usize {
    let mut found = None;
    let mut at = 0;
    while at < text.len() {
        if is_name(text, at, name) {
            assert!(found.is_none(), "the name is there twice");
            found = Some(after_equals(text, at + name.len()));
        }
        at = end_of_line(text, at) + 1;
    }
    match found {
        Some(digits) => digits,
        None => panic!("no value has this name"),
    }
}

/// Whether the line at `start` is the value called `name`.
const fn is_name(text: &[u8], start: usize, name: &[u8]) -> bool {
    let mut i = 0;
    while i < name.len() {
        if byte_at(text, start + i) != name[i] {
            return false;
        }
        i += 1;
    }
    byte_at(text, start + i) == b' '
}

/// The byte at `at` of a value and where the next one is, or `None` at the end of the value.
const fn next_byte(text: &[u8], mut at: usize) -> Option<(u8, usize)> {
    if byte_at(text, at) == b'\n' {
        if byte_at(text, at + 1) != b' ' {
            return None;
        }
        assert!(byte_at(text, at + 2) == b' ', "a continuation line begins with two spaces");
        at += 3; // the newline and the two spaces
    }
    Some((digit(text, at) << 4 | digit(text, at + 1), at + 2))
}

/// Every vector file. The compiler reads each of them whole, whichever of its values are used.
const FILES: [&str; 26] = [
    include_str!("../kat-vectors/cast/aes_block.txt"),
    include_str!("../kat-vectors/cast/aes_cbc.txt"),
    include_str!("../kat-vectors/cast/aes_cmac.txt"),
    include_str!("../kat-vectors/cast/aes_ctr.txt"),
    include_str!("../kat-vectors/cast/aes_gcm.txt"),
    include_str!("../kat-vectors/cast/aes_kw.txt"),
    include_str!("../kat-vectors/cast/ctr_drbg.txt"),
    include_str!("../kat-vectors/cast/ecdh.txt"),
    include_str!("../kat-vectors/cast/ecdsa_p256.txt"),
    include_str!("../kat-vectors/cast/ecdsa_p384.txt"),
    include_str!("../kat-vectors/cast/ecdsa_p521.txt"),
    include_str!("../kat-vectors/cast/ecdsa_secp256k1.txt"),
    include_str!("../kat-vectors/cast/ed25519.txt"),
    include_str!("../kat-vectors/cast/ed25519ph.txt"),
    include_str!("../kat-vectors/cast/hmac.txt"),
    include_str!("../kat-vectors/cast/hmac_drbg.txt"),
    include_str!("../kat-vectors/cast/hybrid.txt"),
    include_str!("../kat-vectors/cast/kbkdf.txt"),
    include_str!("../kat-vectors/cast/kdf.txt"),
    include_str!("../kat-vectors/cast/ml_dsa.txt"),
    include_str!("../kat-vectors/cast/ml_kem.txt"),
    include_str!("../kat-vectors/cast/pbkdf2.txt"),
    include_str!("../kat-vectors/cast/rsa_2048.txt"),
    include_str!("../kat-vectors/cast/sha.txt"),
    include_str!("../kat-vectors/cast/sha3.txt"),
    include_str!("../kat-vectors/cast/slh_dsa.txt"),
];

const _: () = {
    let mut i = 0;
    while i < FILES.len() {
        check(FILES[i]);
        i += 1;
    }
};

/// Panics unless every line is well formed.
const fn check(file: &str) {
    let text = file.as_bytes();
    let mut in_value = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\n' => in_value = false,
            b'#' => {
                in_value = false;
                at = end_of_line(text, at);
            }
            b' ' => {
                assert!(in_value, "a continuation line follows no value");
                assert!(byte_at(text, at + 1) == b' ', "a continuation line begins with two spaces");
                assert!(byte_at(text, at + 2) != b'\n', "a continuation line has no digits");
                at = end_of_digits(text, at + 2);
            }
            _ => {
                in_value = true;
                at = end_of_digits(text, after_equals(text, end_of_name(text, at)));
            }
        }
        at += 1;
    }
}

const fn end_of_line(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'\n' {
        at += 1;
    }
    at
}

/// Reads whole bytes to the newline.
const fn end_of_digits(text: &[u8], mut at: usize) -> usize {
    while byte_at(text, at) != b'\n' {
        digit(text, at);
        digit(text, at + 1);
        at += 2;
    }
    at
}

const fn end_of_name(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while matches!(byte_at(text, at), b'a'..=b'z' | b'0'..=b'9' | b'_') {
        at += 1;
    }
    assert!(at > start, "the line is no comment, value or continuation");
    at
}

/// Past the ` = ` of a value, or past the ` =` of one without digits on this line.
const fn after_equals(text: &[u8], at: usize) -> usize {
    assert!(byte_at(text, at) == b' ' && byte_at(text, at + 1) == b'=', "a name is followed by ` =`");
    match byte_at(text, at + 2) {
        b'\n' => at + 2,
        b' ' => at + 3,
        _ => panic!("` =` is followed by a space or the end of the line"),
    }
}

const fn digit(text: &[u8], at: usize) -> u8 {
    match byte_at(text, at) {
        byte @ b'0'..=b'9' => byte - b'0',
        byte @ b'a'..=b'f' => byte - b'a' + 10,
        byte @ b'A'..=b'F' => byte - b'A' + 10,
        _ => panic!("not a hexadecimal digit, or half a byte"),
    }
}

/// The end of the text reads as a newline, so a last line may lack its own.
const fn byte_at(text: &[u8], at: usize) -> u8 {
    if at < text.len() { text[at] } else { b'\n' }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    extern crate std;

    use super::{FILES, check, hex, hex_len};

    const SAMPLE: &str = "# a comment = 00\n\nfirst = 00fF\nempty =\nblank = \nlong = 0102\n  0304\n  05\n\
         more =\n  aabb\nmor = cc\nlast = A5";

    // Read by the compiler, as the self-tests do it.
    static FIRST: [u8; 2] = hex(SAMPLE, "first");
    static LONG: [u8; hex_len(SAMPLE, "long")] = hex(SAMPLE, "long");

    #[test]
    fn the_compiler_reads_values() {
        assert_eq!(FIRST, [0x00, 0xff]);
        assert_eq!(LONG, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_list_has_every_file() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/kat-vectors/cast");
        let mut count = 0;
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(FILES.contains(&text.as_str()), "{}", path.display());
            count += 1;
        }
        assert_eq!(count, FILES.len());
    }

    #[test]
    fn running_code_reads_the_same_values() {
        check(SAMPLE);
        assert_eq!(hex::<2>(SAMPLE, "first"), FIRST);
        assert_eq!(hex::<5>(SAMPLE, "long"), LONG);
        assert_eq!(hex::<0>(SAMPLE, "empty"), [0_u8; 0]);
        assert_eq!(hex::<0>(SAMPLE, "blank"), [0_u8; 0]);
        assert_eq!(hex::<2>(SAMPLE, "more"), [0xaa, 0xbb]);
        assert_eq!(hex::<1>(SAMPLE, "mor"), [0xcc]);
        assert_eq!(hex::<1>(SAMPLE, "last"), [0xa5]);
        for (name, len) in [("first", 2), ("long", 5), ("empty", 0), ("more", 2), ("last", 1)] {
            assert_eq!(hex_len(SAMPLE, name), len, "{name}");
        }
    }

    /// Each refusal, alone in its test: what is asked of the reader and what it says.
    macro_rules! refuses {
        ($($test:ident: $read:expr => $message:literal;)*) => {$(
            #[test]
            #[should_panic(expected = $message)]
            fn $test() {
                let _ = $read;
            }
        )*};
    }

    refuses! {
        longer_value: hex::<4>(SAMPLE, "long") => "longer than the array";
        shorter_value: hex::<6>(SAMPLE, "long") => "shorter than the array";
        missing_name: hex::<2>(SAMPLE, "firs") => "no value has this name";
        missing_name_of_a_length: hex_len(SAMPLE, "firsts") => "no value has this name";
        name_in_a_comment: hex::<1>(SAMPLE, "comment") => "no value has this name";
        name_twice: hex::<1>("a = 01\nb = 02\na = 01\n", "a") => "the name is there twice";
        bad_digit: hex::<1>("a = 0g\n", "a") => "not a hexadecimal digit";
        bad_digit_in_a_file: check("a = 01\nb = 0g\n") => "not a hexadecimal digit";
        half_a_byte: hex::<1>("a = 012\n", "a") => "half a byte";
        half_a_byte_in_a_file: check("a = 01\nb = 012") => "half a byte";
        byte_split_over_two_lines: hex::<2>("a = 012\n  3\n", "a") => "half a byte";
        carriage_return: check("a = 01\r\n") => "not a hexadecimal digit";
        text_after_the_digits: check("a = 01 # one\n") => "not a hexadecimal digit";
        name_without_equals: check("a = 01\nb: 02\n") => "followed by ` =`";
        digits_straight_after_equals: check("a =01\n") => "followed by a space";
        unknown_line: check("a = 01\n[section]\n") => "no comment, value or continuation";
        upper_case_name: check("A = 01\n") => "no comment, value or continuation";
        continuation_first: check("  02\n") => "follows no value";
        continuation_after_a_blank_line: check("a = 01\n\n  02\n") => "follows no value";
        continuation_after_a_comment: check("a = 01\n# b\n  02\n") => "follows no value";
        one_space: check("a = 01\n 02\n") => "begins with two spaces";
        one_space_in_a_value: hex::<2>("a = 01\n 02\n", "a") => "begins with two spaces";
        empty_continuation: check("a = 01\n  \n") => "has no digits";
    }
}
