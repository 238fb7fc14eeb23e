//! Names of types: in the core, each stands for one thing.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::tidy::sources;

/// The names that each kind of durable state has for itself, below `core/src/state/`. Only shrinks.
const OF_EACH_STATE: [&str; 2] = ["Command", "Reply"];

const STATES: &str = "core/src/state/";

/// Returns the names of the types that this code declares outside its tests: in its modules, its functions and the
/// macros that it calls. Types that belong to a trait are no names of their own.
fn declared(tokens: TokenStream, is_top: bool) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut is_test = false;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if is_attribute(&tokens, index) => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
            }
            TokenTree::Group(group) => {
                if !is_test {
                    found.extend(declared(group.stream(), false));
                }
                // An item ends with its braces.
                is_test &= group.delimiter() != Delimiter::Brace;
            }
            TokenTree::Punct(sign) if sign.as_char() == ';' => is_test = false,
            TokenTree::Ident(word) if !is_test => {
                let is_type = match word.to_string().as_str() {
                    "struct" | "enum" | "trait" | "union" => true,
                    "type" => is_top,
                    _ => false,
                };
                if let (true, Some(TokenTree::Ident(name))) = (is_type, tokens.get(index + 1)) {
                    found.push(name.to_string());
                }
            }
            _ => {}
        }
    }
    found
}

fn is_attribute(tokens: &[TokenTree], index: usize) -> bool {
    let sign = index.checked_sub(1).and_then(|before| tokens.get(before));
    matches!(sign, Some(TokenTree::Punct(sign)) if sign.as_char() == '#')
}

fn is_test_file(file: &str) -> bool {
    file.ends_with("_tests.rs") || file.contains("/tests/") || file.ends_with("/tests.rs")
}

#[test]
fn a_name_of_a_type_stands_for_one_thing() {
    let mut files_of = BTreeMap::<String, Vec<String>>::new();
    for (file, text) in sources(&["core/src"]).into_iter().filter(|(file, _)| !is_test_file(file)) {
        for name in declared(text.parse().unwrap(), true) {
            if !(file.starts_with(STATES) && OF_EACH_STATE.contains(&name.as_str())) {
                files_of.entry(name).or_default().push(file.clone());
            }
        }
    }
    assert!(files_of.len() > 300, "only {} types were found", files_of.len());
    files_of.retain(|_, files| files.len() > 1);
    assert!(files_of.is_empty(), "one name, several types: name each by its thing: {files_of:#?}");
}

#[test]
fn the_declarations_of_types_are_found() {
    let code =
        "struct A; pub(crate) enum B<T> { C(T) } type D = A; impl E for A { type F = A; } choice! { enum G { H } }
        mod inner { trait I {} } #[cfg(test)] mod tests { struct J; } fn f() { struct K; } #[derive(Debug)] struct L;
        #[cfg(test)] mod other; struct M; macro_rules! m { ($name:ident) => { struct $name; } }";
    assert_eq!(declared(code.parse().unwrap(), true), ["A", "B", "D", "G", "I", "K", "L", "M"]);
}
