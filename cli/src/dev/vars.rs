//! `.dev.vars`: the settings of development in wrangler's own file, among them the development key.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::failure::Failure;
use crate::{key, say};

/// The setting that holds the development key.
pub(super) const DEV_KEY: &str = "TOOLGATE_DEV_KEY";
const FILE: &str = ".dev.vars";
const KEY_PREFIX: &str = "tg_dev_";
/// The mode of files with secrets: for their owner alone.
const MODE: u32 = 0o600;

/// Reads `.dev.vars` in `root`; a file that holds no development key gets one, and keeps its other lines.
pub(super) fn ensure(root: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let path = root.join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        other => other.map_err(Failure::file(&path))?,
    };
    let mut values = parse(&text);
    if values.get(DEV_KEY).is_none_or(String::is_empty) {
        let key = key::random(KEY_PREFIX)?;
        write(&path, &with_key(&text, &key))?;
        say::step("made a development key and wrote it to .dev.vars");
        values.insert(DEV_KEY.to_owned(), key);
    }
    Ok(values)
}

/// Writes `values` to `path` as a file for wrangler's `--env-file`, readable by its owner alone.
pub(super) fn write_env_file(path: &Path, values: &BTreeMap<String, String>) -> Result<(), Failure> {
    let mut text = String::new();
    for (name, value) in values {
        text.push_str(&line(name, value)?);
    }
    write(path, &text)
}

/// Writes `NAME='value'` such that wrangler reads the value back: it knows three quotes, in which only `$` has a
/// meaning.
fn line(name: &str, value: &str) -> Result<String, Failure> {
    let quote = ['\'', '`'].into_iter().find(|quote| !value.contains(*quote)).ok_or_else(|| {
        Failure::new(format!("the setting {name} holds both ' and `, which cannot be handed to wrangler"))
    })?;
    Ok(format!("{name}={quote}{}{quote}\n", value.replace('$', "\\$")))
}

/// Returns the text with this key in place of an empty one. Without quotes, which it does not need, so that a shell can
/// cut it out.
fn with_key(text: &str, key: &str) -> String {
    let others = text.lines().filter(|line| assignment(line).is_none_or(|(name, _)| name != DEV_KEY));
    others.chain([format!("{DEV_KEY}={key}").as_str()]).flat_map(|line| [line, "\n"]).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(Failure::file(directory))?;
    }
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path);
    let written = open.and_then(|mut file| {
        // An existing file would keep its mode.
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.write_all(text.as_bytes())
    });
    written.map_err(Failure::file(path))
}

fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(assignment).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the name and value of one line, as wrangler reads it; `None` for a comment or an empty line.
fn assignment(line: &str) -> Option<(&str, String)> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, rest) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    let rest = rest.trim();
    let quoted = ['"', '\'', '`'].into_iter().find_map(|quote| {
        let (value, _comment) = rest.strip_prefix(quote)?.split_once(quote)?;
        Some(if quote == '"' { value.replace("\\n", "\n") } else { value.to_owned() })
    });
    let value = quoted.unwrap_or_else(|| rest.split('#').next().unwrap_or_default().trim_end().to_owned());
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_wrangler_reads_them() {
        let text =
            "# a comment\n\nA=1\nexport B = two words # why\nC=\"x # y\" # z\nD='$x'\nE=\nF=`it's`\nno assignment\n";
        let values = parse(text);
        let expected = [("A", "1"), ("B", "two words"), ("C", "x # y"), ("D", "$x"), ("E", ""), ("F", "it's")];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn a_key_is_made_once_and_other_lines_stay() {
        let root = std::env::temp_dir().join(format!("toolgate-vars-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let path = root.join(FILE);
        fs::write(&path, "# mine\nARCADE_API_KEY=arc\nTOOLGATE_DEV_KEY=\n").unwrap();
        let first = ensure(&root).unwrap();
        let key = first.get(DEV_KEY).unwrap();
        assert!(key.starts_with(KEY_PREFIX) && key.len() == 39, "{key}");
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("# mine\nARCADE_API_KEY=arc\nTOOLGATE_DEV_KEY={key}\n"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert_eq!(ensure(&root).unwrap(), first);
        fs::write(&path, format!("{DEV_KEY}=\"{key}\"\n")).unwrap();
        assert_eq!(ensure(&root).unwrap().get(DEV_KEY), Some(key), "an earlier version wrote quotes");
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn values_are_quoted_so_that_nothing_in_them_has_a_meaning() {
        assert_eq!(line("A", "p$a \"b\" #c").unwrap(), "A='p\\$a \"b\" #c'\n");
        assert_eq!(line("A", "it's").unwrap(), "A=`it's`\n");
        assert!(line("A", "'`").is_err());
    }
}
