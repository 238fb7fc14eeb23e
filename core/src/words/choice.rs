//! Closed choices between words, declared once.

/// A closed choice between words.
pub(crate) trait Choice: Sized {
    /// The words, in the order of their declaration.
    const WORDS: &'static [&'static str];

    /// Returns the choice written `word`.
    fn of_word(word: &str) -> Option<Self>;
}

/// Declares a closed choice between words.
macro_rules! choice {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $($(#[doc = $doc])* $variant),* }

        impl $name {
            /// Returns the choice written `word`.
            #[must_use]
            $vis fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// Returns the word for this choice.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl $crate::words::choice::Choice for $name {
            const WORDS: &'static [&'static str] = &[$($word),*];

            fn of_word(word: &str) -> Option<Self> {
                Self::parse(word)
            }
        }
    };
}

pub(crate) use choice;
