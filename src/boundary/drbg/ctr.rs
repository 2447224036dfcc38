//! CTR_DRBG with AES-256 and the derivation function Block_Cipher_df: SP 800-90A r1 (2015), sections 10.2.1
//! and 10.3.2. Security strength 256 bits.

use zeroize::{Zeroize, Zeroizing};

use super::{Answer, MIN_ENTROPY_INPUT, MIN_NONCE, Meter, Refusal, check_range};
use crate::boundary::Wiped;
use crate::boundary::backend::aes::{self, BLOCK, ForwardKey};
use crate::error::{Error, Result};

/// keylen in bytes.
const KEY_LEN: usize = 32;
/// seedlen in bytes: keylen + blocklen.
const SEED_LEN: usize = KEY_LEN + BLOCK;
/// Blocks of CTR output that one update takes.
const SEED_BLOCKS: usize = SEED_LEN / BLOCK;

/// An instance. Its state is a CSP: wiped on drop, never copied or printed (DRBG-12, DRBG-13).
pub(in crate::boundary) struct CtrDrbg {
    aes: aes::Which,
    /// Key, expanded; wiped by its own drop. None: uninstantiated.
    key: Option<ForwardKey>,
    /// V, as the big-endian number it is.
    v: u128,
    pub(super) meter: Meter,
}

impl CtrDrbg {
    /// CTR_DRBG_Instantiate_algorithm (section 10.2.1.3.2), inputs as of
    /// [`super::Mechanism::instantiate`].
    pub(in crate::boundary) fn instantiate(
        aes: aes::Which,
        entropy: &[u8],
        nonce: &[u8],
        personalisation: &[u8],
    ) -> Result<Self> {
        check_range(entropy, MIN_ENTROPY_INPUT)?;
        check_range(nonce, MIN_NONCE)?;
        check_range(personalisation, 0)?;
        let seed = derive(aes, &[entropy, nonce, personalisation])?;
        // Steps 3 and 4: Key and V start as zeros.
        let mut drbg =
            Self { aes, key: Some(ForwardKey::new(aes, &[0; KEY_LEN])?), v: 0, meter: Meter::seeded() };
        drbg.produce(&mut [], &seed).map_err(Error::from)?;
        Ok(drbg)
    }

    /// CTR_DRBG_Reseed_algorithm (section 10.2.1.4.2), entropy as for [`Self::instantiate`].
    pub(in crate::boundary) fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<()> {
        check_range(entropy, MIN_ENTROPY_INPUT)?;
        check_range(additional, 0)?;
        let seed = derive(self.aes, &[entropy, additional])?;
        self.produce(&mut [], &seed).map_err(Error::from)?;
        self.meter = Meter::seeded();
        Ok(())
    }

    /// CTR_DRBG_Generate_algorithm (section 10.2.1.5.2). An empty `additional` is a null one. A refused call
    /// changes nothing and leaves `out` zeroed.
    pub(in crate::boundary) fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Answer {
        let done = self.try_generate(out, additional);
        if done.is_err() {
            out.zeroize();
        }
        done
    }

    fn try_generate(&mut self, out: &mut [u8], additional: &[u8]) -> Answer {
        // Step 1, before any output.
        self.meter.admits(out.len(), additional.len())?;
        // Step 2.
        let mut seed = Wiped::new();
        if !additional.is_empty() {
            seed = derive(self.aes, &[additional]).map_err(|_| Refusal::TooLong)?;
            self.produce(&mut [], &seed)?;
        }
        // Steps 3 to 7.
        self.produce(out, &seed)?;
        self.meter.served(out.len());
        Ok(())
    }

    /// Uninstantiate (section 9.4): leaves zeros; every later use is refused (DRBG-8).
    pub(in crate::boundary) fn uninstantiate(&mut self) {
        self.key = None; // the expanded key wipes itself as it is dropped
        self.v.zeroize();
        self.meter.wipe();
    }

    /// Whether nothing is left of the state.
    pub(in crate::boundary) fn is_wiped(&self) -> bool {
        self.key.is_none() && self.v == 0 && self.meter.is_wiped()
    }

    /// To the end of the interval, for the health test.
    pub(in crate::boundary) fn wear_out(&mut self) {
        self.meter.wear_out();
    }

