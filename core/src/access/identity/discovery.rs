//! Finds an issuer's keys by its own metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3). An address
//! that the gateway asks comes from its configuration, or from the metadata and then lies on the same origin.

use crate::words::json::{self, Json, Limits};

const JSON_LIMITS: Limits = Limits { depth: 16, values: 8_192, string_bytes: 16 * 1024, number_bytes: 64 };

/// Returns whether this is `https://host[:port][/path]`, without user, query, fragment or `..`; `http` only to this
/// machine itself.
#[must_use]
pub fn is_web_url(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:[]".contains(&byte);
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let is_clean = text.len() <= 512
        && text.bytes().all(is_plain)
        && !authority.is_empty()
        && !path.contains([':', '[', ']'])
        && !path.split('/').any(|segment| matches!(segment, "." | ".."));
    let host = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or_else(|| authority.split_once(':').map_or(authority, |(host, _)| host), |(address, _)| address);
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "::1");
    is_clean && !host.is_empty() && (scheme == "https" || (scheme == "http" && is_here))
}

/// Splits a URL into `scheme://host[:port]` and the rest.
fn split_origin(url: &str) -> Option<(&str, &str)> {
    let from = url.find("://")?.checked_add(3)?;
    let slash = url.get(from..)?.find('/').and_then(|at| at.checked_add(from));
    slash.map_or(Some((url, "")), |slash| url.split_at_checked(slash))
}

/// Returns the URLs of an issuer's metadata, in the order of the attempts: after its path, as in OpenID Connect; and
/// before it, as in RFC 8414.
#[must_use]
pub fn metadata_urls(issuer: &str) -> [String; 2] {
    let bare = issuer.trim_end_matches('/');
    let (origin, path) = split_origin(bare).unwrap_or((bare, ""));
    [
        [bare, "/.well-known/openid-configuration"].concat(),
        [origin, "/.well-known/oauth-authorization-server", path].concat(),
    ]
}

/// Returns the URL of the keys, by the metadata of this issuer: only if the metadata names exactly this issuer, and
/// only on its origin.
#[must_use]
pub fn jwks_uri(metadata: &[u8], issuer: &str) -> Option<String> {
    let metadata = json::parse(metadata, JSON_LIMITS).ok()?;
    let text = |name: &str| metadata.get(name).and_then(Json::as_str);
    if text("issuer")? != issuer {
        return None;
    }
    let url = text("jwks_uri")?;
    let is_same = split_origin(url)?.0 == split_origin(issuer)?.0;
    (is_web_url(url) && is_same).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine() {
        for url in [
            "https://a.example",
            "https://a.example:8443/x/y",
            "http://127.0.0.1:9/x",
            "http://localhost",
            "http://[::1]:1/",
        ] {
            assert!(is_web_url(url), "{url}");
        }
        for url in [
            "http://a.example",
            "ftp://a.example",
            "https://",
            "https://u@a.example",
            "https://a.example?x",
            "https://a.example#x",
            "https://a.example/../b",
            "https://a.example/./b",
            "https://a b",
            "http://127.0.0.1.a.example",
            "http://localhost.a.example",
            "http://10.0.0.1",
            "a.example",
            "https:///x",
            "https://a.example/%2e",
            "http://[::1].a.example@b",
            "https://a.example\\@b",
        ] {
            assert!(!is_web_url(url), "{url}");
        }
    }

    #[test]
    fn metadata_stands_behind_or_before_the_path() {
        let urls = metadata_urls("https://a.example/realms/x");
        assert_eq!(urls[0], "https://a.example/realms/x/.well-known/openid-configuration");
        assert_eq!(urls[1], "https://a.example/.well-known/oauth-authorization-server/realms/x");
        assert_eq!(metadata_urls("https://a.example/")[1], "https://a.example/.well-known/oauth-authorization-server");
    }

    #[test]
    fn metadata_counts_only_for_its_own_issuer_and_origin() {
        let uri = |issuer: &str, keys: &str| {
            let text = format!("{{\"issuer\":\"{issuer}\",\"jwks_uri\":\"{keys}\",\"scopes_supported\":[\"openid\"]}}");
            jwks_uri(text.as_bytes(), "https://a.example/r")
        };
        assert_eq!(uri("https://a.example/r", "https://a.example/keys").as_deref(), Some("https://a.example/keys"));
        for (issuer, keys) in [
            ("https://a.example/r/", "https://a.example/keys"),
            ("https://A.example/r", "https://a.example/keys"),
            ("https://b.example/r", "https://a.example/keys"),
            ("https://a.example/r", "https://b.example/keys"),
            ("https://a.example/r", "https://a.example:8443/keys"),
            ("https://a.example/r", "http://a.example/keys"),
            ("https://a.example/r", "https://a.example.b.example/keys"),
            ("https://a.example/r", "https://a.example@b.example/keys"),
            ("https://a.example/r", "http://169.254.169.254/latest"),
        ] {
            assert_eq!(uri(issuer, keys), None, "{issuer} {keys}");
        }
    }
}
