//! Places in an input, each a JSON Pointer in which `*` stands for every member or item.

use super::Broken;
use crate::validate::schema::{Path, ValidationFault};
use crate::words::json::Json;
use crate::words::limits;

/// Most steps of a place.
const STEPS: usize = 16;

/// Most bytes of a place.
const BYTES: usize = 256;

/// A place: `/url`, `/pages/0`, `/attachments/*/content`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentPath(Vec<ArgumentSegment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum ArgumentSegment {
    Name(String),
    Every,
}

/// Fault of a value in place of an expected object or list: the tool may read it in a way that the rule cannot follow.
const OTHER_FORM: Broken =
    ("input_form", "Input should be an object or a list here, so that the rule about it can be checked");

impl ArgumentPath {
    /// Returns the place with this JSON Pointer (RFC 6901); `None` when it is malformed, or is the whole input.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/').filter(|_| text.len() <= BYTES)?;
        let steps: Option<Vec<ArgumentSegment>> = rest.split('/').map(step).collect();
        steps.filter(|steps| steps.len() <= STEPS).map(Self)
    }

    /// Checks every value at this place. Absent and null values pass.
    pub(super) fn each(
        &self,
        input: &Json<'_>,
        faults: &mut Vec<ValidationFault>,
        judge: &dyn Fn(&Json<'_>) -> Result<(), Broken>,
    ) {
        walk(&self.0, input, &Path::ROOT, faults, judge);
    }
}

fn step(text: &str) -> Option<ArgumentSegment> {
    if text == "*" {
        return Some(ArgumentSegment::Every);
    }
    // Each `~` begins `~0` or `~1`.
    let is_escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    is_escaped.then(|| ArgumentSegment::Name(text.replace("~1", "/").replace("~0", "~")))
}

fn walk(
    steps: &[ArgumentSegment],
    value: &Json<'_>,
    path: &Path<'_>,
    faults: &mut Vec<ValidationFault>,
    judge: &dyn Fn(&Json<'_>) -> Result<(), Broken>,
) {
    if *value == Json::Null || faults.len() >= limits::SCHEMA_FAULTS {
        return;
    }
    let mut note = |(rule, message): Broken| {
        faults.push(ValidationFault { path: path.written(), rule, message: message.to_owned() });
    };
    let Some((step, rest)) = steps.split_first() else {
        if let Err(broken) = judge(value) {
            note(broken);
        }
        return;
    };
    match (step, value) {
        (ArgumentSegment::Name(name), Json::Object(object)) => {
            if let Some(value) = object.get(name) {
                walk(rest, value, &path.name(name), faults, judge);
            }
        }
        (ArgumentSegment::Every, Json::Object(object)) => {
            object.iter().for_each(|(name, value)| walk(rest, value, &path.name(name), faults, judge));
        }
        (ArgumentSegment::Every, Json::Array(items)) => {
            items.iter().enumerate().for_each(|(index, value)| walk(rest, value, &path.index(index), faults, judge));
        }
        (ArgumentSegment::Name(name), Json::Array(items)) => match name.parse::<usize>() {
            Ok(index) => {
                if let Some(value) = items.get(index) {
                    walk(rest, value, &path.index(index), faults, judge);
                }
            }
            Err(_) => note(OTHER_FORM),
        },
        _ => note(OTHER_FORM),
    }
}
