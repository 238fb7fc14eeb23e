//! Outbound HTTP of a component: allowed addresses, pooled connections, errors by name.

use std::error::Error as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io, vec};

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::allowed::AllowedHosts;

/// Spin's bound where a request sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Sends the requests of one component. A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Outbound {
    allowed: Arc<AllowedHosts>,
    client: Client<HttpsConnector<HttpConnector<Resolver>>, WasiBody>,
}

impl Outbound {
    /// A sender that keeps to `allowed`, and trusts the root certificates that browsers trust.
    pub(crate) fn new(allowed: AllowedHosts) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
        Self { allowed: Arc::new(allowed), client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    async fn send(self, request: Request<WasiBody>, first_byte: Duration) -> Result<Response<WasiBody>, Error> {
        if !self.allowed.allow(request.uri()) {
            return Err(Error::HttpRequestDenied);
        }
        let response = tokio::time::timeout(first_byte, self.client.request(request))
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| name(&error))?;
        Ok(response.map(|body| body.map_err(Error::from).boxed_unsync()))
    }
}

type IoDone = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_done: IoDone,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, IoDone), Error>> + Send> {
        let first_byte = options.and_then(|options| options.first_byte_timeout).unwrap_or(DEFAULT_TIMEOUT);
        let sending = self.clone().send(request, first_byte);
        Box::new(async move { Ok((sending.await?, Box::new(async { Ok(()) }) as IoDone)) })
    }
}

/// The name that WASI has for `error`.
fn name(error: &ClientError) -> Error {
    let mut cause = error.source();
    let mut connect = None;
    while let Some(inner) = cause {
        if inner.is::<NameNotFound>() {
            return Error::DnsError { rcode: Some("address not available".to_owned()), info_code: Some(0) };
        }
        if let Some(known) = inner.downcast_ref::<io::Error>() {
            connect = connect.or(known.raw_os_error());
        }
        cause = inner.source();
    }
    match (error.is_connect(), connect) {
        (true, Some(_)) => Error::ConnectionRefused,
        // The address answered, but did not agree on TLS.
        (true, None) => Error::TlsProtocolError,
        (false, _) => Error::HttpProtocolError,
    }
}

/// The system's resolver, with failures that can be told apart.
#[derive(Clone)]
struct Resolver;

#[derive(Debug)]
struct NameNotFound(io::Error);

impl fmt::Display for NameNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "name not found: {}", self.0)
    }
}

impl std::error::Error for NameNotFound {}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NameNotFound;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            // The port is put in later; zero stands for any.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameNotFound)?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}
