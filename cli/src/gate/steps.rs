//! The steps of the gate, in order, in two lanes. A new package of native tests needs no row: `tests` runs every member that has
//! none.

use std::path::PathBuf;
use std::process::Command;

use super::packages::{SIMULATION, SPIN_HOST};
use super::run::Run;
use super::{budget, deny, licences, programs, python};
use crate::build::target;
use crate::failure::Failure;
use crate::npm;
use crate::prerequisites::NODE_REMEDY;
use crate::workspace::RUSTUP_REMEDY;

/// One step.
pub(super) struct Step {
    /// The name, for `--only` and `--from`.
    pub(super) name: &'static str,
    /// A line on the checked property.
    pub(super) about: &'static str,
    /// Steps above it without which it cannot run.
    pub(super) needs: &'static [&'static str],
    /// True if it only compiles, in a build directory of cargo's that no other step uses: it runs beside the others.
    pub(super) is_ahead: bool,
    /// The work.
    pub(super) work: fn(&mut Run) -> Result<(), Failure>,
}

/// Native packages whose integration tests take long or need more than themselves, and so have rows of their own.
pub(super) const OWN_ROW: [&str; 4] = ["toolgate-differential", "toolgate-engine", SIMULATION, "toolgate-e2e"];

/// All steps.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "every file is formatted by rustfmt.toml",
        needs: &[],
        is_ahead: false,
        work: |run| run.cargo(["fmt", "--all", "--check"]),
    },
    Step {
        name: "npm",
        about: "the npm packages of package-lock.json",
        needs: &[],
        is_ahead: true,
        work: |run| npm::ensure(&run.workspace),
    },
    Step {
        name: "python",
        about: "a virtual environment with a real Arcade worker and the Python SDK",
        needs: &[],
        is_ahead: true,
        work: python::ensure,
    },
    Step {
        name: "clippy",
        about: "no lint of the policy is broken in the WASM packages; the others are linted where they are compiled",
        needs: &[],
        is_ahead: false,
        work: clippy,
    },
    Step {
        name: "deny",
        about: "banned crates and duplicates by deny.toml: in a deep run, or where cargo-deny is at hand",
        needs: &[],
        is_ahead: false,
        work: deny::check,
    },
    Step {
        name: "tests",
        about: "lints and native tests of the core, the command line and the rules of the repository",
        needs: &[],
        is_ahead: false,
        work: tests,
    },
    Step {
        name: "simulation",
        about: "the simulated world, and the defects it must notice",
        needs: &[],
        is_ahead: false,
        work: |run| {
            run.test(
                "tests of the simulation",
                &["--package", SIMULATION, "--profile", "simulation"].map(str::to_owned),
            )
        },
    },
    Step {
        name: "licences",
        about: "the licences of all packages of Rust, npm and PyPI, and where they come from",
        needs: &["python", "npm"],
        is_ahead: false,
        work: licences::check,
    },
    Step {
        name: "differential",
        about: "the local Calc tools against the same tools on a real worker",
        needs: &["python"],
        is_ahead: false,
        work: |run| tests_of(run, "toolgate-differential"),
    },
    Step {
        name: "engine",
        about: "the engine stand-in, driven by both official SDKs",
        needs: &["python", "npm"],
        is_ahead: false,
        work: |run| tests_of(run, "toolgate-engine"),
    },
    Step {
        name: "entry",
        about: "the Worker's JavaScript, on workerd: bodies, callers that hang up, traps, the durable owner, lines of the log",
        needs: &["npm"],
        is_ahead: false,
        work: entry,
    },
    Step {
        name: "cloudflare",
        about: "the Worker in release: its imports and its size",
        needs: &["npm"],
        is_ahead: true,
        work: cloudflare,
    },
    Step {
        name: "panic",
        about: "a panic of the Worker on workerd: its place is logged, its message is not",
        needs: &["npm", "cloudflare"],
        is_ahead: false,
        work: panic,
    },
    Step {
        name: "spin",
        about: "the Spin component in release: its imports and its size",
        needs: &[],
        is_ahead: true,
        work: |run| build_and_weigh(run, "spin"),
    },
    Step {
        name: "host",
        about: "the Spin test host and its tests, compiled in the profile in which WASM compiles at a bearable speed",
        needs: &[],
        is_ahead: true,
        work: host,
    },
    Step {
        name: "rate",
        about: "one rate limit over sixteen services on workerd",
        // With `host` the other lane has ended: what this counts is not to depend on who else is at work.
        needs: &["npm", "cloudflare", "host"],
        is_ahead: false,
        work: rate,
    },
    Step {
        name: "spin-host",
        about: "the Spin test host, and the component on it under load",
        needs: &["engine", "spin", "host"],
        is_ahead: false,
        work: |run| run.test("tests of the Spin host", &HOST.map(str::to_owned)),
    },
    Step {
        name: "e2e",
        about: "the gateway on workerd and on the Spin host, in front of real counterparts",
        needs: &["python", "npm", "cloudflare", "spin", "host"],
        is_ahead: false,
        work: |run| tests_of(run, "toolgate-e2e"),
    },
];

