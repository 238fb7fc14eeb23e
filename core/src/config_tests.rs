//! Tests of the document: the default one loads, faults are reported all at once, settings override.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::cache::Eviction;
use crate::model::caller::Caller;
use crate::ports::Settings;
use crate::words::action::{Action, ActionPattern};
use crate::words::time::Millis;

struct Map(BTreeMap<&'static str, &'static str>);

impl Settings for Map {
    async fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }
}

pub(crate) fn load_with(document: &str, settings: &[(&'static str, &'static str)]) -> Result<Config, Vec<String>> {
    let settings = Map(settings.iter().copied().collect());
    let mut context = Context::from_waker(Waker::noop());
    match pin!(load(document, &settings, [7; 32])).poll(&mut context) {
        Poll::Ready(loaded) => {
            loaded.map(|loaded| loaded.config).map_err(|faults| faults.iter().map(ToString::to_string).collect())
        }
        Poll::Pending => panic!("a map never waits"),
    }
}

const DEFAULT: &str = include_str!("../../toolgate.toml");
const KEY: (&str, &str) = ("TOOLGATE_DEV_KEY", "tg_dev_0123456789abcdef");
const SMALLEST: &str = "executors = []\ncallers = []\n";

#[test]
fn the_default_document_loads() {
    let config = load_with(DEFAULT, &[KEY]).unwrap();
    assert_eq!(config.callers[0].keys.len(), 1);
    assert!(config.executors[1].is_inactive());
    let config = load_with(DEFAULT, &[("ARCADE_API_KEY", "k")]).unwrap();
    assert!(!config.executors[1].is_inactive());
    assert!(config.callers[0].keys.is_empty(), "without its setting the development key does not exist");
}

#[test]
fn every_fault_is_told_at_once_with_its_line() {
    let document = "[limits]\nbody_bytes = 12\njson_depth = 1\nspeed = 3\n\n[[executors]]\nid = \"a b\"\nkind = \"cloud\"\n\n\
        [[callers]]\nid = \"x\"\nactions = [\"tools/fly\", \"tools/*\"]\nkeys = [{ id = \"k\" }]\nusers = [\"\"]\n";
    let faults = load_with(document, &[]).unwrap_err();
    let expected = [
        "line 2: limits.body_bytes: must be a string",
        "line 3: limits.json_depth: must be from 2 to 128",
        "line 4: limits.speed: is not known here",
        "line 7: executors[0].id: must be an identifier",
        "line 8: executors[0].kind: must be one of local, engine, worker",
        "line 12: callers[0].actions[0]: must be",
        "line 14: callers[0].users[0]: must be",
        "line 10: callers[0].tenant: is missing",
    ];
    for start in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start} is not in {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn a_misspelt_member_is_told_what_was_meant() {
    let faults = load_with("executors = []\ncallers = []\n[cache]\nttll = \"5s\"\n", &[]).unwrap_err();
    assert_eq!(faults, ["line 4: cache.ttll: is not known here; did you mean ttl?"]);
}

#[test]
fn broken_toml_is_a_fault_with_a_line() {
    let faults = load_with("executors = []\ncallers = [\n[cache\n", &[]).unwrap_err();
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.starts_with("line ")), "{faults:?}");
}

#[test]
fn what_only_the_whole_tells_is_checked_too() {
    let document = "[[executors]]\nid = \"a\"\nkind = \"engine\"\n[[executors]]\nid = \"a\"\nkind = \"local\"\n\
        [[callers]]\nid = \"c\"\ntenant = \"t\"\nkeys = [{ id = \"k\", hash = \"00\" }, { id = \"k\", setting = \"S\" }]\n";
    let faults = load_with(document, &[("S", "short")]).unwrap_err();
    assert!(faults.iter().any(|fault| fault.contains("must be 64 hexadecimal digits")), "{faults:#?}");
    let document = document.replace("\"00\"", &format!("\"{}\"", "0".repeat(64)));
    let faults = load_with(&document, &[("S", "short")]).unwrap_err();
    for part in
        ["executors.id: a is taken", "needs base_url", "k is taken", "TOOLGATE_KEY_HASH_SECRET is not set", "too easy"]
    {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part} is not in {faults:#?}");
    }
}

