//! Key agreement in groups: ECC CDH of SP 800-56A r3 (April 2018), section 5.7.1.2, each lane as ecdh.rs
//! does it alone, and then each lane's own key derivation.

use core::array;

use zeroize::Zeroizing;

use super::cast::{Cast, Check};
use super::ecdh::{FILE, MAX_Z, P256_AGREE, P384_AGREE};
use super::ecdsa::{Named, P256_FILE, P384_FILE};
use super::kdf;
use crate::boundary::backend::Lanes;
use crate::boundary::backend::ec_lanes::{Agreeing, Grouped};
use crate::boundary::backend::portable::ec::{P256, P384, PrivateKey, PublicKey};
use crate::boundary::batch::{Group, LANES, Yielding};
use crate::boundary::key::material_many;
use crate::boundary::tools::Tools;
use crate::error::{Error, Result, attempt};
use crate::kat;
use crate::policy::ops::Agree;
use crate::state::TestId;

// -- cells --

/// Each job's input is its peer's public key in SEC 1 form, validated as it is decoded (VAL-EC-2, decision 029).
pub(in crate::boundary) fn agree<C: Named + Grouped>(
    jobs: &mut Group<Yielding<'_, '_, Agree>>,
    tools: &mut Tools<'_>,
) {
    let mut zs = Zeroizing::new([[0; MAX_Z]; LANES]);
    let backends = tools.backends;
    let peers: Lanes<Result<PublicKey<C>>> =
        jobs.each_ref().map(|job| job.as_ref().map(|job| PublicKey::new(&backends, job.job.input)));
    let mut answers: [Result<()>; LANES] = [Err(Error::Corrupted); LANES];
    let permits = jobs.each_ref().map(|job| job.as_ref()?.job.permit().ok());
    material_many(permits, |materials| {
        let mut lanes: Lanes<Agreeing<'_, C>> = array::from_fn(|_| None);
        let places = lanes.iter_mut().zip(zs.iter_mut()).zip(&mut answers);
        for (((lane, z), answer), (peer, material)) in places.zip(peers.iter().zip(materials)) {
            let ready = attempt(move || {
                let peer = peer.as_ref().ok_or(Error::Corrupted)?.as_ref().map_err(|error| *error)?;
                let material = material.ok_or(Error::Corrupted)?;
                let key = C::private(material.prepared())?;
                Ok(Agreeing::new(
                    key,
                    material.secret(),
                    peer,
                    z.get_mut(..C::FIELD).ok_or(Error::Corrupted)?,
                ))
            });
            match ready {
                Ok(ready) => *lane = Some(ready),
                Err(error) => *answer = Err(error),
            }
        }
        C::agree_lanes(&tools.backends, &mut lanes);
        for (lane, answer) in lanes.iter().zip(&mut answers) {
            if let Some(lane) = lane {
                *answer = lane.agreed;
            }
        }
    });
    for (job, (z, answer)) in jobs.iter_mut().zip(zs.iter().zip(answers)) {
        if let Some(Yielding { job, secret, done }) = job {
            *done = answer.and_then(|()| {
                let z = z.get(..C::FIELD).ok_or(Error::Corrupted)?;
                kdf::agreed(job.params, z, secret.bytes_mut())
            });
        }
    }
}

// -- casts --

pub(in crate::boundary) static P256_AGREE_MANY: Cast = Cast {
    id: TestId(162),
    name: "ECDH-P256 batch",
    at_power_on: false,
    depends_on: &[&P256_AGREE],
    run: p256,
};
pub(in crate::boundary) static P384_AGREE_MANY: Cast = Cast {
    id: TestId(165),
    name: "ECDH-P384 batch",
    at_power_on: false,
    depends_on: &[&P384_AGREE],
    run: p384,
};

fn p256(check: &mut Check) -> Result<()> {
    static D: [u8; 32] = kat::hex(FILE, "p256_d");
    static Q: [u8; 65] = kat::hex(FILE, "p256_q");
    static Z: [u8; 32] = kat::hex(FILE, "p256_z");
    static OTHER_D: [u8; 32] = kat::hex(P256_FILE, "sign_d");
    static OTHER_Q: [u8; 65] = kat::hex(P256_FILE, "sign_q");
    agrees::<P256, 32>(check, [(&D, &Q, &Z), (&OTHER_D, &G256, x_of(&OTHER_Q)?)])
}

fn p384(check: &mut Check) -> Result<()> {
    static D: [u8; 48] = kat::hex(FILE, "p384_d");
    static Q: [u8; 97] = kat::hex(FILE, "p384_q");
    static Z: [u8; 48] = kat::hex(FILE, "p384_z");
    static OTHER_D: [u8; 48] = kat::hex(P384_FILE, "sign_d");
    static OTHER_Q: [u8; 97] = kat::hex(P384_FILE, "sign_q");
    agrees::<P384, 48>(check, [(&D, &Q, &Z), (&OTHER_D, &G384, x_of(&OTHER_Q)?)])
}

/// The base points, compressed (SP 800-186, 3.2.1.3 and 3.2.1.4). What d agrees on with one is the x coordinate
/// of d's own public key.
const G256: [u8; 33] = [
    0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
];
const G384: [u8; 49] = [
    0x03, 0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74,
    0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55,
    0x02, 0xf2, 0x5d, 0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
];

fn x_of(point: &[u8]) -> Result<&[u8]> {
    let coordinates = point.get(1..).ok_or(Error::Corrupted)?;
    coordinates.get(..coordinates.len() / 2).ok_or(Error::Corrupted)
}

/// Lanes that a self-test fills.
const TESTED: usize = 8;

/// Of two agreements (d, peer, z) neighbouring lanes have one each: an answer in the wrong lane is seen.
fn agrees<C: Grouped, const F: usize>(check: &mut Check, known: [(&[u8; F], &[u8], &[u8]); 2]) -> Result<()> {
    let [one, two] = &known;
    let (one_key, one_peer) =
        (PrivateKey::<C>::new(check.backends(), one.0)?, PublicKey::<C>::new(check.backends(), one.1)?);
    let (two_key, two_peer) =
        (PrivateKey::<C>::new(check.backends(), two.0)?, PublicKey::<C>::new(check.backends(), two.1)?);
    let mut zs = Zeroizing::new([[0; F]; TESTED]);
    let mut each = zs.iter_mut().enumerate();
    let mut lanes: Lanes<Agreeing<'_, C>> = array::from_fn(|_| {
        let (lane, z) = each.next()?;
        Some(match lane.is_multiple_of(2) {
            true => Agreeing::new(&one_key, one.0, &one_peer, z),
            false => Agreeing::new(&two_key, two.0, &two_peer, z),
        })
    });
    C::agree_lanes(check.backends(), &mut lanes);
    lanes.iter().flatten().try_for_each(|lane| lane.agreed)?;
    for (z, stored) in zs.iter_mut().zip([one.2, two.2].into_iter().cycle()) {
        check.equal(z, stored)?;
    }
    Ok(())
}
