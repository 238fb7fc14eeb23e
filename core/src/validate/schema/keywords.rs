//! Compiles each keyword of a schema into a rule; an unknown one is refused by name.

use super::compiler::{Compiler, SchemaLocation};
use super::format::StringFormat;
use super::number::{Divisor, NormalizedNumber};
use super::pattern::Pattern;
use super::rules::{Additional, Bound, CountBound, Kinds, NodeId, Property, PropertyRules, Rule};
use crate::words::json::{Json, Object};

/// Keywords that other keywords are read with, that name things, or that assert nothing.
const PASSIVE: [&str; 28] = [
    "$schema",
    "$id",
    "$ref",
    "$anchor",
    "$comment",
    "type",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "properties",
    "required",
    "patternProperties",
    "additionalProperties",
    "prefixItems",
    "items",
    "contains",
    "minContains",
    "maxContains",
    "then",
    "else",
    "if",
];

/// Known keywords that are refused, each with its alternative.
const REFUSED: [(&str, &str); 8] = [
    ("$dynamicRef", "use $ref"),
    ("$dynamicAnchor", "use $anchor"),
    ("$recursiveRef", "use $ref"),
    ("$recursiveAnchor", "use $anchor"),
    ("$vocabulary", "leave it out"),
    ("definitions", "use $defs"),
    ("dependencies", "use dependentRequired and dependentSchemas"),
    ("additionalItems", "use items, with prefixItems"),
];

const COUNTS: [(&str, CountBound); 6] = [
    ("minLength", CountBound::MinLength),
    ("maxLength", CountBound::MaxLength),
    ("minItems", CountBound::MinItems),
    ("maxItems", CountBound::MaxItems),
    ("minProperties", CountBound::MinProperties),
    ("maxProperties", CountBound::MaxProperties),
];

const BOUNDS: [(&str, Bound); 4] = [
    ("minimum", Bound::Minimum),
    ("maximum", Bound::Maximum),
    ("exclusiveMinimum", Bound::ExclusiveMinimum),
    ("exclusiveMaximum", Bound::ExclusiveMaximum),
];

/// Compiles all keywords of a schema. Rules about evaluated members and items come last.
pub(super) fn read(compiler: &mut Compiler, object: &Object<'_>, place: &SchemaLocation, rules: &mut Vec<Rule>) {
    let mut reader = KeywordReader { compiler, object, place, rules };
    // A keyword of the wrong type is reported before all else.
    if let Some(value) = object.get("type") {
        reader.kinds(value);
    }
    reader.members();
    reader.items();
    reader.contains();
    reader.condition();
    let mut last = Vec::new();
    for (keyword, value) in object.iter() {
        match keyword {
            "unevaluatedItems" => last.push(Rule::UnevaluatedItems(reader.one(keyword, value))),
            "unevaluatedProperties" => last.push(Rule::UnevaluatedProperties(reader.one(keyword, value))),
            keyword if PASSIVE.contains(&keyword) => {}
            keyword => reader.keyword(keyword, value),
        }
    }
    rules.append(&mut last);
}

struct KeywordReader<'r, 'c> {
    compiler: &'r mut Compiler,
    object: &'r Object<'c>,
    place: &'r SchemaLocation,
    rules: &'r mut Vec<Rule>,
}

impl KeywordReader<'_, '_> {
    fn fault(&mut self, keyword: &str, message: impl Into<String>) {
        self.compiler.fault(self.place, keyword, message);
    }

    fn one(&mut self, keyword: &str, value: &Json<'_>) -> NodeId {
        self.compiler.schema(value, &self.place.below(&[keyword]))
    }

