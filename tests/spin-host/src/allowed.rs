//! The targets of a component's requests: the rules of `allowed_outbound_hosts`.

use std::ops::Range;

use http::Uri;

use crate::variables::Values;

/// The rules of one component. Nothing is allowed unless a rule says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Rule>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// `None` is any.
    scheme: Option<String>,
    host: HostRule,
    /// `None` is any.
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRule {
    Any,
    /// Any name under this one; it begins with a dot.
    Below(String),
    Exactly(String),
}

impl AllowedHosts {
    /// Fills in the templates of `entries` and reads them. An entry that is empty after that is left out, so that an
    /// optional endpoint can be an empty variable. As on Spin, one entry that cannot be read switches all of them off, and the
    /// application starts: the fault is for the log.
    #[must_use]
    pub fn resolve(entries: &[String], values: &Values) -> (Self, Option<String>) {
        let read = entries.iter().map(|entry| Rule::fill(entry, values));
        match read.collect::<Result<Vec<_>, _>>() {
            Ok(rules) => (Self(rules.into_iter().flatten().collect()), None),
            Err(problem) => (Self::default(), Some(problem)),
        }
    }

    /// Returns true if a request to the absolute `uri` is allowed.
    #[must_use]
    pub fn allow(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
        let Some(port) = uri.port_u16().or_else(|| default_port(scheme)) else { return false };
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|rule| rule.allows(scheme, &host, port))
    }
}

impl Rule {
    /// The rule of an entry with templates; none for one that is empty when they are filled in.
    fn fill(entry: &str, values: &Values) -> Result<Option<Self>, String> {
        let entry = values.expand(entry)?;
        let entry = entry.trim();
        if matches!(entry, "" | "http://" | "https://") {
            return Ok(None);
        }
        Self::parse(entry).map(Some).map_err(|problem| format!("`{entry}` {problem}"))
    }

    /// An entry is `scheme://host[:port]`, with `*` for any of the three, a leading `*.` in the host or a range `from..to` as
    /// port.
    fn parse(entry: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = entry.split_once("://").ok_or("has no scheme such as `http://` or `*://`")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err("must not have a path or a network mask");
        }
        let (host, port) = split_port(rest);
        if scheme != "*" && !scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err("has a scheme that is not a name");
        }
        let ports = match port {
            Some("*") => None,
            Some(port) => Some(parse_ports(port).ok_or("has a port that is not a number, a range or `*`")?),
            None => {
                let port = u32::from(default_port(scheme).ok_or("needs a port, as its scheme has no default")?);
                Some(port..port.saturating_add(1))
            }
        };
        Ok(Self { scheme: (scheme != "*").then(|| scheme.to_owned()), host: HostRule::parse(host)?, ports })
    }

    fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && self.host.allows(host)
            && self.ports.as_ref().is_none_or(|range| range.contains(&u32::from(port)))
    }
}

impl HostRule {
    fn parse(host: &str) -> Result<Self, &'static str> {
        let host = host.to_ascii_lowercase();
        match host.strip_prefix('*') {
            Some("") => Ok(Self::Any),
            Some(below) if below.starts_with('.') && !below.contains('*') => Ok(Self::Below(below.to_owned())),
            Some(_) => Err("may have `*` only as the whole host or as its first label"),
            None if host.is_empty() => Err("has no host"),
            None if host.contains(['*', '{', '@']) => Err("has a host that is not a name or an address"),
            None if host == "self" || host == "self.alt" => {
                Err("is a request to the application itself, which this host does not serve")
            }
            None => Ok(Self::Exactly(host)),
        }
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Below(suffix) => host.ends_with(suffix.as_str()),
            Self::Exactly(name) => host == name,
        }
    }
}

/// Splits `host:port`; the colons inside `[::1]` are the host's.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port).filter(|port| !port.is_empty())),
        _ => (authority, None),
    }
}

/// One port, or a range whose end is not part of it.
fn parse_ports(text: &str) -> Option<Range<u32>> {
    let number = |text: &str| text.parse::<u16>().ok().map(u32::from);
    match text.split_once("..") {
        Some((from, to)) => Some(number(from)?..number(to)?),
        None => number(text).map(|port| port..port.saturating_add(1)),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, uri: &str) -> bool {
        AllowedHosts(vec![Rule::parse(entry).expect(entry)]).allow(&uri.parse().expect(uri))
    }

    #[test]
    fn each_part_must_match() {
        assert!(allows("http://127.0.0.1:8080", "http://127.0.0.1:8080/x"));
        assert!(!allows("http://127.0.0.1:8080", "https://127.0.0.1:8080/x"));
        assert!(!allows("http://127.0.0.1:8080", "http://127.0.0.1:8081/x"));
        assert!(!allows("http://127.0.0.1:8080", "http://localhost:8080/x"));
        assert!(allows("https://Example.com", "https://example.COM/x"));
        assert!(allows("https://example.com", "https://example.com:443/"));
        assert!(!allows("https://example.com", "https://example.com:8443/"));
        assert!(!allows("https://example.com", "https://example.com.evil.test/"));
        assert!(allows("http://[::1]:8080", "http://[::1]:8080/"));
        assert!(!allows("http://[::1]", "http://[::1]:8080/"));
    }

    #[test]
    fn wildcards_stand_for_one_part_each() {
        assert!(allows("*://*:*", "http://anything.test:9/"));
        assert!(allows("https://*.example.com", "https://a.b.example.com/"));
        assert!(!allows("https://*.example.com", "https://example.com/"));
        assert!(!allows("https://*.example.com", "https://notexample.com/"));
        assert!(allows("http://127.0.0.1:*", "http://127.0.0.1:9/"));
        assert!(allows("http://a:8000..8002", "http://a:8001/"));
        assert!(!allows("http://a:8000..8002", "http://a:8002/"));
    }

    #[test]
    fn meaningless_entries_are_refused() {
        for entry in [
            "*",
            "example.com",
            "http://a/b",
            "http://10.0.0.0/8",
            "http://a:b",
            "redis://a",
            "http://a*",
            "http://",
            "http://*a.b",
            "http://self",
        ] {
            assert!(Rule::parse(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!AllowedHosts::default().allow(&"http://127.0.0.1/".parse().expect("uri")));
    }
}
