//! Counting uses: a key's budget, and the blocks of it that sessions lease.
//!
//! A use has a number that no other use of the key gets; deterministic IVs are made of it. Numbers run
//! from `next` to `end`. A session leases a block of them, so that the hot path has no shared counter;
//! blocks shrink near the end and unused numbers come back.

use core::cell::Cell;

use crate::error::{Error, Result};
use crate::handle::KeyId;
use crate::hooks::UsageLog;
use crate::sync::Lock;

const BLOCK: u64 = 256;
const RETURNED: usize = 8;

/// A block of use numbers, `next..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) next: u64,
    pub(crate) end: u64,
    /// Which budget it was taken from: a lowered one takes nothing back from before.
    epoch: u32,
}

impl Lease {
    pub(crate) const EMPTY: Self = Self::of(0, 0);

    /// The uses `next..end`.
    pub(crate) const fn of(next: u64, end: u64) -> Self {
        Self { next, end, epoch: 0 }
    }

    pub(crate) const fn len(&self) -> u64 {
        self.end.saturating_sub(self.next)
    }

    fn take(&mut self) -> Option<u64> {
        let number = self.next;
        if number < self.end {
            self.next = number.saturating_add(1);
            Some(number)
        } else {
            None
        }
    }
}

/// The uses that are left to a key, stored with their complement.
pub(crate) struct Budget {
    counted: bool,
    next: u64,
    end: u64,
    complement: (u64, u64),
    /// Use numbers below this are reserved in the usage log.
    logged: u64,
    returned: [Lease; RETURNED],
    epoch: u32,
}

impl Budget {
    /// For a key whose uses are not counted.
    pub(crate) const fn none() -> Self {
        Self::over(false, 0, 0)
    }

    /// For a key that may still make the uses `next..end`.
    pub(crate) const fn of(range: Lease) -> Self {
        Self::over(true, range.next, range.end)
    }

    const fn over(counted: bool, next: u64, end: u64) -> Self {
        Self {
            counted,
            next,
            end,
            complement: (!next, !end),
            logged: next,
            returned: [Lease::EMPTY; RETURNED],
            epoch: 0,
        }
    }

    fn intact(&self) -> Result<()> {
        if self.complement == (!self.next, !self.end) { Ok(()) } else { Err(Error::Corrupted) }
    }

    fn set(&mut self, next: u64, end: u64) {
        self.next = next;
        self.end = end;
        self.complement = (!next, !end);
    }

    /// Uses left, leased ones not included.
    pub(crate) fn remaining(&self) -> Option<u64> {
        let back = self.returned.iter().fold(0u64, |sum, lease| sum.saturating_add(lease.len()));
        self.counted.then(|| self.end.saturating_sub(self.next).saturating_add(back))
    }

    /// Takes up to `want` numbers, in one block.
    fn lease(&mut self, want: u64, id: &KeyId, log: Option<&dyn UsageLog>) -> Result<Lease> {
        self.intact()?;
        if let Some(back) = self.returned.iter_mut().find(|lease| lease.len() > 0) {
            return Ok(core::mem::take(back));
        }
        let left = self.end.saturating_sub(self.next);
        if left == 0 {
            return Err(Error::LimitReached);
        }
        // Near the end blocks shrink, so that one session cannot hold what another needs.
        let size = want.min(left / 16).max(1);
        let end = self.next.saturating_add(size);
        let block = Lease { next: self.next, end, epoch: self.epoch };
        if let Some(log) = log
            && block.end > self.logged
        {
            // Reserved before it is used: a crash can only waste (GCM-3).
            let ahead = block.end.saturating_add(BLOCK.min(left / 16)).min(self.end);
            log.reserve(id, ahead)?;
            self.logged = ahead;
        }
        self.set(block.end, self.end);
        Ok(block)
    }

    /// Takes back the unused rest of a block.
    pub(crate) fn give_back(&mut self, lease: Lease) {
        if !self.counted || lease.len() == 0 || lease.end > self.next || lease.epoch != self.epoch {
            return;
        }
        if lease.end == self.next {
            self.set(lease.next, self.end);
        } else if let Some(free) = self.returned.iter_mut().find(|slot| slot.len() == 0) {
            *free = lease;
        }
        // No room: the numbers are wasted, which is safe.
    }

    /// Moves half of what is left, from the top, into a blob or a copy: two records of one secret never
    /// share a number.
    pub(crate) fn split_half(&mut self) -> Result<Lease> {
        self.intact()?;
        let left = self.end.saturating_sub(self.next);
        let share = left.div_ceil(2);
        if self.counted && share == 0 {
            return Err(Error::LimitReached);
        }
        let from = self.end.saturating_sub(share);
        let taken = Lease::of(from, self.end);
        self.set(self.next, from);
        Ok(taken)
    }

