//! `toolgate-spin-host`: the command line of the Spin test host.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use toolgate_spin_host::server::Server;
use toolgate_spin_host::{Options, StartError};

#[expect(clippy::print_stderr, reason = "a command line tool tells its user what went wrong")]
fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("toolgate-spin-host: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(&options));
    // A guest that never yields must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("toolgate-spin-host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), StartError> {
    if let Some(seconds) = options.quit_after {
        quit_after(Duration::from_secs(seconds));
    }
    let server = Server::start(options, environment).await?;
    let address = server.address().map_err(StartError::Listen)?;
    // One line, flushed: whoever started us reads it through a pipe to learn the port.
    let mut stdout = std::io::stdout();
    writeln!(stdout, "Serving http://{address}").and_then(|()| stdout.flush()).map_err(StartError::Listen)?;
    server.serve(asked_to_stop()).await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "Spin takes variables from the environment, and this host follows it")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Ends the process after `bound`, even if a guest keeps every thread of the runtime busy.
#[expect(clippy::disallowed_methods, reason = "only a thread of its own is sure to run")]
fn quit_after(bound: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(bound);
        std::process::exit(0);
    });
}

/// Returns at the first SIGTERM or SIGINT.
async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
