//! The parsers of the signer of programs: slots in a file, ELF headers and symbols. What it signs it verifies, and
//! what it refuses it leaves alone.

use strongroom_image::{Form, Slot, sign_bytes, verify_bytes};

use crate::fixture::mutate;

/// Two linked images of either width (kat-vectors/tests/image).
pub(crate) const ELF: [&[u8]; 2] = [
    include_bytes!("../../../kat-vectors/tests/image/linked32.elf"),
    include_bytes!("../../../kat-vectors/tests/image/linked64.elf"),
];

/// First byte: an ELF file or a file with a slot to damage with the rest as a script, or else the rest as it is.
pub fn image(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let choice = usize::from(choice) % (ELF.len() + 2);
    let file = match ELF.get(choice) {
        Some(elf) => mutate(elf, rest),
        None if choice == ELF.len() => {
            let slot = Slot::unsigned().to_bytes();
            mutate(&[b"before", &slot[..], b"after"].concat(), rest)
        }
        None => rest.to_vec(),
    };
    for form in [Form::File, Form::Linked] {
        check(form, &file);
    }
}

fn check(form: Form, file: &[u8]) {
    let mut signed = file.to_vec();
    let Ok(value) = sign_bytes(form, &mut signed) else {
        assert_eq!(signed, file, "refused, and changed");
        assert!(verify_bytes(form, file).is_err(), "verified, and not to be signed");
        return;
    };
    assert_eq!(verify_bytes(form, &signed).unwrap(), value);
    let changed: Vec<usize> = (0..file.len()).filter(|at| file[*at] != signed[*at]).collect();
    if let (Some(first), Some(last)) = (changed.first(), changed.last()) {
        assert!(last - first < value.len(), "more than the value was written");
    }
    let mut again = signed.clone();
    assert_eq!(sign_bytes(form, &mut again).unwrap(), value);
    assert_eq!(again, signed, "a second signature changed the file");
    if form == Form::File {
        // Any byte, chosen by the value: damage is found.
        let at = usize::from(value[0]) * signed.len() / 256;
        signed[at] ^= 1 << (value[1] % 8);
        assert!(verify_bytes(form, &signed).is_err(), "byte {at} of {} is not covered", signed.len());
    }
}
