//! As much of ELF (System V ABI, gABI 4.1, chapters 4 and 5) as it takes to find the regions of a linked image:
//! the symbol table says where they are in memory, the program headers where that is in the file.

use std::ops::Range;

use crate::VALUE;

/// What is missing or wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    Symbol(&'static str),
    File(&'static str),
}

/// Places in the file.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) regions: [Range<usize>; 2],
    pub(crate) reference: Range<usize>,
}

/// Finds the regions of `strongroom::linked_image!`.
pub(crate) fn linked(file: &[u8]) -> Result<Linked, Misfit> {
    let elf = Elf::new(file)?;
    let region = |start, end, empty| {
        let (start, end) = (elf.symbol(start)?, elf.symbol(end)?);
        match end.checked_sub(start) {
            Some(len) if len > 0 => elf.place(start, len),
            _ => Err(Misfit::File(empty)),
        }
    };
    let text = region("__strongroom_text_start", "__strongroom_text_end", "the text region is empty")?;
    let rodata =
        region("__strongroom_rodata_start", "__strongroom_rodata_end", "the rodata region is empty")?;
    let reference = elf.place(elf.symbol("__strongroom_reference")?, VALUE as u64)?;
    let overlaps = |region: &Range<usize>| region.start < reference.end && reference.start < region.end;
    if overlaps(&text) || overlaps(&rodata) {
        return Err(Misfit::File("__strongroom_reference lies in a region that it is the reference of"));
    }
    Ok(Linked { regions: [text, rodata], reference })
}

/// A file with its tables.
struct Elf<'a> {
    file: &'a [u8],
    is_wide: bool,
    segments: Table<'a>,
    symbols: Table<'a>,
    names: &'a [u8],
}

/// Entries of one size.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    entry: usize,
}

impl<'a> Table<'a> {
    fn entries(self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.entry)
    }
}

const DAMAGED: Misfit = Misfit::File("the headers of the ELF file are damaged");
const PT_LOAD: u64 = 1;
const SHT_SYMTAB: u64 = 2;

impl<'a> Elf<'a> {
    fn new(file: &'a [u8]) -> Result<Self, Misfit> {
        let is_wide = match file.get(..6) {
            Some([0x7f, b'E', b'L', b'F', 1, 1]) => false,
            Some([0x7f, b'E', b'L', b'F', 2, 1]) => true,
            Some([0x7f, b'E', b'L', b'F', ..]) => {
                return Err(Misfit::File("the ELF file is not little-endian"));
            }
            _ => return Err(Misfit::File("the file is no ELF file")),
        };
        // e_phoff, e_shoff, e_phentsize, e_phnum, e_shentsize, e_shnum
        let at = |narrow, wide| if is_wide { wide } else { narrow };
        let word = at(4, 8);
        let table = |offset, entry, count| {
            let start = number(file, offset, word)?;
            let (entry, count) = (number(file, entry, 2)?, number(file, count, 2)?);
            let bytes = slice(file, start, entry.checked_mul(count)?)?;
            let entry = usize::try_from(entry).ok().filter(|entry| *entry > 0)?;
            Some(Table { bytes, entry })
        };
        let segments = table(at(28, 32), at(42, 54), at(44, 56)).ok_or(DAMAGED)?;
        let sections = table(at(32, 40), at(46, 58), at(48, 60)).ok_or(DAMAGED)?;
        // sh_type, sh_offset, sh_size, sh_link, sh_entsize
        let content = |section: &[u8]| {
            let (offset, size) = (number(section, at(16, 24), word)?, number(section, at(20, 32), word)?);
            slice(file, offset, size)
        };
        let symtab = sections
            .entries()
            .find(|section| number(section, 4, 4) == Some(SHT_SYMTAB))
            .ok_or(Misfit::File("the ELF file has no symbols: sign it before it is stripped"))?;
        let entry = number(symtab, at(36, 56), word).and_then(|entry| usize::try_from(entry).ok());
        let entry = entry.filter(|entry| *entry > 0).ok_or(DAMAGED)?;
        let symbols = Table { bytes: content(symtab).ok_or(DAMAGED)?, entry };
        let link = number(symtab, at(24, 40), 4).and_then(|link| usize::try_from(link).ok());
        let names = link.and_then(|link| sections.entries().nth(link)).and_then(content).ok_or(DAMAGED)?;
        Ok(Self { file, is_wide, segments, symbols, names })
    }

