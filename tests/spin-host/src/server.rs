//! The HTTP server in front of the components.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::handler::ProxyHandler;

use crate::allowed::AllowedHosts;
use crate::application::{Application, Handler};
use crate::engine;
use crate::error::StartError;
use crate::guest::Grants;
use crate::instances::{Instances, Reuse};
use crate::key_value::SharedStore;
use crate::manifest::{Component, Manifest};
use crate::options::Options;
use crate::outbound::Outbound;
use crate::routes::Route;
use crate::state::StateDir;
use crate::variables::Values;

/// The time that open connections have to end.
const SHUTDOWN_BOUND: Duration = Duration::from_secs(5);

/// An application that listens.
pub struct Server {
    listener: TcpListener,
    application: Arc<Application>,
}

impl Server {
    /// Prepares everything that `options` and their manifest ask for.
    ///
    /// # Errors
    /// [`StartError`], for every fault that can be found before a request arrives.
    pub async fn start(options: &Options, environment: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let manifest = Manifest::read(&options.manifest)?;
        if options.build {
            build(&manifest).await?;
        }
        let values = Values::resolve(&manifest, &options.variables, environment)?;
        let handlers = handlers(options, &manifest, &values)?;
        let mut routes = Vec::new();
        for trigger in &manifest.triggers {
            let route = Route::parse(&trigger.route)
                .map_err(|problem| StartError::Manifest { path: options.manifest.clone(), problem })?;
            // The manifest was checked: the component exists.
            routes.extend(handlers.get(&trigger.component).map(|handler| (route, handler.clone())));
        }
        let listener = TcpListener::bind(options.listen).await.map_err(StartError::Listen)?;
        Ok(Self { listener, application: Arc::new(Application::new(&manifest, routes)) })
    }

    /// The address that was bound.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is done, then lets open connections end.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, client)) => connect(stream, client, Arc::clone(&self.application), &graceful),
                    // Out of descriptors, or a client that left again: the next one may do better.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
                () = &mut stop => break,
            }
        }
        let _ = tokio::time::timeout(SHUTDOWN_BOUND, graceful.shutdown()).await;
    }
}

/// Runs the build command of every component that has one.
async fn build(manifest: &Manifest) -> Result<(), StartError> {
    for (name, component) in &manifest.components {
        let Some(build) = &component.build else { continue };
        let directory = manifest.directory.join(build.workdir.as_deref().unwrap_or(".".as_ref()));
        let status = tokio::process::Command::new("sh")
            .args(["-c", &build.command])
            .current_dir(directory)
            .status()
            .await
            .map_err(|error| StartError::Build(format!("`{}`: {error}", build.command)))?;
        if !status.success() {
            return Err(StartError::Build(format!("`{}` of component `{name}` ended with {status}", build.command)));
        }
    }
    Ok(())
}

/// A handler for every component.
fn handlers(options: &Options, manifest: &Manifest, values: &Values) -> Result<BTreeMap<String, Handler>, StartError> {
    let state = options.state_dir.clone().unwrap_or_else(|| manifest.directory.join(".spin"));
    let state = StateDir::open(&state)?;
    let store = SharedStore::new(state.key_value()?);
    let fault = |name: &str, error: wasmtime::Error| StartError::Component {
        name: name.to_owned(),
        problem: format!("{error:?}"),
    };
    let engine = engine::engine(options).map_err(|error| fault("(engine)", error))?;
    let mut handlers = BTreeMap::new();
    for (name, component) in &manifest.components {
        let grants = Arc::new(grants(component, values, &state, &store)?);
        let service = engine::prepare(&engine, &manifest.directory.join(&component.source))
            .map_err(|error| fault(name, error))?;
        let handler = ProxyHandler::new(Instances { service, grants, reuse: Reuse::from(options) });
        handlers.insert(name.clone(), handler);
    }
    Ok(handlers)
}

#[expect(clippy::print_stderr, reason = "a fault that does not stop the start is for whoever starts to read")]
fn grants(component: &Component, values: &Values, state: &StateDir, store: &SharedStore) -> Result<Grants, StartError> {
    let stores = component.key_value_stores.iter().map(|label| (label.clone(), store.clone())).collect();
    let (allowed, problem) = AllowedHosts::resolve(&component.allowed_outbound_hosts, values);
    if let Some(problem) = problem {
        eprintln!("allowed_outbound_hosts: {problem}: no host is allowed");
    }
    Ok(Grants {
        variables: values.of_component(component)?,
        environment: component.environment.clone(),
        stores,
        databases: component.sqlite_databases.clone(),
        state: state.clone(),
        outbound: Outbound::new(allowed),
    })
}

/// Serves one connection in a task of its own. As on Spin, nothing sets `TCP_NODELAY`: an answer in several segments may wait
/// for a delayed acknowledgement.
fn connect(stream: TcpStream, client: SocketAddr, application: Arc<Application>, graceful: &GracefulShutdown) {
    let service = service_fn(move |request| {
        let application = Arc::clone(&application);
        async move { application.answer(request, client).await }
    });
    let connection = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that breaks its own connection is no concern of the others.
        let _ = watched.await;
    });
}