    /// Whether a request of these lengths would be served.
    pub(in crate::boundary) fn admits(&self, out_len: usize, additional_len: usize) -> Answer {
        self.meter.admits(out_len, additional_len)
    }

    /// CTR output into `out`, followed by CTR_DRBG_Update (section 10.2.1.2) with `provided`.
    ///
    /// The update continues the same counter under the same key, so its three blocks are encrypted in one go
    /// with the last output blocks: a short request costs one pipelined batch and one key expansion.
    fn produce(&mut self, out: &mut [u8], provided: &[u8; SEED_LEN]) -> Answer {
        const BATCH: usize = 8;
        let key = self.key.as_ref().ok_or(Refusal::NotInstantiated)?;
        let mut v = self.v;
        let mut next = || {
            // V = (V + 1) mod 2^blocklen: ctr_len is the block length.
            v = v.wrapping_add(1);
            v.to_be_bytes()
        };

        let (batches, last) = out.as_chunks_mut::<{ BATCH * BLOCK }>();
        for batch in batches {
            let (blocks, _) = batch.as_chunks_mut::<BLOCK>();
            blocks.iter_mut().for_each(|block| *block = next());
            key.encrypt_blocks(blocks);
        }

        let mut bytes = Wiped::<{ (BATCH + SEED_BLOCKS) * BLOCK }>::new();
        let blocks = last.len().div_ceil(BLOCK);
        let batch = bytes.as_chunks_mut::<BLOCK>().0.get_mut(..blocks.saturating_add(SEED_BLOCKS));
        let batch = batch.ok_or(Refusal::TooLong)?;
        batch.iter_mut().for_each(|block| *block = next());
        key.encrypt_blocks(batch);
        let (made, seed) = batch.split_at_mut_checked(blocks).ok_or(Refusal::TooLong)?;
        let (whole, part) = last.as_chunks_mut::<BLOCK>();
        whole.iter_mut().zip(&*made).for_each(|(to, from)| *to = *from);
        if let Some(from) = made.last() {
            part.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }

        let (seed, _) =
            seed.as_flattened_mut().split_first_chunk_mut::<SEED_LEN>().ok_or(Refusal::TooLong)?;
        seed.iter_mut().zip(provided).for_each(|(s, p)| *s ^= p);
        self.set(seed)
    }

    /// Key || V = seed.
    fn set(&mut self, seed: &[u8; SEED_LEN]) -> Answer {
        let (key, v) = split_seed(seed).ok_or(Refusal::NotInstantiated)?;
        let place = self.key.as_mut().ok_or(Refusal::NotInstantiated)?;
        place.renew(key).map_err(|_| Refusal::NotInstantiated)?;
        self.v = u128::from_be_bytes(*v);
        Ok(())
    }
}

impl Drop for CtrDrbg {
    fn drop(&mut self) {
        self.uninstantiate();
    }
}

/// Leftmost keylen and rightmost blocklen bytes of seedlen bytes.
fn split_seed(seed: &[u8; SEED_LEN]) -> Option<(&[u8; KEY_LEN], &[u8; BLOCK])> {
    Some((seed.first_chunk()?, seed.last_chunk()?))
}

/// Block_Cipher_df (section 10.3.2) of the concatenation of `inputs`, seedlen bytes out, nothing buffered but
/// the block being absorbed.
fn derive(aes: aes::Which, inputs: &[&[u8]]) -> Result<Wiped<SEED_LEN>> {
    let mut len = 0usize;
    for input in inputs {
        len = len.checked_add(input.len()).ok_or(Error::InvalidArgument)?;
    }
    let len = u32::try_from(len).map_err(|_| Error::InvalidArgument)?;
    let asked = u32::try_from(SEED_LEN).map_err(|_| Error::InvalidArgument)?;

    // Steps 2 to 9: S = L || N || input || 0x80 || 0*, absorbed as it comes.
    let mut bcc = Bcc::new(aes)?;
    bcc.absorb(&len.to_be_bytes());
    bcc.absorb(&asked.to_be_bytes());
    for input in inputs {
        bcc.absorb(input);
    }
    let temp = bcc.finish();

    // Steps 10 to 15: K || X = temp, and X = Block_Encrypt(K, X) for each block of output.
    let (key, x) = split_seed(&temp).ok_or(Error::InvalidArgument)?;
    let key = ForwardKey::new(aes, key)?;
    let mut x = Zeroizing::new(*x);
    let mut seed = Wiped::new();
    for block in seed.as_chunks_mut::<BLOCK>().0 {
        key.encrypt_block(&mut x);
        *block = *x;
    }
    Ok(seed)
}

