//! The validator: schemas refused at loading, and messages for faults of an instance.

use super::*;
use crate::words::json::Object;

fn json(text: &str) -> Json<'_> {
    parse(text.as_bytes(), LIMITS).unwrap()
}

fn refused(text: &str) -> String {
    let faults = Schema::compile_text(text).unwrap_err();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn faults(schema: &str, instance: &str) -> String {
    let checked = Schema::compile_text(schema).unwrap().check(&json(instance));
    let faults = checked.err().unwrap_or_default();
    faults.iter().map(|fault| format!("{fault} [{}]", fault.rule)).collect::<Vec<_>>().join("; ")
}

#[test]
fn an_unsupported_keyword_is_refused_by_name_with_its_place() {
    for (schema, expected) in [
        (
            r#"{"properties":{"a/b":{"minimun":1}}}"#,
            "/properties/a~1b/minimun: minimun is not a keyword that is supported",
        ),
        (r##"{"$dynamicRef":"#x"}"##, "/$dynamicRef: $dynamicRef is not supported: use $ref"),
        (r#"{"definitions":{}}"#, "/definitions: definitions is not supported: use $defs"),
        (r#"{"format":"iri"}"#, "/format: iri is not supported"),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
            "/$schema: must be https://json-schema.org/draft/2020-12/schema",
        ),
        (r##"{"$ref":"#/$defs/x"}"##, "/$ref: names no schema of this document; others are not fetched"),
        (r#"{"$ref":"https://example.com/x"}"#, "/$ref: names no schema of this document; others are not fetched"),
        (r#"{"type":"strin"}"#, "/type: must be one or more of null, boolean, object, array, number, integer, string"),
        (
            r#"{"required":"a","minLength":-1,"multipleOf":0}"#,
            "/required: must be an array of strings; /minLength: must be a whole number, not negative; /multipleOf: must be above zero, of at most 18 significant digits",
        ),
        (r#"{"pattern":"(?=a)"}"#, "/pattern: the pattern uses look-around, which is not supported"),
        ("[]", "the schema: is a array and must be an object or a boolean"),
        (r#"{"minimum":1e9999999999999999999}"#, "/minimum: has too large an exponent"),
        (r#"{"a":1,"a":2}"#, "the schema: an object has the same member twice, at byte 7"),
        (r#"{"$anchor":"1"}"#, "/$anchor: must be letters, digits, `-`, `_` and `.`, the first a letter or `_`"),
    ] {
        assert_eq!(refused(schema), expected, "{schema}");
    }
}

#[test]
fn schema_bombs_are_refused_when_they_are_loaded() {
    let doubled: String = (0..40)
        .map(|index| {
            let next = index + 1;
            format!(r##""d{index}":{{"allOf":[{{"$ref":"#/$defs/d{next}"}},{{"$ref":"#/$defs/d{next}"}}]}},"##)
        })
        .collect();
    let bombs = [
        (r##"{"$ref":"#"}"##.to_owned(), "leads back to itself"),
        (
            r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}}"##.to_owned(),
            "leads back to itself",
        ),
        (r##"{"if":true,"then":{"not":{"$ref":"#"}}}"##.to_owned(), "leads back to itself"),
        (r##"{"dependentSchemas":{"a":{"anyOf":[{"$ref":"#"}]}}}"##.to_owned(), "leads back to itself"),
        (format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubled}"d40":true}}}}"##), "place"),
        (format!("{}true{}", r#"{"not":"#.repeat(40), "}".repeat(40)), "chain of more than 32"),
        (format!("{}true{}", r#"{"items":"#.repeat(70), "}".repeat(70)), "nested too deeply"),
        (format!(r#"{{"allOf":[{}true]}}"#, "true,".repeat(5_000)), "too many schemas"),
        (format!(r#"{{"pattern":"{}"}}"#, "(a{50}){50}".repeat(2)), "too large"),
        (format!(r#"{{"description":"{}"}}"#, "a".repeat(70_000)), "longer than 65536 bytes"),
        (format!(r#"{{"allOf":[{}true]}}"#, r#"{"pattern":"a{900}"},"#.repeat(40)), "too large together"),
        (r#"{"pattern":"((((){1000}){1000}){1000}){1000}|b{1001}"}"#.to_owned(), "more than 1000"),
    ];
    for (bomb, expected) in bombs {
        let refused = refused(&bomb);
        assert!(refused.contains(expected), "{expected}: {refused}");
        assert!(refused.len() < 4_000, "bounded: {}", refused.len());
    }
    assert!(Schema::compile_text(r#"{"pattern":"((((){1000}){1000}){1000}){1000}"}"#).is_ok());
}

#[test]
fn faults_have_a_path_and_name_the_rule_and_never_the_value() {
    let schema = r#"{"type":"object","required":["a"],"additionalProperties":false,"properties":{
        "a":{"type":"integer","minimum":3},"b":{"type":"array","items":{"enum":["x","y"]},"uniqueItems":true},
        "c":{"pattern":"^s+$","maxLength":4},"d":{"format":"date"},"e":{"anyOf":[{"type":"null"},{"const":7}]}}}"#;
    assert_eq!(
        faults(schema, r#"{"b":["x","secret","x"],"c":"secret","d":"secret","e":"secret","zz":1}"#),
        "a: Field required [required]; b.1: Input should be one of x, y [enum]; b: Input should have no two equal items \
         [uniqueItems]; c: Input should fit the pattern ^s+$ [pattern]; c: Input should have at most 4 characters \
         [maxLength]; d: Input should have the format date [format]; e: Input should fit at least one schema (anyOf) \
         [anyOf]; zz: Extra inputs are not permitted [additionalProperties]"
    );
    assert_eq!(faults(schema, r#"{"a":2}"#), "a: Input should be greater than or equal to 3 [minimum]");
    assert_eq!(faults(schema, r#"{"a":2.5}"#).split(';').count(), 2);
    assert_eq!(faults(schema, "[]"), "<root>: Input should be a valid object [type]");
    assert_eq!(faults(schema, r#"{"a":3.0,"e":7.0,"b":[]}"#), "");
}

#[test]
fn the_cost_of_a_check_is_bounded() {
    let doubling = r##"{"$defs":{"t":{"allOf":[{"items":{"$ref":"#/$defs/t"}},{"items":{"$ref":"#/$defs/t"}}]}},"$ref":"#/$defs/t"}"##;
    let schema = Schema::compile_text(doubling).unwrap();
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let (checked, steps) = schema.check_within(&json(&deep), STEPS);
    assert_eq!(checked.unwrap_err().first().unwrap().rule, "steps");
    assert_eq!(steps, STEPS);
    // `not` turns no overrun into a result.
    let not = Schema::compile_text(&format!(r#"{{"not":{doubling}}}"#).replace("#/$defs", "#/not/$defs")).unwrap();
    assert_eq!(not.check(&json(&deep)).unwrap_err().first().unwrap().rule, "steps");
    let regex = Schema::compile_text(r#"{"items":{"pattern":"(a*)*b"}}"#).unwrap();
    let long = format!("[{}1]", format!("\"{}\",", "a".repeat(20_000)).repeat(20));
    assert_eq!(
        regex.check(&parse(long.as_bytes(), Limits { string_bytes: 1 << 20, ..LIMITS }).unwrap()).unwrap_err()[0].rule,
        "steps"
    );
    let chain =
        r##"{"$defs":{"a":{"allOf":[{"allOf":[{"allOf":[{"items":{"$ref":"#/$defs/a"}}]}]}]}},"$ref":"#/$defs/a"}"##;
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let limits = Limits { depth: 128, ..LIMITS };
    let checked = Schema::compile_text(chain).unwrap().check(&parse(deep.as_bytes(), limits).unwrap());
    assert_eq!(checked.unwrap_err()[0].rule, "depth");
}

#[test]
fn a_number_out_of_range_is_named() {
    for schema in [r#"{"minimum":1}"#, r#"{"type":"integer"}"#, r#"{"const":1}"#, r#"{"not":{"multipleOf":3}}"#] {
        assert_eq!(
            faults(schema, "1e99999999999999999999"),
            "<root>: Input should have no number of so large an exponent [number_range]"
        );
    }
    assert!(faults(r#"{"items":{"uniqueItems":true}}"#, "[[1e99999999999999999999]]").contains("number_range"));
    assert_eq!(faults(r#"{"type":"number"}"#, "1e99999999999999999999"), "", "nothing is reckoned");
}

#[test]
fn large_objects_and_lists_cost_about_their_size() {
    let schema = Schema::compile_text(
        r#"{"additionalProperties":{"type":"array","items":{"type":"number","minimum":0},"uniqueItems":true}}"#,
    )
    .unwrap();
    let mut object = Object::new();
    for index in 0..2_000_i64 {
        let items = (0..10).map(|item| Json::Number((index + item).into())).collect();
        object.insert(index.to_string(), Json::Array(items));
    }
    let (checked, steps) = schema.check_within(&Json::Object(object), STEPS);
    assert_eq!((checked, steps < 150_000), (Ok(()), true), "{steps}");
}

#[test]
fn faults_and_names_are_bounded() {
    let instance = format!(
        r#"{{"{}":1,{}"z":1}}"#,
        "n".repeat(5_000),
        (0..100).map(|i| format!("\"{i}\":1,")).collect::<String>()
    );
    let found = Schema::compile_text(r#"{"additionalProperties":false}"#).unwrap().check(&json(&instance)).unwrap_err();
    assert_eq!(found.len(), limits::SCHEMA_FAULTS);
    assert!(found.iter().all(|fault| fault.path.len() <= 70));
}
