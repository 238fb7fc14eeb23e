//! The text around the bytes: an input is readable where it can be, and any bytes are some input.

/// The line that stands between the parts of an input.
const BETWEEN: &[u8] = b"\n---\n";

/// The parts of an input. An editor's last line break belongs to none.
pub(crate) fn parts(data: &[u8]) -> Vec<&[u8]> {
    let mut rest = data.strip_suffix(b"\n").unwrap_or(data);
    let mut parts = Vec::new();
    while let Some(at) = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        parts.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at.saturating_add(BETWEEN.len())..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

/// Returns the text before the first `separator`, and the text behind it.
pub(crate) fn split<'d>(data: &'d [u8], separator: &[u8]) -> Option<(&'d [u8], &'d [u8])> {
    let at = data.windows(separator.len()).position(|window| window == separator)?;
    Some((data.get(..at)?, data.get(at.saturating_add(separator.len())..)?))
}

/// The bytes that `\xNN` stands for in a readable part; everything else stands for itself.
pub(crate) fn unescaped(part: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((first, behind)) = rest.split_first() {
        let byte =
            rest.strip_prefix(b"\\x").and_then(|behind| behind.split_at_checked(2)).and_then(|(digits, behind)| {
                let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
                Some((u8::from_str_radix(digits, 16).ok()?, behind))
            });
        let (byte, behind) = byte.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_separated_by_lines() {
        assert_eq!(parts(b"a\n---\nb\n---\n\n"), [&b"a"[..], b"b", b""]);
        assert_eq!(parts(b""), [b""]);
    }

    #[test]
    fn only_whole_escapes_are_escapes() {
        assert_eq!(unescaped(b"a\\x01\\xfF\\x+1\\x1"), b"a\x01\xff\\x+1\\x1");
    }
}
