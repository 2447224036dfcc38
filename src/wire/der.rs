//! Distinguished Encoding Rules, ITU-T X.690 (02/2021), as far as key encodings use them.
//!
//! [`parse`] and [`Parser`] accept only what DER would write: definite lengths (8.1.3) in the fewest
//! octets (10.1), the tag that is expected and no other, and no octet left over anywhere. [`emit`] and
//! [`Emitter`] are the inverse. Both take one closure per nesting level, so that a nested value is
//! always read to its end and its length never has to be worked out by hand.
//!
//! Tags and lengths are public, of private keys too; contents are only copied. The exception is the
//! sign octet of an INTEGER: whether it is there is public by the length of the encoding.

use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::marks;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The identifier octet of the primitive context tag `[number]`, for `number` up to 30.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | (number & 0x1F)
}

/// The identifier octet of the constructed context tag `[number]`, for `number` up to 30.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xA0 | (number & 0x1F)
}

/// Reads all of `bytes` with `body`.
pub(crate) fn parse<'a, T>(bytes: &'a [u8], body: impl FnOnce(&mut Parser<'a>) -> Result<T>) -> Result<T> {
    let mut parser = Parser { reader: Reader::new(bytes) };
    let value = body(&mut parser)?;
    parser.reader.finish()?;
    Ok(value)
}

/// Reads the values of one nesting level, in order.
pub(crate) struct Parser<'a> {
    reader: Reader<'a>,
}

impl<'a> Parser<'a> {
    /// Whether the next value has the tag `tag`.
    pub(crate) fn next_is(&self, tag: u8) -> bool {
        marks::declassified("DER framing", self.reader.peek() == Some(tag))
    }

    /// The contents of the next value, which must have the tag `tag`.
    pub(crate) fn value(&mut self, tag: u8) -> Result<&'a [u8]> {
        if marks::declassified("DER framing", self.reader.u8()?) != tag {
            return Err(Error::Rejected);
        }
        let length = read_length(&mut self.reader)?;
        self.reader.take(length)
    }

    /// Reads all of the contents of the next value with `body`.
    pub(crate) fn nested<T>(&mut self, tag: u8, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        parse(self.value(tag)?, body)
    }

    /// An INTEGER that is not negative: its magnitude without leading zeros, so zero is empty.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8]> {
        let is = |fact| marks::declassified("DER sign", fact);
        match self.value(INTEGER)? {
            [] => Err(Error::Rejected),
            [first, rest @ ..] if is(*first == 0) => match rest {
                [] => Ok(rest),
                // X.690 8.3.2: a zero octet in front only where the next bit would read as a sign.
                [next, ..] if is(*next >= 0x80) => Ok(rest),
                _ => Err(Error::Rejected),
            },
            [first, ..] if is(*first >= 0x80) => Err(Error::Rejected),
            magnitude => Ok(magnitude),
        }
    }

    /// An INTEGER greater than zero: its magnitude without leading zeros.
    pub(crate) fn positive(&mut self) -> Result<&'a [u8]> {
        let magnitude = self.unsigned()?;
        if magnitude.is_empty() { Err(Error::Rejected) } else { Ok(magnitude) }
    }

    /// An INTEGER from 0 to 255, for versions.
    pub(crate) fn small(&mut self) -> Result<u8> {
        match self.unsigned()? {
            [] => Ok(0),
            [value] => Ok(marks::declassified("DER framing", *value)),
            _ => Err(Error::Rejected),
        }
    }

    /// The contents of an OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Result<&'a [u8]> {
        let oid = self.value(OID)?;
        marks::declassify("DER framing", oid);
        // X.690 8.19.2: a subidentifier ends with an octet below 0x80 and does not start with 0x80.
        let mut at_start = true;
        for octet in oid {
            if at_start && *octet == 0x80 {
                return Err(Error::Rejected);
            }
            at_start = *octet < 0x80;
        }
        if oid.is_empty() || !at_start { Err(Error::Rejected) } else { Ok(oid) }
    }

    /// A BIT STRING of whole octets.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8]> {
        self.bit_string_tagged(BIT_STRING)
    }

    /// A BIT STRING of whole octets under an implicit tag.
    pub(crate) fn bit_string_tagged(&mut self, tag: u8) -> Result<&'a [u8]> {
        // X.690 8.6.2: the first octet counts the unused bits.
        match self.value(tag)? {
            [unused, octets @ ..] if marks::declassified("DER framing", *unused) == 0 => Ok(octets),
            _ => Err(Error::Rejected),
        }
    }

    pub(crate) fn octet_string(&mut self) -> Result<&'a [u8]> {
        self.value(OCTET_STRING)
    }

    pub(crate) fn null(&mut self) -> Result<()> {
        if self.value(NULL)?.is_empty() { Ok(()) } else { Err(Error::Rejected) }
    }
}

