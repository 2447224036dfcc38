//! The model: the keys there are, what was made with them, and what each call must answer.

use strongroom::{
    Algorithm, Engine, Error, ExportFormat, Hash, KeyHandle, Outcome, Params, Restriction, Session, State,
    Subject, UnwrapAs, Usage,
};

use super::calls::{Call, Step};
use super::rights::{Limit, Rights, Shape, hash};
use crate::fixture::count;

/// Keys that may live at once; the store has room for more.
const LIVE: usize = 40;
/// Uses are followed one by one up to here; blocks that sessions lease blur greater numbers.
const EXACT: u64 = 31;
/// Below this a great number is no longer great.
const PLENTY: u64 = 1 << 16;

struct Key {
    handle: KeyHandle,
    rights: Rights,
    alive: bool,
    /// Which key it is for life: copies are others.
    id: u32,
    /// Which secret it has: copies share it.
    secret: u32,
    strength: u16,
    /// Uses left, where the engine keeps count.
    left: Option<u64>,
    /// Session it dies with.
    session: Option<u32>,
}

/// Something that a key made: a signature, a MAC or a ciphertext.
struct Made {
    algorithm: Algorithm,
    secret: u32,
    hash: Hash,
    tag_len: Option<usize>,
    iv: Vec<u8>,
    message: Vec<u8>,
    output: Vec<u8>,
}

struct Blob {
    algorithm: Algorithm,
    kek_id: u32,
    kek_secret: u32,
    rights: Rights,
    id: u32,
    secret: u32,
    strength: u16,
    share: Option<u64>,
    bytes: Vec<u8>,
}

/// A derivation, and the secret that it gives again.
#[derive(PartialEq, Eq)]
struct Derived {
    parent: u32,
    hash: Hash,
    context: u8,
    len: usize,
}

pub(super) struct Model<'e> {
    engine: &'e Engine,
    sessions: [Option<Session<'static>>; 2],
    serials: [u32; 2],
    last: u32,
    keys: Vec<Key>,
    signatures: Vec<Made>,
    macs: Vec<Made>,
    ciphertexts: Vec<Made>,
    blobs: Vec<Blob>,
    derived: Vec<(Derived, u32)>,
    tested: bool,
}

