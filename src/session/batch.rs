//! Batches: many operations in one call, each item with its own key, its own policy decision, its own count and
//! its own answer. Items go through the doorway one by one, and to the table in groups.
//!
//! A batch holds its session's lock. Between groups it looks at the module's state, and it steps aside for
//! whoever waits to wipe the cell: zeroise, the tamper switch and the destruction of a key wait for one group
//! at most, however long the batch is.

mod items;

use core::array;

pub use items::{AgreeItem, GenerateItem, SignItem, UnwrapItem, VerifyItem, WrapItem};

use super::cell::Cell;
use super::derivation::plan_derived;
use super::keys::{Plan, served_algorithm};
use super::services::bounded;
use super::{Session, stage};
use crate::admit;
use crate::algorithm::Algorithm;
use crate::boundary::batch::{self, Group, Job, Judging, Making, Yielding};
use crate::boundary::table::{self, Row};
use crate::boundary::wrapping::Opened;
use crate::boundary::{KEYS, LANES, key};
use crate::error::{Error, Result, attempt};
use crate::handle::KeyHandle;
use crate::outcome::Indicator;
use crate::policy::Target;
use crate::policy::ops::{Agree, Sign, Verify};
use crate::state::Outcome;
use crate::store::Store;
use crate::store::backing::Hold;

