//! The Calc tools by example: values, every refusal by name, expressions, and inputs that would run for ever.

use crate::tools::{ToolContext, find};
use crate::words::json::{Json, Limits, parse};

/// Returns the value, or the name of the fault with its position, or the message of an input that does not fit.
fn call(tool: &str, inputs: &[(&str, &str)]) -> String {
    let members: Vec<String> = inputs.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let limits = Limits { depth: 4, values: 10_000, string_bytes: 100_000, number_bytes: 10 };
    let text = format!("{{{}}}", members.join(","));
    let inputs = parse(text.as_bytes(), limits).unwrap();
    let mut bits = [5, u64::MAX, 7].into_iter().cycle();
    match find("calc", tool).unwrap().call(&inputs, &mut ToolContext::new(&mut || bits.next().unwrap())) {
        Ok(value) => value.as_str().unwrap().to_owned(),
        Err(error) => {
            let extra = |name: &str| error.extra.as_deref().and_then(|extra| extra.get(name).cloned());
            match (extra("fault"), extra("position")) {
                (Some(Json::String(fault)), Some(Json::Number(position))) => {
                    format!("{fault} at {}", position.as_str())
                }
                (Some(Json::String(fault)), None) => fault.into_owned(),
                _ => error.message,
            }
        }
    }
}

