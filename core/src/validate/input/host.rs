//! Hosts of URLs: public names, and addresses in the one form that every parser reads alike.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::address::{self, NetworkClass};
use super::{Broken, punycode};

pub(super) const FORM: Broken = ("url_host_form", "The URL's host is no name or address in its plain form");
const ENCODED: Broken = ("url_host_encoded", "The URL's host should not be percent-encoded");
const UNICODE: Broken = ("url_host_unicode", "The URL's host should be in its ASCII form (xn--...)");
const PUNYCODE: Broken = ("url_host_punycode", "The URL's host holds an xn-- label that is no internationalised name");
const NUMBER: Broken = ("url_host_number", "The URL's host should be an address in its plain form, such as 192.0.2.1");
const ADDRESS: Broken = ("url_host_address", "The URL's host is an address that is not allowed here");
const LOCAL: Broken = ("url_host_local", "The URL's host is a name of a local network");
const UNLISTED: Broken = ("url_host_unlisted", "The URL's host is not one of those allowed here");

/// Names with a local meaning in a network or a machine, with all names below them: special-use names (RFC 6761, RFC
/// 8375, RFC 9476), names that companies and clusters use, and services that resolve any name to the address written in
/// it.
const LOCAL_NAMES: [&str; 29] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "arpa",
    "test",
    "invalid",
    "alt",
    "onion",
    "svc",
    "consul",
    "docker",
    "kube",
    "metadata.goog",
    "nip.io",
    "sslip.io",
    "xip.io",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "traefik.me",
    "local.gd",
    "localho.st",
];

/// Names of metadata services, which reveal a machine's secrets: never allowed.
const METADATA_NAMES: [&str; 4] = ["metadata.google.internal", "metadata.goog", "metadata", "instance-data"];

/// A pattern of allowed hosts: `example.com`, or `*.example.com` for every name below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: Box<str>,
    is_below: bool,
}

impl HostPattern {
    /// Returns the pattern with this text; `None` when it is malformed. Internationalised names stand in their ASCII
    /// form.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (name, is_below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let name = name.to_ascii_lowercase();
        (is_name(&name) && !ends_in_number(&name)).then(|| Self { name: name.into(), is_below })
    }

    fn matches(&self, host: &str) -> bool {
        if self.is_below { host.len() > self.name.len() && is_within(host, &self.name) } else { *self.name == *host }
    }
}

/// Checks a host as written in a URL.
pub(super) fn judge(host: &str, private: bool, hosts: &[HostPattern]) -> Result<(), Broken> {
    if let Some(text) = host.strip_prefix('[') {
        // A zone means a link of this machine; dotted endings are a second form of the same bytes.
        let text = text.strip_suffix(']').ok_or(FORM)?;
        let address: Ipv6Addr = text.parse().map_err(|_| FORM)?;
        if text.contains('.') {
            return Err(NUMBER);
        }
        return judge_address(address::reach_of_v6(address), private, hosts);
    }
    if !host.is_ascii() {
        return Err(UNICODE);
    }
    if host.contains('%') {
        return Err(ENCODED);
    }
    let host = host.to_ascii_lowercase();
    if ends_in_number(&host) {
        // The standard reads every such host as an address; only four plain numbers are one to all parsers.
        let address: Ipv4Addr = host.parse().map_err(|_| NUMBER)?;
        return judge_address(address::reach_of_v4(address), private, hosts);
    }
    if !is_name(&host) {
        return Err(FORM);
    }
    judge_name(&host, private, hosts)
}

fn judge_address(reach: NetworkClass, private: bool, hosts: &[HostPattern]) -> Result<(), Broken> {
    match reach {
        NetworkClass::Never => Err(ADDRESS),
        NetworkClass::Private if !private => Err(ADDRESS),
        _ if hosts.is_empty() => Ok(()),
        _ => Err(UNLISTED),
    }
}

fn judge_name(host: &str, private: bool, hosts: &[HostPattern]) -> Result<(), Broken> {
    if METADATA_NAMES.contains(&host) {
        return Err(LOCAL);
    }
    let is_listed = hosts.iter().any(|pattern| pattern.matches(host));
    let is_local = !host.contains('.') || LOCAL_NAMES.iter().any(|name| is_within(host, name));
    if is_local && !private && !is_listed {
        return Err(LOCAL);
    }
    let is_odd = |label: &str| label.strip_prefix("xn--").is_some_and(|rest| !punycode::is_plain(rest));
    if host.split('.').any(is_odd) {
        return Err(PUNYCODE);
    }
    if hosts.is_empty() || is_listed { Ok(()) } else { Err(UNLISTED) }
}

/// Returns true if `host` is `name` or below it.
fn is_within(host: &str, name: &str) -> bool {
    // The last letter distinguishes most names.
    host.as_bytes().last() == name.as_bytes().last()
        && host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Returns true if all labels are letters, digits, `_` and inner hyphens; none is empty, so there is no dot at the end.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

/// Implements the URL standard's "ends in a number checker": the last label is a decimal or hexadecimal number.
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x");
    (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
