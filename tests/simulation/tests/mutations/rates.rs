//! Deliberate defects of rate limits.

use crate::defect::{Defect, of_rates, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_rates("tokens handed out for nothing", "        self.meter.take(pace, tokens);\n", ""),
    of_rates(
        "tokens given back again and again",
        "let returned = own.returned.max(ask.returned);",
        "let returned = own.returned;",
    ),
    of_rates("no leases", "first.saturating_add(ask.more.min(spare).min(room))", "first"),
    of_rates("a told wait is not kept", "inner.short.and_then(|pause| pause.left(now))", "None"),
    of_rates(
        "a lost owner is asked each time",
        "pause.left(now).map(|left| (error, left))",
        "{ let _ = (error, pause); None }",
    ),
    of_rates(
        "a lost limiter admits",
        "TokenState::Lost(..) if rates.rules.fail_mode == FailMode::Open => continue,",
        "TokenState::Lost(..) => continue,",
    ),
    of_stories(
        "a refused request takes tokens",
        "    let mut verdict = refuse(rates, stood);\n",
        "    each(rates, stood).for_each(|(_, _, entry, _)| drop(entry.lease.take()));\n    let mut verdict = refuse(rates, stood);\n",
    ),
    of_stories(
        "callers share a limit of each",
        "RatePer::Caller => subject.caller.id.as_str(),",
        "RatePer::Caller => subject.caller.tenant.as_str(),",
    ),
];
