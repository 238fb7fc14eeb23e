//! Expressions, right and wrong.

use super::number;
use crate::random::Random;

/// Returns an expression, now and then with a fault in it.
pub(super) fn expression(random: &mut Random) -> String {
    let depth = random.below(5);
    let mut text = match random.below(40) {
        0 => random.pick(&["(", "-", "+", "((1)+", "2^", "sqrt("]).repeat(30),
        1 => format!(
            "1{}",
            random
                .pick(&["+1", "*2", "^1", "-1"])
                .repeat(usize::try_from(random.below(12)).unwrap_or(0).saturating_add(95))
        ),
        2 => " ".repeat(usize::try_from(random.below(12)).unwrap_or(0).saturating_add(505)),
        _ => sum(random, depth),
    };
    if random.chance(8) {
        let at = usize::try_from(random.below(u64::try_from(text.len()).unwrap_or(0).saturating_add(1))).unwrap_or(0);
        if text.is_char_boundary(at) {
            text.insert_str(
                at,
                random.pick(&["(", ")", "*", ",", ".", "e", " ", "×", "sin", "1 2", "%%", "E5", "\t", "é"]),
            );
        }
    }
    text
}

fn sum(random: &mut Random, depth: u64) -> String {
    let mut text = operand(random, depth);
    for _ in 0..random.below(4) {
        let operator = random.pick(&["+", "-", "*", "/", "%", "^", " + ", " - ", " * ", " / ", " % ", " ^ "]);
        text.push_str(operator);
        text.push_str(&operand(random, depth));
    }
    text
}

fn operand(random: &mut Random, depth: u64) -> String {
    let Some(deeper) = depth.checked_sub(1) else { return small(random) };
    match random.below(10) {
        0..4 => small(random),
        4..6 => format!("({})", sum(random, deeper)),
        6 => format!("{}{}", random.pick(&["-", "+", "- ", "--"]), operand(random, deeper)),
        _ => call(random, deeper),
    }
}

fn call(random: &mut Random, depth: u64) -> String {
    let name = random.pick(&[
        "abs", "ceil", "floor", "ln", "log", "max", "mean", "median", "min", "root", "round", "sqrt", "sum", "trunc",
    ]);
    let count = match name {
        "log" | "root" => 2,
        "round" => random.below(2).saturating_add(1),
        "max" | "mean" | "median" | "min" | "sum" => random.below(4).saturating_add(1),
        _ => 1,
    };
    let count = if random.chance(4) { random.below(4) } else { count };
    let arguments: Vec<String> = (0..count)
        .map(|index| match (name, index) {
            ("root" | "round", 1) => random.below(9).to_string(),
            _ => sum(random, depth),
        })
        .collect();
    format!("{name}({})", arguments.join(random.pick(&[",", ", "])))
}

/// Returns a number without a sign; large ones are rare, for they spoil what is around them.
fn small(random: &mut Random) -> String {
    let number = match random.below(20) {
        0..12 => random.below(100).to_string(),
        12..17 => format!("{}.{}", random.below(1000), random.below(1000)),
        17 => format!("{}e{}", random.below(100), random.between(-9, 9)),
        18 => number::plain(random),
        _ => number::decimal(random),
    };
    number.trim_start_matches(['-', '+']).to_owned()
}
