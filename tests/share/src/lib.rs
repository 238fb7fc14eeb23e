//! Shares of the deep work: a run does one of ten, or all of them.
//!
//! `cargo gate` gives every program that it starts a share that follows from the commit (`TOOLGATE_SHARE=3/10`), and
//! `cargo gate --deep` gives it everything (`TOOLGATE_DEEP=1`). A test that is run by hand does the first share.

mod progress;

pub use progress::Progress;

/// The number of shares.
pub const SHARES: u64 = 10;

/// A part of the deep work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    All,
    /// Every tenth piece, from the one of this number on.
    One(u64),
}

impl Share {
    /// Returns the part that the environment asks for.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a test is told its part by the environment")]
    pub fn asked() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self::read(variable("TOOLGATE_DEEP").as_deref(), variable("TOOLGATE_SHARE").as_deref())
    }

    /// Reads the two variables.
    ///
    /// # Panics
    /// Where the share is none: a typing error must not make a test of nothing.
    #[expect(clippy::panic, reason = "a test that is told nonsense fails")]
    fn read(deep: Option<&str>, share: Option<&str>) -> Self {
        if deep == Some("1") {
            return Self::All;
        }
        let Some(text) = share else { return Self::One(0) };
        let number = text.strip_suffix("/10").and_then(|number| number.parse().ok());
        match number {
            Some(number) if number < SHARES => Self::One(number),
            _ => panic!("TOOLGATE_SHARE is {text:?}, and must be 0/10 to 9/10"),
        }
    }

    /// Returns whether the piece of this number is part of it.
    #[must_use]
    pub const fn has(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::One(share) => number % SHARES == share,
        }
    }

    /// Returns whether it is the turn of the piece of this number among `count`.
    const fn turn(self, number: u64, count: u64) -> bool {
        match self {
            Self::All => true,
            Self::One(share) => matches!(share.checked_rem(count), Some(due) if due == number),
        }
    }

    /// Returns the pieces that are part of it.
    pub fn of<T>(self, pieces: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        (0..).zip(pieces).filter(move |(number, _)| self.has(*number)).map(|(_, piece)| piece)
    }
}

/// Returns the seeds of a test that has `count` of them in all: those of its share, the one of `TOOLGATE_SEED`, or the first
/// `TOOLGATE_SEEDS`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]
pub fn seeds(count: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("TOOLGATE_SEED") {
        return vec![seed];
    }
    number("TOOLGATE_SEEDS").map_or_else(|| Share::asked().of(0..count).collect(), |count| (0..count).collect())
}

/// Returns all of a few pieces in a deep run, else the one whose turn it is: each has several of the ten shares.
#[must_use]
pub fn in_turn<T, const COUNT: usize>(pieces: [T; COUNT]) -> Vec<T> {
    let (share, count) = (Share::asked(), u64::try_from(COUNT).unwrap_or(SHARES));
    (0..).zip(pieces).filter(|(number, _)| share.turn(*number, count)).map(|(_, piece)| piece).collect()
}

/// Returns the `small` pieces, which each run does, and those of the `large` whose number is in its share.
pub fn with_large<T>(small: impl IntoIterator<Item = T>, large: impl IntoIterator<Item = (u64, T)>) -> Vec<T> {
    let share = Share::asked();
    let large = large.into_iter().filter(|(number, _)| share.has(*number)).map(|(_, piece)| piece);
    small.into_iter().chain(large).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_shares_together_have_every_piece_once() {
        for count in [0, 1, 7, 10, 198, 1_003] {
            let mut pieces: Vec<u64> = (0..SHARES).flat_map(|share| Share::One(share).of(0..count)).collect();
            pieces.sort_unstable();
            assert_eq!(pieces, (0..count).collect::<Vec<_>>());
            assert_eq!(Share::All.of(0..count).count() as u64, count);
        }
    }

    #[test]
    fn each_of_a_few_pieces_has_its_turn() {
        let due = |share: Share| (0..3).filter(|number| share.turn(*number, 3)).collect::<Vec<u64>>();
        assert_eq!((due(Share::One(0)), due(Share::One(1)), due(Share::One(9))), (vec![0], vec![1], vec![0]));
        assert_eq!(due(Share::All), [0, 1, 2]);
    }

    #[test]
    fn a_share_is_read_and_nonsense_is_none() {
        assert_eq!(Share::read(None, None), Share::One(0));
        assert_eq!(Share::read(None, Some("7/10")), Share::One(7));
        assert_eq!(Share::read(Some("1"), Some("7/10")), Share::All);
        for nonsense in ["10/10", "3", "3/9", "all"] {
            assert!(std::panic::catch_unwind(|| Share::read(None, Some(nonsense))).is_err(), "{nonsense}");
        }
    }
}
