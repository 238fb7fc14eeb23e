//! Budgets for repeated calls: a share of the calls that are made once (Site Reliability Engineering, chapter 21,
//! "retry budgets"; Dean and Barroso, The Tail at Scale, 2013).

use crate::words::limits::BUDGET_CALLS;

/// A budget in hundredths of a call.
#[derive(Clone, Debug)]
pub(crate) struct Budget(u32);

/// The cost of one call.
const CALL: u32 = 100;

impl Budget {
    /// Creates the budget of retries, with enough for an isolate without calls yet: with none, an isolate that gets a
    /// call now and then could retry none.
    pub(crate) const fn of_retries() -> Self {
        Self(3 * CALL)
    }

    /// Creates the budget of hedges, which have to be earned.
    pub(crate) const fn of_hedges() -> Self {
        Self(0)
    }

    /// Adds the share of one call.
    pub(crate) fn deposit(&mut self, percent: u8) {
        self.0 = self.0.saturating_add(u32::from(percent)).min(BUDGET_CALLS.saturating_mul(CALL));
    }

    /// Takes a call from the budget, if there is one.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.0.checked_sub(CALL);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}