/// The Spin test host, in cargo's words.
const HOST: [&str; 4] = ["--package", SPIN_HOST, "--profile", "host"];

/// Returns the step of this name.
pub(super) fn find(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

/// Lints each WASM package for its own target; the others are linted where they are compiled.
fn clippy(run: &mut Run) -> Result<(), Failure> {
    let packages = run.packages.iter().filter_map(|package| Some((package.name.clone(), package.target?)));
    for (name, target) in packages.collect::<Vec<_>>() {
        // If rustup's auto-install is off, the targets of rust-toolchain.toml do not come by themselves.
        target::ensure(&run.workspace, target)?;
        let mut cargo = run.workspace.cargo();
        cargo.args(["clippy", "--package", &name, "--target", target, "--", "--deny", "warnings"]);
        run.build(&format!("lints, {name}"), &mut cargo)?;
    }
    Ok(())
}

/// Runs the unit tests of all native packages, and the integration tests of those without a row.
fn tests(run: &mut Run) -> Result<(), Failure> {
    let forgotten = programs::without_step(&run.workspace.root, &run.packages);
    if !forgotten.is_empty() {
        return Err(Failure::new(format!("no step runs the tests of {}", forgotten.join(", "))));
    }
    let integration = run.integration_tests(|package| !OWN_ROW.contains(&package.name.as_str()));
    let chosen = ["--lib", "--bins"].map(str::to_owned).into_iter().chain(integration).collect();
    run.native_tests("native tests", chosen)
}

/// Runs the integration tests of one package.
fn tests_of(run: &mut Run, name: &str) -> Result<(), Failure> {
    let integration = run.integration_tests(|package| package.name == name);
    run.native_tests(&format!("tests of {name}"), integration)
}

/// Runs every JavaScript test that has no step of its own.
fn entry(run: &mut Run) -> Result<(), Failure> {
    let mut node = run.workspace.node();
    let tests = programs::javascript_tests(&run.workspace.root);
    let without_step = tests.into_iter().filter(|test| !programs::JAVASCRIPT_WITH_STEP.contains(&test.as_str()));
    node.args(["--test", "--test-reporter=tap"]).args(without_step);
    run.start(&mut node, NODE_REMEDY)
}

fn panic(run: &mut Run) -> Result<(), Failure> {
    let mut node = run.workspace.node();
    node.args(["--test", "--test-reporter=tap", "functions/cloudflare/tests/panic.test.mjs"]);
    run.start(node.env("TOOLGATE_WORKER", run.workspace.root.join("build/cloudflare")), NODE_REMEDY)
}

/// Builds the Worker, and the same module with the document of the step `rate`.
fn cloudflare(run: &mut Run) -> Result<(), Failure> {
    build_and_weigh(run, "cloudflare")?;
    let mut build = Command::new(run.program());
    build.args(["build", "cloudflare", "--release", "--output"]).arg(rate_worker(run));
    build.env("TOOLGATE_CONFIG", "tests/rate/toolgate.toml");
    run.start(&mut build, RUSTUP_REMEDY)
}

/// Returns the directory of the Worker of the step `rate`.
fn rate_worker(run: &Run) -> PathBuf {
    run.workspace.target.join("rate")
}

fn rate(run: &mut Run) -> Result<(), Failure> {
    let output = rate_worker(run);
    let mut node = run.workspace.node();
    node.args(["--test", "--test-reporter=tap", "tests/rate/rate.test.mjs"]);
    run.start(node.env("TOOLGATE_RATE_WORKER", output), NODE_REMEDY)
}

/// Builds in a program of its own, so that a long silence of the compiler is reported.
fn build_and_weigh(run: &mut Run, name: &str) -> Result<(), Failure> {
    run.start(Command::new(run.program()).args(["build", name, "--release"]), RUSTUP_REMEDY)?;
    budget::check(&run.workspace, name)
}

/// Compiles the host and its tests; the steps below run both.
fn host(run: &mut Run) -> Result<(), Failure> {
    // Its tests build a component.
    target::ensure(&run.workspace, "wasm32-wasip2")?;
    run.build_tests("tests of the Spin host", &HOST.map(str::to_owned))
}
