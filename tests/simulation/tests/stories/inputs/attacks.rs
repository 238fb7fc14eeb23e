//! Attacks: at least 300, each refused by the name of what it breaks, none with any executor.

use serde_json::{Value, json};
use toolgate::validate::schema::Schema;

use super::{DOCUMENT, body_of, calls, send, story, under, vectors};

/// The required end of an attack.
enum End {
    /// As a refusal of the gateway with this name.
    Refused(String),
    /// As the tool's own error, with the rule's name in the developer's message.
    Broken(String),
    /// As the tool's own error that says these words.
    Declared(String),
}

#[test]
fn every_attack_is_refused_by_name_and_reaches_nobody() {
    let story = story();
    // The list of tools is fetched with the first call.
    assert_eq!(send(&story, body_of("{}")).status, 200);
    let urls = of_urls();
    let attacks = of_inputs().into_iter().chain(of_bodies()).chain(of_values()).chain(of_files());
    assert!(urls.len() >= 120, "{}", urls.len());
    let attacks: Vec<(Vec<u8>, End)> = urls.into_iter().chain(attacks).collect();
    assert!(attacks.len() >= 300, "{}", attacks.len());
    let mut wrong = Vec::new();
    for (body, end) in attacks {
        let shown = String::from_utf8_lossy(&body).chars().take(160).collect::<String>();
        let answer = send(&story, body);
        let says = |place: &str| match answer.status {
            200 => answer.json()["output"]["error"][place].as_str().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let is_bad_input = || says("kind") == "TOOL_RUNTIME_BAD_INPUT_VALUE" && answer.json()["success"] == false;
        let is_right = match &end {
            End::Refused(name) => answer.refusal() == name,
            End::Broken(rule) => is_bad_input() && says("developer_message").contains(rule.as_str()),
            End::Declared(words) => is_bad_input() && says("message").contains(words.as_str()),
        };
        if !is_right {
            wrong.push(format!("{shown}: {} {} {}", answer.status, answer.refusal(), answer.body));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(calls(&story), 1, "only the first call reached the engine");
}

fn of_urls() -> Vec<(Vec<u8>, End)> {
    let mut attacks = Vec::new();
    for (index, line) in vectors("urls-refused.jsonl").into_iter().enumerate() {
        let pair: Value = serde_json::from_str(&line).unwrap();
        let rule = pair[0].as_str().unwrap();
        // Every place of a rule judges alike.
        let (input, path) = if index % 2 == 0 {
            (json!({ "url": pair[1] }), "url")
        } else {
            (json!({ "urls": ["https://example.com/", pair[1]] }), "urls.1")
        };
        attacks.push((body_of(&input.to_string()), End::Broken(format!("{path}[{rule}]"))));
    }
    for (href, rule) in [
        ("https://example.com.evil.test/", "url_host_local"),
        ("https://evil.com/", "url_host_unlisted"),
        ("https://notexample.com/", "url_host_unlisted"),
        ("https://example.org/", "url_host_unlisted"),
        ("https://sub.example.com/", "url_host_unlisted"),
        ("https://8.8.8.8/", "url_host_unlisted"),
        ("https://[2606:4700:4700::1111]/", "url_host_unlisted"),
        ("https://example.com:444/", "url_port"),
        ("http://example.com/", "url_scheme"),
    ] {
        let input = json!({ "opts": { "pages": [{}, { "href": href }] } });
        attacks.push((body_of(&input.to_string()), End::Broken(format!("opts.pages.1.href[{rule}]"))));
    }
    attacks
}

/// Inputs with how they have to end.
fn of_inputs() -> Vec<(Vec<u8>, End)> {
    let one = |line: String| {
        let [end, name, input]: [String; 3] = serde_json::from_str(&line).unwrap();
        let end = match end.as_str() {
            "refused" => Some(End::Refused(name)),
            "broken" => Some(End::Broken(name)),
            "declared" => Some(End::Declared(name)),
            _ => None,
        }
        .unwrap();
        (body_of(&input), end)
    };
    vectors("inputs-refused.jsonl").into_iter().map(one).collect()
}

/// Bodies that no reader may see two ways, or that are too much.
fn of_bodies() -> Vec<(Vec<u8>, End)> {
    let mut attacks: Vec<(Vec<u8>, End)> = Vec::new();
    let mut add = |input: &str, name: &str| attacks.push((body_of(input), End::Refused(name.to_owned())));
    for escape in
        ["\\ud800", "\\udfff", "\\ud83d", "\\ud83dx", "\\ud83d\\u0041", "\\ude00\\ud83d", "\\ud800\\ud800", "\\uDC00"]
    {
        add(&format!(r#"{{"q":"{escape}"}}"#), "body_not_unicode");
        add(&format!(r#"{{"opts":{{"{escape}":1}}}}"#), "body_not_unicode");
    }
    for depth in [40, 200, 20_000] {
        add(&format!(r#"{{"opts":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)), "body_too_deep");
        add(&format!(r#"{{"opts":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth)), "body_too_deep");
    }
    add(&format!(r#"{{"n":{}}}"#, "9".repeat(5_000)), "body_number_too_long");
    add(&format!(r#"{{"n":0.{}}}"#, "0".repeat(5_000)), "body_number_too_long");
    add(&format!(r#"{{"n":1e{}}}"#, "1".repeat(5_000)), "body_number_too_long");
    add(&format!(r#"{{"lines":[{}""]}}"#, "\"\",".repeat(30_000)), "body_too_many_values");
    add(&format!(r#"{{"q":"{}"}}"#, "a".repeat(300_000)), "body_string_too_long");
    add(&format!(r#"{{"opts":{{"{}":1}}}}"#, "a".repeat(300_000)), "body_string_too_long");
    add(&format!(r#"{{"lines":["{0}","{0}","{0}","{0}","{0}"]}}"#, "a".repeat(250_000)), "body_too_large");
    for bytes in [
        &b"\xff"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc1\x81",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"a\xc3",
    ] {
        let mut body = body_of(r#"{"q":"?"}"#);
        let at = body.iter().position(|byte| *byte == b'?').unwrap();
        body.splice(at..=at, bytes.iter().copied());
        attacks.push((body, End::Refused("body_not_unicode".to_owned())));
    }
    for prefix in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\0"] {
        let name = if prefix[0] == 0xff { "body_not_unicode" } else { "body_not_json" };
        attacks.push(([prefix, &body_of("{}")].concat(), End::Refused(name.to_owned())));
    }
    attacks
}

/// Values of another kind, range or form than the schemas say.
fn of_values() -> Vec<(Vec<u8>, End)> {
    let mut attacks: Vec<(Vec<u8>, End)> = Vec::new();
    let long = json!({ "q": "a".repeat(250_001) });
    attacks.push((body_of(&long.to_string()), End::Broken("q[maxLength]".to_owned())));
    let many = json!({ "lines": vec!["a"; 6_001] });
    attacks.push((body_of(&many.to_string()), End::Broken("lines[maxItems]".to_owned())));
    let wide: serde_json::Map<String, Value> = (0..65).map(|index| (index.to_string(), json!(1))).collect();
    attacks.push((body_of(&json!({ "opts": wide }).to_string()), End::Broken("opts[maxProperties]".to_owned())));
    let named = json!({ "opts": { "n".repeat(65): 1 } });
    attacks.push((body_of(&named.to_string()), End::Broken("[propertyNames]".to_owned())));
    attacks
}

/// Files that lie, or are too large.
fn of_files() -> Vec<(Vec<u8>, End)> {
    let mut attacks = Vec::new();
    let mut add = |input: Value, rule: &str| attacks.push((body_of(&input.to_string()), End::Broken(rule.to_owned())));
    let large = "A".repeat(5_464);
    add(json!({ "file": large }), "file[file_size]");
    add(json!({ "file": format!("data:image/png;base64,{large}") }), "file[file_size]");
    add(json!({ "file": 5 }), "file[file_type]");
    add(json!({ "file": { "content": "iVBORw0KGgo=" } }), "file[file_type]");
    add(json!({ "opts": { "attachments": ["data:text/csv;base64,AAECAwQ="] } }), "opts.attachments.0[file_content]");
    add(json!({ "opts": { "attachments": ["data:text/csv;base64,//79"] } }), "opts.attachments.0[file_content]");
    add(
        json!({ "opts": { "attachments": ["data:application/x-custom;base64,f0VMRgIBAQA="] } }),
        "opts.attachments.0[file_content]",
    );
    add(json!({ "opts": { "attachments": "YTtiCg==" } }), "opts.attachments[input_form]");
    attacks
}

#[test]
fn a_schema_bomb_fails_the_start_and_is_reported_by_line() {
    let doubled: String = (0..40)
        .map(|index| {
            format!(r##""d{index}":{{"anyOf":[{{"$ref":"#/$defs/d{0}"}},{{"$ref":"#/$defs/d{0}"}}]}},"##, index + 1)
        })
        .collect();
    let bombs = [
        (r##"{"$ref":"#"}"##.to_owned(), "leads back to itself"),
        (r##"{"allOf":[{"not":{"$ref":"#"}}]}"##.to_owned(), "leads back to itself"),
        (format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubled}"d40":true}}}}"##), "to one place"),
        (format!("{}true{}", r#"{"not":"#.repeat(60), "}".repeat(60)), "chain of more than 32"),
        (format!("{}true{}", r#"{"items":"#.repeat(100), "}".repeat(100)), "nested too deeply"),
        (format!(r#"{{"anyOf":[{}true]}}"#, "true,".repeat(6_000)), "too many schemas"),
        (r#"{"pattern":"((a{100}){100}){100}"}"#.to_owned(), "too large"),
        (format!(r#"{{"enum":["{}"]}}"#, "a".repeat(70_000)), "longer than 65536 bytes"),
        (r#"{"$ref":"http://127.0.0.1/schema.json"}"#.to_owned(), "others are not fetched"),
        (r#"{"type":"object","type":"array"}"#.to_owned(), "same member twice"),
        (r#"{"multipleOf":1e-999999999999999999999}"#.to_owned(), "too large an exponent"),
    ];
    for (bomb, words) in bombs {
        let faults = Schema::compile_text(&bomb).unwrap_err();
        assert!(faults.iter().any(|fault| fault.message.contains(words)), "{words}: {faults:?}");
        let document = format!("{DOCUMENT}\n[[inputs]]\ntools = [\"*\"]\nschema = '''{bomb}'''\n");
        let story = under(Box::leak(document.into_boxed_str()));
        assert_eq!(send(&story, body_of("{}")).refusal(), "configuration_invalid");
    }
}

#[test]
fn an_instance_made_to_cost_much_is_refused_within_the_budget() {
    let rule = r##"
[[inputs]]
tools = ["*"]
schema = '''{"$defs":{"t":{"allOf":[{"items":{"$ref":"#/$defs/t"}},{"items":{"$ref":"#/$defs/t"}}]}},
  "properties":{"opts":{"properties":{"deep":{"$ref":"#/$defs/t"}}},"q":{"pattern":"(a*)*b"}}}'''
"##;
    let document = Box::leak(format!("{DOCUMENT}{rule}").into_boxed_str());
    let story = under(document);
    let deep = format!(r#"{{"opts":{{"deep":{}{}}}}}"#, "[".repeat(28), "]".repeat(28));
    let long = format!(r#"{{"q":"{}"}}"#, "a".repeat(200_000));
    for input in [deep, long] {
        let answer = send(&story, body_of(&input));
        assert!(answer.body.contains("<root>[steps]"), "{answer:?}");
    }
    assert_eq!(calls(&story), 0);
}
