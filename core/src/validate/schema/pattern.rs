//! Regular expressions of ECMA 262 (`u` mode), for `pattern` and `patternProperties`, matched in linear time.
//!
//! All of its syntax is supported but for constructs that cannot be matched in linear time or need large tables:
//! look-around, back-references, `\p{...}` and `\P{...}` are refused by name. Nothing is captured, so greedy and lazy
//! repetition are one. `docs/decisions/0017-own-json-schema-validator.md` says why this is our own.

mod parse;
mod set;

use set::{CharacterSet, is_word};

/// Most instructions of one compiled pattern: a counted repetition is expanded.
const INSTRUCTIONS: usize = 2_000;

/// A compiled pattern. Matches anywhere in the text, as `pattern` is not anchored.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    program: Vec<Instruction>,
    /// The pattern as written, for messages.
    source: Box<str>,
}

#[derive(Clone, Debug)]
enum Instruction {
    /// One character of the set, then the next instruction.
    One(CharacterSet),
    /// Either branch.
    Split(usize, usize),
    Jump(usize),
    /// Continues only if the assertion holds.
    Assert(Assertion),
    Match,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assertion {
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// A parsed part of a pattern.
#[derive(Clone, Debug)]
enum PatternPart {
    One(CharacterSet),
    Assert(Assertion),
    Sequence(Vec<PatternPart>),
    Either(Vec<PatternPart>),
    Repeat { part: Box<PatternPart>, least: u32, most: Option<u32> },
}

impl Pattern {
    /// Compiles the pattern.
    ///
    /// # Errors
    /// Description of the syntax error or the unsupported construct.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let part = parse::parse(source)?;
        let mut program = Vec::new();
        write(&mut program, &part)?;
        program.push(Instruction::Match);
        Ok(Self { program, source: source.into() })
    }

    /// Returns the pattern as written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Returns the number of instructions of the program.
    pub(super) fn len(&self) -> usize {
        self.program.len()
    }

    /// Returns true if some part of the text matches. Spends one of `steps` for each instruction visited; `None` when
    /// none is left.
    pub(super) fn is_match(&self, text: &str, steps: &mut u64) -> Option<bool> {
        let mut now = States::new(self.program.len());
        let mut next = States::new(self.program.len());
        let mut before = None;
        let mut rest = text.chars();
        loop {
            let after = rest.clone().next();
            // A match may begin here.
            if self.enter(0, &mut now, before, after, steps)? {
                return Some(true);
            }
            let Some(letter) = rest.next() else { return Some(false) };
            if now.active.is_empty() && self.begins_at_start() {
                return Some(false);
            }
            let then = rest.clone().next();
            for at in now.active.drain(..) {
                *steps = steps.checked_sub(1)?;
                if let Some(Instruction::One(set)) = self.program.get(at)
                    && set.has(letter)
                    && self.enter(at.saturating_add(1), &mut next, Some(letter), then, steps)?
                {
                    return Some(true);
                }
            }
            now.clear();
            std::mem::swap(&mut now, &mut next);
            before = Some(letter);
        }
    }

    fn begins_at_start(&self) -> bool {
        matches!(self.program.first(), Some(Instruction::Assert(Assertion::Start)))
    }

    /// Adds the state and all states reachable without a character; returns true if the match is among them.
    fn enter(
        &self,
        at: usize,
        states: &mut States,
        before: Option<char>,
        after: Option<char>,
        steps: &mut u64,
    ) -> Option<bool> {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            *steps = steps.checked_sub(1)?;
            if !states.is_new(at) {
                continue;
            }
            match self.program.get(at)? {
                Instruction::Match => return Some(true),
                Instruction::One(_) => states.active.push(at),
                Instruction::Jump(to) => open.push(*to),
                Instruction::Split(left, right) => open.extend([*right, *left]),
                Instruction::Assert(assertion) => {
                    if assertion.holds(before, after) {
                        open.push(at.saturating_add(1));
                    }
                }
            }
        }
        Some(false)
    }
}

impl Assertion {
    fn holds(self, before: Option<char>, after: Option<char>) -> bool {
        let is_boundary = || before.is_some_and(is_word) != after.is_some_and(is_word);
        match self {
            Self::Start => before.is_none(),
            Self::End => after.is_none(),
            Self::WordBoundary => is_boundary(),
            Self::NoWordBoundary => !is_boundary(),
        }
    }
}

/// Instructions reached at one place of the text, each once.
struct States {
    active: Vec<usize>,
    seen: Vec<bool>,
    touched: Vec<usize>,
}

impl States {
    fn new(instructions: usize) -> Self {
        Self { active: Vec::new(), seen: vec![false; instructions], touched: Vec::new() }
    }

    fn is_new(&mut self, at: usize) -> bool {
        match self.seen.get_mut(at) {
            Some(seen) if !*seen => {
                *seen = true;
                self.touched.push(at);
                true
            }
            _ => false,
        }
    }

    fn clear(&mut self) {
        for at in self.touched.drain(..) {
            if let Some(seen) = self.seen.get_mut(at) {
                *seen = false;
            }
        }
        self.active.clear();
    }
}

fn write(program: &mut Vec<Instruction>, part: &PatternPart) -> Result<(), String> {
    if program.len() > INSTRUCTIONS {
        return Err("is too large: fewer or smaller counted repetitions".to_owned());
    }
    match part {
        PatternPart::One(set) => program.push(Instruction::One(set.clone())),
        PatternPart::Assert(assertion) => program.push(Instruction::Assert(*assertion)),
        PatternPart::Sequence(parts) => parts.iter().try_for_each(|part| write(program, part))?,
        PatternPart::Either(parts) => write_either(program, parts)?,
        PatternPart::Repeat { part, least, most } => {
            for _ in 0..*least {
                let before = program.len();
                write(program, part)?;
                // A part without instructions need not be repeated.
                if program.len() == before {
                    break;
                }
            }
            match most {
                None => {
                    let split = hole(program);
                    write(program, part)?;
                    program.push(Instruction::Jump(split));
                    fill_split(program, split);
                }
                Some(most) => {
                    for _ in *least..*most {
                        let split = hole(program);
                        write(program, part)?;
                        fill_split(program, split);
                    }
                }
            }
        }
    }
    Ok(())
}

fn write_either(program: &mut Vec<Instruction>, parts: &[PatternPart]) -> Result<(), String> {
    let Some((last, others)) = parts.split_last() else { return Ok(()) };
    let mut ends = Vec::new();
    for part in others {
        let split = hole(program);
        write(program, part)?;
        ends.push(hole(program));
        fill_split(program, split);
    }
    write(program, last)?;
    for end in ends {
        let here = program.len();
        fill(program, end, Instruction::Jump(here));
    }
    Ok(())
}

/// Reserves a place for an instruction that is known later.
fn hole(program: &mut Vec<Instruction>) -> usize {
    program.push(Instruction::Jump(0));
    program.len().saturating_sub(1)
}

/// Fills the place with a split: to the instruction behind it, or to the next one written.
fn fill_split(program: &mut [Instruction], at: usize) {
    let here = program.len();
    fill(program, at, Instruction::Split(at.saturating_add(1), here));
}

fn fill(program: &mut [Instruction], at: usize, instruction: Instruction) {
    if let Some(place) = program.get_mut(at) {
        *place = instruction;
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
