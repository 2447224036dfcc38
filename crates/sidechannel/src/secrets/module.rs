//! The module as a whole: power-on, random numbers, digests of secrets, records of keys.

use strongroom::{
    Algorithm, DrbgMechanism, Engine, Hash, HeapStore, Profile, Restriction, Subject, Usage, Xof, lab,
};

use super::{Gave, Rig, Run, backend, given, hmac};

pub(crate) fn all(run: &mut Run) {
    for mechanism in [DrbgMechanism::CtrAes256, DrbgMechanism::HmacSha512] {
        random(run, mechanism);
    }
    digests(run);
    records(run);
}

fn random(run: &mut Run, mechanism: DrbgMechanism) {
    let algorithm = mechanism.algorithm();
    let mut made = None;
    run.keyless(algorithm, "power-on", || {
        let builder = Engine::builder().store(HeapStore::new(4, 2)).profile(Profile::General);
        let engine = builder.drbg(mechanism).backend(backend()).unwrap().power_on().unwrap();
        made = Some(engine.open_session(Subject::user(1), b"")?);
        Ok(Gave::Nothing)
    });
    let session = made.unwrap();
    run.keyless(algorithm, "random", || {
        let mut out = [0; 100];
        session.random(&mut out)?.value();
        Ok(Gave::Marked(given(&mut out)))
    });
    run.keyless(algorithm, "random, with reseeds", || {
        let mut out = vec![0; 40_000];
        session.random(&mut out)?.value();
        Ok(Gave::Marked(given(&mut out)))
    });
    run.keyless(algorithm, "random, mixed and fresh", || {
        let (mut additional, mut out) = ([7; 32], [0; 64]);
        lab::mark_secret(&mut additional);
        session.random_mixed(&additional, &mut out)?.value();
        session.random_fresh(&additional, &mut out)?.value();
        Ok(Gave::Marked(given(&mut out)))
    });
}

fn digests(run: &mut Run) {
    let rig = Rig::new();
    let mut message = [5; 300];
    lab::mark_secret(&mut message);
    for hash in Hash::ALL {
        run.keyless(hash.algorithm(), &format!("digest, {}", hash.name()), || {
            let mut out = vec![0; hash.output_len()];
            rig.session.digest(hash, &message, &mut out)?.value();
            Ok(Gave::Marked(given(&mut out)))
        });
    }
    for xof in [Xof::Shake128, Xof::Shake256] {
        run.keyless(Algorithm::Shake, xof.name(), || {
            let mut out = [0; 300];
            rig.session.xof(xof, &message, &mut out)?.value();
            Ok(Gave::Marked(given(&mut out)))
        });
    }
}

fn records(run: &mut Run) {
    let rig = Rig::new();
    let key = rig.generate(&hmac().build().unwrap());
    run.operation("record: tests on demand", || rig.engine.self_test().map(|()| Gave::Nothing));
    run.operation("record: attributes", || {
        rig.session.attributes(key)?.value();
        Ok(Gave::Nothing)
    });
    run.operation("record: copy, narrow, use", || {
        let limit = Restriction::none().usage(Usage::MAC);
        let copy = rig.session.copy(key, &limit)?.value();
        rig.session.restrict(copy, &limit.session_only())?.value();
        rig.says(copy)
    });
    run.operation("record: destroy", || {
        rig.session.destroy(key)?.value();
        Ok(Gave::Nothing)
    });
    run.operation("zeroise", || {
        rig.engine.zeroise();
        Ok(Gave::Nothing)
    });
}