/// A definite length (X.690 8.1.3) in the fewest octets (10.1), at most four after the first.
fn read_length(reader: &mut Reader<'_>) -> Result<usize> {
    let (length, least) = match marks::declassified("DER framing", reader.u8()?) {
        // 8.1.3.4: the short form.
        length @ 0..=0x7F => (u32::from(length), 0),
        // 8.1.3.5: the long form. 0x80 would be the indefinite form.
        0x81 => (u32::from(reader.u8()?), 0x80),
        0x82 => (u32::from(reader.u16()?), 0x100),
        0x83 => {
            let [b, c, d] = *reader.take_array()?;
            (u32::from_be_bytes([0, b, c, d]), 0x1_0000)
        }
        0x84 => (reader.u32()?, 0x100_0000),
        _ => return Err(Error::Rejected),
    };
    let length = marks::declassified("DER framing", length);
    if length < least {
        return Err(Error::Rejected);
    }
    usize::try_from(length).map_err(|_| Error::Rejected)
}

/// Emits what `body` puts to the front of `out`; answers how many bytes that is.
///
/// An error leaves `out` zeroed.
pub(crate) fn emit(out: &mut [u8], body: impl Fn(&mut Emitter<'_>) -> Result<()>) -> Result<usize> {
    // Counted first: nothing is written unless all of it fits.
    let result = match emitted_len(&body) {
        Ok(length) if length <= out.len() => {
            let mut emitter = Emitter { sink: Sink::Buffer(Writer::new(out)) };
            body(&mut emitter).map(|()| length)
        }
        Ok(_) => Err(Error::BufferTooSmall),
        Err(error) => Err(error),
    };
    if result.is_err() {
        out.fill(0);
    }
    result
}

/// How many bytes [`emit`] would write.
pub(crate) fn emitted_len(body: impl Fn(&mut Emitter<'_>) -> Result<()>) -> Result<usize> {
    let mut emitter = Emitter { sink: Sink::Count(0) };
    body(&mut emitter)?;
    match emitter.sink {
        Sink::Count(length) => Ok(length),
        Sink::Buffer(writer) => Ok(writer.finish()),
    }
}

/// Puts the values of one nesting level, in order.
pub(crate) struct Emitter<'a> {
    sink: Sink<'a>,
}

/// The same closure runs twice: once to count, for the length in front, and once to write.
enum Sink<'a> {
    Count(usize),
    Buffer(Writer<'a>),
}

impl Emitter<'_> {
    /// Octets as they are.
    fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.sink {
            Sink::Count(length) => {
                *length = length.checked_add(bytes.len()).ok_or(Error::InvalidArgument)?;
                Ok(())
            }
            Sink::Buffer(writer) => writer.put(bytes),
        }
    }

    /// The identifier and length octets in front of `length` octets of contents.
    fn header(&mut self, tag: u8, length: usize) -> Result<()> {
        let length = u32::try_from(length).map_err(|_| Error::InvalidArgument)?;
        let [a, b, c, d] = length.to_be_bytes();
        match length {
            0..=0x7F => self.raw(&[tag, d]),
            0x80..=0xFF => self.raw(&[tag, 0x81, d]),
            0x100..=0xFFFF => self.raw(&[tag, 0x82, c, d]),
            0x1_0000..=0xFF_FFFF => self.raw(&[tag, 0x83, b, c, d]),
            0x100_0000.. => self.raw(&[tag, 0x84, a, b, c, d]),
        }
    }

    /// A value with the contents `contents`.
    pub(crate) fn value(&mut self, tag: u8, contents: &[u8]) -> Result<()> {
        self.header(tag, contents.len())?;
        self.raw(contents)
    }

    /// A value with what `body` puts as its contents.
    pub(crate) fn nested(&mut self, tag: u8, body: impl Fn(&mut Emitter<'_>) -> Result<()>) -> Result<()> {
        self.header(tag, emitted_len(&body)?)?;
        body(self)
    }

    /// An INTEGER greater than zero from its magnitude, with or without leading zeros.
    ///
    /// A secret loses its leading zeros here as well: DER has no other encoding of it, and its length
    /// shows how many there were.
    pub(crate) fn positive(&mut self, magnitude: &[u8]) -> Result<()> {
        let mut digits = magnitude;
        let is = |fact| marks::declassified("DER sign", fact);
        while let [first, rest @ ..] = digits
            && is(*first == 0)
        {
            digits = rest;
        }
        let first = *digits.first().ok_or(Error::InvalidArgument)?;
        // X.690 8.3.3: two's complement, so a set top bit needs a zero octet in front.
        let sign: &[u8] = if is(first >= 0x80) { &[0] } else { &[] };
        self.header(INTEGER, digits.len().checked_add(sign.len()).ok_or(Error::InvalidArgument)?)?;
        self.raw(sign)?;
        self.raw(digits)
    }

    /// An INTEGER from 0 to 255.
    pub(crate) fn small(&mut self, value: u8) -> Result<()> {
        if value == 0 { self.value(INTEGER, &[0]) } else { self.positive(&[value]) }
    }

    pub(crate) fn oid(&mut self, contents: &[u8]) -> Result<()> {
        self.value(OID, contents)
    }

    /// A BIT STRING of whole octets.
    pub(crate) fn bit_string(&mut self, octets: &[u8]) -> Result<()> {
        self.bit_string_tagged(BIT_STRING, octets)
    }

    /// A BIT STRING of whole octets under an implicit tag.
    pub(crate) fn bit_string_tagged(&mut self, tag: u8, octets: &[u8]) -> Result<()> {
        self.header(tag, octets.len().checked_add(1).ok_or(Error::InvalidArgument)?)?;
        self.raw(&[0])?;
        self.raw(octets)
    }

    /// A BIT STRING whose octets are what `body` puts.
    pub(crate) fn bit_string_of(&mut self, body: impl Fn(&mut Emitter<'_>) -> Result<()>) -> Result<()> {
        self.nested(BIT_STRING, |e| {
            e.raw(&[0])?;
            body(e)
        })
    }

    pub(crate) fn octet_string(&mut self, octets: &[u8]) -> Result<()> {
        self.value(OCTET_STRING, octets)
    }

    pub(crate) fn null(&mut self) -> Result<()> {
        self.value(NULL, &[])
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

    /// What `body` emits, after checking the count and the answer to each buffer that is too small.
    fn emitted(body: impl Fn(&mut Emitter<'_>) -> Result<()>) -> Vec<u8> {
        let length = emitted_len(&body).unwrap();
        let mut out = vec![0xEE; length + 1];
        assert_eq!(emit(&mut out, &body), Ok(length));
        assert_eq!(out.pop(), Some(0xEE), "nothing is written behind the value");
        for short in 0..length.min(300) {
            let mut small = vec![0xEE; short];
            assert_eq!(emit(&mut small, &body), Err(Error::BufferTooSmall));
            assert!(small.iter().all(|&octet| octet == 0), "zeroed on failure");
        }
        out
    }

    fn rejected<'a, T>(bytes: &'a [u8], body: impl FnOnce(&mut Parser<'a>) -> Result<T>) -> bool {
        parse(bytes, |p| body(p).map(|_| ())) == Err(Error::Rejected)
    }

    #[test]
    fn lengths_at_the_edges_of_each_form() {
        // X.690 8.1.3.4, 8.1.3.5 and 10.1, worked by hand.
        let cases: [(usize, &[u8]); 8] = [
            (0, &[0x04, 0x00]),
            (0x7F, &[0x04, 0x7F]),
            (0x80, &[0x04, 0x81, 0x80]),
            (0xFF, &[0x04, 0x81, 0xFF]),
            (0x100, &[0x04, 0x82, 0x01, 0x00]),
            (0xFFFF, &[0x04, 0x82, 0xFF, 0xFF]),
            (0x1_0000, &[0x04, 0x83, 0x01, 0x00, 0x00]),
            (0x100_0000, &[0x04, 0x84, 0x01, 0x00, 0x00, 0x00]),
        ];
        for (length, header) in cases {
            let contents = vec![0x5A; length];
            let bytes = emitted(|e| e.octet_string(&contents));
            assert_eq!(&bytes[..header.len()], header);
            assert_eq!(parse(&bytes, |p| p.octet_string()), Ok(&contents[..]));
        }
    }

    #[test]
    fn non_minimal_lengths_are_rejected() {
        let contents = [0; 0x100];
        let headers: [&[u8]; 7] = [
            &[0x04, 0x81, 0x7F],
            &[0x04, 0x81, 0x00],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x82, 0x00, 0xFF],
            &[0x04, 0x83, 0x00, 0x01, 0x00],
            &[0x04, 0x84, 0x00, 0x00, 0x01, 0x00],
            &[0x04, 0x85, 0x00, 0x00, 0x00, 0x01, 0x00],
        ];
        for header in headers {
            let length = header.iter().skip(2).fold(0, |sum, &octet| sum << 8 | usize::from(octet));
            let bytes = [header, &contents[..length]].concat();
            assert!(rejected(&bytes, |p| p.octet_string()), "{header:02x?}");
        }
    }

    #[test]
    fn indefinite_and_reserved_lengths_are_rejected() {
        assert!(rejected(&[0x30, 0x80, 0x05, 0x00, 0x00, 0x00], |p| p.value(SEQUENCE)));
        assert!(rejected(&[0x30, 0xFF], |p| p.value(SEQUENCE)));
    }

    #[test]
    fn a_length_over_the_end_is_rejected() {
        assert!(rejected(&[0x04, 0x02, 0x00], |p| p.octet_string()));
        assert!(rejected(&[0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x00], |p| p.octet_string()));
    }

    #[test]
    fn trailing_data_is_rejected_at_each_level() {
        assert_eq!(parse(&[0x05, 0x00], |p| p.null()), Ok(()));
        assert!(rejected(&[0x05, 0x00, 0x00], |p| p.null()));
        assert_eq!(parse(&[0x30, 0x02, 0x05, 0x00], |p| p.nested(SEQUENCE, Parser::null)), Ok(()));
        assert!(rejected(&[0x30, 0x03, 0x05, 0x00, 0x00], |p| p.nested(SEQUENCE, Parser::null)));
        assert!(rejected(&[0x30, 0x02, 0x05, 0x00, 0x00], |p| p.nested(SEQUENCE, Parser::null)));
    }

    #[test]
    fn another_tag_is_rejected() {
        assert!(rejected(&[0x03, 0x01, 0x00], |p| p.octet_string()));
        assert!(rejected(&[0x24, 0x00], |p| p.octet_string()));
        assert!(rejected(&[], |p| p.octet_string()));
    }

    #[test]
    fn integers_both_ways() {
        // X.690 8.3, worked by hand.
        let cases: [(&[u8], &[u8]); 5] = [
            (&[0x01], &[0x02, 0x01, 0x01]),
            (&[0x7F], &[0x02, 0x01, 0x7F]),
            (&[0x80], &[0x02, 0x02, 0x00, 0x80]),
            (&[0x01, 0x00], &[0x02, 0x02, 0x01, 0x00]),
            (&[0xFF, 0x00], &[0x02, 0x03, 0x00, 0xFF, 0x00]),
        ];
        for (magnitude, bytes) in cases {
            assert_eq!(emitted(|e| e.positive(magnitude)), bytes);
            let padded = [&[0, 0], magnitude].concat();
            assert_eq!(emitted(|e| e.positive(&padded)), bytes);
            assert_eq!(parse(bytes, |p| p.positive()), Ok(magnitude));
        }
        for (value, bytes) in [(0, &[2, 1, 0][..]), (1, &[2, 1, 1]), (255, &[2, 2, 0, 255])] {
            assert_eq!(emitted(|e| e.small(value)), bytes);
            assert_eq!(parse(bytes, |p| p.small()), Ok(value));
        }
    }

    #[test]
    fn negative_integers_are_rejected() {
        assert!(rejected(&[0x02, 0x01, 0x80], |p| p.unsigned()));
        assert!(rejected(&[0x02, 0x01, 0xFF], |p| p.unsigned()));
        assert!(rejected(&[0x02, 0x02, 0xFF, 0x7F], |p| p.unsigned()));
    }

    #[test]
    fn non_minimal_and_empty_integers_are_rejected() {
        assert!(rejected(&[0x02, 0x00], |p| p.unsigned()));
        assert!(rejected(&[0x02, 0x02, 0x00, 0x00], |p| p.unsigned()));
        assert!(rejected(&[0x02, 0x02, 0x00, 0x7F], |p| p.unsigned()));
        assert!(rejected(&[0x02, 0x03, 0x00, 0x00, 0x80], |p| p.unsigned()));
    }

    #[test]
    fn zero_is_no_positive_integer() {
        assert_eq!(parse(&[0x02, 0x01, 0x00], |p| p.unsigned()), Ok(&[][..]));
        assert!(rejected(&[0x02, 0x01, 0x00], |p| p.positive()));
        for zero in [&[][..], &[0], &[0, 0, 0]] {
            let mut out = [0xEE; 8];
            assert_eq!(emit(&mut out, |e| e.positive(zero)), Err(Error::InvalidArgument));
            assert_eq!(out, [0; 8]);
        }
    }

    #[test]
    fn a_small_integer_above_255_is_rejected() {
        assert!(rejected(&[0x02, 0x02, 0x01, 0x00], |p| p.small()));
    }

    #[test]
    fn object_identifiers_end_and_start_properly() {
        assert_eq!(parse(&[0x06, 0x03, 0x2B, 0x65, 0x70], |p| p.oid()), Ok(&[0x2B, 0x65, 0x70][..]));
        assert!(rejected(&[0x06, 0x00], |p| p.oid()), "empty");
        assert!(rejected(&[0x06, 0x02, 0x2B, 0x86], |p| p.oid()), "ends inside a subidentifier");
        assert!(rejected(&[0x06, 0x03, 0x2B, 0x80, 0x01], |p| p.oid()), "leading zero digit");
        assert_eq!(parse(&[0x06, 0x03, 0x2B, 0x81, 0x00], |p| p.oid()), Ok(&[0x2B, 0x81, 0x00][..]));
        assert!(parse(&[0x06, 0x03, 0x2B, 0x81, 0x80], |p| p.oid()).is_err());
        assert!(parse(&[0x06, 0x04, 0x2B, 0x81, 0x80, 0x01], |p| p.oid()).is_ok(), "0x80 inside");
    }

    #[test]
    fn bit_strings_have_whole_octets() {
        assert_eq!(emitted(|e| e.bit_string(&[0xA5])), [0x03, 0x02, 0x00, 0xA5]);
        assert_eq!(emitted(|e| e.bit_string_of(|e| e.null())), [0x03, 0x03, 0x00, 0x05, 0x00]);
        assert_eq!(parse(&[0x03, 0x02, 0x00, 0xA5], |p| p.bit_string()), Ok(&[0xA5][..]));
        assert!(rejected(&[0x03, 0x02, 0x01, 0xA4], |p| p.bit_string()), "unused bits");
        assert!(rejected(&[0x03, 0x00], |p| p.bit_string()), "no count");
    }

    #[test]
    fn null_is_empty() {
        assert_eq!(emitted(|e| e.null()), [0x05, 0x00]);
        assert!(rejected(&[0x05, 0x01, 0x00], |p| p.null()));
    }

    #[test]
    fn context_tags() {
        assert_eq!(context(1), 0x81);
        assert_eq!(context_constructed(0), 0xA0);
        let body =
            |e: &mut Emitter<'_>| e.nested(context_constructed(1), |e| e.bit_string_tagged(context(2), &[7]));
        let bytes = emitted(body);
        assert_eq!(bytes, [0xA1, 0x04, 0x82, 0x02, 0x00, 0x07]);
        let read = |p: &mut Parser<'_>| {
            assert!(p.next_is(0xA1) && !p.next_is(0x81));
            p.nested(context_constructed(1), |p| p.bit_string_tagged(context(2)).map(<[u8]>::len))
        };
        assert_eq!(parse(&bytes, read), Ok(1));
    }

    /// Any DER value of one nesting level, re-emitted from its tag and contents.
    fn first_value_is_canonical(bytes: &[u8]) {
        if let Some(tag) = bytes.first()
            && let Ok(contents) = parse(bytes, |p| p.value(*tag))
        {
            assert_eq!(emitted(|e| e.value(*tag, contents)), bytes);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_values_are_rejected_or_canonical(
            header in proptest::collection::vec(any::<u8>(), 0..6),
            contents in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            first_value_is_canonical(&[header, contents].concat());
        }

        #[test]
        fn arbitrary_integers_are_rejected_or_canonical(contents in proptest::collection::vec(0..=u8::MAX, 0..5)) {
            let bytes = emitted(|e| e.value(INTEGER, &contents));
            if let Ok(magnitude) = parse(&bytes, |p| p.positive()) {
                prop_assert_eq!(emitted(|e| e.positive(magnitude)), &bytes[..]);
            }
            if let Ok(value) = parse(&bytes, |p| p.small()) {
                prop_assert_eq!(emitted(|e| e.small(value)), &bytes[..]);
            }
        }

        /// Positive integers agree with arithmetic on `u64`.
        #[test]
        fn integers_have_their_value(value in 1..=u64::MAX, shift in 0_u32..64) {
            let value = (value >> shift).max(1);
            let bytes = emitted(|e| e.positive(&value.to_be_bytes()));
            // A sign bit in front: the octets that 65 - leading zeros bits take.
            let octets = usize::try_from((65 - value.leading_zeros()).div_ceil(8)).unwrap();
            prop_assert_eq!(bytes.len(), 2 + octets);
            let magnitude = parse(&bytes, |p| p.positive()).unwrap();
            prop_assert_eq!(magnitude.iter().fold(0, |sum, &octet| sum << 8 | u64::from(octet)), value);
        }
    }
}
