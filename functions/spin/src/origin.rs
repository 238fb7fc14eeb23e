//! Port `origin`: outbound HTTP of WASI, within `allowed_outbound_hosts`.

use std::pin::pin;

use futures_util::future::{Either, select};
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, Fields, Method as WasiMethod, Request, Response, Scheme};
use spin_sdk::wasip3::wit_future;
use toolgate::ports::origin::RESPONSE_HEADERS;
use toolgate::ports::{Clock, Origin, OriginError, OriginRequest, OriginResponse, OriginStream};
use toolgate::words::method::Method;
use toolgate::words::time::Millis;

use crate::Spin;
use crate::exchange::{self, Stream, Unread};

impl Origin for Spin {
    type Stream = Stream;

    async fn send(&self, request: OriginRequest) -> Result<OriginResponse, OriginError> {
        let (timeout, limit, method) = (request.timeout, request.response_limit, request.method);
        within(*self, timeout, async {
            let OriginStream { status, headers, body: (declared, body) } = exchange_heads(request).await?;
            // These have no body, whatever their head declares (RFC 9110 section 6.4.1).
            let declared = declared.filter(|_| method != Method::Head && !matches!(status, 204 | 304));
            let body = exchange::collect(body, declared, limit).await.map_err(|unread| match unread {
                Unread::TooLarge => OriginError::BodyTooLarge,
                Unread::Broken => OriginError::BodyCut,
            })?;
            Ok(OriginResponse { status, headers, body })
        })
        .await
    }

    async fn open(&self, request: OriginRequest) -> Result<OriginStream<Stream>, OriginError> {
        let timeout = request.timeout;
        within(*self, timeout, async {
            let OriginStream { status, headers, body: (_, body) } = exchange_heads(request).await?;
            Ok(OriginStream { status, headers, body })
        })
        .await
    }
}

/// Gives `work` up after `timeout`: dropped, it closes its connection.
async fn within<T>(
    host: Spin,
    timeout: Millis,
    work: impl Future<Output = Result<T, OriginError>>,
) -> Result<T, OriginError> {
    let work = pin!(work);
    let late = pin!(host.sleep(timeout));
    match select(work, late).await {
        Either::Left((ended, _)) => ended,
        Either::Right(_) => Err(OriginError::Timeout),
    }
}

/// Sends the request and waits for the head of the answer; the body comes with its declared length.
async fn exchange_heads(request: OriginRequest) -> Result<OriginStream<(Option<usize>, Stream)>, OriginError> {
    let request = outgoing(request).ok_or(OriginError::Forbidden)?;
    let response = client::send(request).await.map_err(|error| name(&error))?;
    let status = response.get_status_code();
    let fields = response.get_headers();
    if fields.get("content-encoding").iter().any(|coding| coding != b"identity") {
        // Nothing here decompresses, and the core could not tell such bytes from nonsense.
        return Err(OriginError::Broken);
    }
    let headers = RESPONSE_HEADERS.iter().filter_map(|name| Some((*name, exchange::field(&fields, name)?))).collect();
    let declared = exchange::declared_length(&fields);
    let (read, done) = wit_future::new(|| Ok(()));
    drop(read);
    Ok(OriginStream { status, headers, body: (declared, Response::consume_body(response, done)) })
}

/// Converts the request for WASI; `None` if a part of it cannot be sent.
fn outgoing(request: OriginRequest) -> Option<Request> {
    let OriginRequest { method, url, headers, authorization, body, .. } = request;
    let mut fields: Vec<_> = headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
    // Nothing decompresses on every platform, so an uncompressed answer is asked for.
    fields.push(("accept-encoding".to_owned(), b"identity".to_vec()));
    if let Some(secret) = authorization {
        fields.push(("authorization".to_owned(), secret.expose().as_bytes().to_vec()));
    }
    if !body.is_empty() {
        fields.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&fields).ok()?;
    let (contents, ended) = exchange::outgoing(body);
    let (outgoing, _sent) = Request::new(fields, contents, ended, None);
    let (scheme, authority, path) = split(&url)?;
    outgoing.set_method(&method_for(method)?).ok()?;
    outgoing.set_scheme(Some(&scheme)).ok()?;
    outgoing.set_authority(Some(authority)).ok()?;
    outgoing.set_path_with_query(Some(path)).ok()?;
    Some(outgoing)
}

/// Returns the parts of an absolute URL. The core's have no fragment and no user.
fn split(url: &str) -> Option<(Scheme, &str, &str)> {
    let (scheme, rest) = match url.split_once("://")? {
        ("http", rest) => (Scheme::Http, rest),
        ("https", rest) => (Scheme::Https, rest),
        _ => return None,
    };
    let (authority, path) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len()))?;
    Some((scheme, authority, if path.is_empty() { "/" } else { path }))
}

fn method_for(method: Method) -> Option<WasiMethod> {
    Some(match method {
        Method::Get => WasiMethod::Get,
        Method::Head => WasiMethod::Head,
        Method::Post => WasiMethod::Post,
        Method::Put => WasiMethod::Put,
        Method::Patch => WasiMethod::Patch,
        Method::Delete => WasiMethod::Delete,
        Method::Options => WasiMethod::Options,
        Method::Other => return None,
    })
}

/// Returns the core's name for a failure before the head arrived. "Nothing was sent" only if that is sure.
fn name(error: &ErrorCode) -> OriginError {
    match error {
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError => OriginError::Unreachable,
        ErrorCode::HttpRequestDenied
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::HttpRequestMethodInvalid
        | ErrorCode::HttpRequestUriInvalid => OriginError::Forbidden,
        ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout | ErrorCode::HttpResponseTimeout => {
            OriginError::Timeout
        }
        ErrorCode::HttpResponseBodySize(_) => OriginError::BodyTooLarge,
        _ => OriginError::Broken,
    }
}