    fn keyword(&mut self, keyword: &str, value: &Json<'_>) {
        if let Some((_, count)) = COUNTS.iter().find(|(name, _)| *name == keyword) {
            if let Some(limit) = self.count(keyword, value) {
                self.rules.push(Rule::Count { count: *count, limit });
            }
            return;
        }
        if let Some((_, bound)) = BOUNDS.iter().find(|(name, _)| *name == keyword) {
            if let Some((limit, text)) = self.number(keyword, value) {
                self.rules.push(Rule::Bound { bound: *bound, limit, small: text.parse().ok(), text });
            }
            return;
        }
        match keyword {
            "$defs" => {
                self.named(keyword, value);
            }
            "enum" => match value {
                Json::Array(items) => {
                    let items = items.iter().map(|item| item.clone().into_owned()).collect();
                    self.rules.push(Rule::Enum(items));
                }
                _ => self.fault(keyword, "must be an array"),
            },
            "const" => self.rules.push(Rule::Const(Box::new(value.clone().into_owned()))),
            "multipleOf" => self.multiple_of(value),
            "pattern" => {
                let pattern = value.as_str().map(|source| self.pattern(keyword, source));
                match pattern {
                    Some(pattern) => self.rules.extend(pattern.map(Rule::Pattern)),
                    None => self.fault(keyword, "must be a string"),
                }
            }
            "format" => match value.as_str().map(|name| (name, StringFormat::parse(name))) {
                Some((_, Some(format))) => self.rules.push(Rule::Format(format)),
                Some((name, None)) => self.fault(keyword, format!("{name} is not supported")),
                None => self.fault(keyword, "must be a string"),
            },
            "uniqueItems" => match value.as_bool() {
                Some(true) => self.rules.push(Rule::UniqueItems),
                Some(false) => {}
                None => self.fault(keyword, "must be true or false"),
            },
            "propertyNames" => {
                let node = self.one(keyword, value);
                self.rules.push(Rule::PropertyNames(node));
            }
            "dependentRequired" => self.dependent_required(value),
            "dependentSchemas" => {
                let named = self.named(keyword, value);
                self.rules.push(Rule::DependentSchemas(named));
            }
            "allOf" | "anyOf" | "oneOf" => {
                if let Some(nodes) = self.several(keyword, value) {
                    self.rules.push(match keyword {
                        "allOf" => Rule::AllOf(nodes),
                        "anyOf" => Rule::AnyOf(nodes),
                        _ => Rule::OneOf(nodes),
                    });
                }
            }
            "not" => {
                let node = self.one(keyword, value);
                self.rules.push(Rule::Not(node));
            }
            keyword => match REFUSED.iter().find(|(name, _)| *name == keyword) {
                Some((_, instead)) => self.fault(keyword, format!("{keyword} is not supported: {instead}")),
                None => self.fault(keyword, format!("{keyword} is not a keyword that is supported")),
            },
        }
    }