impl<'e> Model<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        let session = |user| Some(engine.open_session(Subject::user(user), b"").unwrap());
        let mut model = Self {
            engine,
            sessions: [session(1), session(2)],
            serials: [1, 2],
            last: 2,
            keys: Vec::new(),
            signatures: Vec::new(),
            macs: Vec::new(),
            ciphertexts: Vec::new(),
            blobs: Vec::new(),
            derived: Vec::new(),
            tested: false,
        };
        for shape in Shape::ALL {
            model.generate(0, Rights::full(shape));
        }
        model
    }

    /// Makes one call and holds the answer against the model's. False ends the sequence.
    pub(super) fn step(&mut self, step: &Step) -> bool {
        let me = usize::from(step.second);
        let user = me as u64 + 1;
        let room = self.keys.iter().filter(|key| key.alive).count() < LIVE;
        match &step.call {
            Call::Generate(draft) if room => self.generate(me, draft.rights(user)),
            Call::Restrict { key, cut } => self.with_limit(me, *key, |model, at| {
                model.restrict(me, at, &cut.limit(model.keys[at].rights.shape, user));
            }),
            Call::Copy { key, cut } if room => self.with_limit(me, *key, |model, at| {
                model.copy(me, at, &cut.limit(model.keys[at].rights.shape, user));
            }),
            Call::Destroy { key, sure } if *sure > 127 => self.destroy(me, *key),
            Call::Sign { key, hash, message, deterministic, room } => {
                self.sign(me, *key, self::hash(*hash), *message, *deterministic, cramped(*room));
            }
            Call::Verify { key, record, damage } => self.verify(me, *key, *record, damaged(*damage)),
            Call::Encrypt { key, message, tag, room } => {
                self.encrypt(me, *key, *message, *tag, cramped(*room));
            }
            Call::Decrypt { key, record, damage } => self.decrypt(me, *key, *record, damaged(*damage)),
            Call::Mac { key, hash, message, tag, room } => {
                self.mac(me, *key, *hash, *message, *tag, cramped(*room));
            }
            Call::VerifyMac { key, record, damage } => self.verify_mac(me, *key, *record, damaged(*damage)),
            Call::Wrap { kek, payload, room } => self.wrap(me, *kek, *payload, cramped(*room)),
            Call::Unwrap { kek, blob, damage, ready, cut, draft } if room => {
                if let Some(at) = pick_of(&self.blobs, *blob) {
                    let shape = self.blobs[at].rights.shape;
                    let limit = cut.limit(shape, user);
                    let template =
                        if ready % 4 == 3 { draft.rights(user) } else { draft.rights_of(shape, user) };
                    if ready % 8 < 6 {
                        self.make_way(me, self.blobs[at].id);
                    }
                    self.unwrap(me, *kek, at, damaged(*damage), &limit, template);
                }
            }
            // As expensive as hundreds of other calls: rare, so that the others get their turn.
            Call::SelfTest { sure } if *sure > 240 && !self.tested => {
                self.tested = true;
                self.engine.self_test().unwrap();
            }
            Call::Close(byte) if *byte > 127 => self.close(me),
            Call::Derive { key, hash, context, draft } if room => {
                self.derive(me, *key, self::hash(*hash), context % 4, draft.rights(user));
            }
            _ => {}
        }
        self.compare();
        // Halved too often, a great number of uses is neither great nor exact.
        !self.keys.iter().any(|key| key.left.is_some_and(|left| left > EXACT && left < PLENTY))
    }

    /// Destroys everything: the engine serves the next sequence.
    pub(super) fn finish(mut self) {
        for key in self.keys.iter().filter(|key| key.alive) {
            let owner = key.rights.owner.unwrap_or(1) as usize - 1;
            session(&self.sessions, owner).destroy(key.handle).unwrap().value();
        }
        self.sessions = [None, None];
        let next = self.engine.open_session(Subject::user(1), b"").unwrap();
        assert_eq!(count(&next), 0);
    }

    /// Every live key is as the model has it; every dead one is unknown.
    fn compare(&self) {
        assert_eq!(self.engine.status().state, State::Operational);
        for me in 0..2 {
            let session = session(&self.sessions, me);
            let mut visible = 0;
            for key in &self.keys {
                let seen = session.attributes(key.handle).map(Outcome::value);
                if !self.sees(me, key) {
                    assert_eq!(seen.unwrap_err(), Error::UnknownKey);
                    continue;
                }
                visible += 1;
                let seen = seen.unwrap();
                assert!(key.rights.match_what(seen.attributes()), "{:?} and {seen:?}", key.rights);
                assert_eq!(seen.effective_strength().bits(), key.strength);
                if key.rights.uses.is_some() {
                    let left = seen.remaining_uses().unwrap();
                    assert_eq!(Some(left), key.left, "{:?}", key.rights);
                }
            }
            assert_eq!(count(session), visible);
        }
    }

    fn sees(&self, me: usize, key: &Key) -> bool {
        key.alive && key.rights.owner.is_none_or(|owner| owner == me as u64 + 1)
    }

    // -- choosing --

    /// Mostly a live key with the usage; now and then any that ever was.
    fn pick(&self, me: usize, byte: u8, usage: Usage) -> Option<usize> {
        let fits = |key: &Key| self.sees(me, key) && key.rights.usage.has(usage);
        let fitting: Vec<usize> = (0..self.keys.len()).filter(|&at| fits(&self.keys[at])).collect();
        match byte % 8 {
            0..7 if !fitting.is_empty() => Some(fitting[usize::from(byte / 8) % fitting.len()]),
            _ => pick_of(&self.keys, byte / 8),
        }
    }

    fn with_limit(&mut self, me: usize, byte: u8, call: impl FnOnce(&mut Self, usize)) {
        if let Some(at) = self.pick(me, byte, Usage::NONE) {
            call(self, at);
        }
    }

    // -- what policy says --

    /// The errors that the use of a key may answer before anything is charged.
    fn may_use(&self, me: usize, key: &Key, usage: Usage, algorithm: Algorithm) -> Vec<Error> {
        if !self.sees(me, key) {
            return vec![Error::UnknownKey];
        }
        let permitted = key.rights.usage.has(usage) && key.rights.shape.algorithm() == algorithm;
        if permitted { Vec::new() } else { vec![Error::NotPermitted] }
    }

    /// Spends a use, if policy found no fault; the errors that the call may answer.
    fn charge(&mut self, at: usize, counted: bool, mut faults: Vec<Error>) -> Vec<Error> {
        if let (true, Some(left)) = (counted, &mut self.keys[at].left) {
            if *left == 0 {
                faults.push(Error::LimitReached);
            } else if faults.is_empty() && *left <= EXACT {
                *left -= 1;
            }
        }
        faults
    }

    /// Moves half of the uses out of a key.
    fn share(&mut self, at: usize, faults: &mut Vec<Error>) -> Option<u64> {
        let left = self.keys[at].left?;
        if left == 0 {
            faults.push(Error::LimitReached);
        }
        let share = left.div_ceil(2);
        if faults.is_empty() {
            self.keys[at].left = Some(left - share);
        }
        Some(share)
    }

    fn next_id(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    fn born(&mut self, me: usize, handle: KeyHandle, rights: Rights) {
        let id = self.next_id();
        let key = Key {
            handle,
            alive: true,
            id,
            secret: id,
            strength: rights.shape.strength(),
            left: rights.budget(),
            session: (!rights.persistent).then_some(self.serials[me]),
            rights,
        };
        self.keys.push(key);
    }

    // -- keys --

    fn generate(&mut self, me: usize, rights: Rights) {
        let attributes = rights.attributes();
        assert_eq!(attributes.is_ok(), rights.are_valid(), "{rights:?}");
        let Ok(attributes) = attributes else { return };
        let faults = not_mine(me, &rights);
        let made = session(&self.sessions, me).generate(&attributes).map(Outcome::value);
        if let Some(handle) = agreed(made, &faults) {
            self.born(me, handle, rights);
        }
    }

    fn derive(&mut self, me: usize, byte: u8, hash: Hash, context: u8, rights: Rights) {
        let Some(at) = self.pick(me, byte, Usage::DERIVE) else { return };
        let Ok(template) = rights.attributes() else { return };
        let algorithm = Shape::Parent.algorithm();
        let key = &self.keys[at];
        let mut faults = self.may_use(me, key, Usage::DERIVE, algorithm);
        if !key.rights.terms.permits_hash(hash) {
            faults.push(Error::NotPermitted);
        }
        faults.extend(not_mine(me, &rights));
        if rights.shape.is_pair() {
            faults.push(Error::InvalidArgument);
        }
        // A counter would start anew.
        let counts = rights.shape == Shape::Counter && rights.usage.has(Usage::ENCRYPT);
        if counts || !rights.descend_from(&key.rights) {
            faults.push(Error::NotPermitted);
        }
        let (handle, parent, above) = (key.handle, key.secret, key.strength);
        let counted = key.rights.uses.is_some();
        let faults = self.charge(at, counted, faults);
        let info = [context];
        // Without any, one time in four.
        let params = Params::with_hash(hash).info(if context == 0 { &[] } else { &info });
        let made = session(&self.sessions, me).derive(handle, algorithm, &params, &template);
        if let Some(handle) = agreed(made.map(Outcome::value), &faults) {
            let by = Derived { parent, hash, context, len: rights.shape.len() };
            self.born(me, handle, rights);
            let known = self.derived.iter().find(|(before, _)| *before == by).map(|(_, secret)| *secret);
            let child = self.keys.last_mut().unwrap();
            child.strength = child.strength.min(above);
            match known {
                Some(secret) => child.secret = secret,
                None => self.derived.push((by, child.secret)),
            }
        }
    }

    fn restrict(&mut self, me: usize, at: usize, limit: &Limit) {
        let key = &self.keys[at];
        let (narrow, mut faults) = key.rights.narrowed(limit);
        if !self.sees(me, key) {
            faults.push(Error::UnknownKey);
        }
        let restriction = limit.restriction(key.rights.shape);
        let made = session(&self.sessions, me).restrict(key.handle, &restriction).map(Outcome::value);
        if agreed(made, &faults).is_some() {
            let serial = self.serials[me];
            let key = &mut self.keys[at];
            if let Some(limit) = narrow.uses {
                key.left = Some(key.left.map_or(limit, |left| left.min(limit)));
            }
            if key.rights.persistent && !narrow.persistent {
                key.session = Some(serial);
            }
            key.rights = narrow;
        }
    }

    fn copy(&mut self, me: usize, at: usize, limit: &Limit) {
        let key = &self.keys[at];
        let (narrow, mut faults) = key.rights.narrowed(limit);
        if !self.sees(me, key) {
            faults.push(Error::UnknownKey);
        }
        faults.extend(not_mine(me, &narrow));
        let (handle, secret, strength) = (key.handle, key.secret, key.strength);
        let restriction = limit.restriction(key.rights.shape);
        let share = if narrow.are_counted() { self.share(at, &mut faults) } else { None };
        let made = session(&self.sessions, me).copy(handle, &restriction).map(Outcome::value);
        if let Some(handle) = agreed(made, &faults) {
            let left = capped(share, narrow.uses);
            self.born(me, handle, narrow);
            let copy = self.keys.last_mut().unwrap();
            (copy.secret, copy.strength, copy.left) = (secret, strength, left);
        }
    }

    fn destroy(&mut self, me: usize, byte: u8) {
        let Some(at) = self.pick(me, byte, Usage::NONE) else { return };
        let key = &self.keys[at];
        let faults = if self.sees(me, key) { Vec::new() } else { vec![Error::UnknownKey] };
        let made = session(&self.sessions, me).destroy(key.handle).map(Outcome::value);
        if agreed(made, &faults).is_some() {
            self.keys[at].alive = false;
        }
    }

    /// Closes a session and opens another of the same user.
    fn close(&mut self, me: usize) {
        self.sessions[me] = None;
        for key in &mut self.keys {
            key.alive &= key.session != Some(self.serials[me]);
        }
        self.serials[me] = self.next_id();
        self.sessions[me] = Some(self.engine.open_session(Subject::user(me as u64 + 1), b"").unwrap());
    }

    /// Destroys the key with this id: a second one cannot come in.
    fn make_way(&mut self, me: usize, id: u32) {
        let found = (0..self.keys.len()).find(|&at| self.keys[at].id == id && self.keys[at].alive);
        if let Some(at) = found.filter(|&at| self.sees(me, &self.keys[at])) {
            session(&self.sessions, me).destroy(self.keys[at].handle).unwrap().value();
            self.keys[at].alive = false;
        }
    }

    // -- signatures --

    fn sign(&mut self, me: usize, byte: u8, hash: Hash, message: u8, deterministic: bool, cramped: bool) {
        let Some(at) = self.pick(me, byte, Usage::SIGN) else { return };
        let key = &self.keys[at];
        // With a key that signs nothing, ECDSA is what is asked for, and refused.
        let pure = matches!(key.rights.shape, Shape::Ed25519 | Shape::MlDsa);
        let algorithm = if pure { key.rights.shape.algorithm() } else { Algorithm::EcdsaP256 };
        let room = if algorithm == Algorithm::MlDsa { 2420 } else { 64 };
        let mut faults = self.may_use(me, key, Usage::SIGN, algorithm);
        let mut params = if pure { Params::NONE } else { Params::with_hash(hash) };
        let terms = key.rights.terms;
        if !pure && deterministic {
            params = params.deterministic();
        }
        if !pure && (!terms.permits_hash(hash) || (deterministic && !terms.deterministic)) {
            faults.push(Error::NotPermitted);
        }
        if cramped {
            faults.push(Error::BufferTooSmall);
        }
        let counted = key.rights.uses.is_some();
        let (handle, secret, message) = (key.handle, key.secret, text(message));
        let faults = self.charge(at, counted, faults);
        let mut output = vec![0; if cramped { room - 1 } else { room }];
        let made = session(&self.sessions, me)
            .sign(handle, algorithm, &params, &message, &mut output)
            .map(Outcome::value);
        if let Some(len) = agreed(made, &faults) {
            assert_eq!(len, room);
            let (tag_len, iv) = (None, Vec::new());
            self.signatures.push(Made { algorithm, secret, hash, tag_len, iv, message, output });
        }
    }

    fn verify(&mut self, me: usize, byte: u8, record: u8, damaged: bool) {
        let (Some(at), Some(of)) = (self.pick(me, byte, Usage::VERIFY), pick_of(&self.signatures, record))
        else {
            return;
        };
        let (key, made) = (&self.keys[at], &self.signatures[of]);
        let mut faults = self.may_use(me, key, Usage::VERIFY, made.algorithm);
        let pure = made.algorithm != Algorithm::EcdsaP256;
        if !pure && !key.rights.terms.permits_hash(made.hash) {
            faults.push(Error::NotPermitted);
        }
        if faults.is_empty() && (damaged || key.secret != made.secret) {
            faults.push(Error::Rejected);
        }
        let params = if pure { Params::NONE } else { Params::with_hash(made.hash) };
        let signature = damage(&made.output, damaged);
        let verdict = session(&self.sessions, me)
            .verify(key.handle, made.algorithm, &params, &made.message, &signature)
            .map(Outcome::value);
        agreed(verdict, &faults);
    }

    // -- encryption --

    fn encrypt(&mut self, me: usize, byte: u8, message: u8, tag: u8, cramped: bool) {
        let Some(at) = self.pick(me, byte, Usage::ENCRYPT) else { return };
        let key = &self.keys[at];
        let counter = key.rights.shape == Shape::Counter;
        let algorithm = if counter { Algorithm::AesGcmCounter } else { Algorithm::AesGcm };
        let mut faults = self.may_use(me, key, Usage::ENCRYPT, algorithm);
        let tag_len = [None, Some(16), Some(12), Some(13), Some(8)][usize::from(tag) % 5];
        faults.extend(bad_tag(tag_len, 12, key.rights.terms.min_tag, 16));
        if cramped {
            faults.push(Error::BufferTooSmall);
        }
        let (handle, secret, message) = (key.handle, key.secret, text(message));
        let mut faults = self.charge(at, true, faults);
        faults.dedup();
        let room = message.len() + tag_len.unwrap_or(16);
        let mut output = vec![0; if cramped { room - 1 } else { room }];
        let mut params = Params::NONE.aad(b"associated");
        params = tag_len.map_or(params, |len| params.tag_len(len));
        let made = session(&self.sessions, me)
            .encrypt(handle, algorithm, &params, &message, &mut output)
            .map(Outcome::value);
        if let Some(made) = agreed(made, &faults) {
            assert_eq!(made.len, room);
            let iv = made.iv.as_bytes().to_vec();
            let reused = |other: &Made| other.secret == secret && other.iv == iv;
            assert!(!self.ciphertexts.iter().any(reused), "an IV twice under one key");
            let hash = Hash::Sha256;
            self.ciphertexts.push(Made { algorithm, secret, hash, tag_len, iv, message, output });
        }
    }

    fn decrypt(&mut self, me: usize, byte: u8, record: u8, damaged: bool) {
        let (Some(at), Some(of)) = (self.pick(me, byte, Usage::DECRYPT), pick_of(&self.ciphertexts, record))
        else {
            return;
        };
        let (key, made) = (&self.keys[at], &self.ciphertexts[of]);
        let mut faults = self.may_use(me, key, Usage::DECRYPT, made.algorithm);
        faults.extend(bad_tag(made.tag_len, 12, key.rights.terms.min_tag, 16));
        let (counted, handle, secret) = (key.rights.uses.is_some(), key.handle, key.secret);
        let mut faults = self.charge(at, counted, faults);
        let made = &self.ciphertexts[of];
        if faults.is_empty() && (damaged || secret != made.secret) {
            faults.push(Error::Rejected);
        }
        let mut params = Params::NONE.aad(b"associated").iv(&made.iv);
        params = made.tag_len.map_or(params, |len| params.tag_len(len));
        let mut out = vec![0xee; made.message.len()];
        let opened = session(&self.sessions, me)
            .decrypt(handle, made.algorithm, &params, &damage(&made.output, damaged), &mut out)
            .map(Outcome::value);
        match agreed(opened, &faults) {
            Some(len) => assert_eq!(out[..len], made.message),
            None => assert!(out.iter().all(|&byte| byte == 0) || out.iter().all(|&byte| byte == 0xee)),
        }
    }

    // -- message authentication --

    fn mac(&mut self, me: usize, byte: u8, chosen: u8, message: u8, tag: u8, cramped: bool) {
        let Some(at) = self.pick(me, byte, Usage::MAC) else { return };
        let key = &self.keys[at];
        let own = key.rights.terms.hash.filter(|_| chosen < 192);
        let hash = own.unwrap_or(hash(chosen));
        let tag_len = [None, Some(32), Some(16), Some(10), Some(8)][usize::from(tag) % 5];
        let mut faults = self.may_use(me, key, Usage::MAC, Algorithm::Hmac);
        faults.extend(bad_mac(key, hash, tag_len));
        if cramped {
            faults.push(Error::BufferTooSmall);
        }
        let (counted, handle, secret) = (key.rights.uses.is_some(), key.handle, key.secret);
        let faults = self.charge(at, counted, faults);
        let room = tag_len.unwrap_or(hash.output_len());
        let message = text(message);
        let mut output = vec![0; if cramped { room - 1 } else { room }];
        let mut params = Params::with_hash(hash);
        params = tag_len.map_or(params, |len| params.tag_len(len));
        let made = session(&self.sessions, me)
            .mac(handle, Algorithm::Hmac, &params, &message, &mut output)
            .map(Outcome::value);
        if let Some(len) = agreed(made, &faults) {
            assert_eq!(len, room);
            let (algorithm, iv) = (Algorithm::Hmac, Vec::new());
            self.macs.push(Made { algorithm, secret, hash, tag_len, iv, message, output });
        }
    }

    fn verify_mac(&mut self, me: usize, byte: u8, record: u8, damaged: bool) {
        let (Some(at), Some(of)) = (self.pick(me, byte, Usage::VERIFY_MAC), pick_of(&self.macs, record))
        else {
            return;
        };
        let (key, made) = (&self.keys[at], &self.macs[of]);
        let mut faults = self.may_use(me, key, Usage::VERIFY_MAC, Algorithm::Hmac);
        faults.extend(bad_mac(key, made.hash, made.tag_len));
        let (counted, handle, secret) = (key.rights.uses.is_some(), key.handle, key.secret);
        let mut faults = self.charge(at, counted, faults);
        let made = &self.macs[of];
        if faults.is_empty() && (damaged || secret != made.secret) {
            faults.push(Error::Rejected);
        }
        let mut params = Params::with_hash(made.hash);
        params = made.tag_len.map_or(params, |len| params.tag_len(len));
        let verdict = session(&self.sessions, me)
            .verify_mac(handle, Algorithm::Hmac, &params, &made.message, &damage(&made.output, damaged))
            .map(Outcome::value);
        agreed(verdict, &faults);
    }

    // -- transport --

    fn wrap(&mut self, me: usize, kek: u8, payload: u8, cramped: bool) {
        let (Some(kek), Some(payload)) =
            (self.pick(me, kek, Usage::WRAP), self.pick(me, payload, Usage::NONE))
        else {
            return;
        };
        let (by, what) = (&self.keys[kek], &self.keys[payload]);
        let algorithm = match by.rights.shape {
            shape @ (Shape::Kw | Shape::Kwp) => shape.algorithm(),
            _ => Algorithm::NativeWrap,
        };
        let native = algorithm == Algorithm::NativeWrap;
        let mut faults = self.may_use(me, by, Usage::WRAP, algorithm);
        if !self.sees(me, what) {
            faults.push(Error::UnknownKey);
        }
        let format = if native { ExportFormat::Native } else { ExportFormat::Interoperable };
        // No KEK of these users is trusted.
        let may_leave = what.rights.export.format() >= format
            && !what.rights.export.needs_trusted()
            && by.strength >= what.strength
            && kek != payload;
        if !may_leave {
            faults.push(Error::NotPermitted);
        }
        if cramped {
            faults.push(Error::BufferTooSmall);
        }
        // KW carries whole semiblocks; P-256 and ML-DSA keys as PKCS#8 are none.
        let misfit = algorithm == Algorithm::AesKw && matches!(what.rights.shape, Shape::P256 | Shape::MlDsa);
        let (by_handle, handle) = (by.handle, what.handle);
        let counted = by.rights.uses.is_some() || by.rights.make_ivs();
        let mut blob = Blob {
            algorithm,
            kek_id: by.id,
            kek_secret: by.secret,
            rights: what.rights.clone(),
            id: what.id,
            secret: what.secret,
            strength: what.strength,
            share: None,
            bytes: Vec::new(),
        };
        let mut faults = self.charge(kek, counted, faults);
        if misfit {
            faults.push(Error::InvalidArgument);
        }
        if native && blob.rights.are_counted() {
            blob.share = self.share(payload, &mut faults);
        }
        let session = session(&self.sessions, me);
        let room = session.wrapped_len(by_handle, algorithm, handle).map_or(1024, Outcome::value);
        blob.bytes = vec![0; if cramped { room.min(40) - 24 } else { room }];
        let made =
            session.wrap(by_handle, algorithm, &Params::NONE, handle, &mut blob.bytes).map(Outcome::value);
        if let Some(len) = agreed(made, &faults) {
            blob.bytes.truncate(len);
            self.blobs.push(blob);
        }
    }

    fn unwrap(&mut self, me: usize, kek: u8, of: usize, damaged: bool, limit: &Limit, template: Rights) {
        // Mostly the KEK that made the blob.
        let right = self.keys.iter().position(|key| key.alive && key.id == self.blobs[of].kek_id);
        let right = right.filter(|_| kek % 4 < 3);
        let Some(at) = right.or_else(|| self.pick(me, kek / 4, Usage::UNWRAP)) else { return };
        let (key, blob) = (&self.keys[at], &self.blobs[of]);
        let native = blob.algorithm == Algorithm::NativeWrap;
        let attributes = template.attributes();
        if !native && attributes.is_err() {
            return;
        }
        let faults = self.may_use(me, key, Usage::UNWRAP, blob.algorithm);
        let (counted, handle, strength) = (key.rights.uses.is_some(), key.handle, key.strength);
        let opens = !damaged && if native { key.id == blob.kek_id } else { key.secret == blob.kek_secret };
        let mut faults = self.charge(at, counted, faults);
        let blob = &self.blobs[of];
        if faults.is_empty() && !opens {
            faults.push(Error::Rejected);
        }
        let (rights, left, bad) = if native {
            self.as_native(blob, limit)
        } else {
            (template.clone(), template.budget(), as_bare(blob, &template))
        };
        // What comes before the policy of the new key is not undone by it.
        faults.extend(bad);
        faults.extend(not_mine(me, &rights));
        let restriction: Restriction = limit.restriction(blob.rights.shape);
        let form = match &attributes {
            Ok(attributes) if !native => UnwrapAs::Foreign(attributes),
            _ => UnwrapAs::Native(&restriction),
        };
        let bytes = damage(&blob.bytes, damaged);
        let made = session(&self.sessions, me)
            .unwrap(handle, blob.algorithm, &Params::NONE, &bytes, form)
            .map(Outcome::value);
        if let Some(handle) = agreed(made, &faults) {
            let blob = &self.blobs[of];
            let (id, secret) = (blob.id, blob.secret);
            let limit = if native { blob.strength } else { rights.shape.strength() };
            self.born(me, handle, rights);
            let key = self.keys.last_mut().unwrap();
            (key.secret, key.strength, key.left) = (secret, limit.min(strength), left);
            if native {
                key.id = id;
            }
        }
    }

    /// Rights and uses that a native blob brings under a limit.
    fn as_native(&self, blob: &Blob, limit: &Limit) -> (Rights, Option<u64>, Vec<Error>) {
        let (rights, mut faults) = blob.rights.narrowed(limit);
        if self.keys.iter().any(|key| key.alive && key.id == blob.id) {
            faults.push(Error::NotPermitted);
        }
        // Without a usage log no deterministic IV may be made again (GCM-4).
        let spent = blob.rights.shape == Shape::Counter && blob.rights.make_ivs();
        let share = if spent { Some(0) } else { blob.share };
        let left = capped(share, rights.uses);
        (rights, left, faults)
    }
}