#[test]
fn settings_override_or_are_clamped_by_name() {
    let settings = [
        KEY,
        ("ARCADE_API_KEY", "k"),
        ("ARCADE_BASE_URL", "http://127.0.0.1:9/v1/"),
        ("ARCADE_WORKSPACE_ID", "o/p"),
        ("ARCADE_TIMEOUT", "300"),
        ("ARCADE_MAX_RETRIES", "2"),
        ("CACHE_TTL", "120"),
        ("CACHE_MAX_MEMORY", "1GB"),
        ("CACHE_EVICTION", "lru"),
        ("REDIS_URL", "redis://x"),
    ];
    let config = load_with(DEFAULT, &settings).unwrap();
    let engine = config.executors[1].engine().unwrap();
    assert_eq!((engine.base_url.as_str(), engine.project.as_ref().unwrap().as_str()), ("http://127.0.0.1:9", "o/p"));
    assert_eq!(config.execute.timeout, Millis::from_secs(55));
    assert_eq!(config.execute.max_retries, 2);
    assert_eq!(config.cache.ttl, Millis::from_secs(120));
    assert_eq!(config.cache.memory_bytes, crate::words::limits::CACHE_MEMORY_BYTES_MAX);
    assert_eq!(config.cache.eviction, Eviction::Lru);
    let named: Vec<_> = config.notices.iter().map(|notice| (notice.setting, notice.name)).collect();
    assert_eq!(
        named,
        [
            ("ARCADE_TIMEOUT", "setting_clamped"),
            ("CACHE_MAX_MEMORY", "setting_clamped"),
            ("REDIS_URL", "setting_without_effect")
        ]
    );
}

#[test]
fn a_bad_setting_is_a_fault_that_names_it_and_not_its_value() {
    let settings = [("CACHE_TTL", "soon"), ("CACHE_EVICTION", "random"), ("ARCADE_BASE_URL", "ftp://user:pass@x")];
    let faults = load_with(SMALLEST, &settings).unwrap_err();
    assert_eq!(faults.len(), 3);
    assert!(faults[0].starts_with("setting ARCADE_BASE_URL: must be") && !faults[0].contains("pass"), "{faults:?}");
    assert!(faults[1].starts_with("setting CACHE_TTL: must be"), "{faults:?}");
    assert!(faults[2].starts_with("setting CACHE_EVICTION: must be cost-aware or lru"), "{faults:?}");
}

#[test]
fn the_schema_is_closed_and_describes_every_member() {
    fn walk(schema: &serde_json::Value, path: &str) {
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], false, "{path}");
            for (name, member) in properties {
                assert!(member["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}.{name}");
                walk(member, &format!("{path}.{name}"));
            }
        }
        if !schema["items"].is_null() {
            walk(&schema["items"], path);
        }
    }
    walk(&json_schema(), "");
}

#[test]
fn a_caller_holds_its_own_grant_and_those_of_its_roles() {
    let document = "executors = []\n[[roles]]\nid = \"reader\"\nactions = [\"tools/*\"]\ntools = [\"Mail.*\"]\n\
        [[callers]]\nid = \"x\"\ntenant = \"t\"\nkeys = []\nroles = [\"reader\"]\nactions = [\"chat/*\"]\ntools = [\"*\"]\n";
    let config = load_with(document, &[]).unwrap();
    let caller = &config.callers[0].caller;
    let holds_for = |caller: &Caller, action, folded| {
        let resource = crate::policy::Resource::ToolNamed(folded);
        let request = crate::policy::PolicyRequest { action, resource, ..crate::policy::PolicyRequest::of(caller) };
        config.policies.decide(&request).is_allowed()
    };
    let rules: Vec<_> = caller.grants.iter().map(|grant| grant.rule.as_str()).collect();
    assert_eq!(rules, ["caller:x", "role:reader"]);
    assert!(holds_for(caller, Action::ToolsCall, "mail.send"));
    // The role grants the action for other tools, the caller's own grant the tool for another action.
    assert!(!holds_for(caller, Action::ToolsCall, "docs.get"));
    assert!(
        holds_for(caller, Action::ChatCompletions, "docs.get") && caller.holds_for_every_tool(Action::ChatCompletions)
    );
    assert!(!caller.holds_for_every_tool(Action::ToolsCall) && !caller.holds(Action::EpochsWrite));
    let narrowed = Caller { within: Some(vec![ActionPattern::One(Action::ToolsList)]), ..Caller::clone(caller) };
    assert!(narrowed.holds(Action::ToolsList) && !holds_for(&narrowed, Action::ToolsCall, "mail.send"));
    assert!(!narrowed.holds_for_every_tool(Action::ChatCompletions));
    let faults = load_with(&document.replace("[\"reader\"]", "[\"writer\"]"), &[]).unwrap_err();
    assert_eq!(faults, ["line 6: callers.x.roles: there is no role writer"]);
}

