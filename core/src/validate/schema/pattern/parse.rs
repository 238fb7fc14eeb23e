//! Parses a pattern (ECMA 262 section 22.2.1, `u` mode).

use super::set::CharacterSet;
use super::{Assertion, PatternPart};

/// Most groups open at once.
const DEPTH: usize = 32;

/// Most repetitions that a counted repetition may ask for.
const TIMES: u32 = 1_000;

/// Most bytes of a pattern.
const BYTES: usize = 2_048;

/// Parses a pattern into its parts.
pub(super) fn parse(source: &str) -> Result<PatternPart, String> {
    if source.len() > BYTES {
        return Err(format!("is longer than {BYTES} bytes"));
    }
    let mut reader = PatternReader { rest: source.chars().collect::<Vec<_>>().into_iter().peekable(), depth: 0 };
    let part = reader.either()?;
    match reader.rest.next() {
        None => Ok(part),
        Some(letter) => Err(format!("has a `{letter}` that closes nothing")),
    }
}

struct PatternReader {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    depth: usize,
}

impl PatternReader {
    fn eat(&mut self, letter: char) -> bool {
        self.rest.next_if_eq(&letter).is_some()
    }

    fn next(&mut self) -> Result<char, String> {
        self.rest.next().ok_or_else(|| "ends too soon".to_owned())
    }

    fn either(&mut self) -> Result<PatternPart, String> {
        let mut parts = vec![self.sequence()?];
        while self.eat('|') {
            parts.push(self.sequence()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { PatternPart::Either(parts) })
    }

    fn sequence(&mut self) -> Result<PatternPart, String> {
        let mut parts = Vec::new();
        while let Some(letter) = self.rest.peek().copied() {
            if matches!(letter, '|' | ')') {
                break;
            }
            let part = self.one()?;
            parts.push(self.repeated(part)?);
        }
        Ok(PatternPart::Sequence(parts))
    }

    fn one(&mut self) -> Result<PatternPart, String> {
        match self.next()? {
            '^' => Ok(PatternPart::Assert(Assertion::Start)),
            '$' => Ok(PatternPart::Assert(Assertion::End)),
            '.' => Ok(PatternPart::One(CharacterSet::any())),
            '(' => self.group(),
            '[' => self.set().map(PatternPart::One),
            '\\' if self.eat('b') => Ok(PatternPart::Assert(Assertion::WordBoundary)),
            '\\' if self.eat('B') => Ok(PatternPart::Assert(Assertion::NoWordBoundary)),
            '\\' => self.escape(false).map(PatternPart::One),
            letter @ ('*' | '+' | '?' | '{') => Err(format!("has a `{letter}` that repeats nothing")),
            letter @ (']' | '}') => Err(format!("has a `{letter}` that closes nothing: write `\\{letter}`")),
            letter => Ok(PatternPart::One(CharacterSet::one(u32::from(letter)))),
        }
    }

    fn group(&mut self) -> Result<PatternPart, String> {
        if self.eat('?') {
            match self.next()? {
                ':' => {}
                '<' if !matches!(self.rest.peek(), Some('=' | '!')) => while self.next()? != '>' {},
                _ => return Err("uses look-around, which is not supported".to_owned()),
            }
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH {
            return Err(format!("nests more than {DEPTH} groups"));
        }
        let part = self.either()?;
        self.depth = self.depth.saturating_sub(1);
        if self.eat(')') { Ok(part) } else { Err("has a `(` that is never closed".to_owned()) }
    }

    fn repeated(&mut self, part: PatternPart) -> Result<PatternPart, String> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(part),
            _ => return Ok(part),
        };
        self.next()?;
        self.closed(part, least, most)
    }

    fn counted(&mut self, part: PatternPart) -> Result<PatternPart, String> {
        self.next()?;
        let least = self.times()?;
        let most = match (self.eat(','), self.rest.peek()) {
            (false, _) => Some(least),
            (true, Some('}')) => None,
            (true, _) => Some(self.times()?),
        };
        if !self.eat('}') {
            return Err("has a `{` that is no count".to_owned());
        }
        if most.is_some_and(|most| most < least) {
            return Err("has a count whose end lies before its beginning".to_owned());
        }
        self.closed(part, least, most)
    }

