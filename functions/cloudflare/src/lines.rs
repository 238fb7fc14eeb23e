//! Header values as they cross the boundary: one string, a value per line, in the order of a list of names that both
//! sides know. One string is several times cheaper than an array of them. An empty value is an absent one.

/// Returns the next value of `lines`, if there is one.
pub(crate) fn value<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<&'a str> {
    lines.next().filter(|value| !value.is_empty())
}
