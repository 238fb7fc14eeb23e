//! Invariants of a run: naive, and ignorant of how the product upholds them.

mod freshness;

use std::collections::BTreeMap;

use freshness::Served;
use serde_json::Value;

use crate::facts::{TOOLS, declares_read};
use crate::scenario::{
    Ask, CALLERS, Execute, INPUTS, LEASE_MS, Observed, Planned, REFRESH_MS, Run, SimCaller, Variant, key_of,
};

/// Counts of a run, so that a test can see that it tested something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Tool calls.
    pub calls: usize,
    /// Tool calls answered with success.
    pub successes: usize,
    /// Of these, from cache, or of another call that missed at the same time.
    pub hits: usize,
    /// Of these, the latter.
    pub collapsed: usize,
    /// Of these, past their life: while another was fetched, and where the executor failed.
    pub stale: usize,
    /// The latter of these.
    pub covered: usize,
    /// Refused as nothing was kept and nobody was to be asked.
    pub not_cached: usize,
    /// Requests refused by name.
    pub refusals: usize,
}

/// Checks every invariant.
///
/// # Errors
/// The first that is broken, with the seed and the request.
pub fn check(run: &Run) -> Result<Stats, String> {
    let mut stats = Stats::default();
    for (index, (planned, seen)) in run.planned.iter().zip(&run.observed).enumerate() {
        one(run, index, planned, seen, &mut stats).map_err(|what| {
            format!("seed {} request {index}: {what}\n{planned:?}\n{seen:?}\nisolates {:?}", run.seed, run.variants)
        })?;
    }
    at_most_once(run).and_then(|()| no_canary(run)).map_err(|what| format!("seed {}: {what}", run.seed))?;
    Ok(stats)
}

fn one(run: &Run, index: usize, planned: &Planned, seen: &Observed, stats: &mut Stats) -> Result<(), String> {
    exactly_one_record(run, seen)?;
    every_refusal_is_named(seen, stats)?;
    let caller = planned.caller.map(|caller| &CALLERS[caller]);
    match &planned.ask {
        Ask::Execute(call) => {
            stats.calls += 1;
            let answer: Value =
                serde_json::from_str(&seen.body).map_err(|error| format!("the body is no JSON: {error}"))?;
            let success = seen.status == 200 && answer["success"] == true;
            // What another call brought that missed at the same time is held to the same as what was kept.
            let hit = seen.served() != Served::Anew;
            stats.not_cached +=
                usize::from(seen.headers.get("toolgate-refusal").is_some_and(|name| name == "not_cached"));
            if hit && !success {
                return Err("a failure was served from cache".to_owned());
            }
            if !success {
                return Ok(());
            }
            stats.successes += 1;
            stats.hits += usize::from(hit);
            stats.collapsed += usize::from(seen.served() == Served::Collapsed);
            stats.stale += usize::from(matches!(seen.served(), Served::Stale | Served::Covered));
            stats.covered += usize::from(seen.served() == Served::Covered);
            let caller = caller.ok_or("a stranger was answered")?;
            is_permitted(caller, call)?;
            is_not_withdrawn(run, caller, call, seen)?;
            is_its_own_answer(run, index, planned, call, caller, &answer["output"]["value"])
        }
        Ask::Change(_) | Ask::Nonsense(_) => Ok(()),
        Ask::AuthBegin(user) => match (seen.status, caller, user) {
            (200, None, _) => Err("a stranger began an authorisation".to_owned()),
            (200, Some(caller), Some(user)) if !names(caller.users, user) => Err("another's user was named".to_owned()),
            _ => Ok(()),
        },
        Ask::AuthStatus(of) => {
            let began = &run.planned[*of];
            let is_own = matches!(began.ask, Ask::AuthBegin(_)) && began.caller == planned.caller;
            if seen.status == 200 && !is_own { Err("another's authorisation was told".to_owned()) } else { Ok(()) }
        }
    }
}

