//! Files in memory, signed and verified without a compiler: kat-vectors/tests/image.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)] // a test

use strongroom_image::{Form, ImageError, Slot, sign_bytes, verify_bytes};

const ELF: [&[u8]; 2] = [
    include_bytes!("../../../kat-vectors/tests/image/linked32.elf"),
    include_bytes!("../../../kat-vectors/tests/image/linked64.elf"),
];

#[test]
fn what_is_signed_verifies_until_a_byte_of_it_changes() {
    let slotted = [b"before", &Slot::unsigned().to_bytes()[..], b"after"].concat();
    for (form, file) in [(Form::Linked, ELF[0]), (Form::Linked, ELF[1]), (Form::File, &slotted)] {
        assert!(matches!(verify_bytes(form, file), Err(ImageError::Unsigned)));
        let mut signed = file.to_vec();
        let value = sign_bytes(form, &mut signed).unwrap();
        assert_eq!(verify_bytes(form, &signed).unwrap(), value);
        let at = signed.windows(32).position(|window| window == value).unwrap();
        signed[at + 31] ^= 1;
        assert!(matches!(verify_bytes(form, &signed), Err(ImageError::Damaged)));
        sign_bytes(form, &mut signed).unwrap();
        assert_eq!(verify_bytes(form, &signed).unwrap(), value);
        // In the text region of the ELF files: 16 bytes that count up; in the file: its first byte.
        let covered = file.windows(3).position(|window| window == [1, 2, 3]).unwrap_or(0);
        signed[covered] ^= 0x80;
        assert!(matches!(verify_bytes(form, &signed), Err(ImageError::Damaged)));
    }
}

#[test]
fn a_file_of_the_other_form_is_refused_and_left_alone() {
    for (form, file) in
        [(Form::File, ELF[0]), (Form::Linked, &Slot::unsigned().to_bytes()[..]), (Form::Linked, b"")]
    {
        let mut bytes = file.to_vec();
        sign_bytes(form, &mut bytes).unwrap_err();
        assert_eq!(bytes, file);
        verify_bytes(form, file).unwrap_err();
    }
}

/// Found by fuzzing: the signer wrote the value over the names of the symbols, and nothing found it again.
#[test]
fn a_reference_over_the_symbols_is_refused() {
    let mut file = ELF[0].to_vec();
    file[57] = 1; // the segment, and all that is in it, begins 256 bytes later
    let before = file.clone();
    assert!(matches!(sign_bytes(Form::Linked, &mut file), Err(ImageError::NotLinked(_))));
    assert_eq!(file, before);
}
