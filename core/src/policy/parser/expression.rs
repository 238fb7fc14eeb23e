//! Conditions: Cedar's expressions, by recursive descent along its grammar.

use super::super::ast::{Binary, Expr, Kind, Piece, Unary, Variable};
use super::super::fault::ParseFault;
use super::super::lexer::{Letter, Lexeme, unescape};
use super::{Parser, unknown};
use crate::words::limits;
use crate::words::nearest::nearest;

/// An expression and its depth.
type Parsed = (Expr, usize);

/// Functions that construct a value, and methods without arguments.
const UNARY: [(&str, Unary); 7] = [
    ("ip", Unary::Ip),
    ("decimal", Unary::Decimal),
    ("isEmpty", Unary::IsEmpty),
    ("isIpv4", Unary::IsIpv4),
    ("isIpv6", Unary::IsIpv6),
    ("isLoopback", Unary::IsLoopback),
    ("isMulticast", Unary::IsMulticast),
];

/// Number of functions in [`UNARY`].
const FUNCTIONS: usize = 2;

/// Methods with one argument.
const BINARY: [(&str, Binary); 8] = [
    ("contains", Binary::Contains),
    ("containsAll", Binary::ContainsAll),
    ("containsAny", Binary::ContainsAny),
    ("lessThan", Binary::DecimalLess),
    ("lessThanOrEqual", Binary::DecimalLessEqual),
    ("greaterThan", Binary::DecimalGreater),
    ("greaterThanOrEqual", Binary::DecimalGreaterEqual),
    ("isInRange", Binary::IsInRange),
];