/// Every exit path leaves exactly one record, with the id that the answer has.
fn exactly_one_record(run: &Run, seen: &Observed) -> Result<(), String> {
    let id = seen.headers.get("x-request-id").ok_or("no request id")?;
    let needle = format!("\"request_id\":\"{id}\"");
    match run.log.iter().filter(|line| line.contains(&needle)).count() {
        1 => Ok(()),
        count => Err(format!("{count} records")),
    }
}

fn every_refusal_is_named(seen: &Observed, stats: &mut Stats) -> Result<(), String> {
    if seen.status < 400 {
        return Ok(());
    }
    let body: Value = serde_json::from_str(&seen.body).map_err(|_| "an error without JSON")?;
    if seen.headers.contains_key("toolgate-refusal") {
        stats.refusals += 1;
        let same_name = body["name"].as_str() == seen.headers.get("toolgate-refusal").map(String::as_str);
        let has_id = body["request_id"].as_str() == seen.headers.get("x-request-id").map(String::as_str);
        return if same_name && has_id {
            Ok(())
        } else {
            Err("the body and the headers tell different refusals".to_owned())
        };
    }
    if body["name"].is_string() { Ok(()) } else { Err("an error without a name".to_owned()) }
}

fn names(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| *pattern == "*" || *pattern == name)
}

/// The naive model of admission.
fn is_permitted(caller: &SimCaller, call: &Execute) -> Result<(), String> {
    let tool = TOOLS[call.tool].name;
    let toolkit = tool.split('.').next().unwrap_or_default();
    let may_call = caller.actions.iter().any(|action| matches!(*action, "*" | "tools/*" | "tools/call"));
    let may_use =
        caller.tools.iter().any(|pattern| *pattern == "*" || *pattern == tool || *pattern == format!("{toolkit}.*"));
    let may_name = call.user.is_none_or(|user| names(caller.users, user));
    let may_address = call.project.is_none_or(|project| names(caller.projects, project));
    if may_call && may_use && may_name && may_address {
        Ok(())
    } else {
        Err("a forbidden call was answered".to_owned())
    }
}

/// Changes of the epochs that were answered with success, with the time from which they must hold everywhere.
fn changes<'r>(run: &'r Run, needle: &'r str) -> impl Iterator<Item = u64> + 'r {
    run.planned.iter().zip(&run.observed).filter_map(move |(planned, seen)| match &planned.ask {
        Ask::Change(change) if seen.status == 200 && change.contains(needle) => Some(seen.span.1),
        _ => None,
    })
}

/// A revoked key and a killed tool are refused everywhere once the lease has passed.
fn is_not_withdrawn(run: &Run, caller: &SimCaller, call: &Execute, seen: &Observed) -> Result<(), String> {
    let revoke = format!("{{\"revoke\":\"{}\"}}", caller.id);
    let kill = format!("{{\"kill\":\"tool:{}\"}}", TOOLS[call.tool].name);
    for (needle, what) in [(revoke, "a revoked key"), (kill, "a killed tool")] {
        if changes(run, &needle).any(|since| seen.decided_at() > since + LEASE_MS) {
            return Err(format!("{what} was answered after the lease"));
        }
    }
    Ok(())
}

