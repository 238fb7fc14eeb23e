//! The `toolgate` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use toolgate_cli::failure::Failure;
#[cfg(feature = "policy")]
use toolgate_cli::policy;
use toolgate_cli::{bench, build, gate, say};
#[cfg(feature = "gateway")]
use toolgate_cli::{cache, config, dev, key};

/// Develop, build and check Toolgate.
#[derive(Debug, Parser)]
#[command(name = "toolgate", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the WebAssembly of one platform.
    Build(build::Arguments),
    /// Build, serve on this machine, and rebuild when a file changes.
    #[cfg(feature = "gateway")]
    Dev(dev::Arguments),
    /// Run the whole test.
    Gate(gate::Arguments),
    /// Build what the benchmarks compare, and measure it.
    Bench(bench::Arguments),
    /// Check or describe a configuration.
    #[cfg(feature = "gateway")]
    Config(config::Arguments),
    /// Ask a running gateway about its cache, make what it holds stale, or fill it.
    #[cfg(feature = "gateway")]
    Cache(cache::Arguments),
    /// Make or hash an API key of a caller.
    #[cfg(feature = "gateway")]
    Key(key::Arguments),
    /// Check, test or compare policies.
    #[cfg(feature = "policy")]
    Policy(policy::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Build(arguments) => build::run(&arguments).map_err(Failure::from),
        #[cfg(feature = "gateway")]
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Gate(arguments) => gate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        #[cfg(feature = "gateway")]
        Command::Config(arguments) => config::run(&arguments),
        #[cfg(feature = "gateway")]
        Command::Cache(arguments) => cache::run(&arguments),
        #[cfg(feature = "gateway")]
        Command::Key(arguments) => key::run(&arguments),
        #[cfg(feature = "policy")]
        Command::Policy(arguments) => policy::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                say::failure(&failure.to_string());
            }
            ExitCode::FAILURE
        }
    }
}
