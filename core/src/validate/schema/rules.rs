//! The compiled form of a schema: nodes in one list, each a list of rules.

use super::format::StringFormat;
use super::number::{Divisor, NormalizedNumber};
use super::pattern::Pattern;
use crate::words::json::Json;

/// A node's index in the list.
pub(super) type NodeId = usize;

/// One schema: its rules, in the order of checking.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) rules: Vec<Rule>,
    /// A rule depends on the members or items that the others have evaluated.
    pub(super) asks_evaluated: bool,
}

/// Kinds of values, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(pub(super) u8);

impl Kinds {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const STRING: Self = Self(4);
    pub(super) const ARRAY: Self = Self(8);
    pub(super) const OBJECT: Self = Self(16);
    pub(super) const NUMBER: Self = Self(32);
    /// Whole numbers only, unless [`Kinds::NUMBER`] is there too.
    pub(super) const INTEGER: Self = Self(64);

    /// Returns the union of both.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns true if one of `other` is among them.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the kind with this name in a schema.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            "number" => Self::NUMBER,
            "integer" => Self::INTEGER,
            _ => return None,
        })
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// Nothing fits.
    Never,
    Type {
        kinds: Kinds,
        noun: Box<str>,
    },
    /// A number within the range of doubles, unless written as a whole one: the numbers that workers make an integer
    /// of.
    Finite,
    /// A text is one of these; anything but a text fits.
    Words(Vec<Box<str>>),
    Enum(Vec<Json<'static>>),
    Const(Box<Json<'static>>),
    Bound {
        bound: Bound,
        limit: NormalizedNumber,
        /// The limit, if it is a plain integer: then no digits need be parsed.
        small: Option<i64>,
        text: Box<str>,
    },
    MultipleOf {
        divisor: Divisor,
        text: Box<str>,
    },
    Count {
        count: CountBound,
        limit: u64,
    },
    Pattern(Pattern),
    Format(StringFormat),
    UniqueItems,
    Items {
        first: Vec<NodeId>,
        rest: Option<NodeId>,
    },
    Contains {
        node: NodeId,
        least: u64,
        most: Option<u64>,
    },
    Members(Box<PropertyRules>),
    PropertyNames(NodeId),
    DependentRequired(Vec<(Box<str>, Vec<Box<str>>)>),
    DependentSchemas(Vec<(Box<str>, NodeId)>),
    AllOf(Vec<NodeId>),
    AnyOf(Vec<NodeId>),
    OneOf(Vec<NodeId>),
    Not(NodeId),
    If {
        condition: NodeId,
        then: Option<NodeId>,
        otherwise: Option<NodeId>,
    },
    Ref(NodeId),
    UnevaluatedItems(NodeId),
    UnevaluatedProperties(NodeId),
}

/// `properties`, `required`, `patternProperties` and `additionalProperties`, which belong together.
#[derive(Clone, Debug, Default)]
pub(super) struct PropertyRules {
    /// Named members, in the order of declaration.
    pub(super) properties: Vec<Property>,
    pub(super) patterns: Vec<(Pattern, NodeId)>,
    pub(super) additional: Additional,
}

/// The rule for members that no property and no pattern names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Additional {
    /// Anything is allowed, and is not evaluated.
    #[default]
    Any,
    /// None is allowed.
    Refused,
    /// Each must fit the node.
    Fit(NodeId),
}

/// One named member.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) name: Box<str>,
    pub(super) is_required: bool,
    /// The member's schema; `None` if it is only required.
    pub(super) node: Option<NodeId>,
}

/// Names a bound on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
}

impl Bound {
    /// Returns true if the value keeps the limit.
    pub(super) fn holds<T: Ord>(self, value: &T, limit: &T) -> bool {
        match self {
            Self::Minimum => value >= limit,
            Self::Maximum => value <= limit,
            Self::ExclusiveMinimum => value > limit,
            Self::ExclusiveMaximum => value < limit,
        }
    }

    /// Returns the keyword, and the words before the limit.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Minimum => ("minimum", "greater than or equal to"),
            Self::Maximum => ("maximum", "less than or equal to"),
            Self::ExclusiveMinimum => ("exclusiveMinimum", "greater than"),
            Self::ExclusiveMaximum => ("exclusiveMaximum", "less than"),
        }
    }
}

/// Names a counted quantity and the direction of its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CountBound {
    MinLength,
    MaxLength,
    MinItems,
    MaxItems,
    MinProperties,
    MaxProperties,
}

impl CountBound {
    /// Returns the keyword, true for a lower bound, and the name of the counted quantity.
    pub(super) const fn words(self) -> (&'static str, bool, &'static str) {
        match self {
            Self::MinLength => ("minLength", true, "characters"),
            Self::MaxLength => ("maxLength", false, "characters"),
            Self::MinItems => ("minItems", true, "items"),
            Self::MaxItems => ("maxItems", false, "items"),
            Self::MinProperties => ("minProperties", true, "members"),
            Self::MaxProperties => ("maxProperties", false, "members"),
        }
    }
}

impl Rule {
    /// Returns the nodes that are checked against the same place of the instance.
    pub(super) fn in_place(&self) -> Vec<NodeId> {
        match self {
            Self::AllOf(nodes) | Self::AnyOf(nodes) | Self::OneOf(nodes) => nodes.clone(),
            Self::Not(node) | Self::Ref(node) => vec![*node],
            Self::If { condition, then, otherwise } => {
                [Some(*condition), *then, *otherwise].into_iter().flatten().collect()
            }
            Self::DependentSchemas(nodes) => nodes.iter().map(|(_, node)| *node).collect(),
            _ => Vec::new(),
        }
    }
}
