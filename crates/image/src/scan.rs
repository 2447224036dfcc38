//! Finding the slot in a file.

use std::hint::black_box;
use std::io::{self, ErrorKind, Read};

use crate::{MARK, SLOT};

/// The marks, in halves: whole they would be in the scanner's own code, and it would find itself (INT-12).
pub(crate) const HALVES: [u64; 4] =
    [0x8f3c_51d2_e07b_a946, 0x1de9_b72a_6485_f0c3, 0xc2a6_0f9e_7341_5bd8, 0x5e90_cb17_d83a_24f6];

/// Where slots begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    None,
    One(u64),
    Several,
}

/// Reads to the end, in pieces.
pub(crate) fn slots(mut from: impl Read) -> io::Result<Found> {
    let marks: [[u8; MARK]; 2] = {
        let [a, b, c, d] = HALVES.map(|half| black_box(half).to_be_bytes());
        [[a, b], [c, d]].map(|halves| *halves.as_flattened().first_chunk().unwrap_or(&[0; MARK]))
    };
    let mut window = vec![0; SLOT.saturating_add(1 << 16)];
    let (mut held, mut base, mut found) = (0_usize, 0_u64, Found::None);
    loop {
        let more = read(&mut from, window.get_mut(held..).unwrap_or_default())?;
        if more == 0 {
            return Ok(found);
        }
        let filled = held.saturating_add(more);
        let bytes = window.get(..filled).unwrap_or_default();
        for (at, place) in bytes.windows(SLOT).enumerate() {
            if is_slot(place, &marks) {
                found = match found {
                    Found::None => Found::One(base.saturating_add(wide(at))),
                    _ => Found::Several,
                };
            }
        }
        // A slot may straddle two pieces.
        let kept = filled.min(SLOT - 1);
        let gone = filled.saturating_sub(kept);
        window.copy_within(gone..filled, 0);
        base = base.saturating_add(wide(gone));
        held = kept;
    }
}

fn is_slot(place: &[u8], [head, tail]: &[[u8; MARK]; 2]) -> bool {
    place.first() == head.first() && place.starts_with(head) && place.ends_with(tail)
}

/// Reads some bytes; 0 at the end.
pub(crate) fn read(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A length as files count it.
pub(crate) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::Slot;

    fn slot() -> Vec<u8> {
        let [a, b, c, d] = HALVES.map(u64::to_be_bytes);
        [&a[..], &b, &[7; 32], &c, &d].concat()
    }

    /// Gives one piece at a time, and a few interruptions.
    struct Pieces<'a>(&'a [u8], usize, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(ErrorKind::Interrupted.into());
            }
            let len = self.1.min(into.len()).min(self.0.len());
            into[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    #[test]
    fn a_slot_is_found_wherever_it_lies_and_however_it_is_read() {
        for at in [0, 1, 63, 64, 65_535, 65_537, 65_599, 65_600, 200_000] {
            let file = [vec![0x8f; at], slot(), vec![0; at % 70]].concat();
            for piece in [1, 7, 64, 1 << 20] {
                if piece > 1 || at < 1000 {
                    let found = slots(Pieces(&file, piece, false)).unwrap();
                    assert_eq!(found, Found::One(at as u64), "at {at} in pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn none_and_several_are_told_apart() {
        assert_eq!(slots(&b""[..]).unwrap(), Found::None);
        assert_eq!(slots(&vec![0x8f; 100_000][..]).unwrap(), Found::None);
        for byte in (0..16).chain(48..64) {
            let mut damaged = slot();
            damaged[byte] ^= 1;
            assert_eq!(slots(&damaged[..]).unwrap(), Found::None, "byte {byte}");
        }
        assert_eq!(slots(&slot()[..63]).unwrap(), Found::None, "cut off");
        for between in [0, 5, 70_000] {
            let file = [slot(), vec![1; between], slot()].concat();
            assert_eq!(slots(&file[..]).unwrap(), Found::Several);
            assert_eq!(slots(&[file, slot()].concat()[..]).unwrap(), Found::Several);
        }
    }

    #[test]
    fn the_static_is_laid_out_as_the_scanner_expects() {
        static SLOT_OF_7: Slot = Slot::holding([7; 32]);
        let parts = [&SLOT_OF_7.head[..], &SLOT_OF_7.value, &SLOT_OF_7.tail].concat();
        assert_eq!(parts, slot());
        assert_eq!(size_of::<Slot>(), SLOT);
        assert_eq!(std::mem::offset_of!(Slot, value), MARK);
    }
}