impl<S: Store> Session<'_, S> {
    /// Signs many messages, under one key or many: as [`sign`](Self::sign) for each item, and several times
    /// faster where neighbours have one algorithm and the processor has the vectors for it (docs/batch.md).
    ///
    /// Every item has its own answer in `result`, in the order of the slice, and spends its own use. One that
    /// fails has its buffer untouched or zeroed and takes nothing from the others. When the module stops, the
    /// items of that group and all after it get `NotOperational`; earlier ones keep what they have.
    ///
    /// Role: user. Usage: `SIGN`.
    ///
    /// # Errors
    /// The first error of an item, in order; `Ok` says that every item succeeded.
    pub fn sign_batch(&self, items: &mut [SignItem<'_>]) -> Result<()> {
        let shape = |item: &SignItem<'_>| Shape::new(item.algorithm, item.key, |row| row.sign_many.is_some());
        self.in_groups(items, shape, |cell, group| self.sign_group(cell, group))
    }

    /// Verifies many signatures: as [`verify`](Self::verify) for each item.
    ///
    /// Role: user. Usage: `VERIFY`.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch); `Rejected` in the items whose signature is bad. `Ok` says that
    /// every signature is good.
    pub fn verify_batch(&self, items: &mut [VerifyItem<'_>]) -> Result<()> {
        let shape =
            |item: &VerifyItem<'_>| Shape::new(item.algorithm, item.key, |row| row.verify_many.is_some());
        self.in_groups(items, shape, |cell, group| self.verify_group(cell, group))
    }

    /// Agrees on many keys: as [`agree`](Self::agree) for each item.
    ///
    /// Role: user. Usage: `AGREE`.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch); an item that fails has made no key.
    pub fn agree_batch(&self, items: &mut [AgreeItem<'_>]) -> Result<()> {
        let shape =
            |item: &AgreeItem<'_>| Shape::new(item.algorithm, item.own, |row| row.agree_many.is_some());
        self.in_groups(items, shape, |cell, group| self.agree_group(cell, group))
    }

    /// Generates many keys or key pairs: as [`generate`](Self::generate) for each item. Every pair passes its
    /// own pairwise consistency test.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch); an item that fails has made no key.
    pub fn generate_batch(&self, items: &mut [GenerateItem<'_>]) -> Result<()> {
        self.one_by_one(items, |cell, item| self.generate_one(self.core.module.enter()?, cell, item.template))
    }

    /// Wraps many keys: as [`wrap`](Self::wrap) for each item.
    ///
    /// Role: user or officer. Usage: `WRAP` on the KEKs.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch).
    pub fn wrap_batch(&self, items: &mut [WrapItem<'_>]) -> Result<()> {
        self.one_by_one(items, |cell, item| {
            let WrapItem { kek, algorithm, params, payload, out, .. } = item;
            self.wrap_one(self.core.module.enter()?, cell, (*kek, *payload), *algorithm, params, out)
        })
    }

    /// Unwraps many blobs: as [`unwrap`](Self::unwrap) for each item.
    ///
    /// Role: user or officer. Usage: `UNWRAP`.
    ///
    /// # Errors
    /// As [`sign_batch`](Self::sign_batch); an item that fails has made no key.
    pub fn unwrap_batch(&self, items: &mut [UnwrapItem<'_>]) -> Result<()> {
        self.one_by_one(items, |cell, item| {
            let UnwrapItem { kek, algorithm, params, blob, form, .. } = *item;
            self.unwrap_one(self.core.module.enter()?, cell, kek, algorithm, &params, blob, form)
        })
    }

    fn sign_group(&self, cell: &mut Cell<S::Pins>, group: &mut [SignItem<'_>]) {
        let core = &*self.core;
        let (subject, row) = (cell.subject, row_of(group.first().map(|item| item.algorithm)));
        let keys = &Keys::of(group.iter().map(|item| item.key));
        let held = &core.store.hold_many(&mut cell.pins, &keys.each);
        let mut jobs: Group<Making<'_, '_, Sign>> = array::from_fn(|_| None);
        let mut results: [Option<&mut Result<Outcome<usize>>>; LANES] = array::from_fn(|_| None);
        for (lane, item) in group.iter_mut().enumerate() {
            let SignItem { key: _, algorithm, params, message, out, result } = item;
            let admitted = attempt(move || {
                let pass = core.module.enter()?; // 1 the module may serve
                bounded(message)?;
                let row = row?;
                row.sign.ok_or(Error::Unsupported)?;
                let pinned = keys.held(held, lane)?.pinned(core.keeper())?; // 2 live handle, 3 record intact
                let needed = (row.applied_len)(&pinned.header().attributes, params, message.len());
                let staged = stage(out, needed)?;
                let request = core.request(subject, *algorithm, params, message.len());
                let permit = admit::admit_item::<Sign, S>(core, pass, row, &request, Target::Key(pinned))?;
                Ok(Making::new(Job::new(permit, params, message), staged))
            });
            match core.notice(admitted) {
                Ok(job) => put(&mut jobs, lane, job),
                Err(error) => *result = Err(error),
            }
            put(&mut results, lane, result);
        }
        let Ok(row) = row else { return };
        batch::sign(row, &mut jobs, &mut core.tools(&mut cell.generators));
        // A failure that stops the module stops it before anything of the group is released.
        for job in jobs.iter().flatten() {
            let _noticed = core.notice(job.failure());
        }
        for (job, result) in jobs.into_iter().zip(results) {
            let (Some(job), Some(result)) = (job, result) else { continue };
            let (made, indicator) = job.made();
            let released = made.and_then(|staged| core.module.release(staged, indicator)); // state again
            let released = core.notice(released);
            *result = released.map(|outcome| outcome.map(|written| written.len));
        }
    }

    fn verify_group(&self, cell: &mut Cell<S::Pins>, group: &mut [VerifyItem<'_>]) {
        let core = &*self.core;
        let (subject, row) = (cell.subject, row_of(group.first().map(|item| item.algorithm)));
        let keys = &Keys::of(group.iter().map(|item| item.key));
        let held = &core.store.hold_many(&mut cell.pins, &keys.each);
        let mut jobs: Group<Judging<'_, '_, Verify>> = array::from_fn(|_| None);
        let mut results: [Option<&mut Result<Outcome<()>>>; LANES] = array::from_fn(|_| None);
        for (lane, item) in group.iter_mut().enumerate() {
            let VerifyItem { key: _, algorithm, params, message, signature, result } = item;
            let admitted = attempt(move || {
                let pass = core.module.enter()?;
                bounded(message)?;
                let row = row?;
                row.verify.ok_or(Error::Unsupported)?;
                let pinned = keys.held(held, lane)?.pinned(core.keeper())?;
                let request = core.request(subject, *algorithm, params, message.len());
                let permit = admit::admit_item::<Verify, S>(core, pass, row, &request, Target::Key(pinned))?;
                Ok(Judging::new(Job::new(permit, params, message), signature))
            });
            match core.notice(admitted) {
                Ok(job) => put(&mut jobs, lane, job),
                Err(error) => *result = Err(error),
            }
            put(&mut results, lane, result);
        }
        let Ok(row) = row else { return };
        batch::verify(row, &mut jobs, &core.backends);
        for (job, result) in jobs.into_iter().zip(results) {
            let (Some(job), Some(result)) = (job, result) else { continue };
            let (verdict, indicator) = job.judged();
            *result = core.notice(verdict.and_then(|()| core.module.release_value((), indicator)));
        }
    }

    fn agree_group(&self, cell: &mut Cell<S::Pins>, group: &mut [AgreeItem<'_>]) {
        let core = &*self.core;
        let mut plans: [Option<(Plan, Indicator)>; LANES] = array::from_fn(|_| None);
        let mut secrets: [Option<Result<Opened>>; LANES] = array::from_fn(|_| None);
        {
            let (subject, row) = (cell.subject, row_of(group.first().map(|item| item.algorithm)));
            let keys = &Keys::of(group.iter().map(|item| item.own));
            let held = &core.store.hold_many(&mut cell.pins, &keys.each);
            let mut jobs: Group<Yielding<'_, '_, Agree>> = array::from_fn(|_| None);
            for (lane, item) in group.iter_mut().enumerate() {
                let AgreeItem { own: _, algorithm, params, peer, template, result } = item;
                let mut tools = core.tools(&mut cell.generators);
                let admitted = attempt(move || {
                    let pass = core.module.enter()?;
                    let row = row?;
                    row.agree.ok_or(Error::Unsupported)?;
                    let pinned = keys.held(held, lane)?.pinned(core.keeper())?;
                    served_algorithm(template)?;
                    let request = core.request(subject, *algorithm, params, peer.len());
                    let origin =
                        key::origin_of_child(pinned.header().origin, template, core.rulebook.profile);
                    let permit =
                        admit::admit_child_item::<Agree, S>(core, pass, row, &request, pinned, template)?;
                    let indicator = permit.evidence().indicator();
                    let plan = plan_derived(origin, &indicator, template, &mut tools)?;
                    Ok((Yielding::new(Job::new(permit, params, peer), plan.len)?, plan))
                });
                match core.notice(admitted) {
                    Ok((job, plan)) => {
                        put(&mut plans, lane, (plan, job.indicator()));
                        put(&mut jobs, lane, job);
                    }
                    Err(error) => *result = Err(error),
                }
            }
            let Ok(row) = row else { return };
            batch::agree(row, &mut jobs, &mut core.tools(&mut cell.generators));
            for (lane, job) in jobs.into_iter().enumerate() {
                if let Some(job) = job {
                    put(&mut secrets, lane, job.yielded());
                }
            }
        }
        // No key is held any more: making one may wait for another session.
        for ((item, plan), secret) in group.iter_mut().zip(plans).zip(secrets) {
            let (Some((plan, indicator)), Some(secret)) = (plan, secret) else { continue };
            item.result = core.notice(secret.and_then(|opened| {
                let mut tools = core.tools(&mut cell.generators);
                let mut fill = |place: crate::boundary::Vacant<'_>| opened.fill(place, &mut tools);
                let handle = core.create(plan, self.serial, &mut fill)?;
                core.release_key(handle, indicator)
            }));
        }
    }

    /// Runs a service for each item in turn, still under one lock.
    fn one_by_one<I: Item>(
        &self,
        items: &mut [I],
        mut serve: impl FnMut(&mut Cell<S::Pins>, &mut I) -> Result<Outcome<I::Value>>,
    ) -> Result<()> {
        let each = |cell: &mut Cell<S::Pins>, group: &mut [I]| {
            for item in group {
                let answer = self.core.notice(serve(cell, item));
                *item.result() = answer;
            }
        };
        self.in_groups(items, |_| None, each)
    }

    /// Cuts the items into groups, and runs them under the session's lock.
    fn in_groups<I: Item>(
        &self,
        items: &mut [I],
        shape: impl Fn(&I) -> Option<Shape>,
        mut run: impl FnMut(&mut Cell<S::Pins>, &mut [I]),
    ) -> Result<()> {
        let core = &*self.core;
        let mut first = Ok(());
        let mut rest = items;
        let mut locked = core.enter().and_then(|_pass| self.lock());
        while !rest.is_empty() {
            let len = group_len(rest, &shape).max(1);
            let (group, after) = rest.split_at_mut_checked(len).ok_or(Error::Corrupted)?;
            if locked.is_ok() && self.someone_waits() {
                drop(locked);
                self.give_way();
                locked = self.lock();
            }
            let ready = core.module.enter().and(locked.as_mut().map_err(|error| *error));
            match ready.and_then(|locked| locked.cell()) {
                Ok(cell) => run(cell, group),
                Err(error) => group.iter_mut().for_each(|item| *item.result() = Err(error)),
            }
            first = first
                .and(group.iter_mut().try_for_each(|item| item.result().as_ref().map(drop).map_err(|e| *e)));
            rest = after;
        }
        drop(locked);
        // A module that a tamper switch has stopped meanwhile is wiped here, now that the cell is free.
        let _ = core.enter();
        core.notice(first)
    }
}

/// An item that has an answer.
trait Item {
    type Value;
    fn result(&mut self) -> &mut Result<Outcome<Self::Value>>;
}

/// The keys of a group: each once, in the order in which stores lock them, and which lane wants which.
struct Keys {
    each: [Option<KeyHandle>; KEYS],
    of: [Option<KeyHandle>; LANES],
}

impl Keys {
    const NONE: Self = Self { each: [None; KEYS], of: [None; LANES] };

    /// The group has at most so many, see [`add`](Self::add).
    fn of(wanted: impl Iterator<Item = KeyHandle>) -> Self {
        let mut keys = Self::NONE;
        for (lane, key) in wanted.enumerate() {
            keys.add(key);
            put(&mut keys.of, lane, key);
        }
        // Absent ones last.
        keys.each.sort_unstable_by_key(|key| key.map_or((1, 0, 0), |key| (0, key.index(), key.generation())));
        keys
    }

    /// Whether there is room for this one, or it is there already.
    fn add(&mut self, key: KeyHandle) -> bool {
        let place = self.each.iter_mut().find(|place| place.is_none_or(|known| known == key));
        place.map(|place| *place = Some(key)).is_some()
    }

    /// The hold of a lane's key.
    fn held<'h, H>(&self, held: &'h [Result<H>; KEYS], lane: usize) -> Result<&'h H> {
        let key = self.of.get(lane).copied().flatten().ok_or(Error::Corrupted)?;
        let position = self.each.iter().position(|each| *each == Some(key)).ok_or(Error::Corrupted)?;
        held.get(position).ok_or(Error::Corrupted)?.as_ref().map_err(|error| *error)
    }
}

/// How many of the items ahead are one group: neighbours of one algorithm, with as many keys as can be held, and
/// no more than eight where they run one by one.
fn group_len<I>(ahead: &[I], shape: impl Fn(&I) -> Option<Shape>) -> usize {
    let Some(first) = ahead.first().and_then(&shape) else { return ahead.len().min(KEYS) };
    let mut keys = Keys::NONE;
    let fits = |item: &&I| {
        shape(item).is_some_and(|shape| shape.algorithm == first.algorithm && keys.add(shape.key))
    };
    ahead.iter().take(if first.wide { LANES } else { KEYS }).take_while(fits).count()
}

/// What decides about the group of an item.
struct Shape {
    algorithm: Algorithm,
    key: KeyHandle,
    /// The row has a cell for groups.
    wide: bool,
}

impl Shape {
    fn new(algorithm: Algorithm, key: KeyHandle, wide: impl Fn(&Row) -> bool) -> Option<Self> {
        Some(Self { algorithm, key, wide: table::row(algorithm).is_ok_and(wide) })
    }
}

/// The row that a group shares.
fn row_of(algorithm: Option<Algorithm>) -> Result<&'static Row> {
    table::row(algorithm.ok_or(Error::InvalidArgument)?)
}

/// Puts a value in its lane.
fn put<T>(lanes: &mut [Option<T>; LANES], lane: usize, value: T) {
    if let Some(place) = lanes.get_mut(lane) {
        *place = Some(value);
    }
}