#[test]
fn rules_about_inputs_are_refused_at_their_lines() {
    let document = r##"executors = []
callers = []

[[inputs]]
tools = ["Web.*"]

[[inputs]]
tools = ["Web.*"]
schema = '{ "properties": { "a": { "minimun": 1 }, "b": { "$ref": "#" } }, "not": { "$ref": "#" } }'
urls = [
  { at = "url" },
  { at = "/url", schemes = ["ftp"], hosts = ["127.0.0.1"], private = "no" },
  { at = "/url", schemes = [], ports = [0] },
]
files = [{ at = "/file", types = ["PNG"], bytes = "9MiB" }]
"##;
    let faults = load_with(document, &[]).unwrap_err();
    let expected = [
        "line 11: inputs[1].urls[0].at: must be a JSON Pointer such as \"/url\" or \"/pages/*/url\"",
        "line 12: inputs[1].urls[1].schemes[0]: must be one of https, http, wss, ws",
        "line 12: inputs[1].urls[1].private: must be true or false",
        "line 12: inputs[1].urls[1].hosts[0]: must be a name such as \"example.com\" or \"*.example.com\"",
        "line 15: inputs[1].files[0].types[0]: must be a media type in lower case, such as \"image/png\"",
        "line 15: inputs[1].files[0].bytes: must be from 1 bytes to 4194304 bytes",
    ];
    assert_eq!(faults, expected);
    let document = document.replace("{ at = \"url\" },\n", "\n").replace("\"ftp\"", "\"https\"");
    let document = document
        .replace("127.0.0.1", "a.example")
        .replace("\"no\"", "true")
        .replace("PNG", "image/png")
        .replace("9MiB", "1MiB");
    let faults = load_with(&document, &[]).unwrap_err();
    let expected = [
        "line 4: inputs[0]: needs at least one of schema, urls and files",
        "line 9: inputs[1].schema: /properties/a/minimun: minimun is not a keyword that is supported",
        "line 13: inputs[1].urls: schemes is empty: no URL could be sent",
        "line 13: inputs[1].urls.ports: must be from 1 to 65535",
    ];
    assert_eq!(faults, expected);
    let looped =
        format!("{SMALLEST}[[inputs]]\ntools = [\"*\"]\nschema = '''\n{{ \"not\": {{ \"$ref\": \"#\" }} }}'''\n");
    let expected = "line 5: inputs[0].schema: the schema: leads back to itself without descending into the instance";
    assert_eq!(load_with(&looped, &[]).unwrap_err(), [expected]);
    let many = format!("{SMALLEST}{}", "[[inputs]]\ntools = []\nschema = 'true'\n".repeat(257));
    assert_eq!(load_with(&many, &[]).unwrap_err(), ["line 771: inputs: has more than 256 rules"]);
    assert_eq!(
        load_with(&many.replacen("[[inputs]]\ntools = []\nschema = 'true'\n", "", 1), &[]).unwrap().inputs.len(),
        256
    );
}

