//! The request's `Cache-Control` directives (RFC 9111, section 5.2.1), parsed once.
//!
//! Unknown directives are ignored (section 5.2.3). A malformed directive counts as the strictest thing that it can have
//! meant: invalid freshness information is stale (section 4.2.1), and of a duplicate directive the stricter value
//! counts.

use crate::words::time::Millis;

/// Holds the directives of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Neither serve a stored response nor store this one (section 5.2.1.5).
    pub no_store: bool,
    /// Do not serve a stored response (section 5.2.1.4). The new one may be stored.
    pub no_cache: bool,
    /// Serve a stored response or none at all (section 5.2.1.7).
    pub only_if_cached: bool,
    /// Longest acceptable age (section 5.2.1.1); stale responses are acceptable only with `max-stale`.
    pub max_age: Option<Millis>,
    /// Shortest acceptable remaining freshness (section 5.2.1.3).
    pub min_fresh: Option<Millis>,
    /// Longest acceptable staleness (section 5.2.1.2).
    pub max_stale: Option<Millis>,
}

/// Stands for "unlimited", and for a number too large to count with (section 1.2.2).
const FOR_EVER: Millis = Millis::from_secs(1 << 31);

impl Directives {
    /// Parses a header's value; several headers are one value with commas (RFC 9110, section 5.3).
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let mut directives = Self::default();
        let (mut rest, mut has_strings) = (value, true);
        while !rest.is_empty() {
            let split = if has_strings { split_list(rest) } else { None };
            // An unclosed quotation mark begins no string, and neither does any behind it: the text behind it is not
            // hidden, and not scanned again and again.
            has_strings = split.is_some();
            let (directive, behind) = split.unwrap_or_else(|| rest.split_once(',').unwrap_or((rest, "")));
            directives.read(directive.trim());
            rest = behind;
        }
        directives
    }

    fn read(&mut self, directive: &str) {
        let (name, argument) = match directive.split_once('=') {
            Some((name, argument)) => (name.trim_end(), Some(argument.trim_start())),
            None => (directive, None),
        };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("no-store") {
            self.no_store = true;
        } else if is("no-cache") {
            self.no_cache = true;
        } else if is("only-if-cached") {
            self.only_if_cached = true;
        } else if is("max-age") {
            let span = argument.and_then(delta_seconds).unwrap_or(Millis::ZERO);
            self.max_age = Some(self.max_age.map_or(span, |earlier| earlier.min(span)));
        } else if is("min-fresh") {
            let span = argument.and_then(delta_seconds).unwrap_or(FOR_EVER);
            self.min_fresh = Some(self.min_fresh.map_or(span, |earlier| earlier.max(span)));
        } else if is("max-stale") {
            // Without a number it means any staleness; with an invalid one, none.
            let span = argument.map_or(FOR_EVER, |argument| delta_seconds(argument).unwrap_or(Millis::ZERO));
            self.max_stale = Some(self.max_stale.map_or(span, |earlier| earlier.min(span)));
        }
    }
}

/// Returns the first element of a list, and the rest. A comma within a quoted string does not end an element (RFC 9110,
/// section 5.6.4). `None` for an unclosed string.
fn split_list(list: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => return Some((list.get(..at)?, list.get(at.saturating_add(1)..)?)),
            _ => {}
        }
    }
    (!is_quoted).then_some((list, ""))
}

/// Parses a number of seconds (RFC 9111, section 1.2.2), as a token or as a quoted string (section 5.2).
fn delta_seconds(argument: &str) -> Option<Millis> {
    let inside = argument.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let digits = inside.unwrap_or(argument);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that does not fit is larger than every lifetime.
    Some(digits.parse().map_or(FOR_EVER, Millis::from_secs).min(FOR_EVER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Directives = Directives {
        no_store: false,
        no_cache: false,
        only_if_cached: false,
        max_age: None,
        min_fresh: None,
        max_stale: None,
    };

    fn secs(seconds: u64) -> Option<Millis> {
        Some(Millis::from_secs(seconds))
    }

    #[test]
    fn reads_what_the_standard_has() {
        for (text, expected) in [
            ("", NONE),
            ("no-store", Directives { no_store: true, ..NONE }),
            ("No-Cache", Directives { no_cache: true, ..NONE }),
            (" only-if-cached , max-stale", Directives { only_if_cached: true, max_stale: Some(FOR_EVER), ..NONE }),
            ("max-age=5,min-fresh=\"7\"", Directives { max_age: secs(5), min_fresh: secs(7), ..NONE }),
            ("max-stale=3", Directives { max_stale: secs(3), ..NONE }),
            ("max-age=99999999999999999999999", Directives { max_age: Some(FOR_EVER), ..NONE }),
        ] {
            assert_eq!(Directives::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn ignores_what_it_does_not_know() {
        for text in ["no-transform", "stale-if-error=5", "x-no-store", "a=\"b, no-store\"", ",,;", "=", "no-store;x"] {
            assert_eq!(Directives::parse(text), NONE, "{text}");
        }
    }

    #[test]
    fn takes_what_is_malformed_for_the_strictest() {
        for (text, expected) in [
            ("max-age", Directives { max_age: secs(0), ..NONE }),
            ("max-age=", Directives { max_age: secs(0), ..NONE }),
            ("max-age=-1", Directives { max_age: secs(0), ..NONE }),
            ("max-age=1.5", Directives { max_age: secs(0), ..NONE }),
            ("max-age=\"5", Directives { max_age: secs(0), ..NONE }),
            ("max-age=9, max-age=3", Directives { max_age: secs(3), ..NONE }),
            ("min-fresh=soon", Directives { min_fresh: Some(FOR_EVER), ..NONE }),
            ("min-fresh=1, min-fresh=4", Directives { min_fresh: secs(4), ..NONE }),
            ("max-stale=x", Directives { max_stale: secs(0), ..NONE }),
            ("max-stale, max-stale=2", Directives { max_stale: secs(2), ..NONE }),
            ("no-cache=\"set-cookie\"", Directives { no_cache: true, ..NONE }),
            ("a=\"b, no-store", Directives { no_store: true, ..NONE }),
        ] {
            assert_eq!(Directives::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn takes_any_text() {
        let mut random = 1_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let part = usize::try_from(random >> 60).unwrap();
                let parts =
                    ["max-age", "=", "\"", ",", "\\", "5", " ", "no-store", "é", "\u{10ffff}", "\t", "max-stale"];
                text.push_str(parts[part % parts.len()]);
            }
            let _read = Directives::parse(&text);
        }
    }
}
