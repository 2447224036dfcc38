//! The per-message secret number k of ECDSA from HMAC_DRBG (SP 800-90A rev. 1, 10.1.2), seeded in one of
//! two ways.
//!
//! * Deterministic: RFC 6979 (2013), 3.2, which is FIPS 186-5 (2023), A.3.3.
//! * Hedged (the default, ECDSA-2): the seed also has Z, fresh output of the approved DRBG, as in
//!   draft-irtf-cfrg-det-sigs-with-noise-05, "Hedged ECDSA". Z is the entropy input; the private key and
//!   the digest are the personalization string. A repeated Z does not repeat k for another message, and
//!   equal messages do not repeat a fault. Zero padding starts the private key on a hash block of its
//!   own, so that it is never compressed together with Z, which an attacker may know.
//!
//! The DRBG lives for one signature, so its reseed counter cannot come near a limit.

use crate::algorithm::Hash;
use crate::boundary::Wiped;
use crate::boundary::backend::portable::ec::bits2int;
use crate::boundary::drbg::hmac::Working;
use crate::error::{Error, Result};

/// Longest order: P-521.
const MAX_ORDER_LEN: usize = 66;
/// As much zero padding as any hash block can need.
const ZEROS: [u8; 128] = [0; 128];

/// The order n of a curve's base point.
pub(in crate::boundary) struct Order {
    /// len(n) in bits; P-521 is why it need not be a multiple of 8.
    bits: u32,
    /// n, big-endian, in ceil(bits / 8) bytes.
    bytes: &'static [u8],
}

impl Order {
    /// SP 800-186, 3.2.1.3.
    pub(in crate::boundary) const P256: Self = Self {
        bits: 256,
        bytes: &[
            0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ],
    };

    /// SP 800-186, 3.2.1.4.
    pub(in crate::boundary) const P384: Self = Self {
        bits: 384,
        bytes: &[
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
            0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
        ],
    };

    /// SP 800-186, 3.2.1.5.
    pub(in crate::boundary) const P521: Self = Self {
        bits: 521,
        bytes: &[
            0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
            0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
            0x64, 0x09,
        ],
    };

    /// SEC 2 version 2.0, 2.4.1.
    #[cfg(feature = "secp256k1")]
    pub(in crate::boundary) const SECP256K1: Self = Self {
        bits: 256,
        bytes: &[
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
            0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
        ],
    };

    /// n, big-endian.
    #[cfg(test)]
    pub(in crate::boundary) const fn number(&self) -> &'static [u8] {
        self.bytes
    }

    /// bits2octets of RFC 6979, 2.3.4: bits2int, then one conditional subtraction of n, which suffices
    /// because the integer is below 2^bits and n is above 2^(bits-1).
    fn bits2octets(&self, digest: &[u8], out: &mut [u8]) {
        bits2int(digest, self.bits, out);
        let mut borrow = 0;
        for (byte, n) in out.iter().rev().zip(self.bytes.iter().rev()) {
            (_, borrow) = subtract(*byte, *n, borrow);
        }
        let mask = borrow.wrapping_sub(1); // all ones when the integer is not below n
        let mut borrow = 0;
        for (byte, n) in out.iter_mut().rev().zip(self.bytes.iter().rev()) {
            (*byte, borrow) = subtract(*byte, *n & mask, borrow);
        }
    }
}

/// Candidates for k, one after the other, for one private key and one digest.
pub(in crate::boundary) struct NonceGenerator<'a> {
    order: &'a Order,
    working: Working,
    /// The update that follows every output is owed: it is made when another candidate is asked for. A generator that
    /// is not asked again is wiped with the signature.
    owes_update: bool,
}

