//! Deliberate defects of routing, and of what is done where an executor fails.

use crate::defect::{Defect, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_stories(
        "routing: any region will do",
        "if route.region.is_some() && route.region != executor.region {",
        "if route.region.is_some() && route.region != executor.region && false {",
    ),
    of_stories(
        "routing: one capability is enough",
        "route.capabilities.iter().all(|wanted|",
        "route.capabilities.is_empty() && !route.capabilities.iter().any(|wanted|",
    ),
    of_stories(
        "routing: tools of one name are one tool",
        "if tool.interface_hash() != question.tool.interface_hash() {",
        "if tool.interface_hash() != question.tool.interface_hash() && false {",
    ),
    of_stories("routing: what a tool changes is not compared", "of(one) == of(other)", "of(one) == of(other) || true"),
    of_stories(
        "routing: beside the gateway's own any tool will do",
        "return !one.behavior.mutates && !other.behavior.mutates;",
        "return true;",
    ),
    of_stories(
        "routing: pinned is no more than first",
        "strategy == Strategy::Pinned && route.rank_of(tool.executor) != 0",
        "strategy == Strategy::Pinned && route.rank_of(tool.executor) > 7",
    ),
    of_stories(
        "routing: a worker makes calls later",
        "if question.is_scheduled && executor.engine().is_none() {",
        "if question.is_scheduled && executor.engine().is_none() && false {",
    ),
    of_stories(
        "routing: an open circuit is no reason",
        "Ok(_) if facts.open_since.is_some() => {",
        "Ok(_) if facts.open_since.is_some() && false => {",
    ),
    of_stories(
        "routing: remote-first asks the gateway itself first",
        "Strategy::RemoteFirst => one.is_local(),",
        "Strategy::RemoteFirst => !one.is_local(),",
    ),
    of_stories(
        "routing: cost minds no objectives",
        "Strategy::Cost => !meets(route, &one.facts),",
        "Strategy::Cost => false,",
    ),
    of_stories(
        "routing: the weights choose nobody",
        "chosen.is_some_and(|chosen| one.candidate.executor() != chosen)",
        "false",
    ),
    of_stories(
        "routing: who is too slow is asked",
        "one.facts.seen.p50.is_some_and(|p50| p50 > left);",
        "one.facts.seen.p50.is_some_and(|p50| p50 > left.twice().twice());",
    ),
    of_stories(
        "routing: what a caller may not have is had after a failure",
        "(Rc::clone(other), checked.map_err(|refusal| rejection(refusal.kind)))",
        "(Rc::clone(other), checked.map_err(|refusal| rejection(refusal.kind)).or(Ok(())))",
    ),
    of_stories(
        "routing: all users of a caller go one way",
        "user.map_or(\"\", UserId::as_str).as_bytes()",
        "user.map_or(\"\", |_| \"\").as_bytes()",
    ),
    of_stories(
        "routing: only the first tool says what may be done twice",
        "call.is_repeatable() && self.others.iter().all(|(other, _)| other.is_repeatable())",
        "call.is_repeatable()",
    ),
    of_stories(
        "routing: what may have run is made again",
        "let is_safe = failed.surely_not_run || is_repeatable;",
        "let is_safe = true;",
    ),
    of_stories(
        "routing: the next executor is asked a little later",
        "return Some(NextAttempt { place, wait: Millis::ZERO, why: Why::Fallback });",
        "return Some(NextAttempt { place, wait: Millis::new(50), why: Why::Fallback });",
    ),
    of_stories(
        "routing: what an executor says of when is not heard",
        "let wait = failed.wait().unwrap_or_else(",
        "let wait = failed.wait().filter(|_| false).unwrap_or_else(",
    ),
    of_stories(
        "routing: as many attempts as there are executors",
        "|| self.sum() >= ATTEMPTS {",
        "|| self.sum() >= ATTEMPTS.saturating_add(9) {",
    ),
    of_stories("routing: retries have no budget", "|| !may_retry(place) {", "|| (!may_retry(place) && false) {"),
    of_stories(
        "routing: after a server error a tool surely did not run",
        "Some(Failed::by_status(refusal, response.status == 429, response.status))",
        "Some(Failed::by_status(refusal, true, response.status))",
    ),
    of_stories(
        "routing: callers repeat what was repeated",
        "Refusal { is_spent: attempts > 1, ..refusal }",
        "Refusal { is_spent: attempts > 9, ..refusal }",
    ),
    of_stories(
        "routing: what an engine refused is asked of another",
        "        self.may_be_covered()\n            || matches!(",
        "        matches!(self.failure, Failure::Answered(_)) || self.may_be_covered()\n            || matches!(",
    ),
    of_stories(
        "routing: a tool that may be asked again is not",
        "let wait = ran.retry_after?;",
        "let wait = ran.retry_after.filter(|_| false)?;",
    ),
    of_stories(
        "routing: a tool's error that says when is lost",
        "(None, Some((place, ran))) => return (place, Ok(ran)),",
        "(None, Some((place, _))) => return (place, Err(self.final_failure(failed, tries.sum()))),",
    ),
    of_stories(
        "routing: a caller's wait bounds no attempt",
        "let timeout = remote.executor.timeout.min(state.left());",
        "let timeout = remote.executor.timeout;",
    ),
    of_stories(
        "routing: a caller's own deadline is an executor's failure",
        "let had_its_time = timeout == remote.executor.timeout || took >= rules.slow_call;",
        "let had_its_time = timeout <= remote.executor.timeout;",
    ),
    of_stories(
        "routing: a call that is slow is held on to",
        "if may_be_made_again && state.dispatch",
        "if may_be_made_again && false && state.dispatch",
    ),
    of_stories(
        "routing: what may have run is given up for being slow",
        "if may_be_made_again && state.dispatch",
        "if (may_be_made_again || true) && state.dispatch",
    ),
    of_stories(
        "routing: hedges without a budget",
        "(!is_race && !self.dispatch.health.take_hedge(self.executor(place)))",
        "(!is_race && !self.dispatch.health.take_hedge(self.executor(place)) && false)",
    ),
    of_stories(
        "routing: who has no place is asked all the same, and not again",
        "if !has_place || ",
        "if (!has_place && false) || ",
    ),
    of_stories(
        "routing: an engine's words are repeated by callers after others were asked",
        "Failure::Answered(mut response) if attempts > 1 => {",
        "Failure::Answered(mut response) if attempts > 9 => {",
    ),
    of_stories(
        "routing: who is busy is asked a second later",
        "Refusal { retry_after: wait, ..Refusal::with(RefusalKind::UpstreamBusy, status()) }",
        "Refusal::with(RefusalKind::UpstreamBusy, status()).after(wait.unwrap_or(Millis::from_secs(1)))",
    ),
    of_stories(
        "routing: hedges of what may not be called twice",
        "if why != Why::First || !self.is_repeatable(place) {",
        "if why != Why::First {",
    ),
    of_stories("routing: hedges without a history", ".filter(|_| seen.calls >= HEDGE_CALLS)?;", "?;"),
    of_stories(
        "routing: the first that fails ends a race",
        "Either::Second(Err(_)) => (place, first.await),",
        "Either::Second(Err(failed)) => (second, Err(failed)),",
    ),
    of_stories(
        "routing: declared answers of what may have run",
        "let is_harmless = failed.surely_not_run || is_repeatable;",
        "let is_harmless = true;",
    ),
    of_stories(
        "routing: declared answers under a claimed key",
        "let may_be_declared = claim.is_none() && ",
        "let may_be_declared = ",
    ),
    of_stories(
        "routing: declared answers for what the operator must mend",
        "claim.is_none() && failed.may_be_covered() && is_harmless;",
        "claim.is_none() && is_harmless;",
    ),
    of_stories(
        "routing: declared answers for who was revoked meanwhile",
        "if self.admit(tools, &caller, &held, requested, record).is_err() {",
        "if self.admit(tools, &caller, &held, requested, record).is_err() && declared.is_none() {",
    ),
    of_stories("routing: a declared answer is not in the record", "record.degraded.push(STATIC_ANSWER);", ""),
    of_stories(
        "routing: explanations of another tenant",
        "(whose == tenant.as_bytes() || whose == NOBODYS.as_bytes())",
        "(whose == tenant.as_bytes() || !whose.is_empty())",
    ),
    of_stories(
        "routing: every caller is told who answered",
        "record.routed.is_of_use() && authority.may_also(Action::ExplainRead);",
        "record.routed.is_of_use();",
    ),
    of_stories(
        "routing: an executor's own circuit is not looked at",
        "if let ScopeState::Open(since) = of_whole {",
        "if let (ScopeState::Open(since), true) = (of_whole, tool.is_empty()) {",
    ),
    of_stories(
        "routing: who says that it is not well is tried with a call",
        "answer.status < 500 && answer.status != 429",
        "answer.status > 0",
    ),
    of_stories(
        "routing: open circuits are not on the readiness page",
        "wholes.chain(of_tools).collect();",
        "wholes.chain(of_tools).filter(|_| false).collect();",
    ),
    of_stories(
        "routing: bulkheads without a limit",
        "usize::try_from(allowed.saturating_sub(self.places.in_flight())).unwrap_or(0)",
        "usize::try_from(allowed).unwrap_or(0)",
    ),
    of_stories(
        "routing: nobody waits before those of a lower class",
        "match self.queue.join(priority, until, now) {",
        "match self.queue.join(priority.min(Priority::Low), until, now) {",
    ),
];
