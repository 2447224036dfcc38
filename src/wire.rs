//! Wire layer: bounds-checked reading and writing of bytes that cross the boundary.
//!
//! Parse and emit only: no cryptography, no allocation, no knowledge of keys. Every format here is
//! canonical: `emit(parse(b)) == b` for each `b` that `parse` accepts, so that one value has one
//! encoding and nothing can ride along unread.
//!
//! Parsing answers [`Error::Rejected`] to everything it does not accept. Lengths and tags are public
//! and may be branched on; contents are only copied.

use crate::error::{Error, Result};

pub(crate) mod der;
pub(crate) mod pem;
pub(crate) mod pkcs8;
pub(crate) mod policy;
pub(crate) mod spki;
pub(crate) mod wrapped_key;

/// Reads a byte string from front to back; integers are big-endian.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next byte, left in place.
    pub(crate) const fn peek(&self) -> Option<u8> {
        match self.rest.first() {
            Some(byte) => Some(*byte),
            None => None,
        }
    }

    /// The next `n` bytes.
    pub(crate) const fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        match self.rest.split_at_checked(n) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::Rejected),
        }
    }

    /// The next `N` bytes as an array.
    pub(crate) const fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::Rejected),
        }
    }

    pub(crate) const fn u8(&mut self) -> Result<u8> {
        match self.take_array::<1>() {
            Ok([byte]) => Ok(*byte),
            Err(error) => Err(error),
        }
    }

    pub(crate) const fn u16(&mut self) -> Result<u16> {
        match self.take_array() {
            Ok(bytes) => Ok(u16::from_be_bytes(*bytes)),
            Err(error) => Err(error),
        }
    }

    pub(crate) const fn u32(&mut self) -> Result<u32> {
        match self.take_array() {
            Ok(bytes) => Ok(u32::from_be_bytes(*bytes)),
            Err(error) => Err(error),
        }
    }

    pub(crate) const fn u64(&mut self) -> Result<u64> {
        match self.take_array() {
            Ok(bytes) => Ok(u64::from_be_bytes(*bytes)),
            Err(error) => Err(error),
        }
    }

    /// Ends the reading; a byte left over is refused.
    pub(crate) const fn finish(self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Rejected) }
    }
}

/// Writes into a byte string from front to back; integers are big-endian.
///
/// A put that does not fit writes nothing and moves nothing. Wiping what earlier puts wrote is for the
/// owner of the buffer.
pub(crate) struct Writer<'a> {
    out: &'a mut [u8],
    position: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut [u8]) -> Self {
        Self { out, position: 0 }
    }

    /// How many bytes have been written.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) const fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(end) = self.position.checked_add(bytes.len()) else {
            return Err(Error::BufferTooSmall);
        };
        let Some((_, free)) = self.out.split_at_mut_checked(self.position) else {
            return Err(Error::BufferTooSmall);
        };
        let Some((place, _)) = free.split_at_mut_checked(bytes.len()) else {
            return Err(Error::BufferTooSmall);
        };
        // Both slices are `bytes.len()` long.
        place.copy_from_slice(bytes);
        self.position = end;
        Ok(())
    }

    pub(crate) const fn u8(&mut self, value: u8) -> Result<()> {
        self.put(&[value])
    }

    pub(crate) const fn u16(&mut self, value: u16) -> Result<()> {
        self.put(&value.to_be_bytes())
    }

    pub(crate) const fn u32(&mut self, value: u32) -> Result<()> {
        self.put(&value.to_be_bytes())
    }

    pub(crate) const fn u64(&mut self, value: u64) -> Result<()> {
        self.put(&value.to_be_bytes())
    }

    /// Ends the writing: how many bytes were written.
    pub(crate) const fn finish(self) -> usize {
        self.position
    }
}

/// Damage for the tests of every format.
#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
pub(crate) mod testing {
    extern crate std;
    use std::vec::Vec;

    /// Calls `check` with each proper prefix of `good`, each change of one byte, each removal and each
    /// doubling of one byte, and with one byte more.
    pub(crate) fn for_each_damaged(good: &[u8], mut check: impl FnMut(&[u8])) {
        for n in 0..good.len() {
            check(&good[..n]);
        }
        let mut bytes = good.to_vec();
        for i in 0..good.len() {
            for flip in 1..=255 {
                bytes[i] = good[i] ^ flip;
                check(&bytes);
            }
            bytes[i] = good[i];
        }
        for i in 0..good.len() {
            let mut shorter = good.to_vec();
            let byte = shorter.remove(i);
            check(&shorter);
            let mut longer = good.to_vec();
            longer.insert(i, byte);
            check(&longer);
        }
        for byte in 0..=255 {
            check(&with_byte(good, byte));
        }
    }

