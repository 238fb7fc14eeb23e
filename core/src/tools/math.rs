//! Arcade's Math toolkit as local tools: twins of arcade-math 2.0.2 as its worker serves it.
//!
//! Same names, definitions, values, error kinds and messages; `tests/differential` compares them with the real worker.
//! What differs is written down in [`limits`]: calls whose work would be too much are refused by name.

mod arithmetic;
mod decimal;
mod exponents;
mod limits;
mod mersenne;
mod miscellaneous;
mod number;
mod python;
mod random;
mod rational;
mod rounding;
mod statistics;
mod trigonometry;

use super::{LocalTool, Toolkit};

/// The toolkit.
pub(super) static TOOLKIT: Toolkit =
    Toolkit { name: "Math", description: "Arcade.dev LLM tools for doing math", version: "2.0.2", tools: &TOOLS };

static TOOLS: [LocalTool; 23] = [
    LocalTool::of::<arithmetic::Add>(&TOOLKIT),
    LocalTool::of::<arithmetic::Subtract>(&TOOLKIT),
    LocalTool::of::<arithmetic::Multiply>(&TOOLKIT),
    LocalTool::of::<arithmetic::Divide>(&TOOLKIT),
    LocalTool::of::<arithmetic::SumList>(&TOOLKIT),
    LocalTool::of::<arithmetic::SumRange>(&TOOLKIT),
    LocalTool::of::<arithmetic::Mod>(&TOOLKIT),
    LocalTool::of::<statistics::Avg>(&TOOLKIT),
    LocalTool::of::<statistics::Median>(&TOOLKIT),
    LocalTool::of::<exponents::Log>(&TOOLKIT),
    LocalTool::of::<exponents::Power>(&TOOLKIT),
    LocalTool::of::<miscellaneous::AbsVal>(&TOOLKIT),
    LocalTool::of::<miscellaneous::Factorial>(&TOOLKIT),
    LocalTool::of::<miscellaneous::Sqrt>(&TOOLKIT),
    LocalTool::of::<rational::Gcd>(&TOOLKIT),
    LocalTool::of::<rational::Lcm>(&TOOLKIT),
    LocalTool::of::<rounding::Ceil>(&TOOLKIT),
    LocalTool::of::<rounding::Floor>(&TOOLKIT),
    LocalTool::of::<rounding::RoundNum>(&TOOLKIT),
    LocalTool::of::<trigonometry::DegToRad>(&TOOLKIT),
    LocalTool::of::<trigonometry::RadToDeg>(&TOOLKIT),
    LocalTool::of::<random::GenerateRandomInt>(&TOOLKIT),
    LocalTool::of::<random::GenerateRandomFloat>(&TOOLKIT),
];

#[cfg(test)]
mod tests {
    use crate::tools::{ToolContext, find};
    use crate::words::json::{Limits, parse};

    /// The value, or the error's message after the tool's name, then the name of the limit if one was met.
    fn call(tool: &str, inputs: &str) -> String {
        let limits = Limits { depth: 4, values: 10_000, string_bytes: 100_000, number_bytes: 10 };
        let inputs = parse(inputs.as_bytes(), limits).unwrap();
        let mut bits = || 0x8000_0000_0000_0000;
        match find("math", tool).unwrap().call(&inputs, &mut ToolContext::new(&mut bits)) {
            Ok(value) => value.as_str().unwrap().to_owned(),
            Err(error) => match error.extra.as_deref().and_then(|extra| extra.get("limit")) {
                Some(limit) => format!("limit {}", limit.as_str().unwrap()),
                None => error.developer_message.unwrap().split_once("': ").unwrap().1.to_owned(),
            },
        }
    }

