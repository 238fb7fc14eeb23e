//! The tests' virtual environment: a real Arcade worker and the official Python SDK, in the versions that are
//! committed.

use std::fs;
use std::process::Command;

use super::licences;
use super::run::Run;
use crate::failure::Failure;
use crate::prerequisites::PYTHON_REMEDY;

/// The files of requirements. All of them are pinned, so nothing needs to be resolved.
pub(super) const REQUIREMENTS: [&str; 2] = ["tests/worker/requirements.txt", "tests/sdk/python/requirements.txt"];

/// Makes the environment, unless it is there with exactly these requirements.
pub(super) fn ensure(run: &mut Run) -> Result<(), Failure> {
    let (root, venv) = (run.workspace.root.clone(), run.workspace.target.join("venv"));
    let wanted: String = REQUIREMENTS
        .iter()
        .map(|file| fs::read_to_string(root.join(file)).map_err(Failure::file(&root.join(file))))
        .collect::<Result<_, _>>()?;
    licences::check_requirements(run, &wanted)?;
    let installed = venv.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(&venv);
    run.start(&mut create, PYTHON_REMEDY)
        .map_err(|failure| Failure::new(format!("no virtual environment ({failure}): {PYTHON_REMEDY}")))?;
    let mut pip = Command::new(run.python());
    pip.current_dir(&root).args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "--quiet"]);
    pip.args(REQUIREMENTS.iter().flat_map(|file| ["--requirement", file]));
    run.start(&mut pip, PYTHON_REMEDY)?;
    fs::write(&installed, wanted).map_err(Failure::file(&installed))
}
