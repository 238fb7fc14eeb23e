//! Header values as they cross the boundary: one string, a value per line, in the order of a list of names that both
//! sides know. One string is several times cheaper than an array of them.

/// Stands for a header that is absent; no header value can hold it (RFC 9110 section 5.5).
const ABSENT: &str = "\0";

/// The next value of `lines`, where it is present.
pub(crate) fn value<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    lines.next().filter(|value| *value != ABSENT)
}
