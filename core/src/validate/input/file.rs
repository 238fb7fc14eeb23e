//! Files in arguments, as base64 or `data:` URLs: checks of declared type, size, and content against the type.

mod signatures;

use super::Broken;
use super::place::ArgumentPath;
use crate::words::base64;
use crate::words::json::Json;

/// A rule about one place that holds a file.
#[derive(Clone, Debug)]
pub struct FileRule {
    /// The place.
    pub at: ArgumentPath,
    /// The allowed media types, in lower case.
    pub types: Vec<String>,
    /// Most bytes, decoded.
    pub bytes: usize,
}

const NOT_TEXT: Broken = ("file_type", "Input should be a file as base64 or as a data: URL");
const ENCODING: Broken = ("file_encoding", "The file should be base64 with padding, without white space");
const MEDIA_TYPE: Broken = ("file_media_type", "The file's declared type is not allowed here");
const SIZE: Broken = ("file_size", "The file is too large");
const CONTENT: Broken = ("file_content", "The file's content is not of the type that it should have");

/// Returns true if the text is a media type without parameters, in lower case.
#[must_use]
pub fn is_media_type(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte))
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, word)| is_word(kind) && is_word(word))
}

/// Returns the number of bytes that the text decodes to, if it is base64 with padding.
fn decoded_length(text: &str) -> usize {
    let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
    (text.len() / 4).saturating_mul(3).saturating_sub(padding)
}

impl FileRule {
    /// Checks a value at the place.
    pub(super) fn judge(&self, value: &Json<'_>) -> Result<(), Broken> {
        let Json::String(text) = value else { return Err(NOT_TEXT) };
        let is_data_url = text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        let (declared, content) = if is_data_url {
            let (header, content) = text.split_once(',').ok_or(ENCODING)?;
            let header = header.get(5..).unwrap_or_default().to_ascii_lowercase();
            let header = header.strip_suffix(";base64").ok_or(ENCODING)?;
            let declared = header.split(';').next().unwrap_or_default().to_owned();
            if !self.types.contains(&declared) {
                return Err(MEDIA_TYPE);
            }
            (Some(declared), content)
        } else {
            (None, &**text)
        };
        if decoded_length(content) > self.bytes {
            return Err(SIZE);
        }
        let bytes = base64::decode(content).ok_or(ENCODING)?;
        let fits = match &declared {
            Some(declared) => signatures::may_be(declared, &bytes),
            None => self.types.iter().any(|one| signatures::may_be(one, &bytes)),
        };
        if fits { Ok(()) } else { Err(CONTENT) }
    }
}