    /// Lowers the number of uses that are left to at most `limit`. Blocks that sessions hold do not come
    /// back on top of it; the caller makes the sessions let go of them.
    pub(crate) fn cap(&mut self, limit: u64) -> Result<()> {
        self.intact()?;
        let epoch = self.epoch.wrapping_add(1);
        let range = match self.counted {
            true => Lease::of(self.next, self.end.min(self.next.saturating_add(limit))),
            false => Lease::of(0, limit),
        };
        *self = Self { epoch, logged: self.logged, ..Self::of(range) };
        Ok(())
    }
}

/// Charges the uses of one key in one call. The items of a batch that share a key share its lease.
pub(crate) struct Spender<'a> {
    lease: Option<&'a Cell<Lease>>,
    budget: &'a Lock<Budget>,
    id: KeyId,
    log: Option<&'a dyn UsageLog>,
}

impl<'a> Spender<'a> {
    pub(crate) fn new(
        lease: Option<&'a Cell<Lease>>,
        budget: &'a Lock<Budget>,
        id: KeyId,
        log: Option<&'a dyn UsageLog>,
    ) -> Self {
        Self { lease, budget, id, log }
    }

    /// Uses left, those leased to other sessions not included.
    pub(crate) fn remaining(&self) -> Result<Option<u64>> {
        let mine = self.lease.map_or(0, |lease| lease.get().len());
        Ok(self.budget.lock()?.remaining().map(|left| left.saturating_add(mine)))
    }

    /// Moves half of what is left to a blob or a copy; `None` for a key whose uses are not counted.
    pub(crate) fn share(&self) -> Result<Option<Lease>> {
        let mut budget = self.budget.lock()?;
        if budget.counted { budget.split_half().map(Some) } else { Ok(None) }
    }

    /// Spends one use; answers its number.
    pub(crate) fn spend(&mut self) -> Result<u64> {
        let Some(lease) = self.lease else {
            let mut one = self.budget.lock()?.lease(1, &self.id, self.log)?;
            let number = one.take().ok_or(Error::LimitReached)?;
            if one.len() > 0 {
                self.budget.lock()?.give_back(one);
            }
            return Ok(number);
        };
        let mut block = lease.get();
        if block.len() == 0 {
            block = self.budget.lock()?.lease(BLOCK, &self.id, self.log)?;
        }
        let number = block.take().ok_or(Error::LimitReached)?;
        lease.set(block);
        Ok(number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    const ID: KeyId = KeyId::from_bytes([7; 16]);

    #[test]
    fn numbers_are_unique_and_all_are_served() {
        let budget = Lock::new(Budget::of(Lease::of(10, 1000)));
        let leases = [const { Cell::new(Lease::EMPTY) }; 3];
        let mut seen = BTreeSet::new();
        let mut refused = [false; 3];
        let mut turn = 0usize;
        while refused != [true; 3] {
            turn = (turn + 1) % 3;
            let lease = leases.get(turn).unwrap();
            match Spender::new(Some(lease), &budget, ID, None).spend() {
                Ok(number) => assert!(seen.insert(number), "{number} twice"),
                Err(error) => {
                    assert_eq!(error, Error::LimitReached);
                    *refused.get_mut(turn).unwrap() = true;
                }
            }
        }
        assert_eq!(seen, (10..1000).collect());
    }

    #[test]
    fn unused_numbers_come_back() {
        let budget = Lock::new(Budget::of(Lease::of(0, 100)));
        let (a, b) = (Cell::new(Lease::EMPTY), Cell::new(Lease::EMPTY));
        Spender::new(Some(&a), &budget, ID, None).spend().unwrap();
        Spender::new(Some(&b), &budget, ID, None).spend().unwrap();
        budget.lock().unwrap().give_back(a.get());
        budget.lock().unwrap().give_back(b.get());
        assert_eq!(budget.lock().unwrap().remaining(), Some(98));
        let mut spent = 2;
        while Spender::new(None, &budget, ID, None).spend().is_ok() {
            spent += 1;
        }
        assert_eq!(spent, 100);
    }

    #[test]
    fn shares_are_disjoint_and_damage_is_seen() {
        let mut budget = Budget::of(Lease::of(0, 100));
        let first = budget.split_half().unwrap();
        let second = budget.split_half().unwrap();
        assert_eq!((first.next, first.end, second.next, second.end), (50, 100, 25, 50));
        assert_eq!(budget.remaining(), Some(25));
        let leased = budget.lease(10, &ID, None).unwrap();
        budget.cap(5).unwrap();
        budget.give_back(leased);
        assert_eq!(budget.remaining(), Some(5), "what was leased before does not come back on top");
        budget.end = 1 << 40;
        assert_eq!(budget.lease(1, &ID, None), Err(Error::Corrupted));
    }
}
