//! The component that serves a path.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

/// A route pattern of the manifest: an exact path, or a prefix and all below it (`/...`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pattern: String,
    /// The path, without the ending `/...` and without an ending slash.
    path: String,
    below: bool,
}

impl Route {
    /// Reads a pattern.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let (path, below) = match pattern.strip_suffix("/...") {
            Some(path) => (path, true),
            None => (pattern.strip_suffix('/').unwrap_or(pattern), false),
        };
        if !pattern.starts_with('/') || path.contains(['*', ':']) || path.contains("...") {
            return Err(format!("route `{pattern}` must be a path from the root, exact or ending in `/...`"));
        }
        Ok(Self { pattern: pattern.to_owned(), path: path.to_owned(), below })
    }

    /// Returns the part of `path` below the route; `None` when the route does not serve it.
    fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(self.path.as_str())?;
        match rest {
            // `OPTIONS *` asks the server as a whole: what serves everything serves it.
            "*" if self.below && self.path.is_empty() => Some(""),
            "" | "/" => Some(if self.below { rest } else { "" }),
            _ if self.below && rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }

    /// Adds the headers by which Spin tells a component how it was reached.
    pub(crate) fn describe(&self, uri: &Uri, client: std::net::SocketAddr, headers: &mut HeaderMap) {
        let fields = [
            ("spin-path-info", self.rest(uri.path()).unwrap_or_default().to_owned()),
            ("spin-full-url", uri.to_string()),
            ("spin-matched-route", self.pattern.clone()),
            ("spin-base-path", "/".to_owned()),
            ("spin-raw-component-route", self.pattern.clone()),
            ("spin-component-route", self.path.clone()),
            ("spin-client-addr", client.to_string()),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// The entry of `routes` that serves `path`: an exact one if there is, else the longest prefix.
pub(crate) fn find<'a, T>(routes: &'a [(Route, T)], path: &str) -> Option<&'a (Route, T)> {
    routes
        .iter()
        .filter(|(route, _)| route.rest(path).is_some())
        .max_by_key(|(route, _)| (!route.below, route.path.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_goes_before_prefix_and_long_before_short() {
        let routes = ["/...", "/a/...", "/a/b"].map(|pattern| (Route::parse(pattern).expect(pattern), pattern));
        for (path, expected) in [
            ("/", "/..."),
            ("/x", "/..."),
            ("/ab", "/..."),
            ("/a", "/a/..."),
            ("/a/", "/a/..."),
            ("/a/c", "/a/..."),
            ("/a/b", "/a/b"),
            ("*", "/..."),
        ] {
            assert_eq!(find(&routes, path).map(|(_, pattern)| *pattern), Some(expected), "{path}");
        }
        assert!(find(&routes[1..], "/x").is_none());
    }

    #[test]
    fn what_spin_would_treat_otherwise_is_refused() {
        for pattern in ["", "a", "/:id", "/a/*", "/.../a"] {
            assert!(Route::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn components_learn_how_they_were_reached() {
        let mut headers = HeaderMap::new();
        let uri = "http://h:1/a/c?d=e".parse().expect("uri");
        Route::parse("/a/...").expect("route").describe(&uri, "127.0.0.1:9".parse().expect("address"), &mut headers);
        assert_eq!(headers["spin-path-info"], "/c");
        assert_eq!(headers["spin-full-url"], "http://h:1/a/c?d=e");
        assert_eq!(headers["spin-component-route"], "/a");
        assert_eq!(headers["spin-client-addr"], "127.0.0.1:9");
    }
}