impl<'a> NonceGenerator<'a> {
    /// Instantiates for private key `d` (as long as the order) and `digest` (made with `hash`).
    ///
    /// `z` is `None` for deterministic, or fresh random bytes, as many as the order has, for hedged.
    pub(in crate::boundary) fn new(
        hash: Hash,
        order: &'a Order,
        d: &[u8],
        digest: &[u8],
        z: Option<&[u8]>,
    ) -> Result<Self> {
        let len = order.bytes.len();
        if d.len() != len || digest.len() != hash.output_len() || z.is_some_and(|z| z.len() != len) {
            return Err(Error::InvalidArgument);
        }
        let mut reduced = Wiped::<MAX_ORDER_LEN>::new();
        let reduced = reduced.get_mut(..len).ok_or(Error::Unsupported)?;
        order.bits2octets(digest, reduced);

        let (z, after_z, after_d) = match z {
            None => (&[][..], &[][..], &[][..]),
            Some(z) => {
                let before_d = hash.output_len().saturating_add(1).saturating_add(z.len());
                (z, padding(hash, before_d)?, padding(hash, len)?)
            }
        };

        // RFC 6979, 3.2, steps b to g; SP 800-90A, 10.1.2.3.
        Ok(Self {
            order,
            working: Working::new(hash, &[z, after_z, d, after_d, reduced])?,
            owes_update: false,
        })
    }

    /// The next candidate, big-endian and as long as the order: RFC 6979, 3.2, step h; SP 800-90A,
    /// 10.1.2.5. It may be 0 or not below n: the signature function refuses it and asks for another.
    pub(in crate::boundary) fn next(&mut self, k: &mut [u8]) -> Result<()> {
        k.fill(0);
        if k.len() != self.order.bytes.len() {
            return Err(Error::InvalidArgument);
        }
        let mut t = Wiped::<MAX_ORDER_LEN>::new();
        let t = t.get_mut(..k.len()).ok_or(Error::Unsupported)?;
        if core::mem::replace(&mut self.owes_update, true) {
            self.working.update(&[&[]; 5])?;
        }
        self.working.fill(t)?;
        bits2int(t, self.order.bits, k);
        Ok(())
    }
}

/// The zeros that complete `written` bytes to whole blocks.
fn padding(hash: Hash, written: usize) -> Result<&'static [u8]> {
    let padded = written.checked_next_multiple_of(hash.block_len()).ok_or(Error::Unsupported)?;
    ZEROS.get(..padded.saturating_sub(written)).ok_or(Error::Unsupported)
}

