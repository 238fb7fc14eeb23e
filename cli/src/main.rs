//! The `toolgate` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use toolgate_cli::failure::Failure;
#[cfg(feature = "policy")]
use toolgate_cli::policy;
use toolgate_cli::{bench, build, cache, config, dev, gate, key, say};

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
    Dev(dev::Arguments),
    /// Run the whole test.
    Gate(gate::Arguments),
    /// Build what the benchmarks compare, and measure it.
    Bench(bench::Arguments),
    /// Check or describe a configuration.
    Config(config::Arguments),
    /// Ask a running gateway about its cache, make what it holds stale, or fill it.
    Cache(cache::Arguments),
    /// Make or hash an API key of a caller.
    Key(key::Arguments),
    /// Check, test or compare policies.
    #[cfg(feature = "policy")]
    Policy(policy::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Build(arguments) => build::run(&arguments).map_err(Failure::from),
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Gate(arguments) => gate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
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
