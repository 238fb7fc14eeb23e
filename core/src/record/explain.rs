//! Refusals that can be looked up by the id in the response: kept for an hour, per tenant.

use std::cell::Cell;

use crate::limits;
use crate::time::Timestamp;

/// How many refusals an isolate may still write down: a flood of bad requests must not become a bill.
#[derive(Debug, Default)]
pub struct Allowance {
    /// The second, and what was taken in it.
    of_callers: Cell<(u64, u32)>,
    of_unknown: Cell<(u64, u32)>,
}

impl Allowance {
    /// Takes one from this second's allowance.
    #[must_use]
    pub fn take(&self, now: Timestamp, caller_is_known: bool) -> bool {
        let (cell, most) = if caller_is_known {
            (&self.of_callers, limits::EXPLAINED_PER_SECOND)
        } else {
            (&self.of_unknown, limits::EXPLAINED_UNKNOWN_PER_SECOND)
        };
        let second = now.as_millis() / 1000;
        let (of, taken) = cell.get();
        let taken = if of == second { taken } else { 0 };
        if taken >= most {
            return false;
        }
        cell.set((second, taken.saturating_add(1)));
        true
    }
}

/// The name under which the edge store holds a refusal. Refusals of requests without a known caller belong to no tenant.
#[must_use]
pub fn store_name(tenant: Option<&str>, request_id: &str) -> String {
    match tenant {
        // No tenant's id can be written like this.
        None => format!("explain/1/-/{request_id}"),
        Some(tenant) => format!("explain/1/t-{tenant}/{request_id}"),
    }
}

/// Whether this can be the id of a request.
#[must_use]
pub fn is_request_id(text: &str) -> bool {
    text.strip_prefix("req_").is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_off_each_second() {
        let allowance = Allowance::default();
        let taken = |ms, known| (0..1_000).filter(|_| allowance.take(Timestamp::from_millis(ms), known)).count();
        assert_eq!(taken(5_000, true), limits::EXPLAINED_PER_SECOND as usize);
        assert_eq!(taken(5_999, true), 0);
        assert_eq!(taken(5_999, false), limits::EXPLAINED_UNKNOWN_PER_SECOND as usize);
        assert_eq!(taken(6_000, true), limits::EXPLAINED_PER_SECOND as usize);
    }

    #[test]
    fn an_id_is_not_a_path() {
        assert!(is_request_id("req_0123456789abcdef0123456789abcdef"));
        assert!(!is_request_id("req_../../t-other/req_0123456789abcd"));
    }
}
