//! From Cedar text to policies: annotations, effect, scope, conditions.
//!
//! A documented part of Cedar's grammar (docs/policy.md) is parsed as Cedar parses it; everything else is refused by
//! name. The parser recovers behind the `;` of a faulty policy, so that all faults are reported at once.

mod expression;

use super::ast::{Actions, Constraint, Effect, Kind, Policy, Uid};
use super::fault::ParseFault;
use super::lexer::{Lexeme, Lexer, unescape};
use crate::policy::PolicyMode;
use crate::words::action::{Action, ActionPattern};
use crate::words::limits;
use crate::words::nearest::nearest;

/// Reserved words.
const RESERVED: [&str; 10] = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"];

/// Returns the policies of a text, each with its offset. `taken` is the number of earlier policies in the same set.
///
/// # Errors
/// Every fault found, in the order of the text.
pub(super) fn parse(text: &str, taken: usize) -> Result<Vec<(usize, Policy)>, Vec<ParseFault>> {
    let mut parser =
        Parser { lexer: Lexer::new(text), token: Lexeme::End, at: 0, nodes: 0, depth: 0, faults: Vec::new() };
    let mut policies = Vec::new();
    if let Err(fault) = parser.bump() {
        parser.faults.push(fault);
        parser.recover();
    }
    while parser.token != Lexeme::End {
        let number = taken.saturating_add(policies.len());
        if number >= limits::POLICIES {
            let message = format!("there are more than {} policies", limits::POLICIES);
            parser.faults.push(ParseFault::at(parser.at, message));
            break;
        }
        let at = parser.at;
        match parser.policy(number) {
            Ok(policy) => policies.push((at, policy)),
            Err(fault) => {
                parser.faults.push(fault);
                parser.recover();
            }
        }
    }
    if parser.faults.is_empty() { Ok(policies) } else { Err(parser.faults) }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The next token, and the offset of its start.
    token: Lexeme<'t>,
    at: usize,
    /// Number of expressions in this policy so far.
    nodes: usize,
    /// Depth of open parentheses, conditions and the like.
    depth: usize,
    faults: Vec<ParseFault>,
}

impl<'t> Parser<'t> {
    /// Takes the next token; returns it and the offset of its start.
    fn bump(&mut self) -> Result<(Lexeme<'t>, usize), ParseFault> {
        let taken = (self.token, self.at);
        (self.token, self.at) = self.lexer.next()?;
        Ok(taken)
    }

    /// Skips the rest of a faulty policy.
    fn recover(&mut self) {
        let mut is_behind = self.token == Lexeme::Sign(";");
        loop {
            match self.lexer.next() {
                Ok((token, at)) => {
                    (self.token, self.at) = (token, at);
                    if is_behind || token == Lexeme::End {
                        return;
                    }
                    is_behind = token == Lexeme::Sign(";");
                }
                Err(_) if is_behind => return self.token = Lexeme::Sign("?"),
                Err(_) => {}
            }
        }
    }

    /// Reports an expected token that is missing, and abandons the policy.
    fn expected<T>(&self, what: &str) -> Result<T, ParseFault> {
        let found = match self.token {
            Lexeme::End => "the end of the text".to_owned(),
            Lexeme::Word(text) | Lexeme::Number(text) | Lexeme::Sign(text) => {
                let mut found = "`".to_owned();
                found.push_str(text);
                found.push('`');
                found
            }
            Lexeme::Text(_) => "a text".to_owned(),
        };
        let mut message = "expected ".to_owned();
        message.push_str(what);
        message.push_str(", found ");
        message.push_str(&found);
        Err(ParseFault::at(self.at, message))
    }

    /// Records a fault after which the rest of the policy can still be parsed.
    fn fault(&mut self, at: usize, message: impl Into<String>) {
        self.faults.push(ParseFault::at(at, message));
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.token == Lexeme::Sign(sign)
    }

    fn is_word(&self, word: &str) -> bool {
        self.token == Lexeme::Word(word)
    }

    /// Takes the sign if it is next.
    fn takes(&mut self, sign: &str) -> Result<bool, ParseFault> {
        let is_there = self.is_sign(sign);
        if is_there {
            self.bump()?;
        }
        Ok(is_there)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), ParseFault> {
        if self.takes(sign)? {
            return Ok(());
        }
        let mut what = "`".to_owned();
        what.push_str(sign);
        what.push('`');
        self.expected(&what)
    }

    fn expect_word(&mut self, word: &'static str) -> Result<(), ParseFault> {
        if self.is_word(word) { self.bump().map(|_| ()) } else { self.expected(word) }
    }