    /// Address of a symbol.
    fn symbol(&self, name: &'static str) -> Result<u64, Misfit> {
        let (value, word) = if self.is_wide { (8, 8) } else { (4, 4) };
        let is_named = |symbol: &&[u8]| {
            let at = number(symbol, 0, 4).and_then(|at| usize::try_from(at).ok());
            let rest =
                at.and_then(|at| self.names.get(at..)).and_then(|rest| rest.strip_prefix(name.as_bytes()));
            rest.is_some_and(|rest| rest.first() == Some(&0))
        };
        self.symbols
            .entries()
            .find(is_named)
            .and_then(|symbol| number(symbol, value, word))
            .ok_or(Misfit::Symbol(name))
    }

    /// Where the memory from `address` on lies in the file.
    fn place(&self, address: u64, len: u64) -> Result<Range<usize>, Misfit> {
        // p_offset, p_vaddr, p_filesz
        let (offset, vaddr, filesz, word) = if self.is_wide { (8, 16, 32, 8) } else { (4, 8, 16, 4) };
        let in_file = self.segments.entries().find_map(|segment| {
            let field = |at| number(segment, at, word);
            let into = address.checked_sub(field(vaddr)?)?;
            let end = into.checked_add(len)?;
            let loaded = number(segment, 0, 4) == Some(PT_LOAD) && end <= field(filesz)?;
            if loaded { field(offset)?.checked_add(into) } else { None }
        });
        let start = in_file.ok_or(Misfit::File("a region lies in no loaded segment of the file"))?;
        let range =
            usize::try_from(start).ok().zip(start.checked_add(len).and_then(|end| end.try_into().ok()));
        let (start, end) = range.filter(|(_, end)| *end <= self.file.len()).ok_or(DAMAGED)?;
        Ok(start..end)
    }
}

fn slice(file: &[u8], start: u64, len: u64) -> Option<&[u8]> {
    let end = start.checked_add(len)?;
    file.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A little-endian number of `width` bytes, at most eight.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]
mod tests {
    use super::*;

    const SYMBOLS: [(&str, u64); 5] = [
        ("__strongroom_text_start", 0x1000),
        ("__strongroom_text_end", 0x1010),
        ("__strongroom_rodata_start", 0x1020),
        ("__strongroom_rodata_end", 0x1024),
        ("__strongroom_reference", 0x1040),
    ];

