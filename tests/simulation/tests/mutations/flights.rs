//! Deliberate defects of single flight.

use crate::defect::{Defect, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_stories(
        "a flight whose silent leader keeps its place",
        "if now < until && until <= now.after(FLIGHT_LEADER_LOST)",
        "if now < until.after(FLIGHT_KEPT) && until <= now.after(FLIGHT_LEADER_LOST)",
    ),
    of_stories(
        "a flight whose leader is not heard of",
        "if is_first { return; }",
        "if is_first || platform.now() > Timestamp::default() { return; }",
    ),
    of_stories(
        "a flight that fails releases nobody",
        "(FlightPhase::Over, Some(self.number), kept)",
        "(FlightPhase::Over, self.failed, kept)",
    ),
    of_stories(
        "a flight is not looked for once more",
        "if let Some(entry) = look_in_memory(platform, cache, &asked.wanted) {",
        "if let Some(entry) = look_in_memory(platform, cache, &asked.wanted).filter(|_| false) {",
    ),
    of_stories(
        "a flight is waited for, and what was decided before it holds",
        "let has_waited = lead.has_waited() || ",
        "let has_waited = ",
    ),
    of_stories(
        "a key is waited for, and what was decided before it holds",
        "let has_waited = lead.has_waited() || claim.as_ref().is_some_and(Claim::has_waited);",
        "let has_waited = lead.has_waited();",
    ),
    of_stories("a key under way is not waited for", "left: patience, pause", "left: patience.min(Millis::ZERO), pause"),
    of_stories(
        "a key that is refused after all stays taken",
        "                settle(platform, claim, AttemptOutcome::NotExecuted, record).await;\n            }\n            return",
        "                drop(claim);\n            }\n            return",
    ),
];