    fn kinds(&mut self, value: &Json<'_>) {
        let words: Vec<&str> = match value {
            Json::String(word) => vec![word],
            Json::Array(items) if !items.is_empty() => items.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let kinds: Vec<Kinds> = words.iter().filter_map(|word| Kinds::parse(word)).collect();
        let wanted = value.as_array().map_or(1, <[_]>::len);
        if kinds.is_empty() || kinds.len() != wanted {
            return self.fault("type", "must be one or more of null, boolean, object, array, number, integer, string");
        }
        let kinds = kinds.into_iter().fold(Kinds(0), Kinds::or);
        self.rules.push(Rule::Type { kinds, noun: words.join(" or ").into() });
    }

    fn multiple_of(&mut self, value: &Json<'_>) {
        let Some((number, text)) = self.number("multipleOf", value) else { return };
        match Divisor::new(&number) {
            Some(divisor) => self.rules.push(Rule::MultipleOf { divisor, text }),
            None => self.fault("multipleOf", "must be above zero, of at most 18 significant digits"),
        }
    }

    fn number(&mut self, keyword: &str, value: &Json<'_>) -> Option<(NormalizedNumber, Box<str>)> {
        let Json::Number(number) = value else {
            self.fault(keyword, "must be a number");
            return None;
        };
        let decimal = NormalizedNumber::parse(number.as_str());
        if decimal.is_none() {
            self.fault(keyword, "has too large an exponent");
        }
        decimal.map(|decimal| (decimal, number.as_str().into()))
    }

    fn count(&mut self, keyword: &str, value: &Json<'_>) -> Option<u64> {
        let count = match value {
            Json::Number(number) => NormalizedNumber::parse(number.as_str()).and_then(|number| number.as_count()),
            _ => None,
        };
        if count.is_none() {
            self.fault(keyword, "must be a whole number, not negative");
        }
        count
    }

    fn pattern(&mut self, keyword: &str, source: &str) -> Option<Pattern> {
        match Pattern::new(source) {
            Ok(pattern) if self.compiler.has_room_for(pattern.len()) => Some(pattern),
            Ok(_) => {
                self.fault(keyword, "makes the patterns of this schema too large together");
                None
            }
            Err(message) => {
                self.fault(keyword, format!("the pattern {message}"));
                None
            }
        }
    }

    /// Compiles the schemas of an object, by name.
    fn named(&mut self, keyword: &str, value: &Json<'_>) -> Vec<(Box<str>, NodeId)> {
        let Json::Object(object) = value else {
            self.fault(keyword, "must be an object");
            return Vec::new();
        };
        let one = |(name, schema): (&str, &Json<'_>)| {
            (name.into(), self.compiler.schema(schema, &self.place.below(&[keyword, name])))
        };
        object.iter().map(one).collect()
    }

    fn several(&mut self, keyword: &str, value: &Json<'_>) -> Option<Vec<NodeId>> {
        match value {
            Json::Array(items) if !items.is_empty() => {
                let one = |(index, item): (usize, &Json<'_>)| {
                    self.compiler.schema(item, &self.place.below(&[keyword, &index.to_string()]))
                };
                Some(items.iter().enumerate().map(one).collect())
            }
            _ => {
                self.fault(keyword, "must be an array that is not empty");
                None
            }
        }
    }

    fn texts(&mut self, keyword: &str, value: &Json<'_>) -> Vec<Box<str>> {
        let texts: Vec<Box<str>> =
            value.as_array().unwrap_or_default().iter().filter_map(Json::as_str).map(Into::into).collect();
        if value.as_array().is_none_or(|items| items.len() != texts.len()) {
            self.fault(keyword, "must be an array of strings");
        }
        texts
    }

    fn dependent_required(&mut self, value: &Json<'_>) {
        let Json::Object(object) = value else {
            return self.fault("dependentRequired", "must be an object");
        };
        let rules = object.iter().map(|(name, names)| (name.into(), self.texts("dependentRequired", names))).collect();
        self.rules.push(Rule::DependentRequired(rules));
    }

    fn members(&mut self) {
        let object = self.object;
        let of_members = ["properties", "required", "patternProperties", "additionalProperties"];
        if !of_members.iter().any(|keyword| object.get(keyword).is_some()) {
            return;
        }
        let mut members = PropertyRules::default();
        if let Some(value) = object.get("properties") {
            let named = self.named("properties", value);
            let one = |(name, node)| Property { name, is_required: false, node: Some(node) };
            members.properties = named.into_iter().map(one).collect();
        }
        for name in object.get("required").map(|value| self.texts("required", value)).unwrap_or_default() {
            match members.properties.iter_mut().find(|property| property.name == name) {
                Some(property) => property.is_required = true,
                None => members.properties.push(Property { name, is_required: true, node: None }),
            }
        }
        if let Some(value) = object.get("patternProperties") {
            for (source, node) in self.named("patternProperties", value) {
                members.patterns.extend(self.pattern("patternProperties", &source).map(|pattern| (pattern, node)));
            }
        }
        if let Some(value) = object.get("additionalProperties") {
            let node = self.one("additionalProperties", value);
            let is_refused = *value == Json::Bool(false);
            members.additional = if is_refused { Additional::Refused } else { Additional::Fit(node) };
        }
        self.rules.push(Rule::Members(Box::new(members)));
    }

    fn items(&mut self) {
        let object = self.object;
        let first = object.get("prefixItems").and_then(|value| self.several("prefixItems", value));
        let rest = object.get("items").map(|value| self.one("items", value));
        if first.is_some() || rest.is_some() {
            self.rules.push(Rule::Items { first: first.unwrap_or_default(), rest });
        }
    }

    fn contains(&mut self) {
        let object = self.object;
        let least = object.get("minContains").and_then(|value| self.count("minContains", value));
        let most = object.get("maxContains").and_then(|value| self.count("maxContains", value));
        if let Some(value) = object.get("contains") {
            let node = self.one("contains", value);
            self.rules.push(Rule::Contains { node, least: least.unwrap_or(1), most });
        }
    }

    fn condition(&mut self) {
        let object = self.object;
        let condition = object.get("if").map(|value| self.one("if", value));
        let then = object.get("then").map(|value| self.one("then", value));
        let otherwise = object.get("else").map(|value| self.one("else", value));
        if let Some(condition) = condition {
            self.rules.push(Rule::If { condition, then, otherwise });
        }
    }
}
