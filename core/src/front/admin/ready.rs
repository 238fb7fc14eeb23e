//! Readiness: which parts are degraded, since when, why, and what that means.

use crate::access::admission::Context;
use crate::catalog::Current;
use crate::front::response::Answer;
use crate::pipeline::runtime::Running;
use crate::words::json::write_string;
use crate::words::time::Timestamp;

/// `200` when everything works, `503` when a part is degraded; the body names each.
pub(super) fn answer<S>(running: &Running, context: &Context<'_>, tools: &Current, now: Timestamp) -> Answer<S> {
    let mut parts = Vec::new();
    if !context.held.is_current() {
        parts.push(part(
            "epochs",
            "epochs_unavailable",
            None,
            "the cache is bypassed; decisions follow epochs.fail_mode",
        ));
    }
    for (executor, source) in running.config.executors.iter().zip(&tools.sources) {
        if let Some((kind, since)) = source.fault {
            let effect = if source.tools.is_some() {
                "its last good list of tools is served"
            } else {
                "its tools are not known"
            };
            parts.push(part(executor.id.as_str(), kind.name(), Some(since.to_string()), effect));
        }
    }
    for (executor, tool, since, reason) in running.dispatch.circuits.open(now) {
        let executor = running.config.executors.get(executor).map_or("", |executor| executor.id.as_str());
        let name = tool.map_or_else(|| executor.to_owned(), |tool| format!("{executor}/{tool}"));
        let effect =
            "its circuit is open: others that the operator declares equivalent are called, or calls are refused";
        parts.push(part(&name, reason, Some(since.to_string()), effect));
    }
    for (place, issuer) in running.config.issuers.iter().enumerate() {
        let keys = running.identity.keys_failing_since(place);
        if let Some(since) = keys {
            let effect = "its keys are used while they are not too old; then its tokens are refused";
            parts.push(part(issuer.id.as_str(), "token_keys_unavailable", Some(since.to_string()), effect));
        }
    }
    let ready = parts.is_empty();
    let mut body = format!("{{\"ready\":{ready},\"tools\":{},\"degraded\":[", tools.registry.len()).into_bytes();
    body.extend_from_slice(parts.join(",").as_bytes());
    body.extend_from_slice(b"],\"inactive\":[");
    let inactive = running.config.executors.iter().filter(|executor| executor.is_inactive());
    let inactive: Vec<_> = inactive
        .map(|executor| part(executor.id.as_str(), "executor_inactive", None, "its credential is not set"))
        .collect();
    let silent = running.config.issuers.iter().filter(|issuer| issuer.is_inactive());
    let silent = silent.map(|issuer| {
        part(issuer.id.as_str(), "token_check_unavailable", None, "its client_secret_setting is not set")
    });
    let inactive: Vec<_> = inactive.into_iter().chain(silent).collect();
    body.extend_from_slice(inactive.join(",").as_bytes());
    body.extend_from_slice(b"],\"notices\":[");
    let notices: Vec<_> =
        running.config.notices.iter().map(|notice| part(notice.setting, notice.name, None, notice.message)).collect();
    body.extend_from_slice(notices.join(",").as_bytes());
    body.extend_from_slice(b"]}");
    Answer::json(if ready { 200 } else { 503 }, body)
}

fn part(name: &str, reason: &str, since: Option<String>, effect: &str) -> String {
    let mut out = Vec::new();
    let mut member = |prefix: &[u8], text: &str| {
        out.extend_from_slice(prefix);
        write_string(&mut out, text);
    };
    member(b"{\"part\":", name);
    member(b",\"reason\":", reason);
    if let Some(since) = since {
        member(b",\"since\":", &since);
    }
    member(b",\"effect\":", effect);
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}
