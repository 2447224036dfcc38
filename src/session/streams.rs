//! Multi-part operations. A context is a number: handle, generation and running state lie in the
//! session's cell, are wiped when the key is destroyed or narrowed, and hold no permit. The start checks
//! what can be checked; the end goes through the whole doorway again, and is what is charged.

use super::cell::{OwnedParams, Purpose};
use super::{Session, stage};
use crate::admit::admit;
use crate::algorithm::{Algorithm, Hash, Params};
use crate::boundary::stream::Running;
use crate::boundary::table::{self, Streaming};
use crate::error::{Error, Result};
use crate::handle::KeyHandle;
use crate::outcome::Encrypted;
use crate::policy::ops::{Decrypt, Digest, Encrypt, Mac, Op, Sign, Verify, VerifyMac};
use crate::policy::{Request, Target};
use crate::state::Outcome;
use crate::store::Store;
use crate::store::backing::Hold;

/// The end of an operation that makes output. The context is taken only once the buffer is known to be
/// large enough; after that it is gone, whatever happens.
macro_rules! finish {
    ($self:ident, $handle:ident, $op:ident, $len:ident, $out:ident,
     |$row:ident, $permit:ident, $params:ident, $tools:ident, $running:ident, $staged:ident| $body:expr) => {{
        let core = &*$self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = $self.lock()?;
            let cell = locked.cell()?;
            let open = cell.contexts.get($handle.0, Purpose::$op)?;
            let key = open.key.ok_or(Error::InvalidArgument)?;
            let $row = table::row(open.algorithm)?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            let attributes = &pinned.header().attributes;
            let needed = ($row.$len)(attributes, &open.params.as_params(), open.running.len());
            let mut staged = stage($out, needed)?;
            let $staged = &mut staged;
            let done = cell.contexts.take($handle.0)?;
            let $params = done.params.as_params();
            let $running = done.running;
            let request = core.request(cell.subject, $row.algorithm, &$params, $running.len());
            let $permit = admit::<$op, S>(core, pass, $row, &request, Target::Key(pinned))?;
            let indicator = $permit.evidence().indicator();
            #[allow(unused_mut)] // a MAC needs no tools
            let mut $tools = core.tools(&mut cell.generators);
            $body?;
            core.module.release(staged, indicator)
        })())
    }};
}

/// The end of an operation that judges.
macro_rules! judge {
    ($self:ident, $handle:ident, $op:ident,
     |$row:ident, $permit:ident, $params:ident, $running:ident| $body:expr) => {{
        let core = &*$self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = $self.lock()?;
            let cell = locked.cell()?;
            cell.contexts.get($handle.0, Purpose::$op)?;
            let done = cell.contexts.take($handle.0)?;
            let key = done.key.ok_or(Error::InvalidArgument)?;
            let $row = table::row(done.algorithm)?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            let $params = done.params.as_params();
            let $running = done.running;
            let request = core.request(cell.subject, $row.algorithm, &$params, $running.len());
            let $permit = admit::<$op, S>(core, pass, $row, &request, Target::Key(pinned))?;
            let indicator = $permit.evidence().indicator();
            $body?;
            core.module.release_value((), indicator)
        })())
    }};
}

/// An open multi-part operation of one session.
#[derive(Debug)]
#[must_use]
pub struct Context(u32);