/// a - b - borrow, with the borrow out; no branch on the operands.
fn subtract(a: u8, b: u8, borrow: u8) -> (u8, u8) {
    let wide = u16::from(a).wrapping_sub(u16::from(b)).wrapping_sub(u16::from(borrow));
    let [high, low] = wide.to_be_bytes();
    (low, high & 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

    extern crate std;

    use std::{vec, vec::Vec};

    use sha2::{Digest, Sha256, Sha384, Sha512};

    use super::*;
    use crate::boundary::backend::Backends;
    use crate::boundary::backend::portable::ec;

    /// A curve with the private key of RFC 6979, A.2.5 to A.2.7.
    #[derive(Clone, Copy)]
    struct Key {
        order: &'static Order,
        d: &'static str,
    }

    const P256: Key =
        Key { order: &Order::P256, d: "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721" };
    const P384: Key = Key {
        order: &Order::P384,
        d: "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8\
            96D5724E4C70A825F872C9EA60D2EDF5",
    };
    const P521: Key = Key {
        order: &Order::P521,
        d: "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C7085\
            5836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
    };

    /// r and s for these keys: RFC 6979, A.2.5 to A.2.7, confirmed with Python `cryptography` 48 (OpenSSL 4.0).
    #[rustfmt::skip]
    const SIGNATURES: [(Key, Hash, &str, &str, &str); 18] = [
        (P256, Hash::Sha256, "sample",
         "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
         "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        (P256, Hash::Sha384, "sample",
         "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
         "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954"),
        (P256, Hash::Sha512, "sample",
         "8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00",
         "2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE"),
        (P256, Hash::Sha256, "test",
         "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
         "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"),
        (P256, Hash::Sha384, "test",
         "83910E8B48BB0C74244EBDF7F07A1C5413D61472BD941EF3920E623FBCCEBEB6",
         "8DDBEC54CF8CD5874883841D712142A56A8D0F218F5003CB0296B6B509619F2C"),
        (P256, Hash::Sha512, "test",
         "461D93F31B6540894788FD206C07CFA0CC35F46FA3C91816FFF1040AD1581A04",
         "39AF9F15DE0DB8D97E72719C74820D304CE5226E32DEDAE67519E840D1194E55"),
        (P384, Hash::Sha256, "sample",
         "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD",
         "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0"),
        (P384, Hash::Sha384, "sample",
         "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
         "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"),
        (P384, Hash::Sha512, "sample",
         "ED0959D5880AB2D869AE7F6C2915C6D60F96507F9CB3E047C0046861DA4A799CFE30F35CC900056D7C99CD7882433709",
         "512C8CCEEE3890A84058CE1E22DBC2198F42323CE8ACA9135329F03C068E5112DC7CC3EF3446DEFCEB01A45C2667FDD5"),
        (P384, Hash::Sha256, "test",
         "6D6DEFAC9AB64DABAFE36C6BF510352A4CC27001263638E5B16D9BB51D451559F918EEDAF2293BE5B475CC8F0188636B",
         "2D46F3BECBCC523D5F1A1256BF0C9B024D879BA9E838144C8BA6BAEB4B53B47D51AB373F9845C0514EEFB14024787265"),
        (P384, Hash::Sha384, "test",
         "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB",
         "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5"),
        (P384, Hash::Sha512, "test",
         "A0D5D090C9980FAF3C2CE57B7AE951D31977DD11C775D314AF55F76C676447D06FB6495CD21B4B6E340FC236584FB277",
         "976984E59B4C77B0E8E4460DCA3D9F20E07B9BB1F63BEEFAF576F6B2E8B224634A2092CD3792E0159AD9CEE37659C736"),
        (P521, Hash::Sha256, "sample",
         "01511BB4D675114FE266FC4372B87682BAECC01D3CC62CF2303C92B3526012659D16876E25C7C1E57648F23B73564D67F61C6F14D527D54972810421E7D87589E1A7",
         "004A171143A83163D6DF460AAF61522695F207A58B95C0644D87E52AA1A347916E4F7A72930B1BC06DBE22CE3F58264AFD23704CBB63B29B931F7DE6C9D949A7ECFC"),
        (P521, Hash::Sha384, "sample",
         "01EA842A0E17D2DE4F92C15315C63DDF72685C18195C2BB95E572B9C5136CA4B4B576AD712A52BE9730627D16054BA40CC0B8D3FF035B12AE75168397F5D50C67451",
         "01F21A3CEE066E1961025FB048BD5FE2B7924D0CD797BABE0A83B66F1E35EEAF5FDE143FA85DC394A7DEE766523393784484BDF3E00114A1C857CDE1AA203DB65D61"),
        (P521, Hash::Sha512, "sample",
         "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
         "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"),
        (P521, Hash::Sha256, "test",
         "000E871C4A14F993C6C7369501900C4BC1E9C7B0B4BA44E04868B30B41D8071042EB28C4C250411D0CE08CD197E4188EA4876F279F90B3D8D74A3C76E6F1E4656AA8",
         "00CD52DBAA33B063C3A6CD8058A1FB0A46A4754B034FCC644766CA14DA8CA5CA9FDE00E88C1AD60CCBA759025299079D7A427EC3CC5B619BFBC828E7769BCD694E86"),
        (P521, Hash::Sha384, "test",
         "014BEE21A18B6D8B3C93FAB08D43E739707953244FDBE924FA926D76669E7AC8C89DF62ED8975C2D8397A65A49DCC09F6B0AC62272741924D479354D74FF6075578C",
         "0133330865C067A0EAF72362A65E2D7BC4E461E8C8995C3B6226A21BD1AA78F0ED94FE536A0DCA35534F0CD1510C41525D163FE9D74D134881E35141ED5E8E95B979"),
        (P521, Hash::Sha512, "test",
         "013E99020ABF5CEE7525D16B69B229652AB6BDF2AFFCAEF38773B4B7D08725F10CDB93482FDCC54EDCEE91ECA4166B2A7C6265EF0CE2BD7051B7CEF945BABD47EE6D",
         "01FBD0013C674AA79CB39849527916CE301C66EA7CE8B80682786AD60F98F7E78A19CA69EFF5C57400E3B3A0AD66CE0978214D13BAF4E9AC60752F7B155E2DE4DCE3"),
    ];

    // The first two candidates for k, from kat-vectors/tools/hedged_ecdsa.py, which checks its first
    // deterministic ones against OpenSSL.

    /// Message "sample", no Z: RFC 6979, A.2.7.
    #[rustfmt::skip]
    const DETERMINISTIC: [(Key, Hash, &str, &str); 3] = [
        (P521, Hash::Sha256,
         "00EDF38AFCAAECAB4383358B34D67C9F2216C8382AAEA44A3DAD5FDC9C32575761793FEF24EB0FC276DFC4F6E3EC476752F043CF01415387470BCBD8678ED2C7E1A0",
         "00E2B4F26D7123EE4A99FA987E060B46E4E7F886BBA3738D591913F0CAC742F81611477A448C71FD5980740E76056336E5C4A64B84C45A457C019340C80544593DFD"),
        (P521, Hash::Sha384,
         "01546A108BC23A15D6F21872F7DED661FA8431DDBD922D0DCDB77CC878C8553FFAD064C95A920A750AC9137E527390D2D92F153E66196966EA554D9ADFCB109C4211",
         "00442E1819B035F4F6D3699B75573FC8C7333BB68E03BF213A3FA1CE4FC5AAC5C3A938BBEB99F84EF6C6BE2A489C66BAA1F6F43F5D918FD74D24E87C55B78003AC5D"),
        (P521, Hash::Sha512,
         "01DAE2EA071F8110DC26882D4D5EAE0621A3256FC8847FB9022E2B7D28E6F10198B1574FDD03A9053C08A1854A168AA5A57470EC97DD5CE090124EF52A2F7ECBFFD3",
         "012E8F93E03C781160333E8D65D1302F85BE60585AF78B9966CDDF8FEED6BE792F6D2743409B0FCB178D07A104FD01027CC124F892D7CE47E6BFA0D38469C870B286"),
    ];
    /// Message "sample", Z = 01 02 03 ...
    #[rustfmt::skip]
    const HEDGED: [(Key, Hash, &str, &str); 9] = [
        (P256, Hash::Sha256,
         "8BCEE63C9559529DC95DAE6E88B84B7C043B19D464A9821B2BAE1AD97094B29E",
         "3F8BDFC6121BDE7A15B22C115762F76E60D513C739A34BBE9CFFF1F0448BBBA8"),
        (P256, Hash::Sha384,
         "182A4D807A1A84D7D09A20B97705F46A437C439CF57A372C0B2850528FB462B7",
         "B23F4BEB6ABA474189044C7AE22DE6347D01041AA6FF2085FCC207204B3F0EB8"),
        (P256, Hash::Sha512,
         "49EC53AB8794CC47887DE7525785FDC6CE29117140D038BDB5CDDFE0AF0BE26D",
         "8D8F49FEF163A304D0EC513DE3D541C7635667BBB9B4F18411DA8EA71A9CE133"),
        (P384, Hash::Sha256,
         "83F6F4D2AD2BBCF1D2142C292F71271C42854B09179D74F2C8288530B29F05B08AF06423483F5763539D96A60F72FBB0",
         "EE48E39AF638529AC6EB47AFDF3DEE59D5AB4238CA0BF6BF9FE346F7C154EF7E9AFB97E67DF9FC38E0D71941709AEA9F"),
        (P384, Hash::Sha384,
         "26E29C314B8B0CFF2CC178E984844C67EBADDBDC39E9094224AE14E3EA4D3296964338C70952CD2B6F23B8727CDCE256",
         "2115FCA03C85E4ABE512656918CA86970717ED2D3781060A9343AC213710D50D194621D11BC252EC2B88F7E9DB64FE60"),
        (P384, Hash::Sha512,
         "47E3FD16D92B6940741F8BD50F5910E43AD93984A139F301F3EF838D0A15A66D0FB2952828DFD365900E7C40CFA492A7",
         "0DE73A9242B586A1F14D693F99B0F07BE3B584A490FAC495375599936D042C531E32CC13C7A5B59FB14E727A844C8716"),
        (P521, Hash::Sha256,
         "00D0A76F53D886B7AA9A26A2954CC32C4F876157E836A6A24BF79F1F2F29036C78D2F2685B4EB1D169E9377FB0CA1DBF3672333F080BF0767C1C3EE6D877E8FA4FFA",
         "00A773AB6A5CA37195E3B7B5BD91031F43D189D0E2E94F0D58AE247AF5313311215E7B6AE0A7C9975C1BD8ACAFCEE528963CB81CE30D16E857C430A08A205B790DC3"),
        (P521, Hash::Sha384,
         "0049F7EED1104A01373879E3C3E93773CE567A6FCCCC95A9362B3A36792287C58C43C6BF7B6F9CFC906BFE645127E6D0C5E8450A53106A6F507F1283BB7FE1266EE2",
         "002FA8E31D1513723AD222B1E6FB0093C37DCEF7ED777B3F59CAED5983A802358BE2FB173A0CD762B018CF0A151577651D040A8D21B81ACEFBD20DB14C8B65819ABA"),
        (P521, Hash::Sha512,
         "005238A1717172F95C5803B8ECCA28CD1916376DFE1CBF2E9790164482EF5655BF5A9450B218A091D173F71BC34B05B2F2EA7A90BE499E3A2C31589F549F9EB535CB",
         "0017F496358EEC94D4A5E3E4D5A391245A01DCEE019EB66C321A5E122204AD086DD74C56A710F57290B78CC85C85944C1B2697C920E7AA13DFA8D0909C95D26F2651"),
    ];
    /// A digest of all ones, an integer above the order, so that it is reduced; no Z.
    #[rustfmt::skip]
    const ABOVE_THE_ORDER: [(Key, Hash, &str, &str); 3] = [
        (P256, Hash::Sha256,
         "A2D7CCCA091233C3888120593A491E2281E641361334223E6E5C3C7A217B7C8D",
         "7B027D74B3153ABB0B141F47BF9DF4251B3DB8E4097312E9E9790EB21FF4A62F"),
        (P256, Hash::Sha384,
         "E72666B16D4E38DC917ECECFCAB7908FBC9E57360819B4838B3508713612CBF9",
         "0DBF3858D460FD9BB30F236726B4F489F462F8DBD92C9F4661F6D9B9E5104D57"),
        (P384, Hash::Sha384,
         "E543D57A98A8A00E87BEC734E6EAE649764B76646CB62439D40402EC39A1B78EBCCC8FEE7C452F518BCEE26A6E99D283",
         "3EE97C169A3F1ECCED5CBEFB14CBB84B7567C669661071A8B8D4CAFA8EEB99E908A7970F0D37A8B1C82CF9DD670A7AF0"),
    ];

    fn hex(s: &str) -> Vec<u8> {
        assert!(s.len().is_multiple_of(2));
        (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
    }

    fn digest_of(hash: Hash, msg: &[u8]) -> Vec<u8> {
        match hash {
            Hash::Sha256 => Sha256::digest(msg).to_vec(),
            Hash::Sha384 => Sha384::digest(msg).to_vec(),
            Hash::Sha512 => Sha512::digest(msg).to_vec(),
            _ => Vec::new(), // no published vector has another; an empty digest is refused
        }
    }

    fn two_candidates(key: Key, hash: Hash, digest: &[u8], z: Option<&[u8]>) -> [Vec<u8>; 2] {
        let mut generator = NonceGenerator::new(hash, key.order, &hex(key.d), digest, z).unwrap();
        [(); 2].map(|()| {
            let mut k = vec![0xaa; key.order.bytes.len()];
            generator.next(&mut k).unwrap();
            k
        })
    }

    #[test]
    fn deterministic_candidates() {
        for (key, hash, first, second) in DETERMINISTIC {
            let digest = digest_of(hash, b"sample");
            assert_eq!(two_candidates(key, hash, &digest, None), [hex(first), hex(second)]);
        }
    }

    #[test]
    fn hedged_candidates() {
        for (key, hash, first, second) in HEDGED {
            let z: Vec<u8> = (1..=66).take(key.order.bytes.len()).collect();
            let digest = digest_of(hash, b"sample");
            assert_eq!(two_candidates(key, hash, &digest, Some(&z)), [hex(first), hex(second)]);
        }
    }

    #[test]
    fn a_digest_above_the_order_is_reduced() {
        for (key, hash, first, second) in ABOVE_THE_ORDER {
            let digest = vec![0xff; hash.output_len()];
            assert_eq!(two_candidates(key, hash, &digest, None), [hex(first), hex(second)]);
        }
    }

    fn sign<C: ec::Curve>(d: &str, k: &[u8], digest: &[u8], sig: &mut [u8]) -> Result<bool> {
        ec::PrivateKey::<C>::new(&Backends::PORTABLE, &hex(d)).unwrap().sign_with_k(k, digest, sig)
    }

    /// d = 1, "Satoshi Nakamoto": a vector that libraries for secp256k1 share, confirmed with Python `cryptography`
    /// 48, whose s is the same or n minus it.
    #[cfg(feature = "secp256k1")]
    #[test]
    fn the_deterministic_signature_of_ledgers() {
        let key = Key { order: &Order::SECP256K1, d: ONE };
        let digest = digest_of(Hash::Sha256, b"Satoshi Nakamoto");
        let [k, _] = two_candidates(key, Hash::Sha256, &digest, None);
        assert_eq!(k, hex("8F8A276C19F4149656B280621E358CCE24F5F52542772691EE69063B74F15D15"));
        let mut sig = [0; 64];
        assert_eq!(sign::<ec::Secp256k1>(ONE, &k, &digest, &mut sig), Ok(true));
        assert_eq!(sig[..32], hex("934B1EA10A4B3C1757E2B0C017D0B6143CE3C9A7E6A4A49860D7A6AB210EE3D8"));
        assert_eq!(sig[32..], hex("2442CE9D2B916064108014783E923EC36B49743E2FFA1C4496F01A512AAFD9E5"));
    }

    #[cfg(feature = "secp256k1")]
    const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";

    #[test]
    fn deterministic_signatures() {
        for (key, hash, msg, r, s) in SIGNATURES {
            let digest = digest_of(hash, msg.as_bytes());
            let [k, _] = two_candidates(key, hash, &digest, None);
            let mut sig = vec![0; 2 * k.len()];
            let signed = match k.len() {
                32 => sign::<ec::P256>(key.d, &k, &digest, &mut sig),
                48 => sign::<ec::P384>(key.d, &k, &digest, &mut sig),
                _ => sign::<ec::P521>(key.d, &k, &digest, &mut sig),
            };
            assert_eq!(signed, Ok(true));
            assert_eq!(sig, [hex(r), hex(s)].concat());
        }
    }

    fn first_candidate(d: &[u8], digest: &[u8], z: Option<&[u8]>) -> [u8; 32] {
        let mut k = [0; 32];
        NonceGenerator::new(Hash::Sha256, P256.order, d, digest, z).unwrap().next(&mut k).unwrap();
        k
    }

    #[test]
    fn every_input_of_the_hedged_seed_counts() {
        let (d, digest, z) = (hex(P256.d), [0x5a; 32], [0xa5; 32]);
        let reference = first_candidate(&d, &digest, Some(&z));
        assert_eq!(first_candidate(&d, &digest, Some(&z)), reference);
        for i in 0..32 {
            let flipped = |bytes: &[u8]| {
                let mut out = bytes.to_vec();
                out[i] ^= 1;
                out
            };
            assert_ne!(first_candidate(&flipped(&d), &digest, Some(&z)), reference);
            assert_ne!(first_candidate(&d, &flipped(&digest), Some(&z)), reference);
            assert_ne!(first_candidate(&d, &digest, Some(&flipped(&z))), reference);
        }
        // A Z of zeros is not the deterministic form.
        let deterministic = first_candidate(&d, &digest, None);
        assert_ne!(deterministic, reference);
        assert_ne!(first_candidate(&d, &digest, Some(&[0; 32])), deterministic);
    }

    #[test]
    fn bits2octets_reduces_once() {
        for key in [P256, P384, P521] {
            let n = key.order.bytes;
            let excess = n.len() * 8 - usize::try_from(key.order.bits).unwrap();
            // The digest that bits2int turns into the given integer: shift it left over the whole bytes.
            let as_digest = |integer: &[u8]| -> Vec<u8> {
                let next = integer.iter().skip(1).chain(&[0]);
                integer
                    .iter()
                    .zip(next)
                    .map(|(a, b)| if excess == 0 { *a } else { (a << excess) | (b >> (8 - excess)) })
                    .collect()
            };
            let octets = |integer: &[u8]| {
                let mut out = vec![0xaa; n.len()];
                key.order.bits2octets(&as_digest(integer), &mut out);
                out
            };
            let last = n.len() - 1;
            let (mut below, mut above, mut one) = (n.to_vec(), n.to_vec(), vec![0; n.len()]);
            below[last] -= 1; // every n is odd and its last byte is not 0xff
            above[last] += 1;
            one[last] = 1;
            assert_eq!(octets(&below), below);
            assert_eq!(octets(n), vec![0; n.len()]);
            assert_eq!(octets(&above), one);
        }
    }

    #[test]
    fn lengths_are_exact() {
        fn refused(d: &[u8], digest: &[u8], z: Option<&[u8]>) {
            let answer = NonceGenerator::new(Hash::Sha256, P256.order, d, digest, z);
            assert_eq!(answer.err(), Some(Error::InvalidArgument));
        }
        let (d, digest) = (hex(P256.d), [1; 32]);
        for wrong in [0, 31, 33, 48] {
            let wrong = vec![1; wrong];
            refused(&wrong, &digest, None);
            refused(&d, &wrong, None);
            refused(&d, &digest, Some(&wrong));
        }
        let mut generator = NonceGenerator::new(Hash::Sha256, P256.order, &d, &digest, None).unwrap();
        for wrong in [0, 31, 33] {
            let mut k = vec![0xaa; wrong];
            assert_eq!(generator.next(&mut k), Err(Error::InvalidArgument));
            assert_eq!(k, vec![0; wrong]);
        }
    }

    #[test]
    fn the_state_is_wiped_on_drop() {
        // Hash and the reference need no drop: only the wiping of K and V can.
        assert!(core::mem::needs_drop::<NonceGenerator<'_>>());
        assert!(!core::mem::needs_drop::<Hash>() && !core::mem::needs_drop::<&Order>());
    }
}
