//! Key agreement on P-256, P-384 and P-521: ECC CDH of SP 800-56A r3 (April 2018), section 5.7.1.2, and then a key
//! derivation of SP 800-56C r2. The shared secret never leaves (KAS-1).

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::ecdsa::Named;
use super::kdf;
use crate::algorithm::Params;
use crate::boundary::backend::portable::ec::{self, P256, P384, P521};
use crate::boundary::key::Permit;
use crate::boundary::prepared::Prepared;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result};
use crate::kat;
use crate::policy::ops::Agree;
use crate::state::TestId;
use crate::wire::spki::EcCurve;

/// Longest shared secret of the curves here.
pub(super) const MAX_Z: usize = EcCurve::MAX_FIELD;
/// Longest uncompressed point.
const MAX_POINT: usize = EcCurve::MAX_POINT;

// -- cells --

/// `peer` is the other side's public key in SEC 1 form, validated as it is decoded (VAL-EC-2, decision 029).
pub(in crate::boundary) fn agree<C: Named>(
    permit: Permit<'_, Agree>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    peer: &[u8],
    secret: &mut [u8],
) -> Result<()> {
    let peer = ec::PublicKey::<C>::new(&tools.backends, peer)?;
    let mut z = Zeroizing::new([0; MAX_Z]);
    let z = z.get_mut(..C::FIELD).ok_or(Error::Corrupted)?;
    permit.material(|material| C::private(material.prepared())?.agree(&peer, z))?;
    kdf::agreed(params, z, secret)
}

// -- raw --

/// SP 800-56A r3, 5.6.2.1.4 b: the public half is computed anew and compared.
pub(in crate::boundary) fn pairwise<C: Named>(prepared: &Prepared, tools: &mut Tools<'_>) -> Result<()> {
    tools.pairwise(C::PAIRWISE, |_, broken| {
        recomputes::<C>(C::private(prepared)?, C::public(prepared)?, broken)
    })
}

/// The test alone, on a key that stands by itself.
pub(super) fn recomputes<C: Named>(
    key: &ec::PrivateKey<C>,
    public: &ec::PublicKey<C>,
    broken: bool,
) -> Result<()> {
    let len = C::CURVE.point_len();
    let (mut stored, mut again) = ([0; MAX_POINT], [0; MAX_POINT]);
    let stored = stored.get_mut(..len).ok_or(Error::Corrupted)?;
    let again = again.get_mut(..len).ok_or(Error::Corrupted)?;
    public.bytes(stored)?;
    key.recompute(again)?;
    if let Some(first) = again.first_mut()
        && broken
    {
        *first ^= 1;
    }
    if stored == again { Ok(()) } else { Err(Error::Rejected) }
}

// -- casts --

pub(super) const FILE: &str = include_str!("../../../kat-vectors/cast/ecdh.txt");

pub(in crate::boundary) static P256_AGREE: Cast =
    Cast { id: TestId(35), name: "ECDH-P256", at_power_on: false, depends_on: &[], run: p256 };
pub(in crate::boundary) static P384_AGREE: Cast =
    Cast { id: TestId(36), name: "ECDH-P384", at_power_on: false, depends_on: &[], run: p384 };
pub(in crate::boundary) static P521_AGREE: Cast =
    Cast { id: TestId(99), name: "ECDH-P521", at_power_on: false, depends_on: &[], run: p521 };

fn p256(check: &mut Check) -> Result<()> {
    static D: [u8; 32] = kat::hex(FILE, "p256_d");
    static Q: [u8; 65] = kat::hex(FILE, "p256_q");
    static Z: [u8; 32] = kat::hex(FILE, "p256_z");
    let mut z = Zeroizing::new([0; 32]);
    known_answer::<P256>(check, &D, &Q, &mut *z, &Z)
}

fn p384(check: &mut Check) -> Result<()> {
    static D: [u8; 48] = kat::hex(FILE, "p384_d");
    static Q: [u8; 97] = kat::hex(FILE, "p384_q");
    static Z: [u8; 48] = kat::hex(FILE, "p384_z");
    let mut z = Zeroizing::new([0; 48]);
    known_answer::<P384>(check, &D, &Q, &mut *z, &Z)
}

fn p521(check: &mut Check) -> Result<()> {
    static D: [u8; 66] = kat::hex(FILE, "p521_d");
    static Q: [u8; 133] = kat::hex(FILE, "p521_q");
    static Z: [u8; 66] = kat::hex(FILE, "p521_z");
    let mut z = Zeroizing::new([0; 66]);
    known_answer::<P521>(check, &D, &Q, &mut *z, &Z)
}

fn known_answer<C: Named>(check: &mut Check, d: &[u8], q: &[u8], z: &mut [u8], stored: &[u8]) -> Result<()> {
    let backends = *check.backends();
    ec::PrivateKey::<C>::new(&backends, d)?.agree(&ec::PublicKey::<C>::new(&backends, q)?, z)?;
    check.equal(z, stored)
}