/// The three runs of BCC (section 10.3.3) that the df makes over IV || S, side by side: they differ in the IV
/// block alone, so S is read once and the cipher's pipeline is full.
struct Bcc {
    key: ForwardKey,
    chains: Zeroizing<[[u8; BLOCK]; SEED_BLOCKS]>,
    /// The block being collected, and how much of it is there.
    block: Zeroizing<[u8; BLOCK]>,
    filled: usize,
}

impl Bcc {
    fn new(aes: aes::Which) -> Result<Self> {
        // Step 8: Key = 00 01 .. 1f. Step 9.1: IV = i || 0*, as a 32-bit i.
        let mut key = [0u8; KEY_LEN];
        key.iter_mut().zip(0u8..).for_each(|(k, i)| *k = i);
        let mut chains = Zeroizing::new([[0u8; BLOCK]; SEED_BLOCKS]);
        for (chain, i) in chains.iter_mut().zip(0u128..) {
            *chain = (i << 96).to_be_bytes();
        }
        let key = ForwardKey::new(aes, &key)?;
        key.encrypt_blocks(chains.as_mut_slice());
        Ok(Self { key, chains, block: Zeroizing::new([0; BLOCK]), filled: 0 })
    }

    fn absorb(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (_, room) = self.block.split_at_mut(self.filled);
            let (now, rest) = data.split_at(room.len().min(data.len()));
            room.iter_mut().zip(now).for_each(|(r, d)| *r = *d);
            // filled < BLOCK here, and grows by at most the room.
            self.filled = self.filled.saturating_add(now.len());
            if self.filled == BLOCK {
                self.chain();
            }
            data = rest;
        }
    }

    /// The collected block into each chain.
    fn chain(&mut self) {
        for chain in self.chains.iter_mut() {
            chain.iter_mut().zip(self.block.iter()).for_each(|(c, b)| *c ^= b);
        }
        self.key.encrypt_blocks(self.chains.as_mut_slice());
        self.filled = 0;
    }

    fn finish(mut self) -> Zeroizing<[u8; SEED_LEN]> {
        // Step 5: 0x80, then zeros up to a whole block.
        self.absorb(&[0x80]);
        if self.filled > 0 {
            let missing = BLOCK.saturating_sub(self.filled);
            self.absorb([0u8; BLOCK].split_at(missing).0);
        }
        let mut temp = Zeroizing::new([0u8; SEED_LEN]);
        temp.copy_from_slice(self.chains.as_flattened());
        temp
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    extern crate std;
    use super::super::{MAX_INPUT, MAX_REQUEST, RESEED_INTERVAL};
    use super::*;
    use crate::boundary::backend::Backends;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    const AES: aes::Which = Backends::PORTABLE.aes;

    fn forward(key: &[u8; KEY_LEN]) -> ForwardKey {
        ForwardKey::new(AES, key).unwrap()
    }

    fn hex(s: &str) -> Vec<u8> {
        let digits: Vec<u8> = s
            .bytes()
            .filter(u8::is_ascii_hexdigit)
            .map(|b| (b as char).to_digit(16).unwrap().try_into().unwrap())
            .collect();
        digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
    }

    /// NIST CAVP DRBGVS, CTR_DRBG, [AES-256 use df]: drbgvectors_no_reseed, drbgvectors_pr_false and
    /// drbgvectors_pr_true, with the intermediate Key || V that the sample files print. Confirmed with
    /// kat-vectors/tools/ctr_drbg_check.py.
    struct Case {
        entropy: &'static str,
        nonce: &'static str,
        personalisation: &'static str,
        /// Entropy and additional input of the reseed, for pr_false.
        reseed: Option<[&'static str; 2]>,
        additional: [&'static str; 2],
        /// Fresh entropy of each generate, for pr_true: reseed with the additional input, generate without.
        prediction: Option<[&'static str; 2]>,
        /// Key || V after instantiate, (reseed,) first and second generate, as far as published.
        states: &'static [&'static str],
        returned: &'static str,
    }

    const NONE: [&str; 2] = ["", ""];

    const CASES: [Case; 6] = [
        Case {
            entropy: "36401940fa8b1fba91a1661f211d78a0b9389a74e5bccfece8d766af1a6d3b14",
            nonce: "496f25b0f1301b4f501be30380a137eb",
            personalisation: "",
            reseed: None,
            additional: NONE,
            prediction: None,
            states: &[
                "3363d9000e6db47c16d3fc65f2872c08a35f99b2d174afa537a66ec153052d98
                 9ee8d2e9c618ccbb8e66b5eb5333dce1",
                "b1dff09c816af6d4b2111fe63c4507cb196154f8c59957a94a2b641a7c16cc01
                 69eec01b2dd4ff3aab5fac9467f54485",
                "33a1f160b0bde1dd55fc314c3d1620c0581ace8b32f062fb1ed54cdecdc17694
                 f537c07f36573a26b3f55c8b9f7246d1",
            ],
            returned: "5862eb38bd558dd978a696e6df164782ddd887e7e9a6c9f3f1fbafb78941b535
                       a64912dfd224c6dc7454e5250b3d97165e16260c2faf1cc7735cb75fb4f07e1d",
        },
        Case {
            entropy: "6b536f8f4c5616a0c4e681825585724d522d37fc02a05564030872e0d6c3922f",
            nonce: "0184417527ffdd3edddbb070957826c0",
            personalisation: "91e62a609b4db50c5e7ad7d09dc387dae9da6d2585bd3530389411cea7d2a40e",
            reseed: None,
            additional: [
                "42f398bf2229976f9d97b0a5fc47d5c64b70fa5631abf28f2c6f91f78b7278d9",
                "c624291eb039ad1724c9b0ba20b98421a7f0032f6c8c00f64794018ce5a5ed96",
            ],
            prediction: None,
            states: &[
                "a86cfae1c1c320f73e9d20a024a96105a1327eb32c9ace9f4158d39950861fbf
                 660938f7e6fbc4238b8d5970acfcc436",
                "f16822054dcb9e15fcc35aa14b43cee61f8d9756dc350af3199a97504e1875af
                 622346663e083cb20218729af58fba31",
            ],
            returned: "507e0b4f12c408d87052b79eb4879c925a918b0fcd812bbedc720a3d8be656e4
                       0de900257f7a270dd6d8e7da50cdc20d744e94978d707b53f382aeb16488b122",
        },
        Case {
            entropy: "a89d08185b539a830b1e9b74c01f59e2b75bd2e2cbcf95c185a83a8069439e42",
            nonce: "c675e3b634b075db09789e5d8a39c5e8",
            personalisation: "",
            reseed: Some(["0ed8e63b823af5476dcb9702daf46185d3f4953df704749d3dea2fbe0c7a46dd", ""]),
            additional: NONE,
            prediction: None,
            states: &[
                "98f25891464385602955af2e3ed1d7a057c852d4c8e6a025eac2623d44b2c3e4
                 ea3bf51f2f6d59f3e58aad6a33d1026e",
                "612a750b1de2a7692c2f07a65809a38507a871c8d5ba99b6538935e0d6be61a8
                 d2801a70c49b9f6a3e8f3b1a20fba661",
                "dc798cd4a4075577778d2106a32a218a9b2a8db08c013dca0ea14041f7a83a43
                 dc49dfc410343166537d64f2419b3b0c",
                "f232ba128666c6eddc169def395c9fc634206ef534f8c139f4d0f4fdf9d657a5
                 2875b7691dd63fdca83f726006b48638",
            ],
            returned: "61f1fb64c0668747d270d4fab17c34db3a69829ea08fe43ec359ae174ffb0caa
                       e8bcba3a4fffb5b29b900f0e2ef2394c39292bf295623f894617ce9500228bb4",
        },
        Case {
            entropy: "44a690d590f443bca7abe4c20c70ddb0df0ee29ed23edfc1cbe923ae7a4eb6c7",
            nonce: "334fc355f9f07459d8f014ebde24bcb6",
            personalisation: "",
            reseed: Some([
                "1bb49e9bad9fc94d363df01c02388af391f4564abd8cce10298875d2934df891",
                "0092b99efa09a6b30bb6f0d9fd5fded490e745c4be3fa5615b318444b5593db5",
            ]),
            additional: [
                "f5f698f0dd171c38d24a5bb3c5bf6115bf1af23c38517292e94dd7f576597db5",
                "2da719aa44a96910e73fcf27e46d8dbb1c7b5d82f5713a2980aada6cf2a45104",
            ],
            prediction: None,
            states: &[
                "d8e0774339b8c657264a8e0cb1a12274a6327cfc5f0b7c0caf22afa504e7bdfb
                 51f9db79f74640f803dd4bda5f471d6a",
                "2165c525b004a468958fd155809e945d9cd7d725d713aeb72c7fef1fb8304fc5
                 99a53af6130f5ebff8f9c9dd1b07db11",
                "d79258cad46014e4d44eefa9e71c8caad54ca205f8faa77b46f4ee8d62648e7f
                 5f88621d1563e8e152b9703692b10a12",
                "3bae369fc4e2e59d6b7b0b83359da33ab36a4c11611e215dcb06b2dac99e9fb0
                 5bdd5280b24a68df396dc3590861257f",
            ],
            returned: "27a2fb7704a714e207fd31a796c4c053b0355a1599d47d201b1b5bb37f79cf32
                       f9289bd263ac6bdd8e83cc451b3a3baa8f27cf3b5ba6a9a4a7d2d6ae607dbc22",
        },
        Case {
            entropy: "6c0ff37351e787d35805810750394854dfc7b3704cadea32593458e1ef67f2dc",
            nonce: "f0d342f2cb1270ed3cc935b1d3059d0f",
            personalisation: "e1b95c7069bb22475d5a7a99fc8beedced73bbed785c73ce5663740c46568884",
            reseed: Some([
                "1140a47dbe3b89362922b375502300c7e7566224accac3ebdb99c8fa776594dd",
                "66ccb8ddaf0201a7f2f7fef04939f2c802e480e4acc1c3177571f34248bbfce1",
            ]),
            additional: [
                "53f74ba9d0eb69010cc4eda1da037c8e6056c1154248bcf4632b44d6a59811f1",
                "1cdbb531803e7bcac8de8aaf9c3534184cf737c9ceda1a7a16056b0c53a828ff",
            ],
            prediction: None,
            states: &[
                "30ddd58b91b78b28b718149df9f3fe3b6ccb2df03021199957a28884459fa04b
                 a96460260762b03e0902db33b1925f9e",
                "d65c82978955a51fa62a5a1a2252b8c53f1988102ce76e9aed440edc36dd0b6b
                 2134d66008b4b3f28497f952915652a9",
                "e921565b4d2e3b3f82d1f19fb4f4f5b0768d71f65e9781e10d760ac794f57266
                 218ae15e1754fb1381d34886a8a28fe5",
                "aa848b22bdf2dc7be73ed3cf165336bf312866cc3983d36ba8dc387be62ad64f
                 72a3270ba3147a60a68ee688ccc048df",
            ],
            returned: "743e9cb60389d649113a93e9ba3500adcff05193934602797c5a36084dc1b3f2
                       db7c65d7b6425dbf3bb572239e8845a05b3ee5366b538a1010d4fe2a0919c1a9",
        },
        Case {
            entropy: "534346a3e0baa65d7a51871b6d633a6f1efa9ff55dfde3212c95029adf2387d9",
            nonce: "0cbe99821509975d824fd826c47d2abc",
            personalisation: "020d7340569e68d992e6e8ddfbead9f993c74d971e4339fe91074f87e9d7d777",
            reseed: None,
            additional: [
                "f41040eff2a7010287c2a76d7867a66e61299be1e1247a6b22a64b829ada8624",
                "94efe68e2185646a17bb8a83268142a7b7a02786c1ee90ab8f7399ccf543de26",
            ],
            prediction: Some([
                "286091709d2e91bfef6654b8449d5e5564b6c2fe1f3e4e6e59fe776461bfb0dc",
                "e68e127b2e5b9d6539c26f7e78bec13314e37febdb7105d1d65f0bde23c87d38",
            ]),
            states: &[],
            returned: "da6389d151e3b2b332fbcc02b2cc5af4f69835e9fbbe19130f91cbf30a3c2458
                       0ebfb4311b3487e9d6a61de9dc2842c107152158b0e75a932c38e5b8ddff10e6",
        },
    ];

    /// The key cannot be read back; it is the published one if it encrypts like it.
    fn assert_state(drbg: &CtrDrbg, published: Option<&&str>) {
        if let Some(published) = published {
            let published = hex(published);
            assert_eq!(drbg.v.to_be_bytes().to_vec(), published[KEY_LEN..]);
            let (mut ours, mut theirs) = ([7; BLOCK], [7; BLOCK]);
            drbg.key.as_ref().unwrap().encrypt_block(&mut ours);
            forward(published[..KEY_LEN].try_into().unwrap()).encrypt_block(&mut theirs);
            assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn known_answers() {
        for case in CASES {
            let mut states = case.states.iter();
            let mut drbg =
                CtrDrbg::instantiate(AES, &hex(case.entropy), &hex(case.nonce), &hex(case.personalisation))
                    .unwrap();
            assert_state(&drbg, states.next());
            if let Some([entropy, additional]) = case.reseed {
                drbg.reseed(&hex(entropy), &hex(additional)).unwrap();
                assert_state(&drbg, states.next());
            }
            let mut out = vec![0; 64];
            for i in 0..2 {
                let mut additional = hex(case.additional[i]);
                if let Some(entropy) = case.prediction {
                    drbg.reseed(&hex(entropy[i]), &additional).unwrap();
                    additional.clear();
                }
                drbg.generate(&mut out, &additional).unwrap();
                assert_state(&drbg, states.next());
            }
            assert_eq!(out, hex(case.returned));
        }
    }

    /// Lengths that fill no block, and more than one batch, printed by kat-vectors/tools/ctr_drbg_check.py
    /// (the digest of all outputs of its `odd_lengths`).
    #[test]
    fn odd_lengths() {
        use crate::algorithm::Hash;
        use crate::boundary::backend::portable::hash;
        let bytes = |n: usize| (0..n).map(|i| u8::try_from(i % 251).unwrap()).collect::<Vec<u8>>();
        let mut drbg = CtrDrbg::instantiate(AES, &bytes(45), &bytes(17), &bytes(5)).unwrap();
        let mut all = Vec::new();
        for (i, n) in
            [0, 1, 12, 15, 16, 17, 48, 79, 80, 81, 127, 128, 129, 1000, MAX_REQUEST].into_iter().enumerate()
        {
            let mut out = vec![0; n];
            drbg.generate(&mut out, &bytes(i * 13 % 60)).unwrap();
            all.extend_from_slice(&out);
            if i % 4 == 3 {
                drbg.reseed(&bytes(32 + i * 5), &bytes(i)).unwrap();
            }
        }
        let mut digest = [0; 32];
        hash::digest(Hash::Sha256, &[&all], &mut digest).unwrap();
        assert_eq!(digest.to_vec(), hex(ODD_LENGTHS));
    }

    const ODD_LENGTHS: &str = "abb6dc5ccfb6b373da0d6015ba6705b835a5190776b039c386f47dbeb9171c35";

    /// The counter is 128 bits wide and wraps; the state is set as no seed would.
    #[test]
    fn the_counter_carries_over_its_whole_width() {
        let key = forward(&[9; KEY_LEN]);
        for start in [u128::from(u32::MAX), u128::from(u64::MAX), u128::MAX] {
            let mut drbg = fresh();
            drbg.key = Some(forward(&[9; KEY_LEN]));
            drbg.v = start - 1;
            let mut out = [0; 48];
            drbg.generate(&mut out, &[]).unwrap();
            for (i, block) in out.chunks(BLOCK).enumerate() {
                let mut want = start.wrapping_add(u128::try_from(i).unwrap()).to_be_bytes();
                key.encrypt_block(&mut want);
                assert_eq!(block, want);
            }
        }
    }

    fn fresh() -> CtrDrbg {
        CtrDrbg::instantiate(AES, &[1; 32], &[2; 16], b"test").unwrap()
    }

    #[test]
    fn input_lengths_out_of_range_are_refused() {
        let ok = vec![3; MAX_INPUT];
        let long = vec![3; MAX_INPUT + 1];
        assert!(CtrDrbg::instantiate(AES, &ok, &ok, &ok).is_ok());
        for (entropy, nonce, personalisation) in [
            (&ok[..31], &ok[..16], &ok[..0]),
            (&ok[..32], &ok[..15], &ok[..0]),
            (&long, &ok[..16], &ok[..0]),
            (&ok[..32], &long, &ok[..0]),
            (&ok[..32], &ok[..16], &long),
        ] {
            let made = CtrDrbg::instantiate(AES, entropy, nonce, personalisation);
            assert_eq!(made.err(), Some(Error::InvalidArgument));
        }
        let mut drbg = fresh();
        for (entropy, additional) in [(&ok[..31], &ok[..0]), (&long, &ok[..0]), (&ok[..32], &long)] {
            assert_eq!(drbg.reseed(entropy, additional), Err(Error::InvalidArgument));
        }
        let mut out = [0xaa; 4];
        assert_eq!(drbg.generate(&mut out, &long), Err(Refusal::TooLong));
        assert_eq!(out, [0; 4]);
        let mut out = vec![0xaa; MAX_REQUEST + 1];
        assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::TooLong));
        assert!(out.iter().all(|&b| b == 0));
        // None of these changed the state.
        let (mut a, mut b) = ([0; 8], [0; 8]);
        drbg.generate(&mut a, &[]).unwrap();
        fresh().generate(&mut b, &[]).unwrap();
        assert_eq!(a, b);
    }

    /// DRBG-1 at the limit and after it.
    #[test]
    fn the_reseed_interval_is_enforced() {
        let mut drbg = fresh();
        drbg.meter.reseed_counter = RESEED_INTERVAL;
        let mut out = [0xaa; 4];
        assert_eq!(drbg.generate(&mut out, &[]), Ok(()));
        let mut out = [0xaa; 4];
        assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::ReseedRequired));
        assert_eq!(out, [0; 4]);
        drbg.reseed(&[4; 32], &[]).unwrap();
        assert_eq!(drbg.generate(&mut out, &[]), Ok(()));
        assert_eq!(drbg.meter.requests(), 1);
    }

    #[test]
    fn output_is_counted() {
        let mut drbg = fresh();
        assert_eq!((drbg.meter.requests(), drbg.meter.bytes()), (0, 0));
        for n in [0usize, 5, 1000] {
            drbg.generate(&mut vec![0; n], b"x").unwrap();
        }
        assert_eq!((drbg.meter.requests(), drbg.meter.bytes()), (3, 1005));
        drbg.reseed(&[4; 32], &[]).unwrap();
        assert_eq!((drbg.meter.requests(), drbg.meter.bytes()), (0, 0));
    }

    /// DRBG-8.
    #[test]
    fn uninstantiate_leaves_zeros_and_refuses_further_use() {
        let mut drbg = fresh();
        drbg.generate(&mut [0; 4], &[]).unwrap();
        drbg.uninstantiate();
        assert!(drbg.key.is_none() && drbg.is_wiped());
        assert_eq!((drbg.v, drbg.meter.reseed_counter, drbg.meter.bytes), (0, 0, 0));
        let mut out = [0xaa; 4];
        assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::NotInstantiated));
        assert_eq!(out, [0; 4]);
        assert_eq!(drbg.reseed(&[4; 32], &[]), Err(Error::NotOperational));
        assert_eq!(drbg.generate(&mut out, &[]), Err(Refusal::NotInstantiated));
    }

    proptest! {
        /// Each input reaches the output, and where one ends and the next begins does not.
        #[test]
        fn every_input_matters(
            entropy in prop::collection::vec(any::<u8>(), 32..80),
            nonce in prop::collection::vec(any::<u8>(), 16..40),
            additional in prop::collection::vec(any::<u8>(), 1..60),
            at in any::<prop::sample::Index>(),
        ) {
            let run = |entropy: &[u8], nonce: &[u8], additional: &[u8]| {
                let mut out = [0; 32];
                let mut drbg = CtrDrbg::instantiate(AES, entropy, nonce, b"p").unwrap();
                drbg.generate(&mut out, additional).unwrap();
                out
            };
            let base = run(&entropy, &nonce, &additional);
            prop_assert_eq!(base, run(&entropy, &nonce, &additional));
            let mut other = [entropy.clone(), nonce.clone(), additional].concat();
            let at = at.index(other.len());
            other[at] ^= 1;
            let (e, rest) = other.split_at(entropy.len());
            let (n, a) = rest.split_at(nonce.len());
            prop_assert_ne!(base, run(e, n, a));
            prop_assert_ne!(base, run(&entropy, &nonce, &[]));
        }
    }
}
