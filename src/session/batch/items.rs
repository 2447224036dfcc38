//! The items of batches: what a single call takes, and a place for its answer.

use super::Item;
use crate::algorithm::{Algorithm, Params};
use crate::attributes::Attributes;
use crate::error::{Error, Result};
use crate::handle::KeyHandle;
use crate::session::UnwrapAs;
use crate::state::Outcome;

/// Before a batch has run, an item's answer is that nothing has served it.
const NOT_SERVED: Error = Error::NotOperational;

/// One signature of a [`sign_batch`](crate::Session::sign_batch).
#[derive(Debug)]
pub struct SignItem<'a> {
    /// The private key.
    pub key: KeyHandle,
    /// The scheme; neighbours of one scheme run together.
    pub algorithm: Algorithm,
    /// Its parameters.
    pub params: Params<'a>,
    /// What is signed, hashed inside.
    pub message: &'a [u8],
    /// Where the signature goes.
    pub out: &'a mut [u8],
    /// Written by the engine: the length of the signature, with this item's indicator.
    pub result: Result<Outcome<usize>>,
}

/// One signature of a [`verify_batch`](crate::Session::verify_batch).
#[derive(Debug)]
pub struct VerifyItem<'a> {
    /// The private or public key.
    pub key: KeyHandle,
    /// The scheme; neighbours of one scheme run together.
    pub algorithm: Algorithm,
    /// Its parameters.
    pub params: Params<'a>,
    /// What was signed, hashed inside.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// Written by the engine: `Rejected` for a bad signature.
    pub result: Result<Outcome<()>>,
}

/// One key of an [`agree_batch`](crate::Session::agree_batch).
#[derive(Debug)]
pub struct AgreeItem<'a> {
    /// The private key.
    pub own: KeyHandle,
    /// The scheme; neighbours of one scheme run together.
    pub algorithm: Algorithm,
    /// Its parameters, with the derivation that follows.
    pub params: Params<'a>,
    /// The other side's public key, a point in SEC 1 form.
    pub peer: &'a [u8],
    /// What the new key is to be.
    pub template: &'a Attributes,
    /// Written by the engine: the new key.
    pub result: Result<Outcome<KeyHandle>>,
}

/// One key of a [`generate_batch`](crate::Session::generate_batch).
#[derive(Debug)]
pub struct GenerateItem<'a> {
    /// What the new key is to be.
    pub template: &'a Attributes,
    /// Written by the engine: the new key.
    pub result: Result<Outcome<KeyHandle>>,
}

/// One key of a [`wrap_batch`](crate::Session::wrap_batch).
#[derive(Debug)]
pub struct WrapItem<'a> {
    /// The key that wraps.
    pub kek: KeyHandle,
    /// How it wraps.
    pub algorithm: Algorithm,
    /// Parameters of the wrapping.
    pub params: Params<'a>,
    /// The key that is wrapped.
    pub payload: KeyHandle,
    /// Where the blob goes.
    pub out: &'a mut [u8],
    /// Written by the engine: the length of the blob.
    pub result: Result<Outcome<usize>>,
}

/// One blob of an [`unwrap_batch`](crate::Session::unwrap_batch).
#[derive(Debug)]
pub struct UnwrapItem<'a> {
    /// The key that unwraps.
    pub kek: KeyHandle,
    /// How the blob was wrapped.
    pub algorithm: Algorithm,
    /// Parameters of the wrapping.
    pub params: Params<'a>,
    /// The blob.
    pub blob: &'a [u8],
    /// What the blob is, and what the new key may be.
    pub form: UnwrapAs<'a>,
    /// Written by the engine: the new key.
    pub result: Result<Outcome<KeyHandle>>,
}

impl<'a> SignItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub fn new(
        key: KeyHandle,
        algorithm: Algorithm,
        params: Params<'a>,
        message: &'a [u8],
        out: &'a mut [u8],
    ) -> Self {
        Self { key, algorithm, params, message, out, result: Err(NOT_SERVED) }
    }
}

impl<'a> VerifyItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub const fn new(
        key: KeyHandle,
        algorithm: Algorithm,
        params: Params<'a>,
        message: &'a [u8],
        signature: &'a [u8],
    ) -> Self {
        Self { key, algorithm, params, message, signature, result: Err(NOT_SERVED) }
    }
}

impl<'a> AgreeItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub const fn new(
        own: KeyHandle,
        algorithm: Algorithm,
        params: Params<'a>,
        peer: &'a [u8],
        template: &'a Attributes,
    ) -> Self {
        Self { own, algorithm, params, peer, template, result: Err(NOT_SERVED) }
    }
}

impl<'a> GenerateItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub const fn new(template: &'a Attributes) -> Self {
        Self { template, result: Err(NOT_SERVED) }
    }
}

impl<'a> WrapItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub fn new(
        kek: KeyHandle,
        algorithm: Algorithm,
        params: Params<'a>,
        payload: KeyHandle,
        out: &'a mut [u8],
    ) -> Self {
        Self { kek, algorithm, params, payload, out, result: Err(NOT_SERVED) }
    }
}

impl<'a> UnwrapItem<'a> {
    /// An item that has not been served yet.
    #[must_use]
    pub const fn new(
        kek: KeyHandle,
        algorithm: Algorithm,
        params: Params<'a>,
        blob: &'a [u8],
        form: UnwrapAs<'a>,
    ) -> Self {
        Self { kek, algorithm, params, blob, form, result: Err(NOT_SERVED) }
    }
}

macro_rules! items {
    ($($item:ident: $value:ty),*) => {
        $(impl Item for $item<'_> {
            type Value = $value;

            fn result(&mut self) -> &mut Result<Outcome<$value>> {
                &mut self.result
            }
        })*
    };
}

items!(
    SignItem: usize, VerifyItem: (), AgreeItem: KeyHandle,
    GenerateItem: KeyHandle, WrapItem: usize, UnwrapItem: KeyHandle
);
