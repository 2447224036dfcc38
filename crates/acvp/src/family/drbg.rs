//! ctrDRBG with AES-256 and the derivation function, and hmacDRBG with SHA-512, over given entropy: the engine's
//! own is never given.

use serde_json::Value;
use strongroom::lab::raw::{CtrDrbgUnderTest, HmacDrbgUnderTest};

use super::test_type;
use crate::fields::{Fault, Fields, Result, answer, hex, malformed, unsupported};
use crate::registry::Group;
use crate::rig::Rig;

/// A mechanism over given entropy.
trait UnderTest: Sized {
    fn instantiate(entropy: &[u8], nonce: &[u8], personalisation: &[u8]) -> strongroom::Result<Self>;
    fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> strongroom::Result<()>;
    fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> strongroom::Result<()>;
}

macro_rules! under_test {
    ($($mechanism:ident)*) => {$(
        impl UnderTest for $mechanism {
            fn instantiate(entropy: &[u8], nonce: &[u8], personalisation: &[u8]) -> strongroom::Result<Self> {
                Self::instantiate(entropy, nonce, personalisation)
            }

            fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> strongroom::Result<()> {
                self.reseed(entropy, additional)
            }

            fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> strongroom::Result<()> {
                self.generate(out, additional)
            }
        }
    )*};
}

under_test!(CtrDrbgUnderTest HmacDrbgUnderTest);

pub(crate) fn ctr<'r>(_rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let mode = group.text("mode")?;
    if mode != "AES-256" {
        return unsupported(format!("CTR_DRBG of {mode}"));
    }
    if !group.flag_or("derFunc", true)? {
        return unsupported("no derivation function");
    }
    run::<CtrDrbgUnderTest>(group)
}

pub(crate) fn hmac<'r>(_rig: &'r Rig, _set: Fields<'_>, group: Fields<'_>) -> Result<Group<'r>> {
    let mode = group.text("mode")?;
    if mode != "SHA2-512" {
        return unsupported(format!("HMAC_DRBG of {mode}"));
    }
    run::<HmacDrbgUnderTest>(group)
}

fn run<'r, M: UnderTest>(group: Fields<'_>) -> Result<Group<'r>> {
    test_type(group, &["AFT"])?;
    let resists = group.flag_or("predResistance", false)?;
    let len = group.whole_bytes("returnedBitsLen")?;
    Ok(Group::of(move |test| {
        let (entropy, nonce) = (test.hex("entropyInput")?, test.hex("nonce")?);
        let made = M::instantiate(&entropy, &nonce, &test.hex_or_empty("persoString")?);
        let mut drbg = made.map_err(too_short)?;
        let mut out = None;
        for step in test.list("otherInput")? {
            let step = Fields::of(step, "an entry of `otherInput`")?;
            let (entropy, additional) =
                (step.hex_or_empty("entropyInput")?, step.hex_or_empty("additionalInput")?);
            match step.text("intendedUse")? {
                "reSeed" => drbg.reseed(&entropy, &additional).map_err(too_short)?,
                "generate" => {
                    let mut bytes = vec![0; len];
                    // Section 9.3.1: prediction resistance reseeds, and the additional input goes in there.
                    if resists {
                        drbg.reseed(&entropy, &additional).map_err(too_short)?;
                        drbg.generate(&mut bytes, &[])?;
                    } else {
                        drbg.generate(&mut bytes, &additional)?;
                    }
                    out = Some(bytes);
                }
                other => return malformed(format!("intendedUse {other:?}")),
            }
        }
        let bits: Option<Value> = out.as_deref().map(hex);
        bits.map_or_else(|| malformed("nothing is generated"), |bits| Ok(answer([("returnedBits", bits)])))
    }))
}

fn too_short(error: strongroom::Error) -> Fault {
    match error {
        strongroom::Error::InvalidArgument => {
            Fault::Unsupported("entropy, nonces or strings of lengths that the engine refuses".into())
        }
        other => other.into(),
    }
}
