//! Signing, encryption, MACs, digests and random numbers, on whole messages.

use super::info::Operation;
use super::{Session, stage};
use crate::admit::{self, admit};
use crate::algorithm::{Algorithm, Hash, Params, Xof};
use crate::boundary::{public, table};
use crate::error::{Error, Result};
use crate::handle::KeyHandle;
use crate::outcome::Encrypted;
use crate::policy::Target;
use crate::policy::ops::{
    Decrypt, Digest, Encrypt, Inspect, Mac, Random, Sign, SignDigest, Verify, VerifyMac,
};
use crate::state::Outcome;
use crate::store::Store;
use crate::store::backing::Hold;

/// Longest input of one call, in bytes. AES-GCM's own limit is 2^36 - 32 (GCM-5).
const MAX_INPUT: u64 = (1 << 36) - 32;

/// One service that makes output: the doorway as written in the architecture.
macro_rules! make {
    ($self:ident, $op:ty, $cell:ident, $len:ident, $key:ident, $algorithm:ident, $params:ident, $input:ident, $out:ident) => {{
        let core = &*$self.core;
        core.notice((|| {
            let pass = core.enter()?; // 1 the module may serve
            bounded($input)?;
            let row = table::row($algorithm)?;
            let run = row.$cell.ok_or(Error::Unsupported)?;
            let mut locked = $self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, $key)?; // 2 live handle
            let pinned = held.pinned(core.keeper())?; // 3 record intact
            let needed = (row.$len)(&pinned.header().attributes, $params, $input.len());
            let mut staged = stage($out, needed)?;
            let request = core.request(cell.subject, $algorithm, $params, $input.len());
            let permit = admit::<$op, S>(core, pass, row, &request, Target::Key(pinned))?; // 4, 5, charge
            let indicator = permit.evidence().indicator();
            let mut tools = core.tools(&mut cell.generators);
            run(permit, $params, &mut tools, $input, &mut staged)?;
            core.module.release(staged, indicator) // state again
        })())
    }};
}

/// One service that judges.
macro_rules! judge {
    ($self:ident, $op:ty, $cell:ident, $key:ident, $algorithm:ident, $params:ident, $input:ident, $proof:ident) => {{
        let core = &*$self.core;
        core.notice((|| {
            let pass = core.enter()?;
            bounded($input)?;
            let row = table::row($algorithm)?;
            let run = row.$cell.ok_or(Error::Unsupported)?;
            let mut locked = $self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, $key)?;
            let pinned = held.pinned(core.keeper())?;
            let request = core.request(cell.subject, $algorithm, $params, $input.len());
            let permit = admit::<$op, S>(core, pass, row, &request, Target::Key(pinned))?;
            let indicator = permit.evidence().indicator();
            run(permit, $params, $input, $proof)?;
            core.module.release_value((), indicator)
        })())
    }};
}

