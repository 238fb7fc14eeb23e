//! Answers requests before, or instead of, a component.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::instances::Instances;
use crate::manifest::Manifest;
use crate::routes::{self, Route};

/// The paths that Spin keeps for itself.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The names by which components of one application reach each other; from outside they name nothing.
const INTERNAL: &str = ".spin.internal";

pub(crate) type Handler = ProxyHandler<Instances>;

/// An application's routes, and what it says of itself.
pub(crate) struct Application {
    routes: Vec<(Route, Handler)>,
    info: Bytes,
}

/// A request that gets no answer: its connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request does not say which host it is for")
    }
}

impl std::error::Error for Closed {}

impl Application {
    pub(crate) fn new(manifest: &Manifest, routes: Vec<(Route, Handler)>) -> Self {
        let mut info = serde_json::Map::new();
        info.insert("name".to_owned(), manifest.application.name.as_str().into());
        if let Some(version) = &manifest.application.version {
            info.insert("version".to_owned(), version.as_str().into());
        }
        Self { routes, info: serde_json::Value::Object(info).to_string().into() }
    }

    /// Answers one request. Spin's own paths come first, before anything else of the request is looked at.
    pub(crate) async fn answer(
        &self,
        mut request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>, Closed> {
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return Ok(self.well_known(name));
        }
        let Some((route, handler)) = routes::find(&self.routes, path) else {
            return Ok(plain(StatusCode::NOT_FOUND, Bytes::new()));
        };
        *request.uri_mut() = absolute(request.uri(), request.headers()).ok_or(Closed)?;
        if request.headers().values().any(|value| str::from_utf8(value.as_bytes()).is_err()) {
            return Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()));
        }
        request.headers_mut().remove(CONNECTION);
        let uri = request.uri().clone();
        route.describe(&uri, client, request.headers_mut());
        let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        let answered = handler.handle((), request).await;
        Ok(answered.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())))
    }

    fn well_known(&self, name: &str) -> Response<WasiBody> {
        match name {
            "health" => plain(StatusCode::OK, Bytes::from_static(b"OK")),
            "info" => {
                let mut response = plain(StatusCode::OK, self.info.clone());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            _ => plain(StatusCode::NOT_FOUND, Bytes::new()),
        }
    }
}

/// The URI with the scheme and the host that the request is for; `None` when `Host` and URI name none, none that can be read,
/// or two.
fn absolute(uri: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let named = match headers.get(HOST) {
        Some(host) => {
            Some(host.to_str().ok()?.parse::<Authority>().ok()?).filter(|host| !host.host().ends_with(INTERNAL))
        }
        None => None,
    };
    let mut parts = uri.clone().into_parts();
    parts.authority = match (named, parts.authority) {
        (Some(named), Some(asked)) if named != asked => return None,
        (named, asked) => Some(named.or(asked)?),
    };
    parts.scheme = Some(Scheme::HTTP);
    // That of CONNECT has no path.
    Uri::from_parts(parts).ok()
}

fn plain(status: StatusCode, body: Bytes) -> Response<WasiBody> {
    let mut response = Response::new(Full::new(body).map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, host: Option<&[u8]>) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, HeaderValue::from_bytes(host).expect("a value"));
        }
        absolute(&uri.parse().expect(uri), &headers).map(|uri| uri.to_string())
    }

    #[test]
    fn host_and_uri_name_one_host() {
        assert_eq!(read("/a?b", Some(b"h:1")).as_deref(), Some("http://h:1/a?b"));
        assert_eq!(read("http://h:1/a", None).as_deref(), Some("http://h:1/a"));
        assert_eq!(read("http://h:1/a", Some(b"h:1")).as_deref(), Some("http://h:1/a"));
        assert_eq!(read("http://h:1/a", Some(b"x.spin.internal")).as_deref(), Some("http://h:1/a"));
    }

    #[test]
    fn what_names_no_host_or_two_is_closed() {
        for (uri, host) in [
            ("/", None),
            ("/", Some(b"a b".as_slice())),
            ("/", Some(b"")),
            ("/", Some(b"\xff")),
            ("/", Some(b"x.spin.internal")),
            ("http://h:1/", Some(b"h:2")),
            ("h:1", Some(b"h:1")),
        ] {
            assert_eq!(read(uri, host), None, "{uri} {host:?}");
        }
    }
}
