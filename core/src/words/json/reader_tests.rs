//! The reader: accepted and refused texts, with offsets, and its limits.

use super::*;

const LIMITS: Limits = Limits { depth: 4, values: 40, string_bytes: 16, number_bytes: 40 };

fn kind(text: &str) -> Result<Json<'_>, FaultKind> {
    parse(text.as_bytes(), LIMITS).map_err(|fault| fault.kind)
}

#[test]
fn reads_every_kind_of_value() {
    let value = kind(r#" {"a":[1,-0.5e+3,"x\u00e9\ud83d\ude00\n",true,false,null,{}], "b" : "" } "#).unwrap();
    let items = value.get("a").and_then(Json::as_array).unwrap();
    assert_eq!(items[0], Json::Number(Number(Cow::Borrowed("1"))));
    assert_eq!(items[1], Json::Number(Number(Cow::Borrowed("-0.5e+3"))));
    assert_eq!(items[2].as_str(), Some("xé😀\n"));
    assert_eq!(items.len(), 7);
    assert_eq!(value.get("b").and_then(Json::as_str), Some(""));
}

#[test]
fn keeps_a_large_integer_exact() {
    let Json::Number(number) = kind("123456789012345678901234567890").unwrap() else { panic!("not a number") };
    assert_eq!(number.as_str(), "123456789012345678901234567890");
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "nul",
        "'a'",
        "[1 2]",
        "\"\t\"",
        "\"\\x\"",
        "NaN",
        "1 2",
        "{1:2}",
        "\"\\u+123\"",
        "\u{feff}1",
    ] {
        assert_eq!(kind(text), Err(FaultKind::Syntax), "{text:?}");
    }
}

#[test]
fn refuses_broken_unicode() {
    assert_eq!(kind(r#""\ud800""#), Err(FaultKind::Unicode));
    assert_eq!(kind(r#""\ud800x""#), Err(FaultKind::Unicode));
    assert_eq!(kind(r#""\ud800\n""#), Err(FaultKind::Unicode));
    assert_eq!(kind(r#""\ud800\ud800""#), Err(FaultKind::Unicode));
    assert_eq!(kind(r#""\udc00""#), Err(FaultKind::Unicode));
    assert_eq!(parse(b"\"\xff\"", LIMITS).unwrap_err(), JsonFault { kind: FaultKind::Unicode, offset: 1 });
}

#[test]
fn refuses_duplicates_in_small_and_large_objects() {
    assert_eq!(kind(r#"{"a":1,"\u0061":2}"#), Err(FaultKind::DuplicateMember));
    let many: Vec<String> = (0..30).map(|n| format!("\"k{n}\":0")).collect();
    assert!(kind(&format!("{{{}}}", many.join(","))).is_ok());
    for dup in [0, 20, 29] {
        let text = format!("{{{},\"k{dup}\":0}}", many.join(","));
        assert_eq!(kind(&text), Err(FaultKind::DuplicateMember));
    }
}

#[test]
fn holds_every_limit() {
    assert!(kind("[[[[]]]]").is_ok());
    assert_eq!(kind("[[[[[]]]]]"), Err(FaultKind::TooDeep));
    assert_eq!(kind(&format!("[{}1]", "1,".repeat(60))), Err(FaultKind::TooManyValues));
    assert_eq!(kind("\"12345678901234567\""), Err(FaultKind::StringTooLong));
    assert_eq!(kind("\"\\n2345678901234567\""), Err(FaultKind::StringTooLong));
    assert_eq!(kind(&"1".repeat(41)), Err(FaultKind::NumberTooLong));
    let unbounded = Limits { depth: usize::MAX, values: usize::MAX, ..LIMITS };
    assert_eq!(parse(&b"[".repeat(100_000), unbounded).unwrap_err().kind, FaultKind::TooDeep);
}
