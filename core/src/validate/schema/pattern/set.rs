//! Sets of characters.

/// Ranges of characters, or all characters but these.
#[derive(Clone, Debug, Default)]
pub(super) struct CharacterSet {
    pub(super) ranges: Vec<(u32, u32)>,
    pub(super) is_negated: bool,
}

/// White space and line terminators (ECMA 262).
const SPACES: &[(u32, u32)] = &[
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];
const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];
const WORDS: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
const LINES: &[(u32, u32)] = &[(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];

impl CharacterSet {
    /// Returns the set of one character.
    pub(super) fn one(letter: u32) -> Self {
        Self { ranges: vec![(letter, letter)], is_negated: false }
    }

    /// Returns the set of `.`: all but line terminators.
    pub(super) fn any() -> Self {
        Self { ranges: LINES.to_vec(), is_negated: true }
    }

    /// Returns the class escape with this letter: `\d`, `\D`, `\w`, `\W`, `\s`, `\S`.
    pub(super) fn class(letter: char) -> Option<Self> {
        let ranges = match letter.to_ascii_lowercase() {
            'd' => DIGITS,
            'w' => WORDS,
            's' => SPACES,
            _ => return None,
        };
        Some(Self { ranges: ranges.to_vec(), is_negated: letter.is_ascii_uppercase() })
    }

    /// Adds all of another set.
    pub(super) fn add(&mut self, other: &Self) {
        if !other.is_negated {
            self.ranges.extend_from_slice(&other.ranges);
            return;
        }
        // The ranges of a class escape are in order: its complement is the gaps between them.
        let mut from = 0;
        for (low, high) in &other.ranges {
            if let Some(below) = low.checked_sub(1).filter(|below| from <= *below) {
                self.ranges.push((from, below));
            }
            from = high.saturating_add(1);
        }
        self.ranges.push((from, u32::MAX));
    }

    /// Returns true if the set has the character.
    pub(super) fn has(&self, letter: char) -> bool {
        let letter = u32::from(letter);
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&letter)) != self.is_negated
    }
}

/// Returns true if the character is one of `\w`.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
