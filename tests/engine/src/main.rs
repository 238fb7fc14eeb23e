//! The stand-in as a program: prints `listening on http://HOST:PORT` as its first line and serves until it is stopped.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match toolgate_engine::Options::from_arguments(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(fault) => return complain(&format!("{fault}\n\n{}", toolgate_engine::USAGE)),
    };
    let running = match toolgate_engine::start(options) {
        Ok(running) => running,
        Err(fault) => return complain(&fault),
    };
    let first_line = format!("listening on {}\n", running.base_url());
    let mut out = std::io::stdout();
    if out.write_all(first_line.as_bytes()).and_then(|()| out.flush()).is_err() {
        return ExitCode::FAILURE;
    }
    running.wait();
    ExitCode::SUCCESS
}

fn complain(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "toolgate-engine: {message}");
    ExitCode::from(2)
}
