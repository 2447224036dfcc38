//! An engine with a session, and random bytes for the bare side.

use std::convert::Infallible;
use std::rc::Rc;

use rand_core::{TryCryptoRng, TryRng};
use strongroom::{
    Algorithm, Attributes, Engine, Export, Hash, KeyHandle, KeyKind, Rule, Session, Subject, Usage,
};

pub struct Rig {
    pub engine: Engine,
    pub session: Session<'static>,
}

impl Rig {
    pub fn new() -> Rc<Self> {
        let engine = Engine::power_on().expect("power-on");
        let session = open(&engine);
        Rc::new(Self { engine, session })
    }

    /// A persistent key for one algorithm that may leave in any format.
    pub fn key(&self, kind: KeyKind, usage: Usage, rule: Rule) -> KeyHandle {
        let mut builder = Attributes::builder(kind)
            .usage(usage)
            .permit(rule)
            .export(Export::INTEROPERABLE)
            .persistent()
            .label(b"benchmark");
        if kind == KeyKind::Hmac {
            builder = builder.length(32);
        }
        self.session.generate(&builder.build().unwrap()).unwrap().value()
    }

    pub fn signing(&self, kind: KeyKind, algorithm: Algorithm, hash: Option<Hash>) -> KeyHandle {
        let rule = hash.map_or(Rule::any(algorithm), |hash| Rule::hashed(algorithm, hash));
        self.key(kind, Usage::SIGN.and(Usage::VERIFY), rule)
    }
}

pub fn open(engine: &Engine) -> Session<'static> {
    engine.open_session(Subject::user(1), b"").expect("session")
}

/// SplitMix64: costs next to nothing, and is no secret to anybody. Bare operations draw their nonces and
/// blinding from it, so that a DRBG counts as the engine's overhead.
pub struct Cheap(pub u64);

impl Cheap {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl TryRng for Cheap {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Cheap {}
