//! The Spin component: compiled by cargo, then given its configuration document, at the path that `spin.toml` names.
//!
//! The compiled component has a slot for the document (`functions/spin/src/document.rs`): a mark, four bytes of length,
//! and room. Writing into it changes no size, so nothing else in the component moves.

use std::path::{Path, PathBuf};

use super::{BuildError, Profile, files, size, target};
use crate::workspace::Workspace;

/// Optimises for speed, where the Worker's release is built for size: Spin has no limit on size that the component
/// comes near, and instances that live for few requests.
pub(crate) const FOR_SPEED: [&str; 2] = ["--config", "profile.release.opt-level=3"];

/// The beginning of the slot.
const MARK: &[u8] = b"toolgate.toml\0\0\x01";
/// The most bytes of a document.
const CAPACITY: usize = 256 * 1024;

/// Compiles the component, writes the document into it, and returns it in `output`. Its path is the same for both
/// profiles, and for any target directory of cargo's.
pub(super) fn build(workspace: &Workspace, profile: Profile, output: &Path) -> Result<PathBuf, BuildError> {
    let compiled = target::compile(workspace, "toolgate-spin", "wasm32-wasip2", profile, &FOR_SPEED)?;
    let document = workspace.document();
    let text = std::fs::read(&document).map_err(BuildError::file(&document))?;
    let bytes = with_document(files::read(&compiled)?, &text)?;
    files::directory(output)?;
    let component = output.join("toolgate.wasm");
    files::replace(&component, &bytes)?;
    size::report(&[&component])?;
    Ok(component)
}

/// Writes `document` into the slot of `component`.
///
/// # Errors
/// [`BuildError::Document`] when it is larger than the slot, or the component has not exactly one.
fn with_document(mut component: Vec<u8>, document: &[u8]) -> Result<Vec<u8>, BuildError> {
    if document.len() > CAPACITY {
        let reason =
            format!("the document has {} bytes; a component has room for {CAPACITY}: shorten it", document.len());
        return Err(BuildError::Document(reason));
    }
    let mut places = component.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        return Err(BuildError::Document(
            "the component has no slot, or several: cli/src/build/spin.rs and functions/spin/src/document.rs differ"
                .to_owned(),
        ));
    };
    let length = u32::try_from(document.len()).unwrap_or(u32::MAX).to_le_bytes();
    let written = length.iter().chain(document);
    let slot = component.get_mut(place..).unwrap_or_default().iter_mut().skip(MARK.len());
    slot.zip(written).for_each(|(old, new)| *old = *new);
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(slots: usize) -> Vec<u8> {
        let slot = [MARK, &[0; 4 + CAPACITY]].concat();
        [b"before".as_slice(), &slot.repeat(slots), b"after"].concat()
    }

    #[test]
    fn a_document_is_written_into_the_slot_alone() {
        let written = with_document(component(1), b"[server]").unwrap();
        let expected = [b"before".as_slice(), MARK, &8_u32.to_le_bytes(), b"[server]"].concat();
        assert!(written.starts_with(&expected) && written.ends_with(b"after"));
        assert_eq!(written.len(), component(1).len());
        assert!(with_document(component(1), &[b'#'; CAPACITY]).unwrap().ends_with(b"#after"));
    }

    #[test]
    fn a_document_without_room_is_refused() {
        for (component, document, words) in [
            (component(1), vec![b'#'; CAPACITY + 1], "has 262145 bytes; a component has room for 262144"),
            (component(0), vec![], "no slot"),
            (component(2), vec![], "or several"),
        ] {
            let error = with_document(component, &document).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
