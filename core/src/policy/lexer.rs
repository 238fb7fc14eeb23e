//! Cedar text as tokens, on demand.

use super::fault::ParseFault;

/// A token; `Text` still contains its escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'t> {
    Word(&'t str),
    Number(&'t str),
    Text(&'t str),
    /// Punctuation, one or two characters.
    Sign(&'t str),
    End,
}

/// Reads tokens one after the other.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

const SIGNS: [&str; 27] = [
    "::", "==", "!=", "<=", ">=", "||", "&&", "@", ".", ",", ";", ":", "(", ")", "{", "}", "[", "]", "<", ">", "+",
    "-", "*", "/", "%", "!", "=",
];

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at = self.at.saturating_add(rest.len().saturating_sub(trimmed.len()));
            if !trimmed.starts_with("//") {
                return;
            }
            let comment = trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            self.at = self.at.saturating_add(comment);
        }
    }

    /// Returns the next token and the offset of its start.
    ///
    /// # Errors
    /// A character that begins no token (which is skipped), or a text that does not end.
    pub(super) fn next(&mut self) -> Result<(Lexeme<'t>, usize), ParseFault> {
        self.skip_blank();
        let (rest, start) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else {
            return Ok((Lexeme::End, start));
        };
        let run = |is_part: fn(char) -> bool| {
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            rest.get(..end).unwrap_or_default()
        };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let word = run(|letter| letter.is_ascii_alphanumeric() || letter == '_');
                (Lexeme::Word(word), word.len())
            }
            '0'..='9' => {
                let digits = run(|letter| letter.is_ascii_digit());
                (Lexeme::Number(digits), digits.len())
            }
            '"' => match text_length(rest) {
                Some(length) => {
                    let inner = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                    (Lexeme::Text(inner), length)
                }
                None => {
                    self.at = self.text.len();
                    return Err(ParseFault::at(start, "this text has no closing quote"));
                }
            },
            '?' => {
                self.at = self.at.saturating_add(1);
                return Err(ParseFault::at(start, "templates (`?principal`, `?resource`) are not supported"));
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) if *sign != "/" => (Lexeme::Sign(sign), sign.len()),
                _ => {
                    self.at = self.at.saturating_add(first.len_utf8());
                    return Err(ParseFault::at(start, "this character has no meaning here"));
                }
            },
        };
        self.at = self.at.saturating_add(length);
        Ok((token, start))
    }
}

/// Returns the length in bytes of the quoted text that `rest` begins with, quotes included.
fn text_length(rest: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (offset, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return offset.checked_add(1),
            _ => {}
        }
    }
    None
}

/// A letter of a quoted text, and true if `\*` wrote it: in a pattern that is a star, elsewhere an invalid escape.
pub(super) type Letter = (char, bool);

/// Returns the letters of a quoted text; `None` for an invalid escape.
pub(super) fn unescape(raw: &str) -> Option<Vec<Letter>> {
    let mut letters = Vec::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(letter) = rest.next() {
        let letter = match letter {
            // As in Rust's own literals: a carriage return stands for itself nowhere.
            '\r' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '\\' => '\\',
                '0' => '\0',
                '\'' => '\'',
                '"' => '"',
                'x' => {
                    let (high, low) = (rest.next()?.to_digit(16)?, rest.next()?.to_digit(16)?);
                    let code = high.checked_mul(16)?.checked_add(low)?;
                    char::from_u32(code).filter(char::is_ascii)?
                }
                'u' => unicode(&mut rest)?,
                '*' => {
                    letters.push(('*', true));
                    continue;
                }
                _ => return None,
            },
            plain => plain,
        };
        letters.push((letter, false));
    }
    Some(letters)
}

/// Reads `{1F600}`: one to six hexadecimal digits.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    if rest.next()? != '{' {
        return None;
    }
    let (mut code, mut digits) = (0_u32, 0_u8);
    loop {
        match rest.next()? {
            '}' if digits > 0 => return char::from_u32(code),
            digit if digits < 6 => {
                code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
                digits = digits.checked_add(1)?;
            }
            _ => return None,
        }
    }
}
