//! Tests the checks by tools' declarations and by operators' rules, in the tool's own words.

use super::*;
use crate::model::tool::of_engine_definition;
use crate::words::json::{Limits, parse};

const LIMITS: Limits = Limits { depth: 32, values: 20_000, string_bytes: 1 << 18, number_bytes: 4_400 };

fn json(text: &str) -> Json<'_> {
    parse(text.as_bytes(), LIMITS).unwrap()
}

fn tool() -> Tool {
    let definition = r#"{"qualified_name":"Web.Fetch","name":"Fetch","toolkit":{"name":"Web","version":"1.0.0"},
        "input":{"parameters":[
            {"name":"url","required":true,"value_schema":{"val_type":"string"}},
            {"name":"n","required":true,"value_schema":{"val_type":"integer"}},
            {"name":"maybe","required":false,"value_schema":{"val_type":"number"}},
            {"name":"none","required":true,"value_schema":{"val_type":"boolean","nullable":true}},
            {"name":"word","required":false,"value_schema":{"val_type":"string","enum":["a","b"]}},
            {"name":"many","required":false,"value_schema":{"val_type":"array","inner_val_type":"integer"}},
            {"name":"opts","required":false,"value_schema":{"val_type":"json","properties":{
                "deep":{"val_type":"json","properties":{"x":{"val_type":"string"}}},"any":{"val_type":"odd"}}}},
            {"name":"odd","required":false,"value_schema":{"val_type":"new_kind"}},
            {"name":"bare","required":false}
        ]}}"#;
    of_engine_definition(json(definition), 0).unwrap()
}

fn says(input: &str) -> String {
    let error = check(&tool(), &json(input)).err();
    error.map_or_else(String::new, |error| error.message.split_once("Invalid input: ").unwrap().1.to_owned())
}

#[test]
fn what_some_worker_takes_is_let_through() {
    let fitting = r#""url":"x","n":1,"none":true"#;
    for more in [
        "",
        r#","maybe":null"#,
        r#","maybe":"1.5""#,
        r#","maybe":false"#,
        r#","word":"a""#,
        r#","many":["1",2,true,3.0]"#,
        r#","many":[]"#,
        r#","opts":{"deep":{"x":"y","more":1},"any":[1],"other":null}"#,
        r#","odd":{"a":1}"#,
        r#","bare":[[]]"#,
        r#","word":null"#,
        r#","maybe":1e999999"#,
        r#","many":null"#,
    ] {
        assert_eq!(says(&format!("{{{fitting}{more}}}")), "", "{more}");
    }
    for n in ["\"5\"", "true", "5.5", "1e3", "123456789012345678901234567890", "\"\""] {
        assert_eq!(says(&format!(r#"{{"url":"","n":{n},"none":null}}"#)), "", "{n}");
    }
}

#[test]
fn faults_come_in_the_order_of_declaration_with_their_paths() {
    assert_eq!(
        says(r#"{"zz":1,"n":null,"maybe":[],"none":{},"word":"c","many":[1,{},null],"opts":{"deep":{"x":5}},"":2}"#),
        "url: Field required; n: Input should be a valid integer; maybe: Input should be a valid number; none: Input should be \
         a valid boolean; word: Input should be one of a, b; many.1: Input should be a valid integer; many.2: Input should be a \
         valid integer; opts.deep.x: Input should be a valid string; zz: Extra inputs are not permitted; <root>: Extra inputs \
         are not permitted"
    );
    assert_eq!(says(r#"{"url":"","n":1e400,"none":null}"#), "n: Input should be a finite number");
    assert_eq!(says(r#"{"url":"","n":1,"none":null,"opts":[],"many":{}}"#).matches("valid").count(), 2);
    let many = format!(r#"{{"url":"","n":1,"none":null,"many":[{}1]}}"#, "[],".repeat(100));
    assert_eq!(says(&many).matches("valid").count(), 16);
}

#[test]
fn the_schema_of_a_tool_is_compiled_once() {
    let tool = tool();
    let first = std::ptr::from_ref(tool.input_schema().unwrap());
    assert!(check(&tool, &json(r#"{"url":"x","n":1,"none":true}"#)).is_ok());
    assert!(std::ptr::eq(first, tool.input_schema().unwrap()));
}

#[test]
fn a_typical_input_takes_few_steps() {
    let input = json(r#"{"url":"https://example.com/","n":5,"none":true,"word":"a","many":[1,2]}"#);
    let (checked, steps) = tool().input_schema().unwrap().check_within(&input, 100);
    assert_eq!((checked, steps < 40), (Ok(()), true), "{steps}");
}