/// Whether bare bytes make such a key.
fn as_bare(blob: &Blob, template: &Rights) -> Vec<Error> {
    let mut faults = Vec::new();
    if template.shape == Shape::Counter && template.make_ivs() {
        faults.push(Error::NotPermitted);
    }
    let (from, to) = (blob.rights.shape, template.shape);
    let fits = if from.is_pair() || to.is_pair() { from == to } else { from.len() == to.len() };
    if !fits {
        faults.push(Error::Rejected);
    }
    faults
}

/// A user makes no key for somebody else.
fn not_mine(me: usize, rights: &Rights) -> Vec<Error> {
    let mine = rights.owner.is_none_or(|owner| owner == me as u64 + 1);
    if mine { Vec::new() } else { vec![Error::NotPermitted] }
}

fn bad_tag(len: Option<usize>, least: usize, rule: u8, full: usize) -> Vec<Error> {
    match len {
        Some(len) if len < least => vec![Error::Unsupported],
        Some(len) if len < usize::from(rule) && len != full => vec![Error::NotPermitted],
        _ => Vec::new(),
    }
}

fn bad_mac(key: &Key, hash: Hash, tag_len: Option<usize>) -> Vec<Error> {
    let mut faults = bad_tag(tag_len, 10, key.rights.terms.min_tag, hash.output_len());
    if !key.rights.terms.permits_hash(hash) {
        faults.push(Error::NotPermitted);
    }
    faults
}

