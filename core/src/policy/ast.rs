//! The syntax tree of a policy: a scope, and conditions over the request.

use crate::policy::PolicyMode;
use crate::words::action::Action;

/// Names the kinds of entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Caller,
    Role,
    Tenant,
    Action,
    Tool,
    Toolkit,
    Executor,
    Gateway,
    Project,
}

impl Kind {
    pub(crate) const ALL: [(&'static str, Self); 9] = [
        ("Caller", Self::Caller),
        ("Role", Self::Role),
        ("Tenant", Self::Tenant),
        ("Action", Self::Action),
        ("Tool", Self::Tool),
        ("Toolkit", Self::Toolkit),
        ("Executor", Self::Executor),
        ("Gateway", Self::Gateway),
        ("Project", Self::Project),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// Returns true for kinds with case-insensitive names: entities of tools and toolkits are compared in lower case.
    pub(crate) const fn is_folded(self) -> bool {
        matches!(self, Self::Tool | Self::Toolkit)
    }
}

/// An entity as a policy names it: `Tool::"Calc.Plus"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uid {
    pub(crate) kind: Kind,
    pub(crate) id: Box<str>,
}

/// The effect of a policy that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Permit,
    Forbid,
}

/// The scope's constraint on the principal or the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Constraint {
    Any,
    Equal(Uid),
    In(Uid),
    Is(Kind),
    IsIn(Kind, Uid),
}

/// A set of actions, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actions(u64);

const _: () = assert!(Action::ALL.len() <= 64, "a set of actions is 64 bits");

impl Actions {
    pub(crate) const EVERY: Self = Self(u64::MAX);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn with(self, action: Action) -> Self {
        Self(self.0 | 1_u64.wrapping_shl(action as u32))
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, action: Action) -> bool {
        self.0 & 1_u64.wrapping_shl(action as u32) != 0
    }
}

/// One policy.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The policy's `@id`, or `policy` and its position in its set.
    pub(crate) id: Box<str>,
    pub(crate) effect: Effect,
    pub(crate) mode: PolicyMode,
    pub(crate) principal: Constraint,
    pub(crate) actions: Actions,
    pub(crate) resource: Constraint,
    /// The conditions, all of which must hold, in this order; `unless` is a negation.
    pub(crate) conditions: Box<[Expr]>,
}

/// Names the variables of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    Principal,
    Action,
    Resource,
    Context,
}

impl Variable {
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("principal", Self::Principal),
        ("action", Self::Action),
        ("resource", Self::Resource),
        ("context", Self::Context),
    ];
}

/// Operations on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Negate,
    IsEmpty,
    Ip,
    Decimal,
    IsIpv4,
    IsIpv6,
    IsLoopback,
    IsMulticast,
}

/// Operations on two values, both of which are always evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    In,
    Contains,
    ContainsAll,
    ContainsAny,
    DecimalLess,
    DecimalLessEqual,
    DecimalGreater,
    DecimalGreaterEqual,
    IsInRange,
}

/// A piece of a pattern of `like`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// `*`: any text, also none.
    Any,
    Letter(char),
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Bool(bool),
    Long(i64),
    Text(Box<str>),
    Entity(Uid),
    Variable(Variable),
    /// Condition, then, else.
    If(Box<[Expr; 3]>),
    /// Evaluated from left to right, up to the first that is false.
    And(Box<[Expr]>),
    /// Evaluated from left to right, up to the first that is true.
    Or(Box<[Expr]>),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<[Expr; 2]>),
    Attribute(Box<Expr>, Box<str>),
    /// `a has b.c`: each step must have the next.
    Has(Box<Expr>, Box<[Box<str>]>),
    Like(Box<Expr>, Box<[Piece]>),
    /// `e is T`, and `e is T in x`: `x` is evaluated only if the type matches.
    Is(Box<Expr>, Kind, Option<Box<Expr>>),
    Set(Box<[Expr]>),
    /// A set of literals only: it needs no evaluation.
    LiteralSet(Box<[Expr]>),
    Record(Box<[(Box<str>, Expr)]>),
}

impl Expr {
    pub(crate) const fn is_literal(&self) -> bool {
        matches!(self, Self::Bool(_) | Self::Long(_) | Self::Text(_) | Self::Entity(_))
    }
}