impl Parser<'_> {
    /// Parses the body of `when` or `unless`.
    pub(super) fn condition(&mut self, is_when: bool) -> Result<Expr, ParseFault> {
        let (expr, depth) = self.expression()?;
        if is_when {
            return Ok(expr);
        }
        self.node(Expr::Unary(Unary::Not, Box::new(expr)), depth).map(|(expr, _)| expr)
    }

    /// Counts an expression whose deepest part has the depth `below`.
    fn node(&mut self, expr: Expr, below: usize) -> Result<Parsed, ParseFault> {
        let depth = below.saturating_add(1);
        self.nodes = self.nodes.saturating_add(1);
        if depth > limits::POLICY_DEPTH {
            return Err(self.too_deep());
        }
        if self.nodes > limits::POLICY_NODES {
            let message = format!("this policy has more than {} expressions", limits::POLICY_NODES);
            return Err(ParseFault::at(self.at, message));
        }
        Ok((expr, depth))
    }

    fn too_deep(&self) -> ParseFault {
        ParseFault::at(self.at, format!("this is nested more than {} deep", limits::POLICY_DEPTH))
    }

    fn expression(&mut self) -> Result<Parsed, ParseFault> {
        if self.depth >= limits::POLICY_DEPTH {
            return Err(self.too_deep());
        }
        self.depth = self.depth.saturating_add(1);
        let parsed = if self.is_word("if") { self.conditional() } else { self.or() };
        self.depth = self.depth.saturating_sub(1);
        parsed
    }

    fn conditional(&mut self) -> Result<Parsed, ParseFault> {
        self.bump()?;
        let (condition, first) = self.expression()?;
        self.expect_word("then")?;
        let (then, second) = self.expression()?;
        self.expect_word("else")?;
        let (other, third) = self.expression()?;
        self.node(Expr::If(Box::new([condition, then, other])), first.max(second).max(third))
    }

    fn or(&mut self) -> Result<Parsed, ParseFault> {
        self.chain("||", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Parsed, ParseFault> {
        self.chain("&&", Self::relation, Expr::And)
    }

    /// Parses `part sign part sign part` as one expression, with any number of parts.
    // `part` is no function pointer: those stand in the module's table, and the functions they call would stay in a
    // Worker that no longer parses policies.
    fn chain(
        &mut self,
        sign: &str,
        part: impl Fn(&mut Self) -> Result<Parsed, ParseFault>,
        make: fn(Box<[Expr]>) -> Expr,
    ) -> Result<Parsed, ParseFault> {
        let (first, mut depth) = part(self)?;
        if !self.is_sign(sign) {
            return Ok((first, depth));
        }
        let mut parts = vec![first];
        while self.takes(sign)? {
            let (next, below) = part(self)?;
            depth = depth.max(below);
            parts.push(next);
        }
        self.node(make(parts.into()), depth)
    }

    fn relation(&mut self) -> Result<Parsed, ParseFault> {
        let (left, below) = self.sum()?;
        let operation = match self.token {
            Lexeme::Sign("==") => Binary::Equal,
            Lexeme::Sign("!=") => Binary::NotEqual,
            Lexeme::Sign("<") => Binary::Less,
            Lexeme::Sign("<=") => Binary::LessEqual,
            Lexeme::Sign(">") => Binary::Greater,
            Lexeme::Sign(">=") => Binary::GreaterEqual,
            Lexeme::Sign("=") => return Err(ParseFault::at(self.at, "`=` is no operator: write `==`")),
            Lexeme::Word("in") => Binary::In,
            Lexeme::Word("has") => return self.has(left, below),
            Lexeme::Word("like") => return self.like(left, below),
            Lexeme::Word("is") => return self.is(left, below),
            _ => return Ok((left, below)),
        };
        self.bump()?;
        let (right, other) = self.sum()?;
        let is_another = matches!(self.token, Lexeme::Sign("==" | "!=" | "<" | "<=" | ">" | ">="))
            || matches!(self.token, Lexeme::Word("in" | "has" | "like" | "is"));
        if is_another {
            return Err(ParseFault::at(self.at, "comparisons do not chain: put parentheses around one"));
        }
        self.binary(operation, (left, below), (right, other))
    }

    fn binary(&mut self, operation: Binary, left: Parsed, right: Parsed) -> Result<Parsed, ParseFault> {
        self.node(Expr::Binary(operation, Box::new([left.0, right.0])), left.1.max(right.1))
    }

    fn has(&mut self, left: Expr, below: usize) -> Result<Parsed, ParseFault> {
        self.bump()?;
        if matches!(self.token, Lexeme::Text(_)) {
            let name = self.text()?;
            return self.node(Expr::Has(Box::new(left), Box::new([name])), below);
        }
        let mut names = vec![self.name("the name of an attribute")?.into()];
        while self.takes(".")? {
            names.push(self.name("the name of an attribute")?.into());
            if names.len() > limits::POLICY_DEPTH {
                return Err(self.too_deep());
            }
        }
        self.node(Expr::Has(Box::new(left), names.into()), below)
    }

    fn like(&mut self, left: Expr, below: usize) -> Result<Parsed, ParseFault> {
        self.bump()?;
        let Lexeme::Text(raw) = self.token else {
            return self.expected("a pattern in quotes");
        };
        let (_, at) = self.bump()?;
        let letters = unescape(raw).ok_or_else(|| ParseFault::at(at, "this pattern has an escape that is none"))?;
        let piece =
            |(letter, is_star): Letter| if letter == '*' && !is_star { Piece::Any } else { Piece::Letter(letter) };
        let mut pieces: Vec<Piece> = letters.into_iter().map(piece).collect();
        // Two stars in a row match the same as one.
        pieces.dedup_by(|next, last| *next == Piece::Any && *last == Piece::Any);
        self.node(Expr::Like(Box::new(left), pieces.into()), below)
    }

    fn is(&mut self, left: Expr, below: usize) -> Result<Parsed, ParseFault> {
        self.bump()?;
        let at = self.at;
        let name = self.name("a type of entities")?;
        let kind = self.kind(name, at);
        if !self.is_word("in") {
            return self.node(Expr::Is(Box::new(left), kind, None), below);
        }
        self.bump()?;
        let (container, other) = self.sum()?;
        self.node(Expr::Is(Box::new(left), kind, Some(Box::new(container))), below.max(other))
    }

    fn sum(&mut self) -> Result<Parsed, ParseFault> {
        let mut left = self.product()?;
        loop {
            let operation = match self.token {
                Lexeme::Sign("+") => Binary::Add,
                Lexeme::Sign("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.bump()?;
            let right = self.product()?;
            left = self.binary(operation, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Parsed, ParseFault> {
        let mut left = self.signed()?;
        loop {
            match self.token {
                Lexeme::Sign("*") => {}
                Lexeme::Sign("%") => return Err(ParseFault::at(self.at, "Cedar has no remainder")),
                _ => return Ok(left),
            }
            self.bump()?;
            let right = self.signed()?;
            left = self.binary(Binary::Multiply, left, right)?;
        }
    }

    /// Parses up to four `!` or four `-`, and their operand.
    fn signed(&mut self) -> Result<Parsed, ParseFault> {
        let (sign, operation) = match self.token {
            Lexeme::Sign("!") => ("!", Unary::Not),
            Lexeme::Sign("-") => ("-", Unary::Negate),
            _ => return self.member(),
        };
        let mut count = 0_usize;
        while self.takes(sign)? {
            count = count.saturating_add(1);
        }
        if count > 4 {
            return Err(ParseFault::at(self.at, "at most four of these in a row"));
        }
        let mut parsed = match self.token {
            // A minus sign next to a number is part of it: the least number cannot be written otherwise.
            Lexeme::Number(digits) if operation == Unary::Negate => {
                let (_, at) = self.bump()?;
                let magnitude: Option<u64> = digits.parse().ok();
                let number = magnitude.and_then(|magnitude| 0_i64.checked_sub_unsigned(magnitude));
                let number = number.ok_or_else(|| ParseFault::at(at, "this number does not fit into 64 bits"))?;
                if matches!(self.token, Lexeme::Sign("." | "[" | "(")) {
                    return Err(ParseFault::at(at, "a number has no attributes"));
                }
                count = count.saturating_sub(1);
                self.node(Expr::Long(number), 0)?
            }
            _ => self.member()?,
        };
        for _ in 0..count {
            parsed = self.node(Expr::Unary(operation, Box::new(parsed.0)), parsed.1)?;
        }
        Ok(parsed)
    }

    fn member(&mut self) -> Result<Parsed, ParseFault> {
        let mut head = self.primary()?;
        loop {
            if self.takes("[")? {
                let name = self.text()?;
                self.expect("]")?;
                head = self.node(Expr::Attribute(Box::new(head.0), name), head.1)?;
            } else if self.takes(".")? {
                let at = self.at;
                let name = self.name("an attribute or a method")?;
                head = if self.takes("(")? {
                    self.method(head, name, at)?
                } else {
                    self.node(Expr::Attribute(Box::new(head.0), name.into()), head.1)?
                };
            } else if self.is_sign("(") {
                return Err(ParseFault::at(self.at, "this is nothing that can be called"));
            } else {
                return Ok(head);
            }
        }
    }

    /// Parses the rest of a method call, behind its `(`.
    fn method(&mut self, head: Parsed, name: &str, at: usize) -> Result<Parsed, ParseFault> {
        let mut arguments = self.arguments(")")?;
        let unary = UNARY.iter().skip(FUNCTIONS).find(|(known, _)| *known == name);
        let binary = BINARY.iter().find(|(known, _)| *known == name);
        match (unary, binary, arguments.len()) {
            (Some((_, operation)), _, 0) => self.node(Expr::Unary(*operation, Box::new(head.0)), head.1),
            (_, Some((_, operation)), 1) => {
                let argument = arguments.pop().unwrap_or((Expr::Bool(false), 0));
                self.binary(*operation, head, argument)
            }
            (Some(_), ..) => Err(ParseFault::at(at, "this method takes no argument")),
            (_, Some(_), _) => Err(ParseFault::at(at, "this method takes one argument")),
            _ => {
                let known = UNARY.iter().skip(FUNCTIONS).map(|(known, _)| *known);
                let known = known.chain(BINARY.iter().map(|(known, _)| *known));
                Err(ParseFault::at(at, unknown("method", name, nearest(name, known, 1).first().copied())))
            }
        }
    }

    /// Parses expressions up to the closing sign; a comma may stand behind the last.
    fn arguments(&mut self, close: &'static str) -> Result<Vec<Parsed>, ParseFault> {
        let mut found = Vec::new();
        while !self.takes(close)? {
            found.push(self.expression()?);
            if !self.is_sign(close) {
                self.expect(",")?;
            }
        }
        Ok(found)
    }

    fn primary(&mut self) -> Result<Parsed, ParseFault> {
        match self.token {
            Lexeme::Number(digits) => {
                let (_, at) = self.bump()?;
                let number = digits.parse().map_err(|_| ParseFault::at(at, "this number does not fit into 64 bits"))?;
                self.node(Expr::Long(number), 0)
            }
            Lexeme::Text(_) => {
                let text = self.text()?;
                self.node(Expr::Text(text), 0)
            }
            Lexeme::Word("true" | "false") => {
                let value = self.is_word("true");
                self.bump()?;
                self.node(Expr::Bool(value), 0)
            }
            Lexeme::Word(_) => self.named(),
            Lexeme::Sign("(") => {
                self.bump()?;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Lexeme::Sign("[") => {
                self.bump()?;
                let parts = self.arguments("]")?;
                let depth = parts.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
                let items: Box<[Expr]> = parts.into_iter().map(|(expr, _)| expr).collect();
                let is_literal = items.iter().all(Expr::is_literal);
                self.node(if is_literal { Expr::LiteralSet(items) } else { Expr::Set(items) }, depth)
            }
            Lexeme::Sign("{") => self.record(),
            _ => self.expected("an expression"),
        }
    }

    /// Parses a variable, an entity or a function call.
    fn named(&mut self) -> Result<Parsed, ParseFault> {
        let at = self.at;
        let name = self.name("an expression")?;
        if self.takes("::")? {
            let uid = self.entity_named(name, at)?;
            return self.node(Expr::Entity(uid), 0);
        }
        if self.takes("(")? {
            let mut arguments = self.arguments(")")?;
            let function = UNARY.iter().take(FUNCTIONS).find(|(known, _)| *known == name);
            return match (function, arguments.pop(), arguments.is_empty()) {
                (Some((_, operation)), Some((argument, below)), true) => {
                    self.node(Expr::Unary(*operation, Box::new(argument)), below)
                }
                (Some(_), ..) => Err(ParseFault::at(at, "this function takes one argument")),
                (None, ..) => Err(ParseFault::at(at, unknown("function", name, Some("ip or decimal")))),
            };
        }
        match Variable::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, variable)) => self.node(Expr::Variable(*variable), 0),
            None if Kind::named(name).is_some() => self.expected("`::`"),
            None => {
                let known = Variable::ALL.iter().map(|(known, _)| *known);
                Err(ParseFault::at(at, unknown("variable", name, nearest(name, known, 1).first().copied())))
            }
        }
    }

    fn record(&mut self) -> Result<Parsed, ParseFault> {
        self.bump()?;
        let mut members: Vec<(Box<str>, Expr)> = Vec::new();
        let mut depth = 0;
        while !self.takes("}")? {
            let at = self.at;
            let name = if matches!(self.token, Lexeme::Text(_)) { self.text()? } else { self.name("a name")?.into() };
            if members.iter().any(|(known, _)| *known == name) {
                self.fault(at, "this member stands here twice");
            }
            self.expect(":")?;
            let (value, below) = self.expression()?;
            depth = depth.max(below);
            members.push((name, value));
            if !self.is_sign("}") {
                self.expect(",")?;
            }
        }
        self.node(Expr::Record(members.into()), depth)
    }
}
