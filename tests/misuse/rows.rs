//! The mistakes.

use super::Edit::{Append, Replace};
use super::Row;

const SERVICES: &str = "src/session/services.rs";
const BATCH: &str = "src/session/batch.rs";
const ECDSA_MANY: &str = "src/boundary/alg/ecdsa_many.rs";
const STREAMS: &str = "src/session/streams.rs";
const TRANSPORT: &str = "src/session/transport.rs";
const HMAC: &str = "src/boundary/alg/hmac.rs";
const ED25519: &str = "src/boundary/alg/ed25519.rs";
const SHA2: &str = "src/boundary/alg/sha2.rs";
const TABLE: &str = "src/boundary/table.rs";
const WRAPPING: &str = "src/boundary/wrapping.rs";
const SHA_VECTORS: &str = "kat-vectors/cast/sha.txt";

pub(crate) const ROWS: &[Row] = &[
    // -- plaintext: the place is the boundary, and the only way there is a permit --
    Row {
        what: "a session asks a permit for the material",
        edits: &[Replace(
            SERVICES,
            "            let mut staged = stage(out, Some(public::emitted_len(&permit)?))?;",
            "            let mut staged = stage(out, Some(public::emitted_len(&permit)?))?;
            permit.material(|_| Ok(()))?; //~ E0624",
        )],
    },
    Row {
        what: "the doorway of every service that makes output asks for the material",
        edits: &[Replace(
            SERVICES,
            "            run(permit, $params, &mut tools, $input, &mut staged)?;",
            "            permit.material(|_| Ok(()))?; //~ E0624
            run(permit, $params, &mut tools, $input, &mut staged)?;",
        )],
    },
    Row {
        what: "fields of a key outside key.rs",
        edits: &[
            Append(
                "src/store/heap.rs",
                "
fn secret_of<B: crate::boundary::Buffer>(key: &Key<B>) -> usize {
    core::mem::size_of_val(&key.secret) //~ E0616
}
fn prepared_of<B: crate::boundary::Buffer>(key: &Key<B>) -> usize {
    core::mem::size_of_val(&key.prepared) //~ E0616
}
fn header_of<B: crate::boundary::Buffer>(key: &mut Key<B>) -> &mut Header {
    &mut key.header //~ E0616
}
fn make_live<B: crate::boundary::Buffer>(key: &mut Key<B>) {
    key.published = true; //~ E0616
}
fn material_of<B: crate::boundary::Buffer>(key: &Key<B>) -> usize {
    core::mem::size_of_val(&key.view().material) //~ E0616
}",
            ),
            // The store needs no name of a buffer; the mistake above does.
            Replace(
                "src/boundary.rs",
                "pub(crate) use secret::{Inline, on_scrubbed_stack};",
                "pub(crate) use secret::{Buffer, Inline, on_scrubbed_stack};",
            ),
        ],
    },
    Row {
        what: "an algorithm takes the key out of its permit",
        edits: &[Append(
            HMAC,
            "
fn key_of<'p>(permit: &'p Permit<'_, Mac>) -> Option<&'p crate::boundary::Pinned<'p>> {
    permit.key.as_ref() //~ E0616
}
fn material_of(permit: &Permit<'_, Mac>) -> Result<usize> {
    Ok(core::mem::size_of_val(&permit.key()?.key)) //~ E0616
}",
        )],
    },
    Row {
        what: "a session calls a cell, or fills a key, without the table",
        edits: &[Append(
            SERVICES,
            "
fn place_of(mut place: crate::boundary::Vacant<'_>) -> Result<crate::boundary::Paired> {
    place.bytes().fill(7); //~ E0624
    place.entered() //~ E0624
}",
        )],
    },
    Row {
        what: "a session names a cell",
        edits: &[Append(SERVICES, "use crate::boundary::alg::hmac::mac as cell_of_mac; //~ E0603")],
    },
    Row {
        what: "a session names secrets and their prepared forms",
        edits: &[Append(
            SERVICES,
            "
use crate::boundary::secret::Secret; //~ E0603
use crate::boundary::prepared::Prepared; //~ E0603",
        )],
    },
    Row {
        what: "the material is borrowed out of its closure, by its captures",
        edits: &[Append(
            HMAC,
            "
fn keep(permit: &Permit<'_, Mac>) -> Result<usize> {
    let mut kept: &[u8] = &[];
    permit.material(|material| {
        kept = material.secret(); //~ E0521
        Ok(())
    })?;
    Ok(kept.len())
}",
        )],
    },
    Row {
        what: "the material is borrowed out of its closure, by its answer",
        edits: &[Append(
            HMAC,
            "
fn answer(permit: &Permit<'_, Mac>) -> Result<usize> {
    permit.material(|material| Ok(material.secret())).map(<[u8]>::len) //~ lifetime may not live long enough
}",
        )],
    },
    Row {
        what: "the material of a group is borrowed out of its closure",
        edits: &[Append(
            ECDSA_MANY,
            "
fn keep(permits: [Option<&crate::boundary::key::Permit<'_, Sign>>; LANES]) -> usize {
    let mut kept: &[u8] = &[];
    material_many(permits, |materials| {
        for material in materials.into_iter().flatten() {
            kept = material.secret(); //~ E0521
        }
    });
    kept.len()
}",
        )],
    },
    Row {
        what: "a session asks a group of permits for their material",
        edits: &[Append(BATCH, "use crate::boundary::key::material_many as materials_of; //~ E0603")],
    },
    Row {
        what: "a session takes the permit out of a job, or its unreleased output",
        edits: &[Append(
            BATCH,
            "
fn permitted(job: &Job<'_, '_, Sign>) -> bool {
    job.permit.is_some() //~ E0616
}
fn unreleased(job: &Making<'_, '_, Sign>) -> bool {
    job.out.is_ok() //~ E0616
}",
        )],
    },
    Row {
        what: "a cell for verifying groups in the column for signing them",
        edits: &[Replace(
            TABLE,
            "        sign_many: Some(ecdsa_many::sign::<P256>),",
            "        sign_many: Some(ecdsa_many::verify::<P256>), //~ E0308",
        )],
    },
    Row {
        what: "claims of a blob are believed before its tag was checked",
        edits: &[Append(
            TRANSPORT,
            "
fn believe(blob: &[u8]) -> Result<KeyId> {
    Ok(wrapped_key::parse(Algorithm::NativeWrap, blob)?.claims.0.id) //~ E0616
}",
        )],
    },
    // -- proofs: made in one place --
    Row {
        what: "an algorithm makes a permit",
        edits: &[Append(
            HMAC,
            "
fn forge<'m, K>(
    pass: crate::state::Pass<'m>,
    key: Option<K>,
    evidence: crate::policy::Evidence,
) -> crate::policy::Permit<'m, Mac, K> {
    let (payload, op) = (None, core::marker::PhantomData);
    crate::policy::Permit { pass, key, payload, ticket: 0, evidence, op } //~ E0451
}",
        )],
    },
    Row {
        what: "an algorithm makes a pass",
        edits: &[Append(
            HMAC,
            "
fn enter(module: &crate::state::Module) -> crate::state::Pass<'_> {
    crate::state::Pass { module } //~ E0451
}",
        )],
    },
    Row {
        what: "an algorithm makes an outcome",
        edits: &[Append(
            HMAC,
            "
fn approve(indicator: crate::Indicator) -> crate::Outcome<()> {
    crate::Outcome { value: (), indicator } //~ E0451
}",
        )],
    },
    Row {
        what: "an algorithm says what the indicator will say",
        edits: &[Append(
            HMAC,
            "
fn evidence(indicator: crate::Indicator) -> crate::policy::Evidence {
    crate::policy::Evidence(indicator) //~ E0603
}",
        )],
    },
    Row {
        what: "an algorithm gets round the guard over the caller's buffer",
        edits: &[Append(
            HMAC,
            "
fn take<'b>(staged: Staged<'b>) -> usize {
    staged.out.len() //~ E0616
}
fn disarm(mut staged: Staged<'_>) {
    staged.disarm(); //~ E0624
}",
        )],
    },
    Row {
        what: "an algorithm makes a guard that looks used",
        edits: &[Append(
            HMAC,
            "
fn full<'b>(out: &'b mut [u8]) -> Staged<'b> {
    let len = out.len();
    Staged { out, len, iv: crate::Iv::default() } //~ E0451
}",
        )],
    },
    Row {
        what: "a pair is called tested outside key.rs",
        edits: &[Append(
            WRAPPING,
            "
fn tested() -> Paired {
    Paired { tested: true } //~ E0451
}",
        )],
    },
    Row {
        what: "a store publishes a key without its proof",
        edits: &[Replace(
            "src/store/heap.rs",
            "            key.publish(proof, keeper.seal)?;",
            "            drop(proof);
            key.publish(keeper.seal)?; //~ E0061",
        )],
    },
    Row {
        what: "a proof, and an outcome, that nobody looks at",
        edits: &[
            Replace(
                WRAPPING,
                "            self.fill_pair(kind, &mut place, tools)?;
        }
        place.entered()",
                "            self.fill_pair(kind, &mut place, tools)?;
        }
        place.entered()?; //~ unused_must_use
        Err(Error::Corrupted)",
            ),
            Replace(
                SERVICES,
                "            tools.random(additional, fresh, staged.claim(len)?)?;",
                "            core.module.release_value((), permit.evidence().indicator())?; //~ unused_must_use
            tools.random(additional, fresh, staged.claim(len)?)?;",
            ),
        ],
    },
    // -- policy: decided in one place --
    Row {
        what: "a new operation outside policy/ops.rs",
        edits: &[Append(
            HMAC,
            "
enum Peek {}
impl Op for Peek { //~ E0277
    const USAGE: crate::attributes::Usage = crate::attributes::Usage::NONE;
    const ROLES: &'static [crate::policy::Role] = &crate::policy::Role::ALL;
}",
        )],
    },
    Row {
        what: "an operation seals itself outside policy/ops.rs",
        edits: &[Append(
            HMAC,
            "
enum Peek {}
impl crate::policy::ops::sealed::Sealed for Peek {} //~ E0603",
        )],
    },
    Row {
        what: "an algorithm numbers its use itself, or charges nobody",
        edits: &[Append(
            HMAC,
            "
fn reuse(permit: &mut Permit<'_, Mac>) {
    permit.ticket = 0; //~ E0616
}
fn spend(permit: &Permit<'_, Mac>) -> Result<usize> {
    Ok(core::mem::size_of_val(&permit.key()?.spender)) //~ E0616
}
fn take(lease: &mut crate::budget::Lease) -> Option<u64> {
    lease.take() //~ E0624
}",
        )],
    },
    Row {
        what: "the spender of another key is put together",
        edits: &[Append(
            "src/session/keys.rs",
            "
fn spender<'a>(
    budget: &'a crate::sync::Lock<Budget>,
    id: KeyId,
    lease: &'a core::cell::Cell<Lease>,
) -> crate::budget::Spender<'a> {
    crate::budget::Spender { lease: Some(lease), budget, id, log: None } //~ E0451
}",
        )],
    },
    Row {
        what: "something that policy cannot judge is put before it",
        edits: &[Append(
            SERVICES,
            "
fn unjudged<'m>(
    pass: crate::state::Pass<'m>,
    request: &crate::policy::Request<'_>,
) -> Result<crate::policy::Permit<'m, Sign, u32>> {
    crate::policy::authorise(pass, request, Target::Key(7u32)) //~ E0277
}",
        )],
    },
    // -- operations are types --
    Row {
        what: "a permit to verify in the cell that makes",
        edits: &[Append(
            HMAC,
            "
fn make(
    permit: Permit<'_, VerifyMac>,
    params: &Params<'_>,
    tools: &mut Tools<'_>,
    out: &mut Staged<'_>,
) -> Result<()> {
    mac(permit, params, tools, &[], out) //~ E0308
}",
        )],
    },
    Row {
        what: "a verify function in the columns that sign and make",
        edits: &[
            Replace(
                TABLE,
                "        sign: Some(ed25519::sign),",
                "        sign: Some(ed25519::verify), //~ E0308",
            ),
            Replace(
                TABLE,
                "        mac: Some(hmac::mac),",
                "        mac: Some(hmac::verify), //~ E0308",
            ),
        ],
    },
    Row {
        what: "a service asks for the right to decrypt and encrypts",
        edits: &[
            Replace(
                SERVICES,
                "        make!(self, Encrypt, encrypt, applied_len, key, algorithm, params, plaintext, out)",
                "        make!(self, Decrypt, encrypt, applied_len, key, algorithm, params, plaintext, out)",
            ),
            Replace(
                SERVICES,
                "            run(permit, $params, &mut tools, $input, &mut staged)?;",
                "            run(permit, $params, &mut tools, $input, &mut staged)?; //~ E0308",
            ),
        ],
    },
    Row {
        what: "the right to wrap a key is the right to see it leave",
        edits: &[Append(
            WRAPPING,
            "
fn leave(kek: &Permit<'_, Wrap>) -> Result<Scratch> {
    bare_form(kek) //~ E0308
}",
        )],
    },
    // -- one permit, one use --
    Row {
        what: "one permit used twice",
        edits: &[Append(
            HMAC,
            "
fn twice(permit: Permit<'_, Mac>, params: &Params<'_>, tools: &mut Tools<'_>, out: &mut [u8]) -> Result<()> {
    mac(permit, params, tools, b\"first\", &mut Staged::new(out))?;
    mac(permit, params, tools, b\"second\", &mut Staged::new(out)) //~ E0382
}",
        )],
    },
    Row {
        what: "one pass used twice, and one output released twice",
        edits: &[Append(
            SERVICES,
            "
fn twice<S: Store>(core: &crate::engine::Core<S>, request: &crate::policy::Request<'_>) -> Result<()> {
    let pass = core.module.enter()?;
    admit::admit_management::<Inspect>(pass, request, Target::Keyless)?;
    admit::admit_management::<Inspect>(pass, request, Target::Keyless)?; //~ E0382
    Ok(())
}
fn again(module: &crate::state::Module, out: crate::state::Staged<'_>, says: crate::Indicator) -> Result<()> {
    module.release(out, says).map(drop)?;
    module.release(out, says).map(drop) //~ E0382
}",
        )],
    },
    Row {
        what: "a permit, and a pass, copied",
        edits: &[Append(
            HMAC,
            "
fn two(permit: Permit<'_, Mac>) -> [Permit<'_, Mac>; 2] {
    [permit.clone(), permit] //~ E0599
}
fn two_passes(pass: crate::state::Pass<'_>) -> [crate::state::Pass<'_>; 2] {
    [pass.clone(), pass] //~ E0599
}",
        )],
    },
    Row {
        what: "a permit that outlives its call",
        edits: &[Append(
            HMAC,
            "
fn keep(permit: Permit<'_, Mac>) -> std::boxed::Box<dyn core::any::Any> {
    std::boxed::Box::new(permit) //~ lifetime may not live long enough
}",
        )],
    },
    Row {
        what: "a context reached past its purpose",
        edits: &[Append(
            STREAMS,
            "
fn first(contexts: &super::cell::Contexts) -> bool {
    contexts.open.first().is_some() //~ E0616
}",
        )],
    },
    // -- keys have no trait that shows, copies or compares them --
    Row {
        what: "keys and secrets are shown",
        edits: &[Append(
            "src/boundary/key.rs",
            "
fn shown<B: Buffer>(key: &Key<B>, secret: &Secret<B>, material: &Material<'_>, seal: &Seal) {
    let _ = alloc::format!(\"{key:?}\"); //~ E0277
    let _ = alloc::format!(\"{secret:?}\"); //~ E0277
    let _ = alloc::format!(\"{material:?}\"); //~ E0277
    let _ = alloc::format!(\"{seal:?}\"); //~ E0277
    let _ = alloc::format!(\"{:?}\", material.prepared()); //~ E0277
    let _ = alloc::format!(\"{key}\"); //~ E0277
}",
        )],
    },
    Row {
        what: "keys and secrets are copied",
        edits: &[Append(
            "src/boundary/key.rs",
            "
fn cloned<B: Buffer>(key: Key<B>, secret: Secret<B>, prepared: Prepared, pinned: Pinned<'_>) {
    let _ = key.clone(); //~ E0599
    let _ = secret.clone(); //~ E0599
    let _ = prepared.clone(); //~ E0599
    let _ = pinned.clone(); //~ E0599
}",
        )],
    },
    Row {
        what: "keys and secrets are compared",
        edits: &[Append(
            "src/boundary/key.rs",
            "
fn compared<B: Buffer>(keys: [Key<B>; 2], secrets: [Secret<B>; 2], prepared: [Prepared; 2]) {
    let [a, b] = &keys;
    let _ = a == b; //~ E0369
    let [a, b] = &secrets;
    let _ = a == b; //~ E0369
    let [a, b] = &prepared;
    let _ = a == b; //~ E0369
}",
        )],
    },
    // -- what is checked while it compiles --
    Row {
        what: "a name that no vector has",
        edits: &[
            Replace(SHA_VECTORS, "\nmd256 = ", "\nmd255 = "),
            Replace(SHA2, "kat::hex(FILE, \"md256\");", "kat::hex(FILE, \"md256\"); //~ E0080"),
        ],
    },
    Row {
        what: "a vector that is a byte short",
        edits: &[
            Replace(SHA_VECTORS, "\nmd256 = 3c", "\nmd256 = "),
            Replace(SHA2, "kat::hex(FILE, \"md256\");", "kat::hex(FILE, \"md256\"); //~ E0080"),
        ],
    },
    Row {
        what: "a vector that is a byte long",
        edits: &[
            Replace(SHA_VECTORS, "\nmd256 = 3c", "\nmd256 = 3c3c"),
            Replace(SHA2, "kat::hex(FILE, \"md256\");", "kat::hex(FILE, \"md256\"); //~ E0080"),
        ],
    },
    Row {
        what: "a letter that is no digit",
        edits: &[
            Replace(SHA_VECTORS, "\nmd256 = 3c", "\nmd256 = 3o"),
            Replace(SHA2, "kat::hex(FILE, \"md256\");", "kat::hex(FILE, \"md256\"); //~ E0080"),
            // The file is read whole, too.
            Replace("src/kat.rs", "        check(FILES[i]);", "        check(FILES[i]); //~ E0080"),
        ],
    },
    Row {
        what: "a row that signs and cannot verify",
        edits: &[
            Replace(TABLE, "        verify: Some(ed25519::verify),\n", ""),
            Replace(
                TABLE,
                "        assert!(row.sign.is_some() == row.verify.is_some());",
                "        assert!(row.sign.is_some() == row.verify.is_some()); //~ E0080",
            ),
        ],
    },
    Row {
        what: "a row that serves without a self-test",
        edits: &[
            Replace(TABLE, "        applying: &[&ed25519::ED25519_SIGN],\n", ""),
            Replace(
                TABLE,
                "        assert!(!row.applying.is_empty());",
                "        assert!(!row.applying.is_empty()); //~ E0080",
            ),
        ],
    },
    Row {
        what: "unsafe code in an algorithm",
        edits: &[Append(
            ED25519,
            "
fn peek(place: *const u8) -> u8 {
    unsafe { *place } //~ unsafe_code
}",
        )],
    },
];
