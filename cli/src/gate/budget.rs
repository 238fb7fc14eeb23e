//! Bounds on the shipped modules, their weight and their imports: `tests/budget.toml`.

use std::collections::BTreeSet;
use std::fs;

use super::module::{self, Imports};
use crate::build::size::gzipped;
use crate::failure::Failure;
use crate::say;
use crate::workspace::Workspace;

const FILE: &str = "tests/budget.toml";
/// The import that means linked C code without anybody to supply it.
const FORBIDDEN: &str = "env";

/// The budget of one platform.
struct Budget {
    /// The deployed files; the first is the module.
    files: Vec<String>,
    /// Most bytes of them together, gzipped.
    gzip_bytes: u64,
    /// The permitted imports of the module.
    imports: BTreeSet<String>,
}

/// Checks a release build of `platform`.
pub(super) fn check(workspace: &Workspace, platform: &str) -> Result<(), Failure> {
    let path = workspace.root.join(FILE);
    let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
    let budget = read(&text, platform).ok_or_else(|| Failure::new(format!("{FILE} has no whole [{platform}]")))?;
    let mut total = 0_u64;
    for (index, file) in budget.files.iter().enumerate() {
        let path = workspace.root.join(file);
        let bytes = fs::read(&path).map_err(Failure::file(&path))?;
        total = total.saturating_add(u64::try_from(gzipped(&bytes)).unwrap_or(u64::MAX));
        if index == 0 {
            check_imports(&budget.imports, &module::imports(&path, &bytes)?)?;
        }
    }
    check_size(platform, total, budget.gzip_bytes)
}

fn read(text: &str, platform: &str) -> Option<Budget> {
    let table: toml::Table = text.parse().ok()?;
    let budget = table.get(platform)?.as_table()?;
    let strings = |name: &str| -> Option<Vec<String>> {
        budget.get(name)?.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
    };
    Some(Budget {
        files: strings("files")?,
        gzip_bytes: u64::try_from(budget.get("gzip_kb")?.as_integer()?).ok()?.checked_mul(1024)?,
        imports: strings("imports")?.into_iter().collect(),
    })
}

fn check_size(platform: &str, total: u64, most: u64) -> Result<(), Failure> {
    let told = format!("{platform}: {} KB gzipped, of {} KB allowed", total.div_ceil(1024), most.div_ceil(1024));
    if total > most {
        return Err(Failure::new(told));
    }
    say::step(&told);
    Ok(())
}

fn check_imports(allowed: &BTreeSet<String>, found: &Imports) -> Result<(), Failure> {
    let mut surplus: Vec<&str> = found.host.difference(allowed).map(String::as_str).collect();
    if found.inner.contains(FORBIDDEN) {
        surplus.push(FORBIDDEN);
    }
    if surplus.is_empty() {
        say::step(&format!("imports: {}", found.host.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
        return Ok(());
    }
    Err(Failure::new(format!("the module asks for what {FILE} does not allow: {}", surplus.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_committed_budget_is_whole() {
        let text = fs::read_to_string(Workspace::find().unwrap().root.join(FILE)).unwrap();
        for platform in ["cloudflare", "spin"] {
            let budget = read(&text, platform).unwrap();
            assert!(!budget.files.is_empty() && !budget.imports.is_empty());
        }
        // A Worker's start is the product's promise; the weight of a component is the budget's own affair.
        assert!(read(&text, "cloudflare").unwrap().gzip_bytes <= 1_000_000, "a Worker may not grow over 1.0 MB");
        assert!(read(&text, "elsewhere").is_none());
    }

    #[test]
    fn a_byte_too_many_is_too_many() {
        check_size("here", 2048, 2048).unwrap();
        let failure = check_size("here", 2049, 2048).unwrap_err();
        assert_eq!(failure.to_string(), "here: 3 KB gzipped, of 2 KB allowed");
    }

    #[test]
    fn an_import_that_nobody_allowed_is_named() {
        let found = |host: &[&str], inner: &[&str]| Imports { host: set(host), inner: set(inner) };
        check_imports(&set(&["a", "b"]), &found(&["a"], &["wasi"])).unwrap();
        let failure = check_imports(&set(&["a"]), &found(&["a", "new"], &[])).unwrap_err();
        assert!(failure.to_string().ends_with("does not allow: new"), "{failure}");
        assert!(check_imports(&set(&["a"]), &found(&["a"], &["env"])).is_err());
    }
}
