//! The operations as types. Sealed: a new one is a decision of policy, made here.

use super::Role;
use crate::attributes::Usage;

mod sealed {
    pub(crate) trait Sealed {}
}

/// What policy must know of an operation.
pub(crate) trait Op: sealed::Sealed {
    #[cfg(test)]
    const NAME: &'static str;
    /// The usage a key must hold; none for operations that every key allows its user.
    const USAGE: Usage;
    /// Roles that may ask at all.
    const ROLES: &'static [Role];
    /// Roles that may ask whoever owns the key.
    const IGNORES_OWNER: &'static [Role] = &[];
    /// Applies protection: refused after the key's period and below the least strength.
    const PROTECTS: bool = false;
    /// Removes or checks protection: takes the IV that the protecting operation returned.
    const OPENS: bool = false;
    /// Uses the secret: counted when the key has a use limit.
    const USES_SECRET: bool = false;
    /// Makes an IV under the key: counted where the algorithm's IVs are.
    const MAKES_IV: bool = false;
    /// Input is a digest that was made outside.
    const TAKES_DIGEST: bool = false;
}

const NOBODY: &[Role] = &[];
const USER: &[Role] = &[Role::User];
const OFFICER: &[Role] = &[Role::Officer];
const BOTH: &[Role] = &[Role::User, Role::Officer];

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident($name:literal, $usage:expr, $roles:expr) { $($fact:ident = $value:expr),* $(,)? })*) => {
        $(
            $(#[$doc])*
            pub(crate) enum $op {}
            impl sealed::Sealed for $op {}
            impl Op for $op {
                #[cfg(test)]
                const NAME: &'static str = $name;
                const USAGE: Usage = $usage;
                const ROLES: &'static [Role] = $roles;
                $(const $fact: fact_type!($fact) = $value;)*
            }
        )*

        /// Calls a visitor for every operation: the matrix test and the documents use it.
        #[cfg(test)]
        pub(crate) trait Visitor {
            fn visit<O: Op>(&mut self);
        }

        /// Visits every operation once.
        #[cfg(test)]
        pub(crate) fn visit_all(visitor: &mut impl Visitor) {
            $(visitor.visit::<$op>();)*
        }
    };
}

macro_rules! fact_type {
    (IGNORES_OWNER) => { &'static [Role] };
    ($flag:ident) => { bool };
}

ops! {
    /// A key pair or secret key is made.
    Generate("generate", Usage::NONE, BOTH) {}
    /// A key comes in: unwrapped, imported (public) or copied.
    Create("create", Usage::NONE, BOTH) {}
    /// Sign a message.
    Sign("sign", Usage::SIGN, USER) { PROTECTS = true, USES_SECRET = true }
    /// Sign a digest made outside.
    SignDigest("sign-digest", Usage::SIGN_DIGEST, USER) { PROTECTS = true, USES_SECRET = true, TAKES_DIGEST = true }
    /// Verify a signature.
    Verify("verify", Usage::VERIFY, USER) { OPENS = true }
    /// Encrypt.
    Encrypt("encrypt", Usage::ENCRYPT, USER) { PROTECTS = true, USES_SECRET = true, MAKES_IV = true }
    /// Decrypt.
    Decrypt("decrypt", Usage::DECRYPT, USER) { OPENS = true, USES_SECRET = true }
    /// Make a MAC.
    Mac("mac", Usage::MAC, USER) { PROTECTS = true, USES_SECRET = true }
    /// Verify a MAC.
    VerifyMac("verify-mac", Usage::VERIFY_MAC, USER) { OPENS = true, USES_SECRET = true }
    /// Wrap another key.
    Wrap("wrap", Usage::WRAP, BOTH) { PROTECTS = true, USES_SECRET = true, MAKES_IV = true }
    /// Leave under another key. Decided together with `Wrap`: no role can ask for it alone.
    Export("export", Usage::NONE, NOBODY) {}
    /// Unwrap a key.
    Unwrap("unwrap", Usage::UNWRAP, BOTH) { OPENS = true, USES_SECRET = true }
    /// Derive a key from a key.
    Derive("derive", Usage::DERIVE, USER) { PROTECTS = true, USES_SECRET = true }
    /// Derive a key from a password.
    Stretch("stretch", Usage::NONE, USER) { PROTECTS = true }
    /// Agree on a key with the holder of another pair.
    Agree("agree", Usage::AGREE, USER) { PROTECTS = true, USES_SECRET = true }
    /// Make a key and its encapsulation under a public key.
    Encapsulate("encapsulate", Usage::ENCAPSULATE, USER) { PROTECTS = true }
    /// Open an encapsulation.
    Decapsulate("decapsulate", Usage::DECAPSULATE, USER) { OPENS = true, USES_SECRET = true }
    /// Digest without a key.
    Digest("digest", Usage::NONE, BOTH) {}
    /// Random numbers.
    Random("random", Usage::NONE, BOTH) {}
    /// Read attributes or the public half.
    Inspect("inspect", Usage::NONE, BOTH) { IGNORES_OWNER = OFFICER }
    /// Make a narrower copy.
    Copy("copy", Usage::NONE, USER) {}
    /// Narrow the rights of a live key.
    Restrict("restrict", Usage::NONE, BOTH) { IGNORES_OWNER = OFFICER }
    /// Destroy a key.
    Destroy("destroy", Usage::NONE, BOTH) { IGNORES_OWNER = OFFICER }
}