    /// A file of either width: one loaded segment of 0x80 bytes at 0x1000, which lies at 0x200 in the file;
    /// symbols and names.
    fn file(wide: bool, symbols: &[(&str, u64)]) -> Vec<u8> {
        let mut out = vec![0; 0x1000];
        let word = if wide { 8 } else { 4 };
        let mut put = |at: usize, value: u64, width: usize| {
            out[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        };
        let at = |narrow: usize, large: usize| if wide { large } else { narrow };
        put(0, u64::from(u32::from_le_bytes(*b"\x7fELF")), 4);
        put(4, if wide { 2 } else { 1 }, 1);
        put(5, 1, 1);
        let (phentsize, shentsize, symsize) = (at(32, 56), at(40, 64), at(16, 24));
        for (field, value, width) in [
            (at(28, 32), 0x100, word),
            (at(32, 40), 0x400, word),
            (at(42, 54), phentsize as u64, 2),
            (at(44, 56), 2, 2),
            (at(46, 58), shentsize as u64, 2),
            (at(48, 60), 3, 2),
        ] {
            put(field, value, width);
        }
        // The first segment is not loaded and would give other places.
        for (index, kind) in [(0, 6), (1, PT_LOAD)] {
            let segment = 0x100 + index * phentsize;
            put(segment, kind, 4);
            put(segment + at(4, 8), if kind == PT_LOAD { 0x200 } else { 0x300 }, word);
            put(segment + at(8, 16), 0x1000, word);
            put(segment + at(16, 32), 0x80, word);
        }
        let (symtab, strtab) = (0x400 + shentsize, 0x400 + 2 * shentsize);
        put(symtab + 4, SHT_SYMTAB, 4);
        put(symtab + at(16, 24), 0x600, word);
        put(symtab + at(20, 32), (symbols.len() * symsize) as u64, word);
        put(symtab + at(24, 40), 2, 4);
        put(symtab + at(36, 56), symsize as u64, word);
        put(strtab + 4, 3, 4);
        put(strtab + at(16, 24), 0x800, word);
        put(strtab + at(20, 32), 0x400, word);
        let mut name = 1;
        for (index, (text, value)) in symbols.iter().enumerate() {
            put(0x600 + index * symsize, name as u64, 4);
            put(0x600 + index * symsize + at(4, 8), *value, word);
            for (offset, byte) in text.bytes().enumerate() {
                put(0x800 + name + offset, u64::from(byte), 1);
            }
            name += text.len() + 1;
        }
        out
    }

    #[test]
    fn regions_are_found_in_both_widths() {
        for wide in [false, true] {
            let Linked { regions, reference } = linked(&file(wide, &SYMBOLS)).unwrap();
            assert_eq!((regions, reference), ([0x200..0x210, 0x220..0x224], 0x240..0x260));
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut wrong: Vec<([(&str, u64); 5], Misfit)> = vec![];
        for index in 0..5 {
            let mut symbols = SYMBOLS;
            symbols[index].0 = "__strongroom_text_starting";
            wrong.push((symbols, Misfit::Symbol(SYMBOLS[index].0)));
        }
        let outside = Misfit::File("a region lies in no loaded segment of the file");
        for (index, value, misfit) in [
            (1, 0x1000, Misfit::File("the text region is empty")),
            (1, 0xfff, Misfit::File("the text region is empty")),
            (3, 0x1020, Misfit::File("the rodata region is empty")),
            (1, 0x1081, outside),
            (0, 0xfff, Misfit::File("a region lies in no loaded segment of the file")),
            (4, 0x1061, Misfit::File("a region lies in no loaded segment of the file")),
            (4, 0x100f, Misfit::File("__strongroom_reference lies in a region that it is the reference of")),
            (4, 0x1001, Misfit::File("__strongroom_reference lies in a region that it is the reference of")),
        ] {
            let mut symbols = SYMBOLS;
            symbols[index].1 = value;
            wrong.push((symbols, misfit));
        }
        for (symbols, misfit) in wrong {
            for wide in [false, true] {
                assert_eq!(linked(&file(wide, &symbols)).unwrap_err(), misfit, "{symbols:x?}");
            }
        }
        for (bytes, misfit) in [
            (&b""[..], "the file is no ELF file"),
            (b"MZ......", "the file is no ELF file"),
            (b"\x7fELF\x01\x02", "the ELF file is not little-endian"),
        ] {
            assert_eq!(linked(bytes).unwrap_err(), Misfit::File(misfit));
        }
    }

    /// Whatever is damaged, an answer lies in the file.
    #[test]
    fn damaged_headers_and_cut_files_do_no_harm() {
        for wide in [false, true] {
            let good = file(wide, &SYMBOLS);
            for at in (0..0x180).chain(0x400..0x700) {
                for value in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut bad = good.clone();
                    bad[at] = value;
                    if let Ok(found) = linked(&bad) {
                        assert!(found.regions.iter().all(|region| bad.get(region.clone()).is_some()));
                        assert!(bad.get(found.reference).is_some());
                    }
                }
            }
            for len in 0..good.len() {
                if let Ok(found) = linked(&good[..len]) {
                    assert!(
                        found.reference.end <= len && found.regions.iter().all(|region| region.end <= len)
                    );
                }
            }
        }
    }
}