/// The answer is of a run that this caller could have caused: same tenant, account, project, user, tool, version, schema,
/// arguments and kind of executor; and it is not too old.
fn is_its_own_answer(
    run: &Run,
    index: usize,
    planned: &Planned,
    call: &Execute,
    caller: &SimCaller,
    value: &Value,
) -> Result<(), String> {
    let seen = &run.observed[index];
    let number = value["number"].as_u64().ok_or("the answer is of no run")?;
    let executions = run.world.executions.borrow();
    let execution = &executions[usize::try_from(number).expect("a place")];
    let facts = &execution.facts;
    if seen.headers.contains_key("idempotent-replayed") {
        return is_first_answer(&run.planned[execution.request], planned, call);
    }
    let variant = run.variants[planned.isolate];
    let tool = &TOOLS[call.tool];
    let expect = |is: bool, what: &str| if is { Ok(()) } else { Err(format!("{what}: {facts:?}")) };

    let executed_for = run.planned[execution.request].caller.map(|caller| CALLERS[caller].tenant);
    expect(executed_for == Some(caller.tenant), "another tenant's answer")?;
    let account = if variant == Variant::OtherAccount { "canary-account-2" } else { "canary-account-1" };
    expect(facts.account == account, "another account's answer")?;
    let is_worker = facts.via == crate::facts::Via::Worker;
    expect(is_worker == (variant == Variant::Worker), "another executor's answer")?;
    let default_project = if variant == Variant::OtherProject { Some("o/q") } else { None };
    let project = if is_worker { None } else { call.project.or(default_project) };
    expect(facts.project.as_deref() == project, "another project's answer")?;
    expect(facts.tool == tool.name, "another tool's answer")?;
    let any_version = TOOLS.iter().any(|known| known.name == tool.name && known.version == facts.version);
    expect(if call.with_version { facts.version == tool.version } else { any_version }, "another version's answer")?;
    let is_shared = tool.name.starts_with("Weather.");
    expect(is_shared || facts.user.as_deref() == call.user, "another user's answer")?;
    let same_input =
        serde_json::from_str::<Value>(INPUTS[call.input]).ok() == serde_json::from_str::<Value>(&facts.input).ok();
    // Plain JSON values cannot tell 1 from 1.0's spelling, nor large integers apart: compare those by text.
    let by_text = !INPUTS[call.input].contains("\"n\"") || number_text(INPUTS[call.input]) == number_text(&facts.input);
    expect(same_input && by_text, "another call's answer")?;
    let keepable = declares_read(tool.name) || is_shared;
    expect(seen.served() == Served::Anew || keepable, "an answer that must not be kept")?;
    freshness::holds(variant, call, seen, execution, index)?;
    is_not_stale(run, call, caller, execution.at, seen)?;
    is_of_known_schema(run, planned, facts.schema, seen)
}

/// A replay is the answer to the same caller's first request with the same key and body, wherever that was run.
fn is_first_answer(first: &Planned, again: &Planned, call: &Execute) -> Result<(), String> {
    let Ask::Execute(first_call) = &first.ask else { return Err("a replay of what is no call".to_owned()) };
    let same_input = serde_json::from_str::<Value>(INPUTS[first_call.input]).ok()
        == serde_json::from_str::<Value>(INPUTS[call.input]).ok();
    let same = first.caller == again.caller
        && first_call.idempotency_key == call.idempotency_key
        && (first_call.tool, first_call.user, first_call.project) == (call.tool, call.user, call.project)
        && same_input;
    if same { Ok(()) } else { Err("a replay of another request".to_owned()) }
}

fn number_text(input: &str) -> &str {
    input.trim_start_matches("{\"n\":").trim_end_matches('}')
}

/// After an invalidation, and after a write that was answered, the lease bounds how long earlier answers may be served.
fn is_not_stale(
    run: &Run,
    call: &Execute,
    caller: &SimCaller,
    executed_at: u64,
    seen: &Observed,
) -> Result<(), String> {
    let toolkit = TOOLS[call.tool].name.split('.').next().unwrap_or_default();
    let mut needles = vec![
        "\"invalidate\":\"all\"".to_owned(),
        format!("\"invalidate\":\"tenant\",\"tenant\":\"{}\"", caller.tenant),
    ];
    needles.push(format!("\"invalidate\":\"toolkit\",\"tenant\":\"{}\",\"toolkit\":\"{toolkit}\"", caller.tenant));
    for needle in &needles {
        for (planned, change) in run.planned.iter().zip(&run.observed) {
            let Ask::Change(text) = &planned.ask else { continue };
            let applied = change.status == 200 && text.contains(needle.as_str());
            if applied && executed_at < change.span.0 && seen.decided_at() > change.span.1 + LEASE_MS {
                return Err(format!("served after {needle}"));
            }
        }
    }
    if run.faults.durable_away > 0 {
        // A write whose invalidation could not be told says so in its record; its bound is the entry's life.
        return Ok(());
    }
    for (planned, write) in run.planned.iter().zip(&run.observed) {
        let Ask::Execute(other) = &planned.ask else { continue };
        let other_tool = TOOLS[other.tool].name;
        let same = other_tool.split('.').next() == Some(toolkit)
            && !declares_read(other_tool)
            && !other_tool.starts_with("Weather.")
            && other.user == call.user
            && !write.headers.contains_key("idempotent-replayed")
            && planned.caller.is_some_and(|other| CALLERS[other].tenant == caller.tenant);
        if same && write.status == 200 && executed_at < write.span.0 && seen.decided_at() > write.span.1 + LEASE_MS {
            return Err(format!("served after {other_tool} had changed it"));
        }
    }
    Ok(())
}

