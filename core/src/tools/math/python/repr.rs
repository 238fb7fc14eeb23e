//! `repr(str)`, for the developer's message.

use std::fmt::Write as _;

use super::is_space;

/// `repr(text)`. Which characters are printable follows Unicode's categories in Python; here the unassigned and most
/// combining ones count as printable, so such a text is shown unescaped.
pub(in crate::tools::math) fn repr_str(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len().saturating_add(2));
    shown.push(quote);
    for character in text.chars() {
        // Writing to a String cannot fail.
        let _ = match character {
            '\\' => shown.write_str("\\\\"),
            '\t' => shown.write_str("\\t"),
            '\n' => shown.write_str("\\n"),
            '\r' => shown.write_str("\\r"),
            _ if character == quote => write!(shown, "\\{character}"),
            _ if is_printable(character) => shown.write_char(character),
            '\0'..='\u{ff}' => write!(shown, "\\x{:02x}", u32::from(character)),
            '\u{100}'..='\u{ffff}' => write!(shown, "\\u{:04x}", u32::from(character)),
            _ => write!(shown, "\\U{:08x}", u32::from(character)),
        };
    }
    shown.push(quote);
    shown
}

fn is_printable(character: char) -> bool {
    character == ' '
        || !(character.is_control()
            || is_space(character)
            || matches!(
                character,
                '\u{ad}' | '\u{600}'..='\u{605}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
                    | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}'
            ))
}
