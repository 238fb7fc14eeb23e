//! Readiness: the degraded parts, each with its start, its cause and its effect.

use crate::access::admission::Context;
use crate::access::identity::Identity;
use crate::catalog::Current;
use crate::config::Notice;
use crate::dispatch::Dispatch;
use crate::front::response::Answer;
use crate::words::json::{ObjectWriter, write_array};
use crate::words::time::Timestamp;

/// Answers `200` when everything works, `503` when a part is degraded; the body names each.
pub(super) fn answer<S>(
    dispatch: &Dispatch,
    identity: &Identity,
    notices: &[Notice],
    context: &Context<'_>,
    tools: &Current,
    now: Timestamp,
) -> Answer<S> {
    let mut parts = Vec::new();
    if !context.held.is_current() {
        parts.push(part(
            "epochs",
            "epochs_unavailable",
            None,
            "the cache is bypassed; decisions follow epochs.fail_mode",
        ));
    }
    for (executor, source) in dispatch.executors.iter().zip(&tools.sources) {
        if let Some((kind, since)) = source.fault {
            let effect = if source.tools.is_some() {
                "its last good list of tools is served"
            } else {
                "its tools are not known"
            };
            parts.push(part(executor.id.as_str(), kind.name(), Some(since.to_string()), effect));
        }
    }
    for (executor, tool, since, reason) in dispatch.circuits.open(now) {
        let executor = dispatch.executors.get(executor).map_or("", |executor| executor.id.as_str());
        let name = tool.map_or_else(|| executor.to_owned(), |tool| format!("{executor}/{tool}"));
        let effect =
            "its circuit is open: others that the operator declares equivalent are called, or calls are refused";
        parts.push(part(&name, reason, Some(since.to_string()), effect));
    }
    for (place, issuer) in identity.issuers.iter().enumerate() {
        let keys = identity.keys_failing_since(place);
        if let Some(since) = keys {
            let effect = "its keys are used while they are not too old; then its tokens are refused";
            parts.push(part(issuer.id.as_str(), "token_keys_unavailable", Some(since.to_string()), effect));
        }
    }
    let ready = parts.is_empty();
    let mut body = ObjectWriter::new();
    body.boolean("ready", ready);
    body.size("tools", tools.registry.len());
    write_parts(body.value("degraded"), parts);
    let inactive = dispatch.executors.iter().filter(|executor| executor.is_inactive());
    let inactive =
        inactive.map(|executor| part(executor.id.as_str(), "executor_inactive", None, "its credential is not set"));
    let silent = identity.issuers.iter().filter(|issuer| issuer.is_inactive());
    let silent = silent.map(|issuer| {
        part(issuer.id.as_str(), "token_check_unavailable", None, "its client_secret_setting is not set")
    });
    write_parts(body.value("inactive"), inactive.chain(silent));
    let notices = notices.iter().map(|notice| part(notice.setting, notice.name, None, notice.message));
    write_parts(body.value("notices"), notices);
    Answer::json(if ready { 200 } else { 503 }, body.end())
}

fn write_parts(out: &mut Vec<u8>, parts: impl IntoIterator<Item = Vec<u8>>) {
    write_array(out, parts, |out, part| out.extend_from_slice(&part));
}

fn part(name: &str, reason: &str, since: Option<String>, effect: &str) -> Vec<u8> {
    let mut out = ObjectWriter::new();
    out.text("part", name);
    out.text("reason", reason);
    out.optional("since", since.as_deref());
    out.text("effect", effect);
    out.end()
}
