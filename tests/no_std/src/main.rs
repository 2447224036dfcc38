//! The engine on bare ground: no standard library; its own entry point, panic handler and (in the second
//! build) allocator. Of libc it uses `write` alone, so that a host can run it.
#![no_std]
#![no_main]

mod ground;

use strongroom::{
    Algorithm, Attributes, Engine, Entropy, EntropyClaim, EntropyFailure, Error, Export, Hash, KeyHandle,
    KeyKind, Outcome, Params, Restriction, Result, Rule, Session, SignItem, SlotTable, State, Subject, UnwrapAs, Usage,
    VerifyItem,
};

type Table = SlotTable<8, 128, 2>;

/// A source for this program alone: a linear congruential sequence is no entropy, and says so.
struct Sequence(u64);

impl Entropy for Sequence {
    fn claim(&self) -> EntropyClaim {
        EntropyClaim::Unassessed
    }

    fn fill(&mut self, out: &mut [u8]) -> core::result::Result<(), EntropyFailure> {
        for byte in out {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

const SHA256: Params<'static> = Params::with_hash(Hash::Sha256);

/// What must hold; otherwise the program says where and ends with 1.
macro_rules! hold {
    ($fact:expr) => {
        if !$fact {
            ground::print(concat!("FAILED: ", stringify!($fact), "\n"));
            return Err(Error::Corrupted);
        }
    };
}

pub(crate) fn run() -> Result<()> {
    // One entropy source for the life of the program.
    static mut SOURCE: Sequence = Sequence(0x5eed);
    // SAFETY: `run` is called once, by the entry point, and nothing else names SOURCE.
    let source: &'static mut dyn Entropy = unsafe {
        let only = &raw mut SOURCE;
        &mut *only
    };
    let engine = Engine::with_store(Table::new()).entropy_static(source).power_on()?;
    hold!(engine.status().state == State::Operational);
    ground::print("power-on\n");
    {
        let session = engine.open_session(Subject::user(7), b"")?;
        let p384 = Params::with_hash(Hash::Sha384);
        signs(&session, KeyKind::EcP256, Rule::hashed(Algorithm::EcdsaP256, Hash::Sha256), &SHA256)?;
        signs(&session, KeyKind::EcP384, Rule::hashed(Algorithm::EcdsaP384, Hash::Sha384), &p384)?;
        let p521 = Params::with_hash(Hash::Sha512);
        signs(&session, KeyKind::EcP521, Rule::hashed(Algorithm::EcdsaP521, Hash::Sha512), &p521)?;
        signs(&session, KeyKind::Ed25519, Rule::any(Algorithm::Ed25519), &Params::NONE)?;
        encrypts_and_macs(&session)?;
    }
    engine.self_test()?;
    ground::print("self-test\n");
    engine.zeroise();
    hold!(engine.status().state == State::Zeroised);
    let closed = engine.open_session(Subject::user(7), b"").err();
    hold!(closed == Some(Error::NotOperational));
    ground::print("zeroise\n");
    Ok(())
}

/// Generates a pair, signs, verifies; wraps it, destroys it, unwraps it, signs again.
fn signs(session: &Session<'_, Table>, kind: KeyKind, rule: Rule, params: &Params<'_>) -> Result<()> {
    let algorithm = rule.algorithm();
    let policy = Attributes::builder(kind)
        .usage(Usage::SIGN.and(Usage::VERIFY))
        .permit(rule)
        .export(Export::NATIVE)
        .build()?;
    let kek = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::WRAP.and(Usage::UNWRAP))
        .permit(Rule::any(Algorithm::NativeWrap))
        .build()?;
    let kek = session.generate(&kek)?.value();
    let key = session.generate(&policy)?.value();
    let old = sign_and_verify(session, key, algorithm, params)?;

    let mut blob = [0; 512];
    let len = session.wrap(kek, Algorithm::NativeWrap, &Params::NONE, key, &mut blob)?.value();
    let blob = blob.get_mut(..len).ok_or(Error::Corrupted)?;
    session.destroy(key)?.value();
    let gone = session.attributes(key).err();
    hold!(gone == Some(Error::UnknownKey));

    let limit = Restriction::none();
    let unwrap = |blob: &[u8]| {
        session.unwrap(kek, Algorithm::NativeWrap, &Params::NONE, blob, UnwrapAs::Native(&limit))
    };
    if let Some(last) = blob.last_mut() {
        *last ^= 1;
    }
    hold!(unwrap(blob).err() == Some(Error::Rejected));
    if let Some(last) = blob.last_mut() {
        *last ^= 1;
    }
    let back = unwrap(blob)?.value();
    session.verify(back, algorithm, params, b"message", old.as_bytes())?.value();
    sign_and_verify(session, back, algorithm, params)?;
    session.destroy(back)?.value();
    session.destroy(kek)?.value();
    ground::print(algorithm.name());
    ground::print("\n");
    Ok(())
}

struct Signature {
    bytes: [u8; 132],
    len: usize,
}

impl Signature {
    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

fn sign_and_verify(
    session: &Session<'_, Table>,
    key: KeyHandle,
    algorithm: Algorithm,
    params: &Params<'_>,
) -> Result<Signature> {
    let mut bytes = [0; 132];
    let len = session.sign(key, algorithm, params, b"message", &mut bytes)?.value();
    let signature = Signature { bytes, len };
    session.verify(key, algorithm, params, b"message", signature.as_bytes())?.value();
    let mut outs = [[0; 132]; 9];
    let mut items =
        outs.each_mut().map(|out| SignItem::new(key, algorithm, *params, b"message", out));
    session.sign_batch(&mut items)?;
    let lens = items.map(|item| item.result.map(Outcome::value));
    for (out, len) in outs.iter().zip(lens) {
        let made = out.get(..len?).ok_or(Error::Corrupted)?;
        let mut items = [
            VerifyItem::new(key, algorithm, *params, b"message", made),
            VerifyItem::new(key, algorithm, *params, b"massage", made),
        ];
        let all = session.verify_batch(&mut items);
        let [good, bad] = items.map(|item| item.result.map(drop));
        hold!(all == Err(Error::Rejected) && good == Ok(()) && bad == Err(Error::Rejected));
    }
    let other = session.verify(key, algorithm, params, b"massage", signature.as_bytes()).err();
    hold!(other == Some(Error::Rejected));
    Ok(signature)
}

fn encrypts_and_macs(session: &Session<'_, Table>) -> Result<()> {
    let aes = Attributes::builder(KeyKind::Aes256)
        .usage(Usage::ENCRYPT.and(Usage::DECRYPT))
        .permit(Rule::any(Algorithm::AesGcm))
        .build()?;
    let aes = session.generate(&aes)?.value();
    let (mut sealed, mut opened) = ([0; 32], [0; 16]);
    let made = session.encrypt(aes, Algorithm::AesGcm, &Params::NONE, b"sixteen bytes ok", &mut sealed)?;
    let iv = made.value().iv;
    let params = Params::NONE.iv(iv.as_bytes());
    session.decrypt(aes, Algorithm::AesGcm, &params, &sealed, &mut opened)?.value();
    hold!(&opened == b"sixteen bytes ok");

    let hmac = Attributes::builder(KeyKind::Hmac)
        .usage(Usage::MAC.and(Usage::VERIFY_MAC))
        .permit(Rule::hashed(Algorithm::Hmac, Hash::Sha256))
        .build()?;
    let hmac = session.generate(&hmac)?.value();
    let mut tag = [0; 32];
    let context = session.mac_start(hmac, Algorithm::Hmac, &SHA256)?;
    session.update(&context, b"mess")?;
    session.update(&context, b"age")?;
    session.mac_finish(&context, &mut tag)?.value();
    session.verify_mac(hmac, Algorithm::Hmac, &SHA256, b"message", &tag)?.value();
    ground::print("AES-GCM, HMAC\n");
    Ok(())
}
