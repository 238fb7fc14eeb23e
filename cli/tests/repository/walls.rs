//! The walls of the core: a wing imports only wings above it in a list, and no files import each other in a circle.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use self::imports::{Module, read};

/// The wings, in order: each imports only those above it.
const WINGS: &[&str] = &[
    "words",
    "ports",
    "tools",
    "validate",
    "model",
    "policy",
    "state",
    "backends",
    "catalog",
    "access",
    "cache",
    "dispatch",
    "telemetry",
    "config",
    "pipeline",
    "front",
    "gateway",
];

/// Wings beside each other: none imports another.
const SIBLINGS: [&str; 3] = ["access", "cache", "dispatch"];

/// Wings that wait for nothing, with the one file that does.
const PURE: [(&str, Option<&str>); 6] = [
    ("words", None),
    ("tools", None),
    ("validate", None),
    ("model", None),
    ("policy", None),
    // Asks a port to apply a command.
    ("state", Some("state")),
];

/// The files that may name the whole isolate: it is taken apart there, and nobody else is handed all of it.
const TAKE_APART: [&str; 7] = [
    "gateway",
    "pipeline::call",
    "pipeline::emit",
    "pipeline::guard",
    "pipeline::warm",
    "front::admin",
    "front::worker",
];

/// The file that holds the whole isolate.
const ISOLATE: &str = "pipeline::runtime";

/// The modules of HTTP requests and of Arcade's operations.
const INTERFACE: [&str; 2] = ["model::request", "model::operation"];

/// Admission, which knows no interface.
const ADMISSION: &str = "access::admission";

type Arrow = (String, String);

fn wing(module: &str) -> &str {
    module.split("::").next().unwrap()
}

/// Returns the imports against the order of the wings.
fn against_order(modules: &BTreeMap<String, Module>) -> BTreeSet<Arrow> {
    let rank = |module: &str| WINGS.iter().position(|known| *known == wing(module));
    let is_against = |from: &str, to: &str| {
        let are_siblings = [from, to].iter().all(|module| SIBLINGS.contains(&wing(module)));
        wing(from) != wing(to) && (are_siblings || rank(from) < rank(to))
    };
    arrows(modules).into_iter().filter(|(from, to)| is_against(from, to)).collect()
}

/// Returns the files that import the whole isolate.
fn of_isolate(modules: &BTreeMap<String, Module>) -> BTreeSet<&str> {
    let imports = |module: &Module| module.imports.contains(ISOLATE);
    modules.iter().filter(|(_, module)| imports(module)).map(|(name, _)| name.as_str()).collect()
}

/// Returns the imports of an interface by admission.
fn of_interfaces(modules: &BTreeMap<String, Module>) -> BTreeSet<Arrow> {
    let is_or_below = |module: &str, of: &str| module == of || module.starts_with(&format!("{of}::"));
    let is_found = |(from, to): &Arrow| {
        is_or_below(from, ADMISSION) && INTERFACE.iter().any(|interface| is_or_below(to, interface))
    };
    arrows(modules).into_iter().filter(is_found).collect()
}

/// Returns the imports that are part of a circle, or lead from one circle to another.
fn in_circles(arrows: &BTreeSet<Arrow>) -> BTreeSet<Arrow> {
    let mut left = arrows.clone();
    loop {
        let (from, to): (BTreeSet<String>, BTreeSet<String>) = left.iter().cloned().unzip();
        let before = left.len();
        left.retain(|(begin, end)| to.contains(begin) && from.contains(end));
        if left.len() == before {
            return left;
        }
    }
}

/// Returns all imports.
fn arrows(modules: &BTreeMap<String, Module>) -> BTreeSet<Arrow> {
    let of = |(name, module): (&String, &Module)| {
        module.imports.iter().map(|import| (name.clone(), import.clone())).collect::<Vec<_>>()
    };
    modules.iter().flat_map(of).collect()
}

/// Returns the modules that stand in no wing.
fn without_wing(modules: &BTreeMap<String, Module>) -> Vec<&String> {
    modules.keys().filter(|name| !WINGS.contains(&wing(name))).collect()
}

/// Returns the modules of pure wings that wait.
fn waiting(modules: &BTreeMap<String, Module>) -> Vec<&String> {
    let may_wait =
        |name: &str| PURE.iter().find(|(pure, _)| *pure == wing(name)).is_none_or(|(_, file)| *file == Some(name));
    modules.iter().filter(|(name, module)| module.waits && !may_wait(name)).map(|(name, _)| name).collect()
}

/// The core's modules, without the crate's root and the tests.
static CORE: LazyLock<BTreeMap<String, Module>> = LazyLock::new(|| {
    let name = |file: &str| file.strip_prefix("core/src/").unwrap().strip_suffix(".rs").unwrap().replace('/', "::");
    let files = crate::files("core/src", &[".rs"]);
    let modules = files.iter().filter(|file| !file.ends_with("_tests.rs") && *file != "core/src/lib.rs");
    read(&modules.map(|file| (name(file), crate::read(file))).collect())
});

fn text((from, to): &Arrow) -> String {
    format!("{from} -> {to}")
}

fn texts<'a>(arrows: impl IntoIterator<Item = &'a Arrow>) -> Vec<String> {
    arrows.into_iter().map(text).collect()
}