impl<S: Store> Session<'_, S> {
    /// Signs a message, hashed inside, and writes the signature to `out`; answers its length. ECDSA
    /// signatures are `r || s`, fixed length, big-endian. FIPS 186-5 sections 5 to 7, FIPS 204 section 5,
    /// FIPS 205 section 10. SLH-DSA takes up to seconds, and cannot be stopped meanwhile.
    ///
    /// Role: user. Usage: `SIGN`.
    ///
    /// # Errors
    /// `NotPermitted`, `InvalidArgument`, `Unsupported`, `BufferTooSmall`, `LimitReached`.
    pub fn sign(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        make!(self, Sign, sign, applied_len, key, algorithm, params, message, out)
            .map(|outcome| outcome.map(|written| written.len))
    }

    /// Signs a digest that was made outside. Never an approved service, so the approved profile refuses
    /// it (ECDSA-4). Of ML-DSA the digest is mu (FIPS 204 section 6.2), 64 bytes, in which the context is.
    ///
    /// Role: user. Usage: `SIGN_DIGEST`.
    ///
    /// # Errors
    /// As [`sign`](Self::sign); `InvalidArgument` when `digest` is not as long as the hash.
    pub fn sign_digest(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        digest: &[u8],
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        make!(self, SignDigest, sign_digest, applied_len, key, algorithm, params, digest, out)
            .map(|outcome| outcome.map(|written| written.len))
    }

    /// Verifies a signature over a message.
    ///
    /// Role: user. Usage: `VERIFY`.
    ///
    /// # Errors
    /// `Rejected` for a bad signature, whatever is wrong with it; `NotPermitted`, `InvalidArgument`,
    /// `Unsupported`.
    pub fn verify(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<Outcome<()>> {
        judge!(self, Verify, verify, key, algorithm, params, message, signature)
    }

    /// Verifies a signature over a digest that was made outside; of ML-DSA, over a mu of 64 bytes.
    ///
    /// Role: user. Usage: `VERIFY`.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); `InvalidArgument` when `digest` is not as long as the hash.
    pub fn verify_digest(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<Outcome<()>> {
        let _pass = self.core.enter()?;
        if params.hash.is_some_and(|hash| hash.output_len() != digest.len()) {
            return Err(Error::InvalidArgument);
        }
        judge!(self, Verify, verify_digest, key, algorithm, params, digest, signature)
    }

    /// Encrypts: writes ciphertext and, of AES-GCM, the tag to `out`; answers their length and the IV made
    /// inside (SP 800-38D section 8.2, GCM-1; SP 800-38A appendices B and C, CBC-1, CTR-1).
    ///
    /// AES-CBC and AES-CTR do not authenticate: nobody notices a changed ciphertext. Take AES-GCM, or verify a
    /// MAC over IV and ciphertext, under another key, before decrypting.
    ///
    /// Role: user. Usage: `ENCRYPT`.
    ///
    /// # Errors
    /// `NotPermitted`, `InvalidArgument` (an IV in `params`, say, or a part of a block under AES-CBC),
    /// `BufferTooSmall`; `LimitReached` when the key has made all its IVs (GCM-3, CTR-1).
    pub fn encrypt(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<Outcome<Encrypted>> {
        make!(self, Encrypt, encrypt, applied_len, key, algorithm, params, plaintext, out)
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made; `params` carry its IV. Nothing is released before
    /// the tag is checked, of AES-GCM, or the padding, of AES-CBC-PKCS7; answers the length of the plaintext.
    /// Callers who let others see which inputs are `Rejected` by AES-CBC-PKCS7 give the plaintext away: see
    /// [`encrypt`](Self::encrypt).
    ///
    /// Role: user. Usage: `DECRYPT`.
    ///
    /// # Errors
    /// `Rejected` when the tag or the padding does not fit, or the length of the input; `NotPermitted`,
    /// `InvalidArgument`, `BufferTooSmall`.
    pub fn decrypt(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        make!(self, Decrypt, decrypt, opened_len, key, algorithm, params, ciphertext, out)
            .map(|outcome| outcome.map(|written| written.len))
    }

    /// Makes a message authentication code (HMAC, FIPS 198-1; AES-CMAC, SP 800-38B); answers its length.
    ///
    /// Role: user. Usage: `MAC`.
    ///
    /// # Errors
    /// `NotPermitted`, `InvalidArgument`, `Unsupported`, `BufferTooSmall`, `LimitReached`.
    pub fn mac(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Outcome<usize>> {
        make!(self, Mac, mac, applied_len, key, algorithm, params, message, out)
            .map(|outcome| outcome.map(|written| written.len))
    }

    /// Verifies a message authentication code, in constant time.
    ///
    /// Role: user. Usage: `VERIFY_MAC`.
    ///
    /// # Errors
    /// `Rejected` for a wrong code; `NotPermitted`, `InvalidArgument`, `Unsupported`.
    pub fn verify_mac(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
        message: &[u8],
        tag: &[u8],
    ) -> Result<Outcome<()>> {
        judge!(self, VerifyMac, verify_mac, key, algorithm, params, message, tag)
    }

    /// Digests a message (FIPS 180-4, FIPS 202); answers the length of the digest. Needs no key and any role.
    ///
    /// # Errors
    /// `BufferTooSmall`.
    pub fn digest(&self, hash: Hash, message: &[u8], out: &mut [u8]) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            bounded(message)?;
            let row = table::row(hash.algorithm())?;
            let run = row.digest.ok_or(Error::Unsupported)?;
            let params = Params::with_hash(hash);
            let mut staged = stage(out, Some(hash.output_len()))?;
            let subject = self.lock()?.cell()?.subject;
            let request = core.request(subject, row.algorithm, &params, message.len());
            let permit = admit::<Digest, S>(core, pass, row, &request, Target::Keyless)?;
            run(&params, message, &mut staged)?;
            let outcome = core.module.release(staged, permit.evidence().indicator())?;
            Ok(outcome.map(|written| written.len))
        })())
    }

    /// Fills the whole of `out` from SHAKE over a message (FIPS 202 section 6.2). Needs no key and any role.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty `out`.
    pub fn xof(&self, function: Xof, message: &[u8], out: &mut [u8]) -> Result<Outcome<()>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            bounded(message)?;
            let row = table::row(Algorithm::Shake)?;
            let run = row.xof.ok_or(Error::Unsupported)?;
            let len = out.len();
            if len == 0 {
                return Err(Error::InvalidArgument);
            }
            let mut staged = stage(out, Some(len))?;
            let subject = self.lock()?.cell()?.subject;
            let request = core.request(subject, row.algorithm, &Params::NONE, message.len());
            let permit = admit::<Digest, S>(core, pass, row, &request, Target::Keyless)?;
            run(function, message, len, &mut staged)?;
            let outcome = core.module.release(staged, permit.evidence().indicator())?;
            Ok(outcome.map(|_| ()))
        })())
    }

    /// Fills `out` with random bytes from the session's own DRBG (SP 800-90A r1), of the mechanism that the engine was
    /// built with. Any role.
    ///
    /// # Errors
    /// `EntropyFailed`.
    pub fn random(&self, out: &mut [u8]) -> Result<Outcome<()>> {
        self.draw(&[], false, out)
    }

    /// The same with additional input of at most 4096 bytes: it is mixed into the state and counted for nothing
    /// (SP 800-90A r1 section 8.7.2, DRBG-6). Any role.
    ///
    /// # Errors
    /// `InvalidArgument` for longer input; `EntropyFailed`.
    pub fn random_mixed(&self, additional: &[u8], out: &mut [u8]) -> Result<Outcome<()>> {
        self.draw(additional, false, out)
    }

    /// The same with prediction resistance: entropy that the source gives for this call goes in first (SP 800-90A
    /// r1 section 8.8, DRBG-5). Who knew the state before it knows nothing of the output. Any role.
    ///
    /// # Errors
    /// `Unsupported` when the source is not [live](crate::Entropy::is_live); as
    /// [`random_mixed`](Self::random_mixed).
    pub fn random_fresh(&self, additional: &[u8], out: &mut [u8]) -> Result<Outcome<()>> {
        self.draw(additional, true, out)
    }

    fn draw(&self, additional: &[u8], fresh: bool, out: &mut [u8]) -> Result<Outcome<()>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(core.drbg.mechanism.algorithm())?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let len = out.len();
            let mut staged = stage(out, Some(len))?;
            let request = core.request(cell.subject, row.algorithm, &Params::NONE, len);
            let permit = admit::<Random, S>(core, pass, row, &request, Target::Keyless)?;
            let mut tools = core.tools(&mut cell.generators);
            tools.random(additional, fresh, staged.claim(len)?)?;
            let outcome = core.module.release(staged, permit.evidence().indicator())?;
            Ok(outcome.map(|_| ()))
        })())
    }

    /// Writes the public half of a key to `out` as SubjectPublicKeyInfo in DER (RFC 5480, RFC 8410,
    /// RFC 8017, RFC 9935, RFC 9881, RFC 9909); answers its length.
    ///
    /// # Errors
    /// `NotPermitted` for a secret key; `BufferTooSmall`.
    pub fn public_key(&self, key: KeyHandle, out: &mut [u8]) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            let algorithm = super::keys::served_algorithm(&pinned.header().attributes)?;
            let request = core.request(cell.subject, algorithm, &Params::NONE, 0);
            let permit = admit::admit_management::<Inspect>(pass, &request, Target::Key(pinned))?;
            let indicator = permit.evidence().indicator();
            let mut staged = stage(out, Some(public::emitted_len(&permit)?))?;
            public::emit(permit, &mut staged)?;
            let outcome = core.module.release(staged, indicator)?;
            Ok(outcome.map(|written| written.len))
        })())
    }

    /// How many bytes an operation writes at most. Charges nothing and tells nothing that the key's
    /// attributes do not.
    ///
    /// # Errors
    /// `Unsupported` when the algorithm has no such operation; `InvalidArgument` when the parameters
    /// have no length.
    pub fn output_len(
        &self,
        key: KeyHandle,
        operation: Operation,
        algorithm: Algorithm,
        params: &Params<'_>,
        input_len: usize,
    ) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            let header = pinned.header();
            let request = core.request(cell.subject, algorithm, &Params::NONE, 0);
            let permit = admit::admit_management::<Inspect>(pass, &request, Target::Key(pinned))?;
            let (has, len) = match operation {
                Operation::Sign => (row.sign.is_some(), row.applied_len),
                Operation::Encrypt => (row.encrypt.is_some(), row.applied_len),
                Operation::Decrypt => (row.decrypt.is_some(), row.opened_len),
                Operation::Mac => (row.mac.is_some(), row.applied_len),
                Operation::Encapsulate => (row.encapsulate.is_some(), row.applied_len),
                Operation::PublicKey => {
                    let len = public::emitted_len(&permit)?;
                    return core.module.release_value(len, permit.evidence().indicator());
                }
            };
            if !has {
                return Err(Error::Unsupported);
            }
            let len = len(&header.attributes, params, input_len).ok_or(Error::InvalidArgument)?;
            core.module.release_value(len, permit.evidence().indicator())
        })())
    }
}

pub(super) fn bounded(input: &[u8]) -> Result<()> {
    match u64::try_from(input.len()) {
        Ok(len) if len <= MAX_INPUT => Ok(()),
        _ => Err(Error::InvalidArgument),
    }
}
