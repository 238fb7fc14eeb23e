//! Benign inputs: at least 2,000 different ones, none refused, each with the executor as it was sent.

use std::collections::BTreeSet;

use serde_json::{Deserializer, Value, json};

use super::{body_of, calls, send, story, vectors};

#[test]
fn no_benign_input_is_refused_or_changed() {
    let story = story();
    let inputs = inputs();
    assert!(inputs.len() >= 2_000, "{}", inputs.len());
    for input in &inputs {
        let before = story.world.sent.borrow().len();
        let answer = send(&story, body_of(input));
        let shown: String = input.chars().take(200).collect();
        assert!(answer.status == 200 && answer.json()["success"] == true, "{shown}: {answer:?}");
        let sent = story.world.sent.borrow().last().unwrap().clone();
        let arrived = sent.split_once("\"input\":").unwrap().1;
        let arrived: Value = Deserializer::from_str(arrived).into_iter().next().unwrap().unwrap();
        assert_eq!(arrived, serde_json::from_str::<Value>(input).unwrap(), "{shown}");
        assert!(story.world.sent.borrow().len() > before, "{shown}");
    }
    assert_eq!(calls(&story), inputs.len());
}

fn inputs() -> BTreeSet<String> {
    let mut inputs = BTreeSet::new();
    let mut add = |input: Value| {
        inputs.insert(input.to_string());
    };
    for line in vectors("texts.jsonl") {
        let text: Value = serde_json::from_str(&line).unwrap();
        add(json!({ "q": text }));
        add(json!({ "lines": ["", text, text] }));
        add(json!({ "opts": { "note": text, "deep": [{ "note": text }] } }));
    }
    for text in scripts() {
        add(json!({ "q": text }));
    }
    for text in statements() {
        add(json!({ "q": text, "flag": true }));
    }
    for url in vectors("urls-allowed.txt") {
        add(json!({ "url": url }));
        add(json!({ "urls": [url, "https://example.com/"], "url": null }));
        add(json!({ "q": url }));
    }
    // A URL that may not be fetched may be spoken of.
    for line in vectors("urls-refused.jsonl") {
        let pair: Value = serde_json::from_str(&line).unwrap();
        add(json!({ "q": pair[1] }));
    }
    for cents in (0..200_000).step_by(997) {
        let price = format!("{}.{:02}", cents / 100, cents % 100);
        inputs.insert(format!(r#"{{"price":{price}}}"#));
        inputs.insert(format!(r#"{{"q":"{price} \u20ac; {price} $"}}"#));
    }
    numbers(&mut inputs);
    structures(&mut inputs);
    inputs
}

/// Sixty-four characters at a time, every character of the first two planes, and some of others.
fn scripts() -> Vec<String> {
    let starts = (0..0x2_0000).chain(0x2_0000..0x2_0400).chain(0x3_1000..0x3_1100).chain(0xe_0000..0xe_0200);
    let starts: Vec<u32> = starts.step_by(64).chain([0x10_ffc0]).collect();
    let text = |start: &u32| (*start..).take(64).filter_map(char::from_u32).collect::<String>();
    starts.iter().map(text).filter(|text| !text.is_empty()).collect()
}

fn statements() -> Vec<String> {
    let tables = ["users", "\"Order Items\"", "`log`", "[dbo].[t]", "public.\u{fc}bersicht", "t1; --", "x' OR '1'='1"];
    let shapes = [
        "SELECT * FROM {} WHERE a = 'b';",
        "DELETE FROM {} WHERE id IN (1, 2, 3)",
        "DROP TABLE IF EXISTS {}; COMMIT;",
        "SELECT count(*) FROM {} GROUP BY 1 HAVING count(*) > 1 -- why",
        "UNION ALL SELECT NULL, version() FROM {}",
        "for row in {}: print(f'{row!r}')",
        "<a href=\"javascript:{}\">&amp;</a>",
        "echo \"{}\" | grep -E '^[^;]+;$' > /dev/null 2>&1",
    ];
    shapes.iter().flat_map(|shape| tables.iter().map(|table| shape.replace("{}", table))).collect()
}

fn numbers(inputs: &mut BTreeSet<String>) {
    for zeros in 0..16 {
        for text in [format!("1{}", "0".repeat(zeros)), "9".repeat(zeros.max(1)), format!("1e{zeros}")] {
            if text.len() < 16 {
                inputs.insert(format!(r#"{{"i":{text}}}"#));
                inputs.insert(format!(r#"{{"i":-{text}}}"#));
            }
        }
    }
    for exponent in (-320..308).step_by(7) {
        inputs.insert(format!(r#"{{"n":1.5e{exponent}}}"#));
        inputs.insert(format!(r#"{{"n":-9.25E{exponent:+}}}"#));
    }
    for more in [
        r#"{"n":-0}"#,
        r#"{"n":-0.0}"#,
        r#"{"n":0e0}"#,
        r#"{"i":1.0}"#,
        r#"{"i":10e-1}"#,
        r#"{"i":null}"#,
        r#"{"i":9007199254740991}"#,
        r#"{"n":3.14159265358979323846264338327950288419716939937510}"#,
        r#"{"n":123456789012345678901234567890}"#,
        // What workers read leniently stays theirs to read.
        r#"{"count":"5"}"#,
        r#"{"count":true}"#,
        r#"{"count":5.0}"#,
        r#"{"count":1e3}"#,
        r#"{"flag":"yes"}"#,
        r#"{"flag":1}"#,
        r#"{"count":123456789012345678901234567890123456789012345678901234567890}"#,
    ] {
        inputs.insert(more.to_owned());
    }
}

/// Large and deep, and within the limits.
fn structures(inputs: &mut BTreeSet<String>) {
    let mut add = |input: Value| {
        inputs.insert(input.to_string());
    };
    add(json!({}));
    add(json!({ "q": "a".repeat(200_000) }));
    add(json!({ "q": "\u{1f600}".repeat(60_000) }));
    add(json!({ "lines": vec!["line; 'quoted'"; 5_000] }));
    let deep =
        (0..25).fold(json!("x"), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) });
    add(json!({ "opts": { "deep": deep } }));
    let wide: serde_json::Map<String, Value> = (0..63).map(|index| (format!("k{index}"), json!(index))).collect();
    add(json!({ "opts": wide }));
    add(json!({ "opts": { "\u{e9}\u{4f8b} $key.with;odd\"chars": { "__proto__": { "constructor": 1 } } } }));
    add(json!({ "opts": { "id": "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "when": "2026-11-21T12:00:00.123+01:00",
        "code": "DE-12345", "tags": ["a", "b", 1], "level": "high" } }));
    add(json!({ "opts": { "pages": [{ "href": "https://example.com/x" }, { "href": "https://a.b.example.org:8443/" },
        { "href": null }, {}] } }));
    add(json!({ "file": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==" }));
    add(json!({ "file": "iVBORw0KGgoAAAANSUhEUg==" }));
    add(json!({ "file": "DATA:image/JPEG;name=a.jpg;base64,/9j/4AAQ" }));
    add(json!({ "file": "JVBERi0xLjcK" }));
    add(json!({ "opts": { "attachments": ["YTtiO2MKMTsyOzM=", "data:text/csv;charset=utf-8;base64,w6Q7w7YK",
        "data:application/x-custom;base64,AAECAwQ=", ""] } }));
    for level in [1, 2, 3] {
        add(json!({ "opts": { "level": level } }));
    }
    for size in ["small", "large"] {
        add(json!({ "size": size }));
    }
}
