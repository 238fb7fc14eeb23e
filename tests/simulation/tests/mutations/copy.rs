//! A copy of the core and its simulation, as a workspace of its own, into which defects are planted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::defect::Defect;
use crate::graft::{self, PLANTED, Placed, SWITCH};
use crate::place::Sources;

/// Bound on one test with one defect.
const BOUND: Duration = Duration::from_secs(300);

/// The verdict of a test on a defect.
pub(crate) enum Verdict {
    /// This test failed.
    Noticed(String),
    Unnoticed,
    /// The test did not end.
    Endless,
}

/// The copy, and the test binaries that were built of it last.
pub(crate) struct Copy {
    root: PathBuf,
    sources: Sources,
    binaries: BTreeMap<String, PathBuf>,
}

impl Copy {
    /// A fresh copy; files that did not change keep their times, so that nothing is built twice.
    pub(crate) fn new() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        Self { root, sources: sources(), binaries: BTreeMap::new() }
    }

    /// Builds `tests` with all `defects` in one build. Returns those that must be built alone.
    pub(crate) fn plant_all(&mut self, defects: &[(usize, &Defect)], tests: &BTreeSet<&str>) -> Vec<usize> {
        let mut files: BTreeMap<PathBuf, Vec<Placed<'_>>> = BTreeMap::new();
        for (number, defect) in defects {
            let place = self.sources.place(defect).unwrap_or_else(|fault| panic!("{fault}"));
            files.entry(place.file).or_default().push((*number, *defect, place.bytes));
        }
        let mut alone = Vec::new();
        let mut planted = BTreeMap::new();
        for (file, defects) in files {
            let (text, left) = graft::graft(self.sources.text(&file), &defects);
            alone.extend(left);
            planted.insert(file, text);
        }
        let root = Path::new("lib.rs");
        planted.entry(root.to_owned()).or_insert_with(|| self.sources.text(root).to_owned()).push_str(SWITCH);
        self.build(&planted, tests);
        alone
    }

    /// Builds the test of one defect, with nothing else in the copy.
    pub(crate) fn plant(&mut self, defect: &Defect) {
        let place = self.sources.place(defect).unwrap_or_else(|fault| panic!("{fault}"));
        let text = graft::with_one(self.sources.text(&place.file), defect, &place.bytes);
        self.build(&BTreeMap::from([(place.file, text)]), &BTreeSet::from([defect.test[0]]));
    }

    /// Runs a test with the defect of this number switched on, up to its first failure.
    pub(crate) fn run(&self, [binary, filter]: [&str; 2], planted: usize, seeds: Option<u32>) -> Verdict {
        let mut command = Command::new(&self.binaries[binary]);
        command.args((!filter.is_empty()).then_some(filter)).current_dir(self.root.join("tests/simulation"));
        // It has to be noticed by whatever its test does, not by the share of this run.
        command.env("TOOLGATE_DEEP", "1").env(PLANTED, planted.to_string()).env("RUST_BACKTRACE", "0");
        if let Some(seeds) = seeds {
            command.env("TOOLGATE_SEEDS", seeds.to_string());
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a test");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = mpsc::channel();
        let reader = thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let verdict = first_failure(&lines, Instant::now() + BOUND);
        let _ = child.kill();
        let status = child.wait().expect("its end");
        drop(lines);
        let _ = reader.join();
        match verdict {
            // A test that ends by an abort prints no result.
            Verdict::Unnoticed if !status.success() => Verdict::Noticed(format!("{binary}: {status}")),
            verdict => verdict,
        }
    }

    fn build(&mut self, planted: &BTreeMap<PathBuf, String>, tests: &BTreeSet<&str>) {
        self.write(planted);
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "test",
            "--no-run",
            "--profile=simulation",
            "--message-format=json-render-diagnostics",
            "--package",
            "toolgate-simulation",
        ]);
        cargo.args(tests.iter().flat_map(|test| ["--test", test]));
        // The dependencies are built already: only the core and the simulation are built anew.
        cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder"));
        let output = cargo.current_dir(&self.root).output().expect("cargo runs");
        let files: Vec<&PathBuf> = planted.keys().collect();
        let told = String::from_utf8_lossy(&output.stderr);
        // Defects bring warnings, which tell nobody anything.
        let error = told.find("\nerror").and_then(|place| told.get(place..)).unwrap_or(&told);
        assert!(output.status.success(), "{files:?} do not build:\n{error}");
        let messages = String::from_utf8_lossy(&output.stdout);
        let built = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let name_and_path = |message: serde_json::Value| {
            let name = message.pointer("/target/name")?.as_str()?.to_owned();
            Some((name, PathBuf::from(message.get("executable")?.as_str()?)))
        };
        self.binaries = built.filter_map(name_and_path).collect();
    }

    /// Writes the whole copy, with these files of the core instead of their originals.
    fn write(&self, planted: &BTreeMap<PathBuf, String>) {
        let from = repository();
        // What its tests read, too: without it some fail whatever the defect is, and every defect seems to be noticed.
        for part in ["core", "tests/share", "tests/simulation", "tests/tokens", "tests/unify", "tests/vectors/inputs"] {
            copy_tree(&from.join(part), &self.root.join(part), &|path| {
                let path = path.strip_prefix(from.join("core/src")).ok()?;
                planted.get(path).map(|text| text.clone().into_bytes())
            });
        }
        for file in ["Cargo.lock", "rust-toolchain.toml"] {
            write_changed(&self.root.join(file), &fs::read(from.join(file)).expect("a file"));
        }
        let manifest = fs::read_to_string(from.join("Cargo.toml")).expect("the manifest");
        let lines = manifest.lines().map(|line| match line {
            _ if line.starts_with("members = ") => {
                "members = [\"core\", \"tests/share\", \"tests/simulation\", \"tests/unify\"]"
            }
            // Another version is another package: what is built of a mutant can never be taken for the product.
            _ if line.starts_with("version = ") => "version = \"0.0.0\"",
            _ => line,
        });
        write_changed(&self.root.join("Cargo.toml"), lines.collect::<Vec<_>>().join("\n").as_bytes());
    }
}

fn first_failure(lines: &mpsc::Receiver<String>, until: Instant) -> Verdict {
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(test) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    return Verdict::Noticed(test.to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => return Verdict::Endless,
            Err(RecvTimeoutError::Disconnected) => return Verdict::Unnoticed,
        }
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Returns the core's files, in which defects have their places.
pub(crate) fn sources() -> Sources {
    Sources::read(&repository().join("core/src"))
}

fn copy_tree(from: &Path, to: &Path, instead: &dyn Fn(&Path) -> Option<Vec<u8>>) {
    fs::create_dir_all(to).expect("a folder");
    for left in fs::read_dir(to).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let is_gone = left.file_name().is_some_and(|name| !from.join(name).exists());
        if is_gone {
            if left.is_dir() { fs::remove_dir_all(left) } else { fs::remove_file(left) }.expect("a removal");
        }
    }
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_tree(&entry.path(), &target, instead);
        } else {
            let text = instead(&entry.path()).unwrap_or_else(|| fs::read(entry.path()).expect("a file"));
            write_changed(&target, &text);
        }
    }
}

fn write_changed(target: &Path, text: &[u8]) {
    if fs::read(target).ok().as_deref() != Some(text) {
        fs::write(target, text).expect("a copy");
    }
}
