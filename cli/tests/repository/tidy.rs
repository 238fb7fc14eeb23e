//! Files that can be read: short, with a line at the top that says what they are for, and without left-overs.

use crate::{files, read};

const LINES_MAX: usize = 400;

/// What a person wrote to themselves, and where they happened to work. In pieces, as this file is read too.
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
