//! Suggestions for a misspelt name, for messages.

/// Longest name compared, in bytes: bounds the work of one comparison.
const COMPARED_BYTES: usize = 64;

/// Returns at most `most` of `names` that are close to `name`, nearest first: those within a third of its length in
/// edits (Levenshtein distance over bytes, case ignored).
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>, most: usize) -> Vec<&'n str> {
    let name = name.to_ascii_lowercase();
    let allowed = (name.len() / 3).clamp(1, 6);
    let mut close: Vec<(usize, &str)> = names
        .map(|candidate| (distance(name.as_bytes(), candidate.to_ascii_lowercase().as_bytes()), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .collect();
    close.sort_unstable();
    close.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// Returns the Levenshtein distance, with one row of memory; "far" for anything too long or of very different length.
fn distance(left: &[u8], right: &[u8]) -> usize {
    if left.len() > COMPARED_BYTES || right.len() > COMPARED_BYTES || left.len().abs_diff(right.len()) > 6 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_byte) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut previous = index.saturating_add(1);
        for (slot, right_byte) in row.iter_mut().skip(1).zip(right) {
            let substituted = diagonal.saturating_add(usize::from(left_byte != right_byte));
            diagonal = *slot;
            *slot = substituted.min(diagonal.saturating_add(1)).min(previous.saturating_add(1));
            previous = *slot;
        }
        if let Some(first) = row.first_mut() {
            *first = index.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["Calc.Plus", "Calc.Minus", "Calc.Magnitude", "Mail.Send"];
        assert_eq!(nearest("calc.plu", names.into_iter(), 3), ["Calc.Plus"]);
        assert_eq!(nearest("Calc.Minuss", names.into_iter(), 3), ["Calc.Minus"]);
        assert!(nearest("Weather.Today", names.into_iter(), 3).is_empty());
        assert!(nearest(&"x".repeat(10_000), names.into_iter(), 3).is_empty());
    }

    #[test]
    fn counts_edits() {
        for (left, right, edits) in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), edits);
        }
    }
}
