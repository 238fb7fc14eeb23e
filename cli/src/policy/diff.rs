//! The changes between two sets of policies, over given requests, or over generated ones on the policies' own subjects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use toolgate::words::action::{Action, ActionPattern};

use super::case::{Case, CaseCaller, CaseTool, Cases};
use super::rules::Rules;
use crate::failure::Failure;

/// Generated requests.
const REQUESTS: usize = 20_000;

/// Differences that are shown, for each kind of change.
const SHOWN: usize = 5;

/// Returns the requests with a changed verdict: each with its new one, and named after its old one. Of each kind of
/// change a few.
///
/// # Errors
/// An invalid request.
pub fn compare(old: &Rules, new: &Rules, cases: &Cases) -> Result<Cases, Failure> {
    let mut changed = Cases::default();
    let mut kinds: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in &cases.requests {
        let (before, after) = (case.outcome(old)?, case.outcome(new)?);
        if before.verdict == after.verdict {
            continue;
        }
        let told = |outcome: &super::case::Outcome| format!("{} by {}", outcome.verdict, outcome.rules.join(", "));
        let shown = kinds.entry((told(&before), told(&after))).or_insert(0);
        *shown = shown.saturating_add(1);
        if *shown > SHOWN {
            continue;
        }
        changed.requests.push(Case {
            name: Some(format!("was {}", told(&before))),
            expect: Some(after.verdict.to_owned()),
            rules: Some(after.rules),
            ..case.clone()
        });
    }
    Ok(changed)
}

/// The subjects of policies.
#[derive(Debug, Default)]
struct Spoken {
    entities: BTreeMap<String, BTreeSet<String>>,
    texts: BTreeSet<String>,
    numbers: BTreeSet<i64>,
    /// Names behind `arguments` and `claims`.
    arguments: BTreeSet<String>,
    claims: BTreeSet<String>,
}

impl Spoken {
    /// Reads valid Cedar text, piece by piece.
    fn listen(&mut self, text: &str) {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => rest
                    .char_indices()
                    .skip(1)
                    .find(|(_, letter)| *letter == '"')
                    .map_or(rest.len(), |(at, _)| at.saturating_add(1)),
                _ if first.is_ascii_alphanumeric() || first == '_' => {
                    rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len())
                }
                _ => first.len_utf8(),
            };
            let (piece, behind) = rest.split_at(length);
            if !piece.trim().is_empty() {
                pieces.push(piece);
            }
            rest = behind;
        }
        for window in pieces.windows(4) {
            match window {
                [kind, ":", ":", id] if id.starts_with('"') => {
                    self.entities.entry((*kind).to_owned()).or_default().insert(id.trim_matches('"').to_owned());
                }
                [holder @ ("arguments" | "claims"), "." | "has", name, ..] => {
                    let names = if *holder == "arguments" { &mut self.arguments } else { &mut self.claims };
                    names.insert(name.trim_matches('"').to_owned());
                }
                _ => {}
            }
        }
        for piece in pieces {
            if let Some(text) = piece.strip_prefix('"') {
                self.texts.insert(text.trim_end_matches('"').replace('*', "x"));
            } else if let Ok(number) = piece.parse::<i64>() {
                self.numbers.extend([number.saturating_sub(1), number, number.saturating_add(1)]);
            }
        }
    }

    fn ids(&self, kind: &str, other: &str) -> Vec<String> {
        self.entities.get(kind).into_iter().flatten().cloned().chain([other.to_owned()]).collect()
    }
}

/// A generator that draws the same requests every time.
struct Dice(fastrand::Rng);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        if sides == 0 { 0 } else { self.0.usize(..sides) }
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = self.roll(all.len());
        all.get(place).cloned()
    }

    fn flag(&mut self) -> Option<bool> {
        self.of(&[None, Some(true), Some(false)]).flatten()
    }
}

/// Returns requests that combine the subjects of either set of policies, and some of neither.
#[must_use]
pub fn generate(old: &Rules, new: &Rules) -> Cases {
    let mut spoken = Spoken::default();
    for text in old.texts.iter().chain(&new.texts) {
        spoken.listen(&text.text);
    }
    let mut dice = Dice(fastrand::Rng::with_seed(0));
    let patterns: Vec<ActionPattern> =
        spoken.ids("Action", "tools/call").iter().filter_map(|id| ActionPattern::new(id)).collect();
    let named = |action: &&Action| patterns.iter().any(|pattern| pattern.matches(**action));
    let actions: Vec<Action> = Action::ALL.iter().filter(named).copied().collect();
    let roles: BTreeSet<String> = spoken.ids("Role", "other").into_iter().chain(old.roles.keys().cloned()).collect();
    let roles: Vec<String> = roles.into_iter().chain(new.roles.keys().cloned()).collect();
    let toolkits = spoken.ids("Toolkit", "Other").into_iter().map(|toolkit| format!("{toolkit}.Any"));
    let tools: Vec<String> = spoken.ids("Tool", "Other.Tool").into_iter().chain(toolkits).collect();
    let mut values: Vec<Value> = vec![json!(true), json!(false), json!(0), json!("other"), json!([])];
    values.extend(spoken.numbers.iter().map(|number| json!(number)));
    values.extend(spoken.texts.iter().flat_map(|text| [json!(text), json!([text])]));
    let countries: Vec<Option<String>> = [None, Some("DE".to_owned())]
        .into_iter()
        .chain(spoken.texts.iter().filter(|text| text.len() == 2).cloned().map(Some))
        .collect();
    let some = |dice: &mut Dice, names: &BTreeSet<String>| {
        let mut object = serde_json::Map::new();
        for name in names {
            if dice.roll(5) > 0 {
                object.insert(name.clone(), dice.of(&values).unwrap_or_default());
            }
        }
        object
    };
    let requests = (0..REQUESTS).filter_map(|_| {
        let action = dice.of(&actions)?;
        let is_tool = action.as_str().starts_with("tools/");
        let arguments = some(&mut dice, &spoken.arguments);
        let claims = some(&mut dice, &spoken.claims).into_iter().collect();
        let mine = roles.iter().filter(|_| dice.roll(2) == 0).cloned().collect();
        Some(Case {
            name: None,
            caller: CaseCaller {
                id: dice.of(&spoken.ids("Caller", "other"))?,
                tenant: dice.of(&spoken.ids("Tenant", "other"))?,
                roles: mine,
                scopes: Vec::new(),
                claims,
            },
            action: action.as_str().to_owned(),
            tool: if is_tool {
                Some(CaseTool {
                    name: dice.of(&tools)?,
                    version: "1.0.0".to_owned(),
                    executor: dice.of(&spoken.ids("Executor", "other"))?,
                    read_only: dice.flag(),
                    destructive: dice.flag(),
                    idempotent: dice.flag(),
                    open_world: dice.flag(),
                })
            } else {
                None
            },
            arguments: (action == Action::ToolsCall).then(|| Value::Object(arguments)),
            user: dice.of(&[None, Some("user@example.com".to_owned())]).flatten(),
            project: None,
            // Every hour of a week.
            time: u64::try_from(dice.roll(168))
                .ok()
                .map(|hour| hour.saturating_mul(3_600).saturating_add(1_790_000_000)),
            country: dice.of(&countries).flatten(),
            expect: None,
            rules: None,
        })
    });
    Cases { requests: requests.collect() }
}