    #[test]
    fn every_limit_refuses_by_name() {
        let long = |length: usize| format!("1.{}", "3".repeat(length));
        let list =
            |items: usize, item: &str| format!("{{\"numbers\":[{}\"0\"]}}", format!("\"{item}\",").repeat(items));
        assert_eq!(call("Add", &format!("{{\"a\":\"{}\",\"b\":\"1\"}}", long(9000))), "limit number_bytes");
        assert_eq!(call("Gcd", &format!("{{\"a\":\"{}\",\"b\":\"1\"}}", " ".repeat(9000))), "limit number_bytes");
        assert_eq!(call("SumList", &list(3000, "1")), "limit list_items");
        assert_eq!(call("Median", &list(20, &long(4000))), "limit list_bytes");
        assert_eq!(call("Power", "{\"a\":\"1.1\",\"b\":\"1E+128\"}").get(..8), Some("Overflow"));
        let near_one = format!("1.{}1", "0".repeat(200));
        assert_eq!(call("Power", &format!("{{\"a\":\"{near_one}\",\"b\":\"1E+128\"}}")), "limit power_exponent_digits");
        assert_eq!(call("Power", &format!("{{\"a\":\"{}\",\"b\":\"0.5\"}}", long(600))), "limit power_base_digits");
        assert_eq!(call("SumRange", "{\"start\":\"1\",\"end\":\"1000000000\"}"), "500000000500000000");
        assert_eq!(call("SumRange", "{\"start\":\"0\",\"end\":\"1000000000\"}"), "limit sum_range_terms");
    }

    #[test]
    fn what_would_take_python_for_ever_takes_no_time() {
        let too_long = "ValueError: Exceeds the limit (4300 digits) for integer string conversion; use \
                        sys.set_int_max_str_digits() to increase the limit";
        assert_eq!(call("Factorial", "{\"a\":\"9223372036854775807\"}"), too_long);
        assert_eq!(call("Ceil", "{\"a\":\"1E+999999999999999999\"}"), too_long);
        assert_eq!(call("Floor", "{\"a\":\"-1E-999999999999999999\"}"), "-1");
        assert_eq!(call("RoundNum", "{\"value\":\"5e300\",\"ndigits\":\"-9999999999999999999999\"}"), "0");
        assert_eq!(call("Power", "{\"a\":\"1.0\",\"b\":\"1E+999999999999999999\"}").len(), 101);
        assert_eq!(call("Add", "{\"a\":\"1E+999999\",\"b\":\"1E-999999999999\"}").len(), 109);
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            ("1190379390633983.25", "1190379390633983.2"),
            ("1190379390633983.75", "1190379390633983.8"),
            ("5.684341886080801486968994140625e-14", "5.684341886080802e-14"),
            ("5e-324", "5e-324"),
            ("2.2250738585072014e-308", "2.2250738585072014e-308"),
            ("9007199254740993", "9007199254740992.0"),
            ("1e16", "1e+16"),
            ("123456789012345678", "1.2345678901234568e+17"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("100", "100.0"),
            ("-0", "-0.0"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            // A range of no width gives its end: x + (x - x) · r.
            let inputs = format!("{{\"min_value\":\"{value}\",\"max_value\":\"{value}\"}}");
            assert_eq!(call("GenerateRandomFloat", &inputs), if value == "-0" { "0.0" } else { text });
        }
        assert_eq!(call("DegToRad", "{\"degrees\":\"-0\"}"), "-0.0");
    }

    #[test]
    fn a_seed_gives_the_numbers_that_python_gives() {
        let seeded = |tool: &str, min: &str, max: &str, seed: &str| {
            call(tool, &format!("{{\"min_value\":\"{min}\",\"max_value\":\"{max}\",\"seed\":\"{seed}\"}}"))
        };
        let (low, high) = (format!("-1{}", "0".repeat(30)), format!("1{}", "0".repeat(30)));
        assert_eq!(seeded("GenerateRandomInt", "1", "1000000", "5"), "653160");
        let (plus, minus) = (format!("1{}", "0".repeat(40)), format!("-1{}", "0".repeat(40)));
        assert_eq!(seeded("GenerateRandomInt", &low, &high, &plus), seeded("GenerateRandomInt", &low, &high, &minus));
        assert_eq!(seeded("GenerateRandomFloat", "0", "1", "0"), "0.8444218515250481");
        // Without a seed: the caller's bits, here one half each time.
        assert_eq!(call("GenerateRandomFloat", "{\"min_value\":\"0\",\"max_value\":\"8\"}"), "4.000000029802322");
    }
}