    /// `good` and one byte behind it.
    pub(crate) fn with_byte(good: &[u8], byte: u8) -> Vec<u8> {
        let mut bytes = good.to_vec();
        bytes.push(byte);
        bytes
    }

    /// `bytes` with the one place that holds `old` changed to `new`: a wrong place is a wrong test.
    pub(crate) fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
        let places: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(old)).collect();
        assert_eq!(places.len(), 1, "the old bytes occur once");
        let at = places[0];
        [&bytes[..at], new, &bytes[at + old.len()..]].concat()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn integers_are_big_endian_both_ways() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
        let mut r = Reader::new(&bytes);
        assert_eq!(r.remaining(), 17);
        assert_eq!(r.peek(), Some(1));
        assert_eq!(r.u8(), Ok(0x01));
        assert_eq!(r.u16(), Ok(0x0203));
        assert_eq!(r.u32(), Ok(0x0405_0607));
        assert_eq!(r.u64(), Ok(0x0809_0A0B_0C0D_0E0F));
        assert_eq!(r.take_array::<1>(), Ok(&[16]));
        assert_eq!(r.take(1), Ok(&[17][..]));
        assert_eq!(r.peek(), None);
        assert_eq!(r.finish(), Ok(()));

        let mut out = [0; 17];
        let mut w = Writer::new(&mut out);
        w.u8(0x01).unwrap();
        w.u16(0x0203).unwrap();
        w.u32(0x0405_0607).unwrap();
        w.u64(0x0809_0A0B_0C0D_0E0F).unwrap();
        assert_eq!(w.position(), 15);
        w.put(&[16, 17]).unwrap();
        assert_eq!(w.finish(), 17);
        assert_eq!(out, bytes);
    }

    #[test]
    fn reader_refuses_to_run_over_the_end() {
        let bytes = [0; 7];
        assert_eq!(Reader::new(&[]).u8(), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes[..1]).u16(), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes[..3]).u32(), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes).u64(), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes).take(8), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes).take(usize::MAX), Err(Error::Rejected));
        assert_eq!(Reader::new(&bytes).take_array::<8>(), Err(Error::Rejected));
    }

    #[test]
    fn a_refused_read_consumes_nothing() {
        let mut r = Reader::new(&[1, 2, 3]);
        assert_eq!(r.take(4), Err(Error::Rejected));
        assert_eq!(r.take(3), Ok(&[1, 2, 3][..]));
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut r = Reader::new(&[1, 2]);
        r.u8().unwrap();
        assert_eq!(r.finish(), Err(Error::Rejected));
    }

    #[test]
    fn writer_refuses_overflow_and_writes_nothing() {
        let mut out = [0xEE; 7];
        let mut w = Writer::new(&mut out);
        assert_eq!(w.u64(0), Err(Error::BufferTooSmall));
        w.put(&[1; 6]).unwrap();
        assert_eq!(w.u16(0), Err(Error::BufferTooSmall));
        assert_eq!(w.u32(0), Err(Error::BufferTooSmall));
        assert_eq!(w.put(&[0; 2]), Err(Error::BufferTooSmall));
        assert_eq!(w.position(), 6);
        w.u8(2).unwrap();
        assert_eq!(w.u8(3), Err(Error::BufferTooSmall));
        assert_eq!(w.finish(), 7);
        assert_eq!(out, [1, 1, 1, 1, 1, 1, 2]);
    }

    proptest! {
        /// Pieces written one after the other are read back, and nothing is left.
        #[test]
        fn pieces_round_trip(pieces in proptest::collection::vec(any::<Vec<u8>>(), 0..6)) {
            let all = pieces.concat();
            let mut out = vec![0; all.len()];
            let mut w = Writer::new(&mut out);
            for piece in &pieces {
                w.put(piece).unwrap();
            }
            prop_assert_eq!(w.finish(), all.len());
            prop_assert_eq!(&out, &all);
            let mut r = Reader::new(&out);
            for piece in &pieces {
                prop_assert_eq!(r.take(piece.len()).unwrap(), &piece[..]);
            }
            prop_assert!(r.finish().is_ok());
        }
    }
}
