//! The doorway: every keyed service comes through here, and the checks stand in this order.
//!
//! 1 the module may serve (`Pass`), 2 the handle is live and 3 its record intact (both in the store's
//! `hold` and `pinned`), 4 the self-tests of (algorithm, operation) have passed, 5 policy says yes, and
//! then the use is charged.

use crate::attributes::Attributes;
use crate::boundary::table::{self, Row};
use crate::boundary::{Permit, Pinned};
use crate::engine::Core;
use crate::error::Result;
use crate::policy::{self, Request, Target, ops::Op};
use crate::selftest;
use crate::state::Pass;
use crate::store::Store;

/// Admits one operation of an algorithm: steps 4 and 5. Inlined with what it calls, where size counts for less than time:
/// to move a permit from function to function costs more than all the checks.
#[cfg_attr(feature = "std", inline(always))]
pub(crate) fn admit<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    row: &Row,
    request: &Request<'_>,
    target: Target<'_, Pinned<'a>>,
) -> Result<Permit<'a, O>> {
    let casts = if O::OPENS { row.opening } else { row.applying };
    selftest::require(core, casts)?;
    policy::authorise(pass, request, target)
}

/// Admits one item of a batch: a cell for groups is another path than the single one, with tests of its own.
pub(crate) fn admit_item<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    row: &Row,
    request: &Request<'_>,
    target: Target<'_, Pinned<'a>>,
) -> Result<Permit<'a, O>> {
    selftest::require(core, if O::OPENS { row.opening_many } else { row.applying_many })?;
    admit(core, pass, row, request, target)
}

/// Admits an operation that runs no algorithm of the table: reading attributes, narrowing, destroying.
pub(crate) fn admit_management<'a, O: Op>(
    pass: Pass<'a>,
    request: &Request<'_>,
    target: Target<'_, Pinned<'a>>,
) -> Result<Permit<'a, O>> {
    policy::authorise(pass, request, target)
}

/// Admits the making of a key from another one: the tests are those of the algorithm, of the derivation that
/// follows an agreement, and of the new kind.
pub(crate) fn admit_child<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    row: &Row,
    request: &Request<'_>,
    parent: Pinned<'a>,
    template: &Attributes,
) -> Result<Permit<'a, O>> {
    require_of_child(core, request, template)?;
    admit(core, pass, row, request, Target::Child { parent, template })
}

/// The same for one item of a batch.
pub(crate) fn admit_child_item<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    row: &Row,
    request: &Request<'_>,
    parent: Pinned<'a>,
    template: &Attributes,
) -> Result<Permit<'a, O>> {
    require_of_child(core, request, template)?;
    admit_item(core, pass, row, request, Target::Child { parent, template })
}

fn require_of_child<S: Store>(core: &Core<S>, request: &Request<'_>, template: &Attributes) -> Result<()> {
    selftest::require(core, table::kind(template.kind())?.casts)?;
    match request.params.kdf {
        Some(kdf) => selftest::require(core, table::row(kdf.algorithm())?.applying),
        None => Ok(()),
    }
}

/// Admits the making of a key from a password: the tests are those of the algorithm and of the new kind.
pub(crate) fn admit_password<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    row: &Row,
    request: &Request<'_>,
    template: &Attributes,
) -> Result<Permit<'a, O>> {
    selftest::require(core, table::kind(template.kind())?.casts)?;
    admit(core, pass, row, request, Target::Password { template })
}

/// Admits the making of a key: the tests are those of its kind.
pub(crate) fn admit_new<'a, O: Op, S: Store>(
    core: &Core<S>,
    pass: Pass<'a>,
    request: &Request<'_>,
    template: &Attributes,
) -> Result<Permit<'a, O>> {
    selftest::require(core, table::kind(template.kind())?.casts)?;
    policy::authorise(pass, request, Target::New { template })
}