impl<S: Store> Session<'_, S> {
    /// Starts to sign a message in pieces. Algorithms that read the message twice (Ed25519, SLH-DSA) have no
    /// multi-part form.
    ///
    /// # Errors
    /// As `sign`; `Unsupported` for one-shot algorithms; `NoSpace` when all contexts are open.
    pub fn sign_start(&self, key: KeyHandle, algorithm: Algorithm, params: &Params<'_>) -> Result<Context> {
        self.start::<Sign>(Purpose::Sign, key, algorithm, params)
    }

    /// Starts to verify a signature over a message in pieces.
    ///
    /// # Errors
    /// As `verify`; `Unsupported` for one-shot algorithms; `NoSpace` when all contexts are open.
    pub fn verify_start(&self, key: KeyHandle, algorithm: Algorithm, params: &Params<'_>) -> Result<Context> {
        self.start::<Verify>(Purpose::Verify, key, algorithm, params)
    }

    /// Starts a message authentication code over a message in pieces.
    ///
    /// # Errors
    /// As `mac`; `NoSpace` when all contexts are open.
    pub fn mac_start(&self, key: KeyHandle, algorithm: Algorithm, params: &Params<'_>) -> Result<Context> {
        self.start::<Mac>(Purpose::Mac, key, algorithm, params)
    }

    /// Starts to verify a message authentication code over a message in pieces.
    ///
    /// # Errors
    /// As `verify_mac`; `NoSpace` when all contexts are open.
    pub fn verify_mac_start(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
    ) -> Result<Context> {
        self.start::<VerifyMac>(Purpose::VerifyMac, key, algorithm, params)
    }

    /// Starts to encrypt in pieces. The input is kept, up to the engine's limit, and encrypted at the end.
    ///
    /// # Errors
    /// As `encrypt`; `NoSpace` when all contexts are open; `Unsupported` without a heap.
    pub fn encrypt_start(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
    ) -> Result<Context> {
        self.start::<Encrypt>(Purpose::Encrypt, key, algorithm, params)
    }

    /// Starts to decrypt in pieces. Nothing is released before the tag is checked: the input is kept, up
    /// to the engine's limit.
    ///
    /// # Errors
    /// As `decrypt`; `NoSpace` when all contexts are open; `Unsupported` without a heap.
    pub fn decrypt_start(
        &self,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
    ) -> Result<Context> {
        self.start::<Decrypt>(Purpose::Decrypt, key, algorithm, params)
    }

    /// Starts a digest over a message in pieces.
    ///
    /// # Errors
    /// `NoSpace` when all contexts are open.
    pub fn digest_start(&self, hash: Hash) -> Result<Context> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(hash.algorithm())?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let params = Params::with_hash(hash);
            let request = core.request(cell.subject, row.algorithm, &params, 0);
            let _permit = admit::<Digest, S>(core, pass, row, &request, Target::Keyless)?;
            let owned = OwnedParams::new(&params)?;
            let serial =
                cell.contexts.open(Purpose::Digest, row.algorithm, None, owned, || Running::hash(hash))?;
            Ok(Context(serial))
        })())
    }

    /// Takes in the next piece.
    ///
    /// # Errors
    /// `InvalidArgument` when the context is gone (its key was destroyed or narrowed, or the session is
    /// another); `LimitReached` past the limit of buffered operations: the context is gone then.
    pub fn update(&self, context: &Context, data: &[u8]) -> Result<()> {
        let core = &*self.core;
        core.notice((|| {
            let _pass = core.enter()?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let updated = cell.contexts.get_mut(context.0)?.running.update(data);
            if updated.is_err() {
                drop(cell.contexts.take(context.0)?);
            }
            updated
        })())
    }

    /// Drops a context and wipes its state.
    ///
    /// # Errors
    /// `InvalidArgument` when it is gone already.
    pub fn cancel(&self, context: Context) -> Result<()> {
        let mut locked = self.lock()?;
        drop(locked.cell()?.contexts.take(context.0)?);
        Ok(())
    }

    /// Ends a multi-part signature; answers its length. When `out` is too small the context stays.
    ///
    /// # Errors
    /// As `sign`; `InvalidArgument` when the context is gone or is none of `sign_start`.
    pub fn sign_finish(&self, context: &Context, out: &mut [u8]) -> Result<Outcome<usize>> {
        finish!(self, context, Sign, applied_len, out, |row, permit, params, tools, running, staged| {
            let run = row.sign_hashed.ok_or(Error::Unsupported)?;
            let params = running.left_of(params);
            running.digest(|digest| run(permit, &params, &mut tools, digest, staged))
        })
        .map(|outcome| outcome.map(|written| written.len))
    }

    /// Ends a multi-part MAC; answers its length. When `out` is too small the context stays.
    ///
    /// # Errors
    /// As `mac`; `InvalidArgument` when the context is gone or is none of `mac_start`.
    pub fn mac_finish(&self, context: &Context, out: &mut [u8]) -> Result<Outcome<usize>> {
        finish!(self, context, Mac, applied_len, out, |_row, permit, params, _tools, running, staged| {
            running.finish_mac(permit, &params, staged)
        })
        .map(|outcome| outcome.map(|written| written.len))
    }

    /// Ends a multi-part encryption. When `out` is too small the context stays.
    ///
    /// # Errors
    /// As `encrypt`; `InvalidArgument` when the context is gone or is none of `encrypt_start`.
    #[cfg(feature = "alloc")]
    pub fn encrypt_finish(&self, context: &Context, out: &mut [u8]) -> Result<Outcome<Encrypted>> {
        finish!(self, context, Encrypt, applied_len, out, |row, permit, params, tools, running, staged| {
            let run = row.encrypt.ok_or(Error::Unsupported)?;
            run(permit, &params, &mut tools, running.buffered()?, staged)
        })
    }

    /// Ends a multi-part decryption; answers the length of the plaintext. When `out` is too small the
    /// context stays.
    ///
    /// # Errors
    /// As `decrypt`; `InvalidArgument` when the context is gone or is none of `decrypt_start`.
    #[cfg(feature = "alloc")]
    pub fn decrypt_finish(&self, context: &Context, out: &mut [u8]) -> Result<Outcome<usize>> {
        finish!(self, context, Decrypt, opened_len, out, |row, permit, params, tools, running, staged| {
            let run = row.decrypt.ok_or(Error::Unsupported)?;
            run(permit, &params, &mut tools, running.buffered()?, staged)
        })
        .map(|outcome| outcome.map(|written| written.len))
    }

    /// Ends a multi-part verification.
    ///
    /// # Errors
    /// As `verify`; `InvalidArgument` when the context is gone or is none of `verify_start`.
    pub fn verify_finish(&self, context: &Context, signature: &[u8]) -> Result<Outcome<()>> {
        judge!(self, context, Verify, |row, permit, params, running| {
            let run = row.verify_digest.ok_or(Error::Unsupported)?;
            let params = running.left_of(params);
            running.digest(|digest| run(permit, &params, digest, signature))
        })
    }

    /// Ends a multi-part MAC verification.
    ///
    /// # Errors
    /// As `verify_mac`; `InvalidArgument` when the context is gone or is none of `verify_mac_start`.
    pub fn verify_mac_finish(&self, context: &Context, tag: &[u8]) -> Result<Outcome<()>> {
        judge!(self, context, VerifyMac, |_row, permit, params, running| {
            running.verify_mac(permit, &params, tag)
        })
    }

    /// Ends a multi-part digest; answers its length. When `out` is too small the context stays.
    ///
    /// # Errors
    /// `InvalidArgument` when the context is gone or is none of `digest_start`; `BufferTooSmall`.
    pub fn digest_finish(&self, context: &Context, out: &mut [u8]) -> Result<Outcome<usize>> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let open = cell.contexts.get(context.0, Purpose::Digest)?;
            let row = table::row(open.algorithm)?;
            let needed = open.params.as_params().hash.map(Hash::output_len);
            let mut staged = stage(out, needed)?;
            let done = cell.contexts.take(context.0)?;
            let params = done.params.as_params();
            let request = core.request(cell.subject, row.algorithm, &params, 0);
            let permit = admit::<Digest, S>(core, pass, row, &request, Target::Keyless)?;
            done.running.digest(|digest| {
                staged.claim(digest.len())?.copy_from_slice(digest);
                Ok(())
            })?;
            let outcome = core.module.release(staged, permit.evidence().indicator())?;
            Ok(outcome.map(|written| written.len))
        })())
    }

    fn start<O: Op>(
        &self,
        purpose: Purpose,
        key: KeyHandle,
        algorithm: Algorithm,
        params: &Params<'_>,
    ) -> Result<Context> {
        let core = &*self.core;
        core.notice((|| {
            let pass = core.enter()?;
            let row = table::row(algorithm)?;
            let mut locked = self.lock()?;
            let cell = locked.cell()?;
            let owned = OwnedParams::new(params)?;
            let held = core.store.hold(&mut cell.pins, key)?;
            let pinned = held.pinned(core.keeper())?;
            // A digest made outside has no pieces; the length of what is to come is not known yet.
            let request = Request { spends: false, ..core.request(cell.subject, algorithm, params, 0) };
            let permit = admit::<O, S>(core, pass, row, &request, Target::Key(pinned))?;
            let start = || match row.stream {
                Streaming::OneShot => Err(Error::Unsupported),
                Streaming::Hashed => Running::hash(params.hash.ok_or(Error::InvalidArgument)?),
                #[cfg(feature = "ml-dsa")]
                Streaming::Mu => Running::mu(&permit, params),
                Streaming::Maced => Running::mac(&permit),
                #[cfg(feature = "alloc")]
                Streaming::Buffered => Ok(Running::buffer(core.stream_limit)),
                #[cfg(not(feature = "alloc"))]
                Streaming::Buffered => Err(Error::Unsupported),
            };
            let serial = cell.contexts.open(purpose, algorithm, Some(key), owned, start)?;
            Ok(Context(serial))
        })())
    }
}
