//! Sockets: accept, read a request whole, answer it through hyper, or take the socket back and play a script on it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::answer::{Answer, Content};
use crate::ask::{Ask, Scope};
use crate::engine::{Engine, Reply};
use crate::options::Options;
use crate::script::Script;

/// The largest request body that is read, in bytes.
const REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// A stand-in that serves from a thread of its own; dropping it stops it.
#[derive(Debug)]
pub struct Running {
    base_url: String,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// `http://HOST:PORT`, with the port that was bound.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Serves until the stand-in stops by itself (`quit_after_s`), or for good.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Binds, fetches the fronted worker's tools, and serves on a new thread.
///
/// # Errors
/// What stopped it from starting, in words: the address is taken, or the worker does not answer within 10 seconds.
#[expect(clippy::disallowed_methods, reason = "a native server: its thread is its isolate")]
pub fn start(options: Options) -> Result<Running, String> {
    let (ready, started) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, run(options, ready, stopped)),
            Err(fault) => drop(ready.send(Err(format!("no runtime: {fault}")))),
        }
    });
    let base_url = started.recv().map_err(|_| "the server thread ended".to_owned())??;
    Ok(Running { base_url, stop: Some(stop), thread: Some(thread) })
}

/// Serves until told to stop or until the time that the options set has passed.
async fn run(
    options: Options,
    ready: std::sync::mpsc::Sender<Result<String, String>>,
    stopped: oneshot::Receiver<Infallible>,
) {
    let quit_after = Duration::from_secs(options.quit_after_s.unwrap_or(u64::from(u32::MAX)));
    let (engine, listener) = match open(options).await {
        Ok(opened) => opened,
        Err(fault) => return drop(ready.send(Err(fault))),
    };
    let _ = ready.send(Ok(engine.base_url.clone()));
    let accepting = tokio::task::spawn_local(accept(engine, listener));
    let _ = tokio::time::timeout(quit_after, stopped).await;
    accepting.abort();
}

async fn open(options: Options) -> Result<(Rc<Engine>, TcpListener), String> {
    let listener = TcpListener::bind(&options.listen).await.map_err(|fault| format!("{}: {fault}", options.listen))?;
    let address = listener.local_addr().map_err(|fault| fault.to_string())?;
    let engine = Engine::new(options, format!("http://{address}")).await?;
    Ok((Rc::new(engine), listener))
}

async fn accept(engine: Rc<Engine>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::task::spawn_local(connection(Rc::clone(&engine), stream))),
            // Out of file descriptors, most likely: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection; a script ends it with bytes that hyper would refuse to send.
async fn connection(engine: Rc<Engine>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let script: Rc<RefCell<Option<Script>>> = Rc::default();
    let service = service_fn(|request| {
        let (engine, script) = (Rc::clone(&engine), Rc::clone(&script));
        // Boxed: hyper lets go of its socket only when the future may be moved.
        Box::pin(async move {
            match respond(&engine, request).await {
                Reply::Answer(answer) => Ok(into_http(answer)),
                Reply::Script(bytes) => {
                    *script.borrow_mut() = Some(bytes);
                    Err(Spoiled)
                }
            }
        })
    });
    let mut serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = std::future::poll_fn(|context| serving.poll_without_shutdown(context)).await;
    let stream = serving.into_parts().io.into_inner();
    let script = script.borrow_mut().take();
    if let Some(script) = script {
        script.play(stream).await;
    }
}

async fn respond(engine: &Rc<Engine>, request: hyper::Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, REQUEST_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(fault) => {
            return Reply::Answer(Answer::error(413, "request_too_large", &fault.to_string()));
        }
    };
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = head.uri.path().to_owned();
    engine.reply(Ask { method: head.method, path, query, headers: head.headers, body, scope: Scope::default() }).await
}

fn into_http(answer: Answer) -> hyper::Response<Outgoing> {
    let mut builder = hyper::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Outgoing(answer.content)).unwrap_or_else(|_| {
        let refusal = Answer::error(500, "bad_header", "an answer had a header that is not one");
        hyper::Response::new(Outgoing(refusal.content))
    })
}

/// Tells hyper to let go of a connection whose answer a script will write.
#[derive(Debug)]
struct Spoiled;

impl std::fmt::Display for Spoiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer is written by a script")
    }
}

impl std::error::Error for Spoiled {}

/// An answer's content as hyper wants it.
struct Outgoing(Content);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Pieces(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Content::Pieces(_) => SizeHint::default(),
        }
    }
}
