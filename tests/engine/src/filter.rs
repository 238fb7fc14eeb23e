//! The `filter` of a tools listing: which tools' metadata it lets through.

use serde_json::Value;

use crate::answer::Answer;

const FLAGS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];

/// A filter: an object whose members must all hold.
pub(crate) struct Filter(serde_json::Map<String, Value>);

impl Filter {
    /// Reads the JSON text of the query.
    ///
    /// # Errors
    /// 400 when it is no object, or names what cannot be filtered by.
    pub(crate) fn parse(text: &str) -> Result<Self, Answer> {
        let refuse = |why: &str| Answer::error(400, "invalid_filter", why);
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return Err(refuse("filter must be a JSON object"));
        };
        for (name, wanted) in &members {
            let fits = match name.as_str() {
                "operations" | "service_domains" => wanted.is_array() || wanted.is_object(),
                "extras" => wanted.is_object(),
                flag => FLAGS.contains(&flag) && wanted.is_boolean(),
            };
            if !fits {
                return Err(refuse(&format!("filter member {name} is unknown or has the wrong type")));
            }
        }
        Ok(Self(members))
    }

    /// Returns true if a tool with this metadata passes. A tool that says nothing about itself passes only an empty filter.
    pub(crate) fn matches(&self, metadata: Option<&Value>) -> bool {
        let part = |name: &str| metadata.and_then(|metadata| metadata.get(name));
        self.0.iter().all(|(name, wanted)| match name.as_str() {
            "operations" => lists(part("behavior").and_then(|behavior| behavior.get("operations")), wanted),
            "service_domains" => lists(part("classification").and_then(|class| class.get("service_domains")), wanted),
            "extras" => part("extras").is_some_and(|extras| within(wanted, extras)),
            flag => part("behavior").and_then(|behavior| behavior.get(flag)) == Some(wanted),
        })
    }
}

/// A plain array, or `any_of`, means at least one in common; `all_of` all of them; `none_of` not one.
fn lists(has: Option<&Value>, wanted: &Value) -> bool {
    let has = lower(has);
    let common = |list: &Value| lower(Some(list)).into_iter().filter(|item| has.contains(item)).count();
    match wanted {
        Value::Object(ways) => ways.iter().all(|(way, list)| match way.as_str() {
            "any_of" => common(list) > 0,
            "all_of" => common(list) == lower(Some(list)).len(),
            "none_of" => common(list) == 0,
            _ => false,
        }),
        list => common(list) > 0,
    }
}

fn lower(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_lowercase).collect()
}

/// Returns true if all that `wanted` holds is in `extras` too, to the letter.
fn within(wanted: &Value, extras: &Value) -> bool {
    match wanted {
        Value::Object(members) => {
            members.iter().all(|(name, member)| extras.get(name).is_some_and(|known| within(member, known)))
        }
        other => other == extras,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(filter: Value) -> bool {
        let metadata = json!({
            "behavior": {"operations": ["read"], "read_only": true},
            "classification": {"service_domains": ["email", "calendar"]}, "extras": {"tier": "Gold", "n": {"a": 1}},
        });
        Filter::parse(&filter.to_string()).unwrap_or_else(|_| panic!("{filter} is refused")).matches(Some(&metadata))
    }

    #[test]
    fn each_member_must_hold() {
        assert!(passes(
            json!({"read_only": true, "service_domains": {"any_of": ["EMAIL", "x"]}, "operations": ["Read"]})
        ));
        assert!(passes(json!({"service_domains": {"all_of": ["email", "calendar"], "none_of": ["files"]}})));
        assert!(passes(json!({"extras": {"n": {"a": 1}}})));
        for refused in [
            json!({"read_only": false}),
            json!({"destructive": true}),
            json!({"operations": ["create"]}),
            json!({"service_domains": {"all_of": ["email", "files"]}}),
            json!({"service_domains": {"none_of": ["email"]}}),
            json!({"extras": {"tier": "gold"}}),
        ] {
            assert!(!passes(refused.clone()), "{refused} passes");
        }
    }

    #[test]
    fn a_tool_without_metadata_passes_only_the_empty_filter() {
        let filter = |text| Filter::parse(text).unwrap_or_else(|_| panic!("{text} is refused"));
        assert!(filter("{}").matches(None));
        assert!(!filter(r#"{"read_only":false}"#).matches(None));
        assert!(Filter::parse("[]").is_err());
        assert!(Filter::parse(r#"{"colour":"red"}"#).is_err());
    }
}
