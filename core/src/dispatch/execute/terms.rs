//! The deadline and the priority of a call: by the configuration, and lower if the caller asks for less.

use crate::model::request::{Header, RequestHeaders};
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// Holds the terms of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTerms {
    /// The deadline of every wait and every attempt.
    pub deadline: Timestamp,
    /// The priority in the queue of an executor at its limit.
    pub priority: Priority,
}

impl CallTerms {
    /// Returns the terms of a call that arrived `at`, and may take `most` by the configuration. `Prefer: wait=N`
    /// (RFC 7240, section 4.3; seconds) shortens the time, `Priority: u=N` (RFC 9218, section 4.1; 3 is usual, 7 the
    /// least) lowers the priority; neither raises anything, and an invalid value is ignored.
    #[must_use]
    pub fn of(most: Millis, granted: Priority, headers: &RequestHeaders, at: Timestamp) -> Self {
        let wait = headers.get(Header::Prefer).and_then(wait_of);
        let asked = headers.get(Header::Priority).and_then(urgency_of);
        let asked = asked.map_or(Priority::High, |urgency| match urgency {
            0..=3 => Priority::High,
            4..=5 => Priority::Normal,
            _ => Priority::Low,
        });
        Self { deadline: at.after(wait.unwrap_or(most).min(most)), priority: granted.min(asked) }
    }

    /// Returns the terms of a call that the gateway makes by itself.
    #[must_use]
    pub const fn of_gateway(most: Millis, at: Timestamp) -> Self {
        Self { deadline: at.after(most), priority: Priority::Low }
    }
}

/// Parses the preference `wait` of a list such as `respond-async, wait=10`; of several the first, and at least a
/// second.
fn wait_of(prefer: &str) -> Option<Millis> {
    let mut preferences = prefer.split([',', ';']).filter_map(|preference| preference.split_once('='));
    let (_, seconds) = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?;
    seconds.trim().trim_matches('"').parse().ok().map(|seconds: u64| Millis::from_secs(seconds.max(1)))
}

/// Parses the member `u` of a dictionary such as `u=5, i` (RFC 8941): 0 to 7.
fn urgency_of(priority: &str) -> Option<u8> {
    let mut members = priority.split(',').filter_map(|member| member.split_once('='));
    let (_, urgency) = members.rfind(|(name, _)| name.trim() == "u")?;
    urgency.split(';').next()?.trim().parse().ok().filter(|urgency| *urgency <= 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_where_it_is_one() {
        for (text, seconds) in [
            ("wait=10", Some(10)),
            ("respond-async, Wait = \"7\"", Some(7)),
            ("return=minimal; wait=3", Some(3)),
            ("wait=0", Some(1)),
            ("wait=ten", None),
            ("wait", None),
            ("await=3", None),
            ("", None),
        ] {
            assert_eq!(wait_of(text), seconds.map(Millis::from_secs), "{text}");
        }
    }

    #[test]
    fn urgency_is_the_last_member_of_its_name() {
        for (text, urgency) in [
            ("u=5", Some(5)),
            ("i, u=0", Some(0)),
            ("u=1, u=6;x", Some(6)),
            ("u=8", None),
            ("u=-1", None),
            ("U=1", None),
        ] {
            assert_eq!(urgency_of(text), urgency, "{text}");
        }
    }
}
