//! Tests refused encodings, and how types change while versions of the gateway run beside each other.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::*;

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
enum Kind {
    #[n(0)]
    None,
    #[n(1)]
    Some(#[n(0)] String),
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
struct Today {
    #[n(0)]
    count: u64,
    #[n(1)]
    kind: Option<Kind>,
    #[n(2)]
    sums: BTreeMap<String, u64>,
}

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
struct Tomorrow {
    #[n(0)]
    count: u64,
    #[n(1)]
    kind: Option<Kind>,
    #[n(2)]
    sums: BTreeMap<String, u64>,
    #[n(3)]
    note: Option<String>,
    #[n(4)]
    #[cbor(default)]
    more: Vec<Today>,
}

fn today() -> Today {
    Today { count: 7, kind: Some(Kind::Some("a".to_owned())), sums: BTreeMap::from([("b".to_owned(), 300)]) }
}

fn bytes<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).unwrap()
}

#[test]
fn a_member_that_is_not_known_is_passed_over() {
    let Today { count, kind, sums } = today();
    let tomorrow = Tomorrow { count, kind, sums, note: Some("new".to_owned()), more: vec![today(), today()] };
    assert_eq!(read(&bytes(&tomorrow)), Ok(today()));
}

#[test]
fn an_optional_member_that_is_missing_is_done_without() {
    let Today { count, kind, sums } = today();
    assert_eq!(read(&bytes(&today())), Ok(Tomorrow { count, kind, sums, note: None, more: Vec::new() }));
    assert_eq!(read::<Today>(b"\x82\x07\xf6"), Err(DecodeFault::Other), "one that is not optional");
}

#[test]
fn an_unknown_variant_is_none_only_where_it_is_optional() {
    let expected = Today { count: 7, kind: None, sums: BTreeMap::new() };
    assert_eq!(read(b"\x83\x07\x82\x09\x82\x01\x61x\xa0"), Ok(expected));
    assert_eq!(read::<Kind>(b"\x82\x09\x80"), Err(DecodeFault::Other));
    assert_eq!(read(b"\x82\x00\x81\x01"), Ok(Kind::None), "a variant may come to have members");
}

#[test]
fn nothing_is_read_of_more_or_of_less() {
    let whole = bytes(&today());
    for length in 0..whole.len() {
        assert_eq!(read::<Today>(&whole[..length]), Err(DecodeFault::Cut), "cut at {length}");
    }
    for more in 0..=u8::MAX {
        assert!(read::<Today>(&[&whole[..], &[more]].concat()).is_err(), "{more} behind it");
    }
}

#[test]
fn what_is_in_a_string_is_no_head() {
    for length in [1, 23, 24, 255, 256, 70_000] {
        let text = "\u{1c}|\u{ff}\u{7f}".repeat(length);
        assert_eq!(read(&bytes(&text)), Ok(text.clone()));
        let string = ByteVec::from(text.into_bytes());
        assert_eq!(read(&bytes(&string)), Ok(string));
    }
}

/// Encodes `[0, null, {}, unknown]`: a skipped item is checked as strictly as a requested one.
fn with_unknown(unknown: &[u8]) -> Vec<u8> {
    [b"\x84\x00\xf6\xa0", unknown].concat()
}

#[test]
fn what_nobody_writes_is_refused_also_where_it_is_passed_over() {
    assert!(read::<Today>(&with_unknown(b"\x82\x61a\xf5")).is_ok());
    for (unknown, what) in [
        (&b"\x9f\x01\xff"[..], "an array of untold length"),
        (b"\xbf\x01\x02\xff", "a map"),
        (b"\x5f\x41a\xff", "bytes"),
        (b"\x7f\x61a\xff", "a text"),
        (b"\xff", "an end of nothing"),
        (b"\x1c", "reserved"),
        (b"\xfe", "reserved"),
    ] {
        assert_eq!(read::<Today>(&with_unknown(unknown)), Err(DecodeFault::Other), "{what}");
    }
    assert_eq!(read::<Today>(b"\x9f\x00\xf6\xa0\xff"), Err(DecodeFault::Other));
}

#[test]
fn huge_lengths_and_depths_take_nothing() {
    for kind in [0x5b, 0x7b, 0x9b, 0xbb] {
        let huge = [&[kind][..], &[0xff; 8], b"ab"].concat();
        assert!(read::<Today>(&with_unknown(&huge)).is_err(), "{kind:x}");
        assert!(read::<Vec<Kind>>(&huge).is_err(), "{kind:x}");
        assert!(read::<String>(&huge).is_err(), "{kind:x}");
        assert!(read::<BTreeMap<String, u64>>(&huge).is_err(), "{kind:x}");
    }
    let deep = |end: &[u8]| with_unknown(&[&vec![0x81; 1_000_000][..], end].concat());
    assert!(read::<Today>(&deep(b"\x80")).is_ok(), "no room on the stack");
    assert_eq!(read::<Today>(&deep(b"")), Err(DecodeFault::Cut));
    assert_eq!(read::<Today>(&with_unknown(&[0xc1; 1_000_000])), Err(DecodeFault::Cut));
}
