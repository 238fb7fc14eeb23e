//! Deliberate defects, one at a time, in a copy of the core: the simulation must notice each.
//!
//! A defect is a replacement in one source file. One that no longer fits its source fails the test too: the list cannot go
//! stale. `TOOLGATE_MUTANT=text` runs those whose names begin with it.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "mutations/freshness.rs"]
mod freshness;
#[path = "mutations/keys.rs"]
mod keys;
#[path = "mutations/operators.rs"]
mod operators;
#[path = "mutations/tiers.rs"]
mod tiers;
#[path = "mutations/tokens.rs"]
mod tokens;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Mutant {
    /// The test that must notice it, with its arguments for `cargo test`.
    test: [&'static str; 2],
    name: &'static str,
    file: &'static str,
    find: &'static str,
    replace: &'static str,
}

const fn mutant(name: &'static str, file: &'static str, find: &'static str, replace: &'static str) -> Mutant {
    Mutant { test: ["seeds", "every_invariant_holds"], name, file, find, replace }
}

/// A defect that the model of who may do what must notice.
const fn of_authority(name: &'static str, file: &'static str, find: &'static str, replace: &'static str) -> Mutant {
    Mutant { test: ["authority", "no_request"], name, file, find, replace }
}

/// A defect that a story must notice.
const fn of_stories(name: &'static str, file: &'static str, find: &'static str, replace: &'static str) -> Mutant {
    Mutant { test: ["stories", ""], name, file, find, replace }
}

/// A defect that the runs of many isolates under one limit must notice.
const fn of_rates(name: &'static str, file: &'static str, find: &'static str, replace: &'static str) -> Mutant {
    Mutant { test: ["rate", ""], name, file, find, replace }
}

const KEY: &str = "cache/key.rs";
const OWNER: &str = "state/rate.rs";
const LEASE: &str = "rate/lease.rs";

const MUTANTS: &[Mutant] = &[
    mutant("key without tenant", KEY, "        tenant.as_str().as_bytes(),\n", "        &b\"\"[..],\n"),
    mutant("key without account", KEY, "        &account,\n", "        &b\"\"[..],\n"),
    mutant(
        "key without project",
        KEY,
        "        project.map_or(&b\"\"[..], |project| project.as_str().as_bytes()),\n",
        "        &b\"\"[..],\n",
    ),
    mutant("key without executors", KEY, "        executors.as_bytes(),\n", "        &b\"\"[..],\n"),
    mutant("key without user", KEY, "        whose.as_bytes(),\n", "        &b\"\"[..],\n"),
    mutant("key without tool", KEY, "        tool.folded.as_bytes(),\n", "        &b\"\"[..],\n"),
    mutant("key without version", KEY, "        tool.version.as_bytes(),\n", "        &b\"\"[..],\n"),
    mutant("key without schema", KEY, "        tool.schema_hash(),\n", "        &b\"\"[..],\n"),
    mutant("key without rule", KEY, "        &keep.rule,\n", "        &b\"\"[..],\n"),
    mutant(
        "key without input",
        KEY,
        "    write_canonical(&mut key, input);\n",
        "    let _ = (write_canonical, input);\n",
    ),
    mutant(
        "tools allowed to all",
        "policy/decide.rs",
        "Some(grant.tools.iter().any(|pattern| pattern.matches(folded)))",
        "{ let _ = folded; Some(true) }",
    ),
    mutant(
        "actions allowed to all",
        "config/caller.rs",
        "self.actions.iter().any(|pattern| pattern.matches(action))",
        "{ let _ = action; true }",
    ),
    mutant(
        "users allowed to all",
        "admission.rs",
        "UserRule::Only(users) => users.contains(&user),",
        "UserRule::Only(users) => users.contains(&user) || true,",
    ),
    mutant(
        "projects allowed to all",
        "admission.rs",
        "ProjectRule::Only(projects) => projects.contains(project),",
        "ProjectRule::Only(_) => true,",
    ),
    of_authority(
        "half a permission of each of two grants",
        "policy/decide.rs",
        "if !grant.covers(request.action) {",
        "if !request.caller.holds(request.action) {",
    ),
    of_authority(
        "roles of others",
        "config/build/callers.rs",
        "match roles.get(role) {",
        "match roles.values().next() {",
    ),
    of_authority(
        "what may be called is not listed",
        "admission/authority.rs",
        "let is_seen = decision.may_be_allowed()",
        "let is_seen = may_list()",
    ),
    of_stories(
        "admitted before the owners of limits answered",
        "gateway.rs",
        "        admitted = guard.admit(&tools, &caller, &held, record)?;\n",
        "",
    ),
    of_stories(
        "a tenant falls back to the general account",
        "config/credential.rs",
        "Some(own) => own.as_ref(),",
        "Some(own) => own.as_ref().or(self.general.as_ref()),",
    ),
    of_stories(
        "rules about inputs are not asked",
        "tool_call.rs",
        "if let Err(error) = check_rules(",
        "if call.run_at.is_some() && let Err(error) = check_rules(",
    ),
    of_stories(
        "an address inside an IPv6 one is not seen",
        "input/address.rs",
        "let is_global = begins_alike(top, 0x2000_0000, 3);",
        "let is_global = begins_alike(top, 0x2000_0000, 3) || first == 0;",
    ),
    of_stories(
        "the end of the host is where the standard sees it",
        "input/url.rs",
        "if authority.contains('@') || (!after.starts_with('/') && after.contains('@')) {",
        "if authority.contains('@') {",
    ),
    of_stories(
        "a refusal repeats what was sent",
        "admission.rs",
        "\"wait must be a whole number of seconds\"",
        "wait.to_owned()",
    ),
    of_stories(
        "what was accepted is forgotten",
        "upstream/send.rs",
        "        credential.turn();\n",
        "        let _ = Credential::turn;\n",
    ),
    mutant("lease ignored", "epochs.rs", "Some(age) if age < lease => {", "Some(age) if age < lease || true => {"),
    mutant("revocation ignored", "identity.rs", "if epochs.revoked.contains(identified.key.as_str()) {", "if false {"),
    mutant(
        "kill switch ignored",
        "admission/switches.rs",
        "Some(switch) => Err(Refusal::with(RefusalKind::Killed, switch.kind())),",
        "Some(_) => Ok(()),",
    ),
    mutant("epoch of an entry ignored", "cache/entry.rs", " && self.epoch >= floor", " && floor < u64::MAX"),
    mutant("life of an entry ignored", "cache/entry.rs", "now < self.expires_at", "now >= self.stored_at"),
    mutant("failures kept", "tool_call.rs", "ran.success && ran.says == Says::Value", "true"),
    mutant(
        "any verified key is every other",
        "identity/memory.rs",
        "bool::from(self.0.ct_eq(&other.0))",
        "self.0.len() == other.0.len() && !bool::from(0_u8.ct_eq(&1))",
    ),
    mutant(
        "keys of callers meet",
        "idempotency.rs",
        "format!(\"idempotency/{}/{}/{name}\", caller.tenant, caller.id)",
        "format!(\"idempotency/{}/{name}\", caller.tenant)",
    ),
    mutant(
        "writes kept",
        "cache.rs",
        "        return Err(Bypass::Mutates);\n",
        "        return Ok(Keep { ttl: rules.ttl, scope: CacheScopeChoice::User, rule: [0; 8], life: rules.life });\n",
    ),
    mutant(
        "writes leave the cache alone",
        "tool_call.rs",
        "    if may_have_changed_something(running, &call, &ended) {\n",
        "    if false && may_have_changed_something(running, &call, &ended) {\n",
    ),
    mutant("every call repeated", "execute.rs", "let is_safe = ", "let is_safe = true || "),
    mutant(
        "a lost attempt forgotten",
        "state/idempotency.rs",
        "Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Unknown),",
        "Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Proceed),",
    ),
    mutant(
        "authorisations are everyone's",
        "state/authorization.rs",
        "self.callers.get(&caller).cloned()",
        "self.callers.get(&caller).or(self.callers.values().next()).cloned()",
    ),
    mutant(
        "no record of refusals",
        "gateway.rs",
        "    tracing::info!(line = line.as_str());\n",
        "    if record.refusal.is_none() { tracing::info!(line = line.as_str()); }\n",
    ),
    mutant(
        "the caller's key in the record",
        "gateway.rs",
        "record.key = Some(identified.key);",
        "record.user = request.headers.get(Header::Authorization).and_then(crate::names::UserId::new);",
    ),
    of_stories(
        "a flight whose silent leader keeps its place",
        "state/flight.rs",
        "if now < until && until <= now.after(FLIGHT_LEADER_LOST)",
        "if now < until.after(FLIGHT_KEPT) && until <= now.after(FLIGHT_LEADER_LOST)",
    ),
    of_stories(
        "a flight whose leader is not heard of",
        "cache/flight/driver.rs",
        "        if is_first {\n",
        "        if is_first || platform.now() > Timestamp::default() {\n",
    ),
    of_stories(
        "a flight that fails releases nobody",
        "state/flight.rs",
        "(Phase::Over, Some(self.number), kept)",
        "(Phase::Over, self.failed, kept)",
    ),
    of_stories(
        "a flight is not looked for once more",
        "cache/flight/driver.rs",
        "if let Some(entry) = look_in_memory(platform, running, &asked.wanted) {",
        "if let Some(entry) = look_in_memory(platform, running, &asked.wanted).filter(|_| false) {",
    ),
    of_rates("tokens handed out for nothing", OWNER, "        self.meter.take(pace, tokens);\n", ""),
    of_rates(
        "tokens given back again and again",
        OWNER,
        "let returned = own.returned.max(ask.returned);",
        "let returned = own.returned;",
    ),
    of_rates("no leases", OWNER, "first.saturating_add(ask.more.min(spare).min(room))", "first"),
    of_rates("a told wait is not kept", LEASE, "inner.short.and_then(|pause| pause.left(now))", "None"),
    of_rates(
        "a lost owner is asked each time",
        LEASE,
        "pause.left(now).map(|left| (error, left))",
        "{ let _ = (error, pause); None }",
    ),
    of_rates(
        "a lost limiter admits",
        "rate.rs",
        "Standing::Lost(..) if running.config.rate.fail_mode == FailMode::Open => continue,",
        "Standing::Lost(..) => continue,",
    ),
    of_stories(
        "a refused request takes tokens",
        "rate.rs",
        "    refuse(running, stood, record)?;\n",
        "    each(running, stood).for_each(|(_, _, entry, _)| drop(entry.lease.take()));\n    refuse(running, stood, record)?;\n",
    ),
    of_stories(
        "callers share a limit of each",
        "rate/book.rs",
        "RatePer::Caller => subject.caller.id.as_str(),",
        "RatePer::Caller => subject.caller.tenant.as_str(),",
    ),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// A copy of what the simulation needs, as a workspace of its own.
fn copy_to(target: &Path) {
    let from = repository();
    // What its tests read, too: without it some fail whatever the defect is, and every defect seems to be noticed.
    for part in ["core", "tests/simulation", "tests/tokens", "tests/vectors/inputs"] {
        copy_tree(&from.join(part), &target.join(part));
    }
    for file in ["Cargo.lock", "clippy.toml", "rust-toolchain.toml"] {
        fs::copy(from.join(file), target.join(file)).expect("a copy");
    }
    let manifest = fs::read_to_string(from.join("Cargo.toml")).expect("the manifest");
    let lines = manifest.lines().map(|line| match line {
        _ if line.starts_with("members = ") => "members = [\"core\", \"tests/simulation\"]",
        // Another version is another package: what is built of a mutant can never be taken for the product.
        _ if line.starts_with("version = ") => "version = \"0.0.0\"",
        _ => line,
    });
    fs::write(target.join("Cargo.toml"), lines.collect::<Vec<_>>().join("\n")).expect("a manifest");
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            // An unchanged file keeps its time, so that nothing is built twice.
            let text = fs::read(entry.path()).expect("a file");
            if fs::read(&target).ok().as_ref() != Some(&text) {
                fs::write(target, text).expect("a copy");
            }
        }
    }
}

