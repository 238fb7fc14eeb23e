//! Demands of callers on the cache: letter case and order do not matter, one more directive adds what it says and no more, and
//! no number is larger than for ever.

use toolgate::cache::Directives;
use toolgate::words::time::Millis;

const FOR_EVER: Millis = Millis::from_secs(1 << 31);

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data.strip_suffix(b"\n").unwrap_or(data)) else {
        return;
    };
    let read = Directives::parse(text);
    for span in [read.max_age, read.min_fresh, read.max_stale].into_iter().flatten() {
        assert!(span <= FOR_EVER, "{span:?} of {text:?}");
    }
    assert_eq!(Directives::parse(&text.to_ascii_uppercase()), read, "in capitals: {text:?}");
    // A comma within a quoted string separates nothing.
    if text.contains('"') {
        return;
    }
    let turned: Vec<&str> = text.split(',').rev().collect();
    assert_eq!(Directives::parse(&turned.join(" , ")), read, "turned round: {text:?}");
    let more = Directives::parse(&format!("{text},no-store"));
    assert_eq!(more, Directives { no_store: true, ..read }, "with no-store: {text:?}");
    let bounded = Directives::parse(&format!("{text}, max-age=7"));
    assert!(bounded.max_age.is_some_and(|age| age <= Millis::from_secs(7)), "with max-age: {text:?}");
}
