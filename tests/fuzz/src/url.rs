//! URLs: what our strict reader lets through, the URL standard reads in the same way, and it leads to the public network.

use std::net::IpAddr;

use toolgate::validate::input::{ArgumentPath, HostPattern, InputRule, Scheme, UrlRule, check};
use toolgate::words::json::{Json, Object};
use toolgate::words::names::ToolPattern;
use url::{Host, ParseError, Url};

/// A URL; behind a line break, hosts that it may name.
pub(crate) fn run(data: &[u8]) {
    let (url, hosts) = crate::text::split(data, b"\n").unwrap_or((data, b""));
    let (Ok(text), Ok(hosts)) = (std::str::from_utf8(url), std::str::from_utf8(hosts)) else {
        return;
    };
    let hosts: Vec<HostPattern> = hosts.split_whitespace().take(8).filter_map(HostPattern::new).collect();
    let is_listed = !hosts.is_empty();
    let rule = UrlRule {
        at: ArgumentPath::new("/url").expect("a place"),
        schemes: vec![Scheme::Https, Scheme::Http],
        private: false,
        hosts,
        ports: Vec::new(),
    };
    let rule = InputRule { tools: vec![ToolPattern::Every], schema: None, urls: vec![rule], files: Vec::new() };
    let mut input = Object::new();
    input.insert("url", Json::String(text.into()));
    if let Err(faults) = check(&[rule], "web.fetch", &Json::Object(input)) {
        assert!(faults.len() == 1 && faults.iter().all(|fault| fault.path == "url" && fault.rule.starts_with("url_")));
        return;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        // We hold no tables of which letters make a name: a label that is none to the standard leads nowhere.
        Err(ParseError::IdnaError) if text.to_ascii_lowercase().contains("xn--") => return,
        Err(error) => panic!("what we let through is a URL: {error}: {text}"),
    };
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert_eq!(url.port(), None, "the scheme's own port: {url}");
    match url.host().expect("a host") {
        Host::Domain(name) => {
            let ours = text.split_once("://").map_or("", |(_, rest)| rest);
            let ours = ours.split(['/', '?', '#']).next().unwrap_or_default();
            let ours = ours.split(':').next().unwrap_or_default();
            assert_eq!(ours.to_ascii_lowercase(), name, "the host as it stands");
            assert!(
                is_listed || (name.contains('.') && !name.ends_with('.') && !name.ends_with(".localhost")),
                "{name}"
            );
            assert!(name.parse::<IpAddr>().is_err(), "{name}");
        }
        Host::Ipv4(address) => {
            let is_inner = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation();
            assert!(!is_inner, "{address}");
            assert!(text.contains(&address.to_string()), "in its plain form: {text}");
        }
        Host::Ipv6(address) => {
            let is_inner = address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4().is_some();
            assert!(!is_inner, "{address}");
        }
    }
}
