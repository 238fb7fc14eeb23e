//! Patterns: matches, refusals by name, and bounded cost for every text.

use super::*;

fn is_match(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).unwrap().is_match(text, &mut 1_000_000).unwrap()
}

#[test]
fn matches_as_ecma_262_says() {
    for (pattern, fits, fails) in [
        ("^a*$", "aaa", "aab"),
        ("a+b?", "xxay", "xxy"),
        ("^(ab|cd){2,3}$", "abcdab", "abcdabcd"),
        ("^[^\\d-]+$", "abc", "a-c"),
        ("^\\S(|(.|\\n)*\\S)\\Z".trim_end_matches("\\Z"), "x y", " x"),
        ("\\bfoo\\b", "a foo b", "afoo"),
        ("^\\u{1F600}\\uD83D\\uDE00$", "\u{1f600}\u{1f600}", "\u{1f600}"),
        ("^.$", "\u{1f600}", "\n"),
        ("^\\s$", "\u{3000}", "\u{200b}"),
        ("^[\\w.+-]+@[a-z]+\\.[a-z]{2,}$", "a.b+c@example.org", "a@b"),
        ("^(?:a|(?<x>b))+?$", "abab", ""),
        ("^[\\]\\-a]+$", "]-a", "b"),
        ("^\\cC\\x41\\0$", "\u{3}A\0", "A"),
        ("^[^\\s]$", "a", " "),
        ("^[\\D]$", "a", "5"),
    ] {
        assert!(is_match(pattern, fits), "{pattern} {fits}");
        assert!(!is_match(pattern, fails), "{pattern} {fails}");
    }
    assert!(is_match("", "") && is_match("a|", "b"));
}

#[test]
fn refuses_by_name() {
    for (pattern, why) in [
        ("(?=a)", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(a)\\1", "back-reference"),
        ("\\p{L}", "\\p"),
        ("\\a", "escape"),
        ("a**", "repeats nothing"),
        ("(a", "never closed"),
        ("a)", "closes nothing"),
        ("[b-a]", "range"),
        ("a{2,1}", "end lies before"),
        ("{", "repeats nothing"),
        ("a{1001}", "more than 1000"),
        ("((a{100}){100}){100}", "too large"),
        ("[a", "ends too soon"),
        (&"(".repeat(40), "nests"),
        (&"a".repeat(3_000), "longer"),
    ] {
        let refused = Pattern::new(pattern).unwrap_err();
        assert!(refused.contains(why), "{pattern}: {refused}");
    }
}

#[test]
fn a_hostile_text_costs_its_length_and_no_more() {
    for pattern in ["^(a+)+$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        let mut steps = 2_000_000;
        let text = format!("{}!", "a".repeat(10_000));
        assert_eq!(Pattern::new(pattern).unwrap().is_match(&text, &mut steps), Some(false), "{pattern}");
    }
    assert_eq!(Pattern::new("(a*)*b").unwrap().is_match(&"a".repeat(10_000), &mut 1_000), None);
}
