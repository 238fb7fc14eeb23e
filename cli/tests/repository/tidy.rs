//! Files that can be read: short, with a line at the top that says what they are for, and without left-overs.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{files, read};

const LINES_MAX: usize = 400;

/// Words that begin a clause: a summary that begins with one has no subject to look up.
const CLAUSE_WORDS: [&str; 11] =
    ["What", "Who", "Whose", "Whom", "Whether", "Which", "Where", "When", "How", "That", "If"];

const TEST_NAME_CHARS: usize = 60;

/// Left-overs of writing, and of the writer's own machine. In pieces, as this file is read too.
const LEFT_OVERS: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("dbg", "!("),
    concat!("todo", "!("),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("/ro", "ot/"),
];

#[test]
fn no_file_of_code_is_long() {
    let long: Vec<String> = files(".", &[".rs", ".js", ".mjs", ".py"])
        .into_iter()
        .map(|file| (read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, file)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over {LINES_MAX} lines: {long:#?}");
}

#[test]
fn every_module_says_at_its_top_what_it_is_for() {
    let silent: Vec<String> = files(".", &[".rs"]).into_iter().filter(|file| !read(file).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "without `//! ...` in the first line: {silent:#?}");
}

#[test]
fn nothing_is_left_over() {
    let mut found = Vec::new();
    for file in files(".", &[".rs", ".js", ".mjs", ".py", ".toml", ".md", ".json"]) {
        for (number, line) in read(&file).lines().enumerate() {
            found.extend(
                LEFT_OVERS
                    .iter()
                    .filter(|word| line.contains(*word))
                    .map(|word| format!("{file}:{}: {word}", number + 1)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn folders_of_modules_are_named_by_the_file_beside_them() {
    let files = files(".", &[".rs"]);
    assert!(files.iter().any(|file| file == "core/src/lib.rs"), "nothing was looked at");
    let old: Vec<String> = files.into_iter().filter(|file| file.ends_with("/mod.rs")).collect();
    assert!(old.is_empty(), "`foo.rs` beside `foo/`, not `foo/mod.rs`: {old:#?}");
}

/// Returns the text of all Rust files below these directories, by name.
pub(crate) fn sources(directories: &[&str]) -> Vec<(String, String)> {
    let files = directories.iter().flat_map(|directory| files(directory, &[".rs"]));
    files.map(|file| (read(&file), file)).map(|(text, file)| (file, text)).collect()
}

/// Every folder of code.
const CODE: [&str; 4] = ["core", "cli", "functions", "tests"];

/// Fails when a file below these directories has something against the rule.
fn assert_none(find: impl Fn(&str) -> Vec<String>, directories: &[&str], rule: &str) {
    let files = sources(directories);
    assert!(!files.is_empty(), "nothing was looked at");
    let found: Vec<String> = files
        .iter()
        .flat_map(|(file, text)| find(text).into_iter().map(move |found| format!("{file}: {found}")))
        .collect();
    assert!(found.is_empty(), "{rule}: {found:#?}");
}

/// Returns the first line of each block of documentation.
fn summaries(text: &str) -> Vec<&str> {
    let is_doc = |line: &str| line.starts_with("///") || line.starts_with("//!");
    let mut found = Vec::new();
    let mut before = "";
    for line in text.lines().map(str::trim_start) {
        if is_doc(line) && !is_doc(before) {
            found.push(line[3..].trim_start());
        }
        before = line;
    }
    found
}

fn is_clause(summary: &str) -> bool {
    CLAUSE_WORDS.contains(&summary.split(|letter: char| !letter.is_alphabetic()).next().unwrap())
}

/// Returns the names of tests that are too long.
fn long_test_names(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for item in text.split("test]\n").skip(1) {
        let name = item.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).unwrap_or_default().0;
        if name.chars().count() > TEST_NAME_CHARS {
            found.push(name);
        }
    }
    found
}

/// Returns the functions with a parameter that is a tuple taken apart, once for each.
fn tuple_parameters(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(tuple_parameters(group.stream())),
            TokenTree::Ident(word) if word == "fn" => {
                let rest = &tokens[index + 1..];
                let parameters = rest.iter().find_map(|token| match token {
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
                    _ => None,
                });
                let parameters: Vec<TokenTree> = parameters.into_iter().flatten().collect();
                let is_tuple = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis);
                let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':');
                let is_taken_apart =
                    |three: &&[TokenTree]| is_tuple(&three[0]) && is_colon(&three[1]) && is_tuple(&three[2]);
                let name = rest.first().map(TokenTree::to_string).unwrap_or_default();
                found.extend(parameters.windows(3).filter(is_taken_apart).map(|_| name.clone()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn summaries_are_no_clauses() {
    let clauses = |text: &str| -> Vec<String> {
        summaries(text).into_iter().filter(|summary| is_clause(summary)).map(str::to_owned).collect()
    };
    assert_none(clauses, &CODE, "a summary starts with a verb, or is a noun phrase");
}

#[test]
fn names_of_tests_are_short() {
    let long = |text: &str| long_test_names(text).into_iter().map(str::to_owned).collect();
    assert_none(long, &CODE, "a test's name says the behaviour in at most 60 characters");
}

#[test]
fn signatures_take_no_tuples_apart() {
    let taken_apart = |text: &str| tuple_parameters(text.parse().unwrap());
    assert_none(taken_apart, &CODE, "separate parameters, or a struct with a name, not `(a, b): (A, B)`");
}

#[test]
fn what_the_rules_look_for_is_found() {
    let text =
        "//! What it is.\n//! If.\n\n/// Returns\n/// What.\nfn f() {}\n    /// Whoever\n///\n/// When\n/// How: so.\n";
    let found: Vec<(&str, bool)> = summaries(text).into_iter().map(|summary| (summary, is_clause(summary))).collect();
    assert_eq!(found, [("What it is.", true), ("Returns", false), ("Whoever", false)]);
    let long = "x".repeat(TEST_NAME_CHARS + 1);
    let tests = format!("#[test]\nfn short() {{}}\n#[test]\nfn {long}() {{}}\nfn {long}y() {{}}");
    assert_eq!(long_test_names(&tests), [&long]);
    let signatures = "fn f(a: (A, B)) {} impl X { fn g<T: Fn()>((a, b): (A, B), c: C) { |(a, b): (A, B)| 1 } fn h((a, b): (A, B), (c, d): (C, D)) {} }";
    assert_eq!(tuple_parameters(signatures.parse().unwrap()), ["h", "h"]);
}