#[test]
fn wings_import_only_wings_above_them() {
    let found = against_order(&CORE);
    assert!(found.is_empty(), "against the order of the wings: {:#?}", texts(&found));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = in_circles(&arrows(&CORE));
    assert!(found.is_empty(), "a circle: {:#?}", texts(&found));
}

#[test]
fn every_module_stands_in_a_wing() {
    assert!(CORE.contains_key("config::build"), "not all was looked at");
    let found = without_wing(&CORE);
    assert!(found.is_empty(), "give these a wing, or WINGS their name: {found:?}");
}

#[test]
fn pure_wings_wait_for_nothing() {
    let found = waiting(&CORE);
    assert!(found.is_empty(), "these wait, and their wing is pure: {found:?}");
    let idle: Vec<&str> = PURE.iter().filter_map(|(_, file)| *file).filter(|file| !CORE[*file].waits).collect();
    assert!(idle.is_empty(), "these may wait and do not: {idle:?}");
}

#[test]
fn the_whole_isolate_is_handed_to_nobody() {
    let found = of_isolate(&CORE);
    let expected: BTreeSet<&str> = TAKE_APART.into_iter().collect();
    assert_eq!(found, expected, "take what you need of it, or amend TAKE_APART");
}

#[test]
fn admission_knows_no_interface() {
    assert!(CORE.contains_key(ADMISSION), "not all was looked at");
    let found = of_interfaces(&CORE);
    assert!(found.is_empty(), "read it in the front, and hand over what was read: {:#?}", texts(&found));
}

/// Reads a made-up tree.
fn tree(modules: &[(&str, &str)]) -> BTreeMap<String, Module> {
    read(&modules.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn imports_are_read_from_trees_and_inline_paths() {
    let made_up = tree(&[
        ("a", "//! use crate::x;\nmod b;\npub use b::B;\nuse crate::{c::{self, C}, d::e::E as F, std::*};"),
        ("a::b", "fn f(g: super::G) -> crate::d::e::E { \"crate::x::X\"; super::super::x::h(self.i) }"),
        ("c", "macro_rules! m { () => { $crate::d::K } }"),
        ("d", ""),
        ("d::e", "pub(super) struct E; pub(crate) use self::l::L;"),
        (
            "x",
            "#[cfg(test)]\nuse crate::a::{B, C};\nuse super::c;\n#[cfg(test)]\n#[path = \"_\"]\nmod tests { use crate::d; }",
        ),
    ]);
    let expected = ["a -> c", "a -> d::e", "a::b -> a", "a::b -> d::e", "a::b -> x", "c -> d", "x -> c"];
    assert_eq!(texts(&arrows(&made_up)), expected);
}

#[test]
fn an_arrow_against_the_order_is_found() {
    let made_up = tree(&[
        ("words", "use crate::ports::P;"),
        ("ports", ""),
        ("access", "use crate::{words::W, cache::C};"),
        ("cache", "mod own; use self::own::O; use crate::access::own::A;"),
        ("cache::own", "use super::S;"),
        ("gateway", "use crate::cache::own::O;"),
    ]);
    assert_eq!(texts(&against_order(&made_up)), ["access -> cache", "cache -> access", "words -> ports"]);
}

#[test]
fn a_circle_is_found_and_what_hangs_on_it_is_not() {
    let made_up = tree(&[
        ("a", "use crate::b::B;"),
        ("b", "use crate::{c::C, e};"),
        ("c", "use crate::a::child::D;"),
        ("a::child", "use super::A;"),
        ("d", "use crate::a::A;"),
        ("e", ""),
    ]);
    let circle = ["a -> b", "a::child -> a", "b -> c", "c -> a::child"];
    assert_eq!(texts(&in_circles(&arrows(&made_up))), circle);
}

#[test]
fn who_imports_the_isolate_is_found() {
    let made_up = tree(&[
        ("pipeline::runtime", ""),
        ("pipeline::guard", "use super::runtime::Running;"),
        ("front::own", "fn f(running: &crate::pipeline::runtime::Running) {}"),
        ("cache", "#[cfg(test)]\nuse crate::pipeline::runtime::Running;"),
    ]);
    assert_eq!(of_isolate(&made_up), BTreeSet::from(["front::own", "pipeline::guard"]));
}

#[test]
fn an_interface_in_admission_is_found() {
    let made_up = tree(&[
        ("access::admission", "use crate::model::{call::C, request::R};"),
        ("access::admission::own", "use crate::model::operation::query::Q;"),
        ("access::identity", "use crate::model::request::R;"),
        ("model::call", ""),
        ("model::operation::query", ""),
        ("model::request", ""),
    ]);
    let expected = ["access::admission -> model::request", "access::admission::own -> model::operation::query"];
    assert_eq!(texts(&of_interfaces(&made_up)), expected);
}

#[test]
fn a_folder_that_is_not_known_is_found() {
    assert_eq!(without_wing(&tree(&[("words", ""), ("helpers::own", "")])), ["helpers::own"]);
}

#[test]
fn waiting_in_a_pure_wing_is_found() {
    let waits = "async fn f() {}";
    let made_up = tree(&[
        ("words", "// async\n#[cfg(test)]\nasync fn f() {}"),
        ("policy::own", "m! { future.await }"),
        ("state", waits),
        ("state::own", waits),
        ("cache", waits),
    ]);
    assert_eq!(waiting(&made_up), ["policy::own", "state::own"]);
}