/// Once an isolate has had time and occasion to learn a new schema, answers under the old one are not served.
fn is_of_known_schema(run: &Run, planned: &Planned, schema: u32, seen: &Observed) -> Result<(), String> {
    let Some(changed_at) = run.schema_changed_at else { return Ok(()) };
    let has_faults =
        run.faults.origin > 0 || run.faults.kv_stale > 0 || run.faults.kv_broken > 0 || run.faults.durable_away > 0;
    if schema > 0 || has_faults {
        return Ok(());
    }
    let occasion = |after: u64| {
        let others = run.planned.iter().zip(&run.observed);
        // Who is refused for what it holds is so before anybody looks at the tools.
        let asked = others.filter(|(other, seen)| other.isolate == planned.isolate && seen.status == 200);
        let project = |ask: &Ask| if let Ask::Execute(call) = ask { call.project } else { None };
        let same = asked.filter(|(other, _)| project(&other.ask) == project(&planned.ask));
        same.map(|(_, other)| other.span.1).filter(|ended| *ended > after && *ended + 2_000 < seen.span.0).min()
    };
    // The first occasion may find another isolate's list in the store, the second fetches its own.
    let learnt = occasion(changed_at + REFRESH_MS).and_then(|first| occasion(first + 2 * REFRESH_MS));
    if learnt.is_some() { Err("an answer under a schema that is gone".to_owned()) } else { Ok(()) }
}

/// A call that is not repeatable reaches its executor at most once for each request, and for each idempotency key.
fn at_most_once(run: &Run) -> Result<(), String> {
    let mut by_request: BTreeMap<usize, usize> = BTreeMap::new();
    let mut by_key: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for execution in run.world.executions.borrow().iter() {
        let planned = &run.planned[execution.request];
        let Ask::Execute(call) = &planned.ask else { return Err("a tool ran for what is no call".to_owned()) };
        let caller = planned.caller.ok_or("a tool ran for a stranger")?;
        if call.cache_control.is_some_and(|asks| asks.contains("only-if-cached")) {
            return Err("a tool ran for a call that asked for what is kept alone".to_owned());
        }
        is_permitted(&CALLERS[caller], call).map_err(|_| "a tool ran for a forbidden call")?;
        if declares_read(&execution.facts.tool) {
            continue;
        }
        *by_request.entry(execution.request).or_default() += 1;
        if let Some(key) = &call.idempotency_key {
            *by_key.entry((caller, key)).or_default() += 1;
        }
    }
    if by_request.values().any(|count| *count > 1) {
        return Err("a call that must not be repeated ran twice".to_owned());
    }
    if by_key.values().any(|count| *count > 1) {
        return Err("an idempotency key ran twice".to_owned());
    }
    Ok(())
}

/// No secret leaves the place it belongs to.
fn no_canary(run: &Run) -> Result<(), String> {
    let secrets: Vec<String> = CALLERS.iter().map(|caller| key_of(caller.id)).collect();
    let sent = run.world.sent.borrow();
    if sent.iter().any(|sent| secrets.iter().any(|secret| sent.contains(secret.as_str()))) {
        return Err("a caller's key travelled upstream".to_owned());
    }
    let logged = |what: &str| run.log.iter().any(|line| line.contains(what));
    let answered = |what: &str| run.observed.iter().any(|seen| seen.body.contains(what));
    if secrets.iter().any(|secret| logged(secret) || answered(secret)) || logged("canary-account") {
        return Err("a secret was told".to_owned());
    }
    if logged("canary-user-token") { Err("a user's token was logged".to_owned()) } else { Ok(()) }
}
