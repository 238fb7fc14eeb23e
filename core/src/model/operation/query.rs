//! Query strings: decoded once, no name twice.

use std::borrow::Cow;

use crate::words::percent;
use crate::words::refusal::{Refusal, RefusalKind};

/// Maximum number of parameters in a query.
const PARAMETERS: usize = 32;

/// The parameters of a query, decoded, in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Parses the part of a target after the `?`.
    ///
    /// # Errors
    /// [`RefusalKind::TargetInvalid`] for bad percent-encoding, [`RefusalKind::QueryInvalid`] for a name sent twice (an
    /// engine might read the other one) and for more than 32 parameters.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode_plus(name)?, decode_plus(value)?);
            if parameters.len() >= PARAMETERS {
                return Err(Refusal::with(RefusalKind::QueryInvalid, "more than 32 parameters"));
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::with(RefusalKind::QueryInvalid, "a parameter is sent twice"));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// Returns the value of `name`, if it was sent and is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Returns the names of all parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the items of a comma-separated list.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
    }

    /// Sets or adds a parameter.
    pub fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Returns the query as text, re-encoded so that the next reader decodes what was decoded here.
    #[must_use]
    pub fn encoded(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            text.push(if text.is_empty() { '?' } else { '&' });
            percent::encode_into(&mut text, name);
            text.push('=');
            percent::encode_into(&mut text, value);
        }
        text
    }
}

/// Decodes percent-encoding.
///
/// # Errors
/// [`RefusalKind::TargetInvalid`] for a bad escape, and for a result that is not UTF-8.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, Refusal> {
    percent::decode(text).ok_or_else(|| Refusal::new(RefusalKind::TargetInvalid))
}

fn decode_plus(text: &str) -> Result<String, Refusal> {
    if text.contains('+') { Ok(decode(&text.replace('+', " "))?.into_owned()) } else { Ok(decode(text)?.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_encodes() {
        let query = Query::parse("include_format=openai%2Canthropic&toolkit=a+b&empty=&user_id=u%40x").unwrap();
        assert_eq!(query.list("include_format").collect::<Vec<_>>(), ["openai", "anthropic"]);
        assert_eq!((query.get("toolkit"), query.get("empty"), query.get("user_id")), (Some("a b"), None, Some("u@x")));
        assert_eq!(Query::parse(query.encoded().strip_prefix('?').unwrap()), Ok(query));
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        assert_eq!(Query::parse("a=1&%61=2").unwrap_err().kind, RefusalKind::QueryInvalid);
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert_eq!(Query::parse(text).unwrap_err().kind, RefusalKind::TargetInvalid, "{text}");
        }
        assert_eq!(
            Query::parse(&(0..33).map(|n| format!("p{n}=1&")).collect::<String>()).unwrap_err().kind,
            RefusalKind::QueryInvalid
        );
    }
}