#[test]
fn what_the_cache_is_told_is_checked_at_its_lines() {
    let config = |cache: &str| {
        let executors = "executors = [{ id = \"l\", kind = \"local\", tools = [\"Calc.*\"] }]\ncallers = []\n";
        load_with(&format!("{executors}{cache}"), &[]).map(|config| config.cache)
    };
    let warm = "[[cache.warm]]\ntenant = \"a\"\ntool = \"Calc.Plus\"\n";
    let read = config(&format!("{warm}input = '{{\"a\":1.0}}'\nuser = \"u\"\nproject = \"o/p\"\n")).unwrap();
    let mut input = Vec::new();
    crate::words::json::write_json(&mut input, &read.warm[0].input);
    assert_eq!((read.warm.len(), input.as_slice()), (1, br#"{"a":1.0}"#.as_slice()));
    let prices = "[cache]\nprice_per_million_tokens = \"0.15\"\nrules = [{ tools = [\"*\"], ttl = \"1m\", tags = [\"t\"], price_per_call = \"2\" }]\n";
    let read = config(prices).unwrap();
    assert_eq!((read.price_per_million_tokens.micros(), read.rules[0].price_per_call.micros()), (150_000, 2_000_000));
    assert_eq!(read.rules[0].tags[0].as_str(), "t");
    let tags: Vec<String> = (0..=crate::words::limits::CACHE_TAGS).map(|tag| format!("\"t{tag}\"")).collect();
    let long = "x".repeat(crate::words::limits::CACHE_WARM_INPUT_BYTES);
    for (cache, fault) in [
        (format!("{warm}input = '[1]'\n"), "line 3: cache.warm[0].input: must be a JSON object".to_owned()),
        (
            format!("{warm}input = '{{\"a\":1,\"a\":2}}'\n"),
            "line 3: cache.warm[0].input: must be a JSON object".to_owned(),
        ),
        (
            format!("{warm}input = '{{\"a\":\"{long}\"}}'\n"),
            "line 3: cache.warm[0].input: has more than 16384".to_owned(),
        ),
        (format!("{warm}version = \"\"\n"), "line 3: cache.warm[0].version: must have 1 to 64".to_owned()),
        (warm.replace("Calc", "Mail"), "line 3: cache.warm[0].tool: Mail.Plus is taken from no executor".to_owned()),
        (warm.replace(".Plus", ""), "line 5: cache.warm[0].tool: must be \"Toolkit.Tool\"".to_owned()),
        (warm.repeat(crate::words::limits::CACHE_WARM + 1), "line 195: cache.warm: are more than 64".to_owned()),
        (
            "[cache]\nprice_per_million_tokens = \"1e3\"\n".to_owned(),
            "line 4: cache.price_per_million_tokens: must be a price".to_owned(),
        ),
        (
            format!("[cache]\nrules = [{{ tools = [\"*\"], ttl = \"1m\", tags = [{}] }}]\n", tags.join(",")),
            "line 4: cache.rules[0].tags: are more than 8".to_owned(),
        ),
    ] {
        let faults = config(&cache).unwrap_err();
        assert!(faults.len() == 1 && faults[0].starts_with(&fault), "{fault} is not {faults:?}");
    }
}

#[test]
fn faults_of_settings_come_after_those_of_the_document() {
    let document = "executors = []\n[[callers]]\nid = \"a\"\ntenant = \"t\"\nactions = []\nroles = [\"absent\"]\n\
        keys = [{ id = \"k\", setting = \"SHORT\" }]\n";
    let faults = load_with(document, &[("SHORT", "short"), ("CACHE_TTL", "soon")]).unwrap_err();
    let starts = ["line 2: callers.a.roles: ", "line 7: callers[].keys.k: ", "setting CACHE_TTL: "];
    assert_eq!(faults.len(), starts.len(), "{faults:?}");
    assert!(faults.iter().zip(starts).all(|(fault, start)| fault.starts_with(start)), "{faults:?}");
}

#[test]
fn no_document_is_no_configuration() {
    assert!(matches!(Prepared::default().with(&BTreeMap::new(), [7; 32]), Err(faults) if faults.is_empty()));
}
