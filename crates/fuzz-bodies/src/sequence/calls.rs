//! The calls that an input can spell.

use arbitrary::Arbitrary;
use strongroom::{Export, Usage};

use super::rights::{Limit, Rights, Shape, Terms, hash};

/// One call of one of the two sessions.
#[derive(Arbitrary, Clone, Debug)]
pub(super) struct Step {
    pub(super) second: bool,
    pub(super) call: Call,
}

#[derive(Arbitrary, Clone, Debug)]
pub(super) enum Call {
    Generate(Draft),
    Restrict { key: u8, cut: Cut },
    Copy { key: u8, cut: Cut },
    Destroy { key: u8, sure: u8 },
    Sign { key: u8, hash: u8, message: u8, deterministic: bool, room: u8 },
    Verify { key: u8, record: u8, damage: u8 },
    Encrypt { key: u8, message: u8, tag: u8, room: u8 },
    Decrypt { key: u8, record: u8, damage: u8 },
    Mac { key: u8, hash: u8, message: u8, tag: u8, room: u8 },
    VerifyMac { key: u8, record: u8, damage: u8 },
    Wrap { kek: u8, payload: u8, room: u8 },
    Unwrap { kek: u8, blob: u8, damage: u8, ready: u8, cut: Cut, draft: Draft },
    SelfTest { sure: u8 },
    Close(u8),
    Derive { key: u8, hash: u8, context: u8, draft: Draft },
}

/// A policy to be.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Draft {
    shape: u8,
    usage: u8,
    hash: u8,
    tag: u8,
    flags: u8,
    export: u8,
    uses: u8,
    owner: u8,
}

impl Draft {
    pub(super) fn rights(self, caller: u64) -> Rights {
        self.rights_of(Shape::ALL[usize::from(self.shape) % Shape::ALL.len()], caller)
    }

    pub(super) fn rights_of(self, shape: Shape, caller: u64) -> Rights {
        Rights {
            shape,
            usage: usage(shape, self.usage),
            terms: terms(shape, self.hash, self.tag, self.flags),
            export: export(self.export),
            uses: (self.uses >= 128).then_some(u64::from(self.uses % 32)),
            owner: owner(self.owner, caller),
            persistent: self.flags & 2 != 0,
        }
    }
}

/// Rights to take away.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Cut {
    which: u8,
    usage: u8,
    hash: u8,
    tag: u8,
    flags: u8,
    export: u8,
    uses: u8,
    owner: u8,
}

impl Cut {
    pub(super) fn limit(self, shape: Shape, caller: u64) -> Limit {
        // Mostly one or two at once: a cut of everything is refused for one of its parts.
        let which = if self.which >= 64 { 1 << (self.which % 6) } else { self.which };
        let chosen = |bit: u8| which & (1 << bit) != 0;
        Limit {
            usage: chosen(0).then(|| usage(shape, self.usage)),
            terms: chosen(1).then(|| terms(shape, self.hash, self.tag, self.flags)),
            export: chosen(2).then(|| export(self.export)),
            uses: chosen(3).then_some(u64::from(self.uses % 32)),
            owner: if chosen(4) { owner(self.owner % 8, caller) } else { None },
            session_only: chosen(5),
        }
    }
}

/// All usages of the shape, some of them, or something else altogether.
fn usage(shape: Shape, byte: u8) -> Usage {
    let all = shape.usages().iter().enumerate();
    match byte {
        0..96 => all.fold(Usage::NONE, |set, (_, one)| set.and(*one)),
        96..240 => {
            all.filter(|(bit, _)| byte & (1 << bit) != 0).fold(Usage::NONE, |set, (_, one)| set.and(*one))
        }
        _ => Usage::from_bits(1 << (byte % 13)).unwrap_or(Usage::NONE),
    }
}

fn terms(shape: Shape, chosen: u8, tag: u8, flags: u8) -> Terms {
    let min_tag = match shape {
        Shape::Gcm | Shape::Counter => [16, 12, 12, 13][usize::from(tag % 4)],
        Shape::Hmac => [10, 16, 32, 64][usize::from(tag % 4)],
        _ => 0,
    };
    Terms {
        hash: (chosen < 192).then(|| hash(chosen)),
        // Now and then a tag that no rule of the shape can ask for.
        min_tag: if tag == 0xff { 65 } else { min_tag },
        deterministic: flags & 1 != 0 && (shape == Shape::P256 || flags > 250),
    }
}

fn export(byte: u8) -> Export {
    match byte % 8 {
        0 => Export::NONE,
        1..4 => Export::NATIVE,
        4..6 => Export::INTEROPERABLE,
        6 => Export::INTEROPERABLE.trusted_only(),
        _ if byte > 200 => Export::NONE.trusted_only(),
        _ => Export::NATIVE.trusted_only(),
    }
}

/// The caller, somebody else, or nobody.
fn owner(byte: u8, caller: u64) -> Option<u64> {
    match byte % 8 {
        0 => Some(caller),
        1 => Some(3 - caller),
        _ => None,
    }
}