/// A share of uses under a limit.
fn capped(share: Option<u64>, limit: Option<u64>) -> Option<u64> {
    match (share, limit) {
        (Some(share), Some(limit)) => Some(share.min(limit)),
        (share, limit) => share.or(limit),
    }
}

/// The value, if the call succeeded as the model says; `None` if it was refused as the model says.
#[track_caller]
fn agreed<T>(answer: Result<T, Error>, faults: &[Error]) -> Option<T> {
    match answer {
        Ok(value) => {
            assert!(faults.is_empty(), "succeeded; the model refuses: {faults:?}");
            Some(value)
        }
        Err(error) => {
            assert!(faults.contains(&error), "{error:?}; the model says {faults:?}");
            None
        }
    }
}

fn session<'s>(sessions: &'s [Option<Session<'static>>; 2], me: usize) -> &'s Session<'static> {
    sessions[me].as_ref().unwrap()
}

fn pick_of<T>(list: &[T], byte: u8) -> Option<usize> {
    (!list.is_empty()).then(|| usize::from(byte) % list.len())
}

fn text(byte: u8) -> Vec<u8> {
    vec![byte; usize::from(byte % 16) + 1]
}

/// The last byte is changed, so that the form stays right.
fn damage(bytes: &[u8], damaged: bool) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let (true, Some(last)) = (damaged, bytes.last_mut()) {
        *last ^= 1;
    }
    bytes
}

fn damaged(byte: u8) -> bool {
    byte > 200
}

fn cramped(byte: u8) -> bool {
    byte > 230
}
