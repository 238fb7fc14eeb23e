//! Rules about inputs: places, private networks, listed hosts. Cases of public URLs and files are in
//! `tests/vectors/inputs`.

use super::*;
use crate::words::json::{Limits, parse};

const LIMITS: Limits = Limits { depth: 32, values: 1_000, string_bytes: 1 << 16, number_bytes: 100 };

fn rule(private: bool, hosts: &[&str], ports: &[u16]) -> UrlRule {
    UrlRule {
        at: ArgumentPath::new("/url").unwrap(),
        schemes: vec![Scheme::Http],
        private,
        hosts: hosts.iter().map(|host| HostPattern::new(host).unwrap()).collect(),
        ports: ports.to_vec(),
    }
}

fn judged(rule: &UrlRule, url: &str) -> &'static str {
    rule.judge(&Json::String(url.into())).err().map_or("", |(name, _)| name)
}

#[test]
fn private_networks_can_be_opened_and_metadata_services_never() {
    let private = rule(true, &[], &[80, 8080]);
    for url in [
        "http://127.0.0.1/",
        "http://10.1.2.3:8080/x",
        "http://192.168.0.1/",
        "http://172.20.0.1/",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[fd12::1]/",
        "http://localhost/",
        "http://intranet/",
        "http://db.internal/",
        "http://8.8.8.8/",
    ] {
        assert_eq!(judged(&private, url), "", "{url}");
        assert_ne!(judged(&rule(false, &[], &[80, 8080]), url), if url.contains("8.8") { "x" } else { "" }, "{url}");
    }
    for (url, name) in [
        ("http://169.254.169.254/", "url_host_address"),
        ("http://100.100.100.200/", "url_host_address"),
        ("http://168.63.129.16/", "url_host_address"),
        ("http://[fd00:ec2::254]/", "url_host_address"),
        ("http://[fe80::1]/", "url_host_address"),
        ("http://0.0.0.0/", "url_host_address"),
        ("http://224.0.0.1/", "url_host_address"),
        ("http://[::ffff:7f00:1]/", "url_host_address"),
        ("http://metadata.google.internal/", "url_host_local"),
        ("http://metadata/", "url_host_local"),
        ("http://127.1/", "url_host_number"),
        ("http://127.0.0.1:81/", "url_port"),
        ("http://127.0.0.1:22/", "url_port"),
    ] {
        assert_eq!(judged(&private, url), name, "{url}");
    }
}

#[test]
fn listed_hosts_are_whole_names() {
    let listed = rule(false, &["Example.com", "*.example.org", "intranet"], &[]);
    for url in ["http://example.COM/", "http://a.b.example.org/", "http://intranet/"] {
        assert_eq!(judged(&listed, url), "", "{url}");
    }
    for url in [
        "http://example.org/",
        "http://a.example.com/",
        "http://badexample.org/",
        "http://example.com.evil.org/",
        "http://8.8.8.8/",
    ] {
        assert_eq!(judged(&listed, url), "url_host_unlisted", "{url}");
    }
    // An address cannot be listed: it has no name that could be meant.
    for text in ["", "*", "*.", "a..b", "127.0.0.1", "0x7f.1", "a b", "exämple.com", "a/b", "a:80", "*.*.a"] {
        assert_eq!(HostPattern::new(text), None, "{text}");
    }
}

#[test]
fn a_rule_with_ports_is_about_the_schemes_own_too() {
    let high = rule(false, &[], &[8443]);
    assert_eq!(judged(&high, "http://example.com/"), "url_port");
    assert_eq!(judged(&high, "http://example.com:8443/"), "");
}

#[test]
fn places_are_json_pointers() {
    for text in ["", "url", "/a~", "/a~2", &"/a".repeat(17), &format!("/{}", "a".repeat(300))] {
        assert_eq!(ArgumentPath::new(text), None, "{text}");
    }
    let faults = |at: &str, input: &str| {
        let rule = UrlRule { at: ArgumentPath::new(at).unwrap(), ..rule(false, &[], &[]) };
        let rule = InputRule { tools: vec![ToolPattern::Every], schema: None, urls: vec![rule], files: Vec::new() };
        let faults = check(&[rule], "a.b", &parse(input.as_bytes(), LIMITS).unwrap()).err().unwrap_or_default();
        faults.iter().map(|fault| format!("{} {}", fault.path, fault.rule)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(faults("/a~1b/~0c", r#"{"a/b":{"~c":1}}"#), "a/b.~c url_type");
    assert_eq!(faults("/a/1", r#"{"a":["http://x.example/",5]}"#), "a.1 url_type");
    assert_eq!(faults("/*/u", r#"{"a":{"u":"http://x.example/"},"b":{"u":7},"c":null,"d":{}}"#), "b.u url_type");
    assert_eq!(faults("/a/u", r#"{"a":[{"u":"http://127.0.0.1/"}]}"#), "a input_form");
    assert_eq!(faults("/a", r#"{"b":5}"#), "");
    let many = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(100));
    assert_eq!(faults("/a/*", &many).split(';').count(), limits::SCHEMA_FAULTS);
}

#[test]
fn only_rules_that_name_the_tool_hold() {
    let one = |tools: &str| InputRule {
        tools: vec![ToolPattern::new(tools).unwrap()],
        schema: None,
        urls: vec![rule(false, &[], &[])],
        files: Vec::new(),
    };
    let input = parse(br#"{"url":"http://127.0.0.1/"}"#, LIMITS).unwrap();
    assert!(check(&[one("Other.*"), one("Web.Search")], "web.fetch", &input).is_ok());
    assert_eq!(check(&[one("Other.*"), one("Web.*"), one("*")], "web.fetch", &input).unwrap_err().len(), 2);
}
