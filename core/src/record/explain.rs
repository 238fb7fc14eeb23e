//! Refusals that can be looked up by the id in the response: kept for an hour, per tenant.

use std::cell::Cell;

use crate::limits;
use crate::time::Timestamp;

/// How many refusals an isolate may still write down: a flood of bad requests must not become a bill.
#[derive(Debug, Default)]
pub struct Allowance(Cell<(u64, u32)>);

impl Allowance {
    /// Takes one from this second's allowance.
    #[must_use]
    pub fn take(&self, now: Timestamp) -> bool {
        let second = now.as_millis() / 1000;
        let (of, taken) = self.0.get();
        let taken = if of == second { taken } else { 0 };
        if taken >= limits::EXPLAINED_PER_SECOND {
            return false;
        }
        self.0.set((second, taken.saturating_add(1)));
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
        let taken = |ms| (0..1_000).filter(|_| allowance.take(Timestamp::from_millis(ms))).count();
        assert_eq!(taken(5_000), limits::EXPLAINED_PER_SECOND as usize);
        assert_eq!(taken(5_999), 0);
        assert_eq!(taken(6_000), limits::EXPLAINED_PER_SECOND as usize);
    }

    #[test]
    fn an_id_is_not_a_path() {
        assert!(is_request_id("req_0123456789abcdef0123456789abcdef"));
        assert!(!is_request_id("req_../../t-other/req_0123456789abcd"));
    }
}