/// Runs the test in the copy. `Some(true)`: it held; `Some(false)`: it did not; `None`: it did not build.
fn test_holds(copy: &Path, [binary, test]: [&str; 2]) -> (Option<bool>, String) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "toolgate-simulation", "--test", binary, test])
        .current_dir(copy)
        // The dependencies are built already: only the core and the simulation are built anew.
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("cargo runs");
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    let held = match (output.status.success(), text.contains("test result: FAILED")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    (held, text)
}

/// A test that fails in the copy anyhow would notice nothing.
fn hold_without_a_defect(copy: &Path, meant: &[&Mutant]) {
    copy_to(copy);
    for test in meant.iter().map(|mutant| mutant.test).collect::<BTreeSet<_>>() {
        let (held, text) = test_holds(copy, test);
        assert_eq!(held, Some(true), "{test:?} does not hold without a defect:\n{text}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told its mutant by the environment")]
fn each_deliberate_defect_is_noticed() {
    let only = std::env::var("TOOLGATE_MUTANT").ok();
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    let is_meant = |mutant: &&Mutant| only.as_deref().is_none_or(|only| mutant.name.starts_with(only));
    let all = [MUTANTS, freshness::MUTANTS, keys::MUTANTS, operators::MUTANTS, tiers::MUTANTS, tokens::MUTANTS];
    let meant: Vec<&Mutant> = all.into_iter().flatten().filter(is_meant).collect();
    assert!(!meant.is_empty(), "no such mutant");
    hold_without_a_defect(&copy, &meant);
    let mut unnoticed = Vec::new();
    for mutant in meant {
        copy_to(&copy);
        let file = copy.join("core/src").join(mutant.file);
        let source = fs::read_to_string(&file).expect("a source");
        assert_eq!(source.matches(mutant.find).count(), 1, "\"{}\" no longer fits {}", mutant.name, mutant.file);
        fs::write(&file, source.replacen(mutant.find, mutant.replace, 1)).expect("a mutant");
        let (held, text) = test_holds(&copy, mutant.test);
        let verdict =
            text.lines().find(|line| line.starts_with("seed ") || line.ends_with("--- FAILED")).unwrap_or_default();
        println!("{:<32} {}", mutant.name, verdict.chars().take(120).collect::<String>());
        match held {
            Some(false) => {}
            Some(true) => unnoticed.push(mutant.name),
            None => panic!("\"{}\" does not build:\n{text}", mutant.name),
        }
    }
    assert!(unnoticed.is_empty(), "nobody noticed: {unnoticed:?}");
}
