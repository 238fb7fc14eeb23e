//! Deliberate defects of policies.

use crate::defect::{Defect, of_authority, of_stories};

pub(crate) const DEFECTS: &[Defect] = &[
    of_authority(
        "policies: forbid only where nothing permits",
        "self.forbids |= may_hold && !may_not;",
        "self.forbids |= may_hold && !may_not && !self.permits;",
    ),
    of_stories(
        "policies: an error is no denial",
        "let verdict = enforced.verdict();",
        "let verdict = EffectTally { fails: false, ..enforced }.verdict();",
    ),
    of_authority(
        "policies: dry runs are enforced",
        "            if policy.mode == PolicyMode::Enforce {\n",
        "            if policy.mode == PolicyMode::Enforce || true {\n",
    ),
    of_authority("policies: those of a role are not found", "under(Kind::Role, role.as_str());", "let _ = role;"),
    of_authority(
        "policies: those of a toolkit are not found",
        "                under(Kind::Tool, tool.folded);\n                under(Kind::Toolkit, toolkit_of(tool.folded));\n",
        "                under(Kind::Tool, tool.folded);\n",
    ),
];