    /// Takes a name that is not reserved.
    fn name(&mut self, what: &str) -> Result<&'t str, ParseFault> {
        match self.token {
            Lexeme::Word(word) if RESERVED.contains(&word) => {
                let mut message = word.to_owned();
                message.push_str(" is a reserved word: write [\"");
                message.push_str(word);
                message.push_str("\"]");
                Err(ParseFault::at(self.at, message))
            }
            Lexeme::Word(word) => {
                self.bump()?;
                Ok(word)
            }
            _ => self.expected(what),
        }
    }

    fn text(&mut self) -> Result<Box<str>, ParseFault> {
        let Lexeme::Text(raw) = self.token else {
            return self.expected("a text in quotes");
        };
        let (_, at) = self.bump()?;
        let plain = || {
            ParseFault::at(
                at,
                "this text has an escape that is none: known are \\n \\r \\t \\\\ \\0 \\' \\\" \\x7F \\u{1F600}",
            )
        };
        if !raw.contains(['\\', '\r']) {
            return Ok(raw.into());
        }
        let letters = unescape(raw).filter(|letters| !letters.iter().any(|(_, is_star)| *is_star)).ok_or_else(plain)?;
        Ok(letters.into_iter().map(|(letter, _)| letter).collect::<String>().into())
    }

    fn policy(&mut self, number: usize) -> Result<Policy, ParseFault> {
        (self.nodes, self.depth) = (0, 0);
        let begun = self.at;
        let Annotations { id, mode } = self.annotations()?;
        let effect = if self.is_word("permit") {
            Effect::Permit
        } else if self.is_word("forbid") {
            Effect::Forbid
        } else {
            return self.expected("permit or forbid");
        };
        self.bump()?;
        self.expect("(")?;
        self.expect_word("principal")?;
        let principal = self.constraint(&[Kind::Caller, Kind::Role, Kind::Tenant])?;
        self.expect(",")?;
        self.expect_word("action")?;
        let actions = self.actions()?;
        self.expect(",")?;
        self.expect_word("resource")?;
        let resource = self.constraint(&[Kind::Tool, Kind::Toolkit, Kind::Executor, Kind::Gateway, Kind::Project])?;
        self.takes(",")?;
        self.expect(")")?;
        let mut conditions = Vec::new();
        loop {
            let is_when = self.is_word("when");
            if !is_when && !self.is_word("unless") {
                break;
            }
            self.bump()?;
            self.expect("{")?;
            let condition = self.condition(is_when)?;
            self.expect("}")?;
            conditions.push(condition);
        }
        if !self.is_sign(";") {
            return self.expected("when, unless or `;`");
        }
        self.bump()?;
        let id = id.unwrap_or_else(|| {
            let mut id = "policy".to_owned();
            id.push_str(&number.to_string());
            id.into()
        });
        if id.is_empty() || id.len() > limits::POLICY_ID_BYTES || id.chars().any(char::is_control) {
            let message = format!("@id must have 1 to {} bytes and no control characters", limits::POLICY_ID_BYTES);
            self.fault(begun, message);
        }
        Ok(Policy { id, effect, mode, principal, actions, resource, conditions: conditions.into() })
    }

    fn annotations(&mut self) -> Result<Annotations, ParseFault> {
        let mut found = Annotations { id: None, mode: PolicyMode::Enforce };
        let mut seen: Vec<&str> = Vec::new();
        while self.takes("@")? {
            let Lexeme::Word(key) = self.token else {
                return self.expected("the name of an annotation");
            };
            let (_, at) = self.bump()?;
            let mut value: Box<str> = "".into();
            if self.takes("(")? {
                value = self.text()?;
                self.expect(")")?;
            }
            if seen.contains(&key) {
                self.fault(at, "this annotation stands here twice");
            }
            seen.push(key);
            match (key, &*value) {
                ("id", _) => found.id = Some(value),
                ("mode", "enforce") => {}
                ("mode", "dry_run") => found.mode = PolicyMode::DryRun,
                ("mode", _) => self.fault(at, "@mode must be \"enforce\" or \"dry_run\""),
                _ => {}
            }
        }
        Ok(found)
    }

    /// Parses the scope's constraint on the principal or resource, which is one of `kinds` or within one.
    fn constraint(&mut self, kinds: &[Kind]) -> Result<Constraint, ParseFault> {
        if self.is_word("is") {
            self.bump()?;
            let kind = self.kind_of(kinds)?;
            if self.is_word("in") {
                self.bump()?;
                return Ok(Constraint::IsIn(kind, self.entity_of(kinds)?));
            }
            return Ok(Constraint::Is(kind));
        }
        if self.is_word("in") {
            self.bump()?;
            return Ok(Constraint::In(self.entity_of(kinds)?));
        }
        if self.takes("==")? {
            return Ok(Constraint::Equal(self.entity_of(kinds)?));
        }
        Ok(Constraint::Any)
    }

    fn entity_of(&mut self, kinds: &[Kind]) -> Result<Uid, ParseFault> {
        let at = self.at;
        let uid = self.entity()?;
        if !kinds.contains(&uid.kind) {
            self.fault(at, "no such entity can stand here: see the table of entities in docs/policy.md");
        }
        Ok(uid)
    }

    fn kind_of(&mut self, kinds: &[Kind]) -> Result<Kind, ParseFault> {
        let at = self.at;
        let name = self.name("a type of entities")?;
        let kind = self.kind(name, at);
        if !kinds.contains(&kind) {
            self.fault(at, "no entity of this type can stand here: see the table of entities in docs/policy.md");
        }
        Ok(kind)
    }

    /// Returns the kind with this name. An unknown one is a fault, and parsing goes on as if it were known.
    fn kind(&mut self, name: &str, at: usize) -> Kind {
        Kind::named(name).unwrap_or_else(|| {
            let known = Kind::ALL.iter().map(|(known, _)| *known);
            self.fault(at, unknown("type of entities", name, nearest(name, known, 1).first().copied()));
            Kind::Gateway
        })
    }

    /// Parses an entity, `Tool::"Calc.Plus"`.
    fn entity(&mut self) -> Result<Uid, ParseFault> {
        let at = self.at;
        let name = self.name("an entity such as Tool::\"Calc.Plus\"")?;
        self.expect("::")?;
        self.entity_named(name, at)
    }

    /// Parses the rest of an entity, behind its type and `::`.
    fn entity_named(&mut self, name: &str, at: usize) -> Result<Uid, ParseFault> {
        if matches!(self.token, Lexeme::Word(_)) {
            return Err(ParseFault::at(at, "types of entities have no namespace here"));
        }
        let kind = self.kind(name, at);
        let mut id = self.text()?;
        if kind.is_folded() {
            id.make_ascii_lowercase();
        }
        if kind == Kind::Action {
            self.actions_named(&id, at);
        }
        Ok(Uid { kind, id })
    }

    fn actions(&mut self) -> Result<Actions, ParseFault> {
        if self.takes("==")? {
            let at = self.at;
            let uid = self.action_entity()?;
            let one = Action::ALL.iter().find(|action| action.as_str() == &*uid.id);
            if one.is_none() && ActionPattern::new(&uid.id).is_some() {
                self.fault(at, "a group equals no action: write `action in`");
            }
            return Ok(one.map_or(Actions::NONE, |action| Actions::NONE.with(*action)));
        }
        if !self.is_word("in") {
            return Ok(Actions::EVERY);
        }
        self.bump()?;
        let mut actions = Actions::NONE;
        if !self.takes("[")? {
            let at = self.at;
            let uid = self.action_entity()?;
            return Ok(self.actions_named(&uid.id, at));
        }
        while !self.takes("]")? {
            let at = self.at;
            let uid = self.action_entity()?;
            actions = actions.union(self.actions_named(&uid.id, at));
            if !self.is_sign("]") {
                self.expect(",")?;
            }
        }
        Ok(actions)
    }

    fn action_entity(&mut self) -> Result<Uid, ParseFault> {
        self.entity_of(&[Kind::Action])
    }

    /// Returns the actions named by an action or a group.
    fn actions_named(&mut self, id: &str, at: usize) -> Actions {
        let Some(pattern) = ActionPattern::new(id) else {
            let known = Action::ALL.iter().map(|action| action.as_str());
            let message = unknown("action", id, nearest(id, known, 1).first().copied());
            // An action in a scope is parsed twice.
            if self.faults.last().is_none_or(|last| last.offset != at) {
                self.fault(at, message);
            }
            return Actions::NONE;
        };
        let matching = Action::ALL.iter().filter(|action| pattern.matches(**action));
        matching.fold(Actions::NONE, |actions, action| actions.with(*action))
    }
}

struct Annotations {
    id: Option<Box<str>>,
    mode: PolicyMode,
}

/// Builds a message such as `there is no action tools/cal; did you mean tools/call?`
fn unknown(what: &str, name: &str, near: Option<&str>) -> String {
    let mut message = "there is no ".to_owned();
    for part in [what, " ", name] {
        message.push_str(part);
    }
    if let Some(near) = near {
        for part in ["; did you mean ", near, "?"] {
            message.push_str(part);
        }
    }
    message
}