    fn closed(&mut self, part: PatternPart, least: u32, most: Option<u32>) -> Result<PatternPart, String> {
        if matches!(part, PatternPart::Assert(_)) {
            return Err("repeats an assertion".to_owned());
        }
        self.eat('?');
        Ok(PatternPart::Repeat { part: Box::new(part), least, most })
    }

    fn times(&mut self) -> Result<u32, String> {
        let mut times = None;
        while let Some(digit) = self.rest.peek().and_then(|letter| letter.to_digit(10)) {
            self.next()?;
            times = Some(times.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit));
        }
        let times = times.ok_or_else(|| "has a `{` that is no count".to_owned())?;
        if times > TIMES { Err(format!("repeats more than {TIMES} times")) } else { Ok(times) }
    }

    fn set(&mut self) -> Result<CharacterSet, String> {
        let mut set = CharacterSet { ranges: Vec::new(), is_negated: false };
        let is_negated = self.eat('^');
        loop {
            let low = match self.next()? {
                ']' => break,
                '\\' => self.escape(true)?,
                letter => CharacterSet::one(u32::from(letter)),
            };
            let mut range = self.rest.clone();
            range.next();
            let is_range = self.rest.peek() == Some(&'-') && range.peek().is_some_and(|letter| *letter != ']');
            if !is_range {
                set.add(&low);
                continue;
            }
            self.next()?;
            let high = match self.next()? {
                '\\' => self.escape(true)?,
                letter => CharacterSet::one(u32::from(letter)),
            };
            match (single(&low), single(&high)) {
                (Some(low), Some(high)) if low <= high => set.ranges.push((low, high)),
                _ => return Err("has a range of characters that is none".to_owned()),
            }
        }
        set.is_negated = is_negated;
        Ok(set)
    }

    /// Parses the escape behind a backslash.
    fn escape(&mut self, in_set: bool) -> Result<CharacterSet, String> {
        let letter = self.next()?;
        if let Some(class) = CharacterSet::class(letter) {
            return Ok(class);
        }
        let code = match letter {
            't' => 0x09,
            'n' => 0x0a,
            'v' => 0x0b,
            'f' => 0x0c,
            'r' => 0x0d,
            'b' if in_set => 0x08,
            '-' if in_set => u32::from('-'),
            'c' => match self.next()? {
                control if control.is_ascii_alphabetic() => u32::from(control) & 0x1f,
                _ => return Err("has a `\\c` without a letter".to_owned()),
            },
            '0' if !matches!(self.rest.peek(), Some('0'..='9')) => 0,
            'x' => self.hex(2)?,
            'u' => self.unicode()?,
            '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '/' => {
                u32::from(letter)
            }
            '1'..='9' | 'k' => return Err("uses a back-reference, which is not supported".to_owned()),
            'p' | 'P' => return Err(format!("uses `\\{letter}{{...}}`, which is not supported")),
            other => return Err(format!("has the escape `\\{other}`, which ECMA 262 does not know")),
        };
        Ok(CharacterSet::one(code))
    }

    fn unicode(&mut self) -> Result<u32, String> {
        if self.eat('{') {
            let mut code = 0_u32;
            while !self.eat('}') {
                let digit = self.next()?.to_digit(16).ok_or_else(|| "has a `\\u{` that is no number".to_owned())?;
                code = code.saturating_mul(16).saturating_add(digit);
            }
            return if code > 0x10_ffff { Err("has a `\\u{` beyond Unicode".to_owned()) } else { Ok(code) };
        }
        let first = self.hex(4)?;
        let mut ahead = self.rest.clone();
        if !(0xd800..=0xdbff).contains(&first) || ahead.next() != Some('\\') || ahead.next() != Some('u') {
            return Ok(first);
        }
        self.next()?;
        self.next()?;
        let units = [first, self.hex(4)?].map(|unit| u16::try_from(unit).unwrap_or_default());
        match char::decode_utf16(units).next() {
            Some(Ok(letter)) => Ok(u32::from(letter)),
            _ => Err("has half a surrogate pair".to_owned()),
        }
    }

    fn hex(&mut self, digits: usize) -> Result<u32, String> {
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self.next()?.to_digit(16).ok_or_else(|| "has an escape that is no number".to_owned())?;
            code = code.saturating_mul(16).saturating_add(digit);
        }
        Ok(code)
    }
}

fn single(set: &CharacterSet) -> Option<u32> {
    match (set.ranges.as_slice(), set.is_negated) {
        ([(low, high)], false) if low == high => Some(*low),
        _ => None,
    }
}
