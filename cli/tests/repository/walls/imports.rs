//! Reads which files of a tree of modules import which.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One module: a file of the tree.
pub(super) struct Module {
    /// Holds the modules that it imports, by name: those of the paths that begin with `crate`, `super` or `self`. A file
    /// and the folder beside it are one module to others, so what a file takes from its own children by their bare name is
    /// its interface, and no import.
    pub(super) imports: BTreeSet<String>,
    /// Tells that it has an `async` or an `.await`.
    pub(super) waits: bool,
}

/// Reads a tree of modules: name, as `cache::key`, and text. Items of tests are left out.
pub(super) fn read(texts: &BTreeMap<String, String>) -> BTreeMap<String, Module> {
    let module = |(name, text): (&String, &String)| {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut found = Found::default();
        found.stream(tokens);
        let imports = found.paths.iter().filter_map(|path| file_of(name, path, texts));
        (name.clone(), Module { imports: imports.filter(|import| import != name).collect(), waits: found.waits })
    };
    texts.iter().map(module).collect()
}

/// Returns the file that holds what `path` names in module `name`.
fn file_of(name: &str, path: &[String], texts: &BTreeMap<String, String>) -> Option<String> {
    let mut full: Vec<&str> = if path.first().is_some_and(|first| first == "crate") { vec![] } else { vec![name] };
    full = full.iter().flat_map(|name| name.split("::")).collect();
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            segment => full.push(segment),
        }
    }
    (1..=full.len()).rev().map(|length| full[..length].join("::")).find(|name| texts.contains_key(name))
}

#[derive(Default)]
struct Found {
    paths: Vec<Vec<String>>,
    waits: bool,
}

impl Found {
    fn stream(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut tokens = &tokens[..];
        while let [first, after @ ..] = tokens {
            let mut rest = after;
            match first {
                TokenTree::Punct(sign) if sign.as_char() == '#' && is_test_attribute(after) => rest = past_item(after),
                TokenTree::Group(group) => self.stream(group.stream()),
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    "async" | "await" => self.waits = true,
                    "crate" | "super" | "self" if is_path(after) => rest = self.tree(Vec::new(), tokens),
                    _ => {}
                },
                _ => {}
            }
            tokens = rest;
        }
    }

    /// Reads one branch of a `use` tree, or a path, and returns what stands after it.
    fn tree<'t>(&mut self, mut path: Vec<String>, mut tokens: &'t [TokenTree]) -> &'t [TokenTree] {
        loop {
            match tokens {
                [TokenTree::Ident(word), rest @ ..] => {
                    path.push(word.to_string());
                    tokens = rest;
                }
                [TokenTree::Group(group), rest @ ..] if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in inner.split(|token| is_sign(token, ',')).filter(|branch| !branch.is_empty()) {
                        self.tree(path.clone(), branch);
                    }
                    return rest;
                }
                _ => break,
            }
            match tokens {
                [colon, other, rest @ ..] if is_sign(colon, ':') && is_sign(other, ':') => tokens = rest,
                _ => break,
            }
        }
        self.paths.push(path);
        tokens
    }
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_path(after: &[TokenTree]) -> bool {
    matches!(after, [colon, other, ..] if is_sign(colon, ':') && is_sign(other, ':'))
}

fn is_test_attribute(after: &[TokenTree]) -> bool {
    matches!(after, [TokenTree::Group(group), ..] if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Returns what stands after the item that these tokens begin with: its attributes, and all up to a `;` or a body.
fn past_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| {
        is_sign(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let end = tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1);
    &tokens[end..]
}