/// Calls a tool with texts.
fn texts(tool: &str, inputs: &[(&str, &str)]) -> String {
    let quoted: Vec<(&str, String)> = inputs.iter().map(|(name, value)| (*name, format!("\"{value}\""))).collect();
    call(tool, &quoted.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

fn pair(tool: &str, a: &str, b: &str) -> String {
    texts(tool, &[("a", a), ("b", b)])
}

fn list(tool: &str, numbers: &[&str]) -> String {
    call(tool, &[("numbers", &format!("{numbers:?}"))])
}

fn evaluate(expression: &str) -> String {
    texts("Evaluate", &[("expression", expression)])
}

#[test]
fn keeps_every_digit_and_the_exponent() {
    assert_eq!(pair("Plus", "0.1", "0.2"), "0.3");
    assert_eq!(pair("Minus", "1.30", "1.3"), "0.00");
    assert_eq!(pair("Times", "1.20", "3"), "3.60");
    assert_eq!(pair("DividedBy", "1", "3"), "0.3333333333333333333333333333333333");
    assert_eq!(pair("DividedBy", "2.400", "2.0"), "1.20");
    assert_eq!(pair("Remainder", "-10.5", "3"), "-1.5");
    assert_eq!(pair("Plus", "9999999999999999999999999999999999", "1"), "1.000000000000000000000000000000000E+34");
    assert_eq!(pair("Plus", "1E+6144", "1E-6143").len(), 41);
    assert_eq!(texts("Magnitude", &[("a", "-0.50")]), "0.50");
}

#[test]
fn powers_roots_and_logarithms() {
    assert_eq!(pair("RaisedTo", "2", "100"), "1267650600228229401496703205376");
    assert_eq!(pair("RaisedTo", "2", "-2"), "0.25");
    assert_eq!(pair("RaisedTo", "2", "0.5"), "1.414213562373095048801688724209698");
    assert_eq!(texts("Root", &[("a", "2.25")]), "1.5");
    assert_eq!(texts("Root", &[("a", "2")]), "1.414213562373095048801688724209698");
    assert_eq!(texts("Root", &[("a", "-27"), ("degree", "3")]), "-3");
    assert_eq!(texts("Logarithm", &[("a", "10")]), "2.302585092994045684017991454684364");
    assert_eq!(texts("Logarithm", &[("a", "8"), ("base", "2")]), "3");
    assert_eq!(texts("Logarithm", &[("a", "0.01"), ("base", "10")]), "-2");
    assert_eq!(texts("Logarithm", &[("a", "1.00")]), "0");
}

#[test]
fn seven_directions_of_rounding() {
    let rounded = |a: &str, mode: &str| texts("Rounded", &[("a", a), ("mode", mode)]);
    for (mode, values) in [
        ("half_even", ["2", "-2", "3", "0"]),
        ("half_up", ["3", "-3", "3", "0"]),
        ("half_down", ["2", "-2", "3", "0"]),
        ("up", ["3", "-3", "3", "1"]),
        ("down", ["2", "-2", "2", "0"]),
        ("floor", ["2", "-3", "2", "0"]),
        ("ceiling", ["3", "-2", "3", "1"]),
    ] {
        assert_eq!(["2.5", "-2.5", "2.51", "1E-9"].map(|a| rounded(a, mode)), values, "{mode}");
    }
    assert_eq!(texts("Rounded", &[("a", "1234.5"), ("places", "-2")]), "1.2E+3");
    assert_eq!(texts("Rounded", &[("a", "1.005"), ("places", "2")]), "1.00");
}

#[test]
fn lists_and_whole_numbers() {
    assert_eq!(list("Total", &["0.1", "0.2", "-0.30"]), "0.00");
    assert_eq!(list("Total", &[]), "0");
    assert_eq!(list("Mean", &["1", "2"]), "1.5");
    assert_eq!(list("MiddleValue", &["9", "1", "2"]), "2");
    assert_eq!(list("MiddleValue", &["9", "1", "2", "4"]), "3");
    assert_eq!(pair("CommonDivisor", "-12", "18"), "6");
    assert_eq!(pair("CommonMultiple", "-4", "6"), "12");
    assert_eq!(pair("CommonMultiple", "0", "6"), "0");
    assert_eq!(texts("Arrangements", &[("a", "20")]), "2432902008176640000");
    assert_eq!(texts("Arrangements", &[("a", "1000")]).len(), 2568);
}

#[test]
fn draws_within_bounds_without_favour() {
    let draw = |low: &str, high: &str| texts("Draw", &[("low", low), ("high", high)]);
    assert_eq!(draw("10", "19"), "15");
    assert_eq!(draw("7", "7"), "7");
    assert_eq!(draw("-9223372036854775808", "9223372036854775807"), "-9223372036854775803");
    // Of 2^64 numbers the last six would make 0 to 5 likelier than 6 to 9: they are drawn again.
    let mut bits = [u64::MAX, u64::MAX - 5, u64::MAX - 6].into_iter();
    assert_eq!(super::operations::draw("0", "9", || bits.next().unwrap()), Ok(9));
    assert_eq!(draw("2", "1"), "bounds_reversed");
    assert_eq!(draw("1", "9223372036854775808"), "number_out_of_range");
}

#[test]
fn refuses_by_name() {
    for text in ["", " 1", "1_000", "٣", "NaN", "-Infinity", "1e", "1.2.3", "--1", "."] {
        assert_eq!(pair("Plus", text, "1"), "not_a_number", "{text}");
    }
    assert_eq!(pair("Plus", &"1".repeat(257), "1"), "number_too_long");
    assert_eq!(pair("Plus", "1E+6145", "1"), "number_out_of_range");
    assert_eq!(pair("Plus", "1E-6144", "1"), "number_out_of_range");
    assert_eq!(pair("Plus", "1E-99999999999999999999", "1"), "number_out_of_range");
    assert_eq!(pair("Times", "1E+6144", "10"), "result_too_large");
    assert_eq!(pair("Times", "1E-6143", "0.1"), "result_too_small");
    assert_eq!(pair("DividedBy", "0", "0"), "division_by_zero");
    assert_eq!(pair("Remainder", "1", "0.0"), "division_by_zero");
    assert_eq!(pair("Remainder", "1E+40", "3"), "quotient_too_long");
    assert_eq!(pair("RaisedTo", "0", "-1"), "division_by_zero");
    assert_eq!(pair("RaisedTo", "0", "0"), "undefined");
    assert_eq!(pair("RaisedTo", "-8", "0.5"), "undefined");
    assert_eq!(pair("RaisedTo", "1.1", "1E+9"), "exponent_too_long");
    assert_eq!(pair("RaisedTo", "10", "99999"), "result_too_large");
    assert_eq!(pair("RaisedTo", "0.1", "99999"), "result_too_small");
    assert_eq!(texts("Root", &[("a", "-4")]), "undefined");
    assert_eq!(texts("Root", &[("a", "4"), ("degree", "101")]), "degree_out_of_range");
    assert_eq!(texts("Logarithm", &[("a", "0")]), "undefined");
    assert_eq!(texts("Logarithm", &[("a", "2"), ("base", "1.0")]), "undefined");
    assert_eq!(texts("Rounded", &[("a", "1"), ("places", "34")]), "too_many_digits");
    assert_eq!(texts("Rounded", &[("a", "1"), ("places", "0.5")]), "not_a_whole_number");
    assert_eq!(texts("Rounded", &[("a", "1"), ("mode", "nearest")]), "mode_unknown");
    assert_eq!(list("Mean", &[]), "list_empty");
    assert_eq!(list("Total", &["1"; 1001]), "list_too_long");
    assert_eq!(pair("CommonDivisor", "1.0", "1"), "not_a_whole_number");
    assert_eq!(texts("Arrangements", &[("a", "1001")]), "operand_too_large");
    let error = "[TOOL_RUNTIME_BAD_INPUT_VALUE] ToolInputError during execution of tool 'plus': Invalid input: a: Field \
                 required; b: Input should be a valid string";
    assert_eq!(call("Plus", &[("b", "1")]), error);
}

#[test]
fn expressions_bind_as_written_in_books() {
    for (expression, value) in [
        ("1 + 2 * 3", "7"),
        ("10 - 4 - 3", "3"),
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2^-1", "0.5"),
        ("7 % 4 * 2", "6"),
        ("--3", "3"),
        ("(1 + 0.05)^2", "1.1025"),
        ("1.5e3+1E-1", "1500.1"),
        ("sqrt(2)^2", "2.000000000000000000000000000000000"),
        ("round(99.995, 2)", "100.00"),
        ("max(1, 3, 2) - min(1, 3, 2)", "2"),
        ("log(1000, 10)", "3"),
        ("root(27, 3) + abs(-1) + floor(-0.5) + ceil(0.5) + trunc(1.9)", "5"),
        ("sum(1, 2, 3) / mean(1, 2, 3) + median(5, 1, 3)", "6"),
        ("ln(1)", "0"),
    ] {
        assert_eq!(evaluate(expression), value, "{expression}");
    }
}

#[test]
fn faults_of_an_expression_have_a_position() {
    for (expression, fault) in [
        ("", "expression_cut at 1"),
        ("1 +", "expression_cut at 4"),
        ("(1", "expression_cut at 3"),
        ("1 2", "character_unexpected at 3"),
        ("1 + × 2", "character_unexpected at 5"),
        ("1)", "character_unexpected at 2"),
        ("1..2", "not_a_number at 1"),
        ("2 * 1e99999", "number_out_of_range at 5"),
        ("1 / (2 - 2)", "division_by_zero at 3"),
        ("1 + sin(1)", "function_unknown at 5"),
        ("sqrt 2", "character_unexpected at 6"),
        ("sqrt(1, 2)", "argument_count at 1"),
        ("sum()", "character_unexpected at 5"),
        ("- sqrt(-1)", "undefined at 3"),
    ] {
        assert_eq!(evaluate(expression), fault, "{expression}");
    }
    assert_eq!(evaluate(&"(".repeat(400)), "expression_too_deep at 26");
    assert_eq!(evaluate(&"-".repeat(400)), "expression_too_deep at 26");
    assert_eq!(evaluate(&format!("1{}", "+1".repeat(101))), "expression_too_large at 202");
    assert_eq!(evaluate(&format!("1{}", "+1".repeat(100))), "101");
    assert_eq!(evaluate(&" ".repeat(513)), "expression_too_long");
}

#[test]
fn the_costliest_calls_end_at_once() {
    let near_one = format!("1.{}1", "0".repeat(200));
    assert_eq!(pair("RaisedTo", &near_one, "999999999").len(), 35);
    assert_eq!(pair("RaisedTo", &near_one, "1E-6000").len(), 35);
    assert_eq!(texts("Root", &[("a", &"9".repeat(256)), ("degree", "100")]).len(), 35);
    assert_eq!(evaluate(&format!("2{}", "^.9".repeat(24))).len(), 35);
    let powers = "1.1^.1+".repeat(50);
    assert_eq!(evaluate(&format!("{powers}0")).len(), 35);
}
