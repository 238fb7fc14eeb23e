//! Finds the one place of the core where a defect's text stands, whichever file that is in.
//!
//! Texts are compared as code is read, not as it is laid out: without white space, comments on lines of their own, the comma before
//! a closing bracket, and the modules of a `crate::` path. So a file or a module that moves takes its defects along.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::defect::Defect;

/// The mark at which a file's own tests begin: no defect goes there.
const TESTS: &str = "\n#[cfg(test)]\nmod tests {";

/// The files of the core by their paths below `core/src`.
pub(crate) struct Sources(BTreeMap<PathBuf, Source>);

struct Source {
    text: String,
    read: Read,
}

/// A place: the file, and the bytes in it that a defect replaces.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) bytes: Range<usize>,
}

impl Sources {
    /// Reads them.
    pub(crate) fn read(root: &Path) -> Self {
        let mut sources = Self(BTreeMap::new());
        sources.collect(root, root);
        sources
    }

    fn collect(&mut self, root: &Path, folder: &Path) {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                self.collect(root, &path);
            } else if path.to_str().is_some_and(|path| path.ends_with(".rs") && !path.ends_with("tests.rs")) {
                let text = fs::read_to_string(&path).expect("a file");
                self.add(path.strip_prefix(root).expect("a file below it"), text);
            }
        }
    }

    fn add(&mut self, file: &Path, text: String) {
        let own = text.find(TESTS).map_or(text.as_str(), |end| &text[..end]);
        let read = Read::of(own);
        self.0.insert(file.to_owned(), Source { text, read });
    }

    /// Returns the text of a file.
    pub(crate) fn text(&self, file: &Path) -> &str {
        &self.0[file].text
    }

    /// Returns where the defect's text stands.
    ///
    /// # Errors
    /// Where that is nowhere or in several places, in words.
    pub(crate) fn place(&self, defect: &Defect) -> Result<Place, String> {
        let sought = Read::of(defect.find);
        let places = self.0.iter().flat_map(|(file, source)| {
            let found = source.read.find(&sought);
            found.map(|bytes| Place { file: file.clone(), bytes })
        });
        let places: Vec<Place> = places.collect();
        match places.as_slice() {
            [place] => Ok(place.clone()),
            [] => Err(format!("{:?}: its text stands nowhere in core/src: {}", defect.name, defect.find)),
            several => {
                let files: Vec<_> = several.iter().map(|place| place.file.display().to_string()).collect();
                Err(format!(
                    "{:?}: its text stands in {}; make it longer: {}",
                    defect.name,
                    files.join(" and "),
                    defect.find
                ))
            }
        }
    }
}

/// A text as it is compared, and from which byte of the source each of its bytes is.
struct Read {
    bytes: Vec<u8>,
    from: Vec<usize>,
}

impl Read {
    fn of(source: &str) -> Self {
        let mut read = Self { bytes: Vec::new(), from: Vec::new() };
        let mut start = 0;
        for line in source.split_inclusive('\n') {
            if !line.trim_start().starts_with("//") {
                read.add_line(line, start);
            }
            start += line.len();
        }
        read
    }

    fn add_line(&mut self, line: &str, start: usize) {
        let mut place = 0;
        while place < line.len() {
            let modules = length_of_modules(&line[place..]);
            if modules > 0 && !self.bytes.last().is_some_and(|before| is_of_a_word(*before)) {
                place += modules;
                continue;
            }
            let byte = line.as_bytes()[place];
            if !byte.is_ascii_whitespace() {
                if matches!(byte, b')' | b']' | b'}') && self.bytes.last() == Some(&b',') {
                    self.bytes.pop();
                    self.from.pop();
                }
                self.bytes.push(byte);
                self.from.push(start + place);
            }
            place += 1;
        }
    }

    /// Returns each place of the source where `sought` stands.
    fn find<'r>(&'r self, sought: &'r Self) -> impl Iterator<Item = Range<usize>> + 'r {
        let windows = self.bytes.windows(sought.bytes.len()).enumerate();
        let begins = windows.filter(|(_, window)| *window == sought.bytes).map(|(index, _)| index);
        begins.map(|index| self.from[index]..self.from[index + sought.bytes.len() - 1] + 1)
    }
}

/// Returns how long the `crate::module::` is that `text` begins with.
fn length_of_modules(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("crate::") else { return 0 };
    let mut length = text.len() - rest.len();
    while let Some((word, _)) = text[length..].split_once("::") {
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            break;
        }
        length += word.len() + 2;
    }
    length
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defect::of_stories;

    fn place(files: &[(&str, &str)], find: &'static str) -> Result<(String, String), String> {
        let mut sources = Sources(BTreeMap::new());
        for (file, text) in files {
            sources.add(Path::new(file), (*text).to_owned());
        }
        let place = sources.place(&of_stories("a defect", find, ""))?;
        Ok((place.file.display().to_string(), sources.text(&place.file)[place.bytes].to_owned()))
    }

    #[test]
    fn a_text_is_found_in_whichever_file_and_layout() {
        for text in [
            "let one = crate::words::json::read(input, LIMIT);",
            "let one =\n    crate::json::read(\n        // As large as that.\n        input,\n        LIMIT,\n    );",
            "let one = read(input, LIMIT);",
        ] {
            let found = place(&[("a.rs", "fn a() {}"), ("b/c.rs", text)], "one = crate::json::read(input, LIMIT)");
            let (file, place) = found.expect("a place");
            assert_eq!((file.as_str(), &place[..5], place.ends_with(')')), ("b/c.rs", "one =", true), "{text}");
        }
    }

    #[test]
    fn a_text_of_no_place_or_of_two_is_told() {
        let files = [("a.rs", "if x { y() }"), ("b.rs", "if x { z() }\n#[cfg(test)]\nmod tests { if x { y() } }")];
        assert_eq!(place(&files, "if x { y() }").expect("a place").0, "a.rs");
        assert!(place(&files, "if x {").expect_err("two places").contains("a.rs and b.rs; make it longer"));
        assert!(place(&files, "if w {").expect_err("no place").contains("nowhere"));
    }
}
