//! The configuration document: `toolgate build spin` writes it into the compiled component, so that another document needs
//! no compiler.
//!
//! The slot is the mark, the document's length (four bytes, little-endian), and the document, padded with zeros.
//! `cli/src/build/spin.rs` knows the same form.

use std::hint::black_box;

/// The most bytes of a document.
const CAPACITY: usize = 256 * 1024;
/// The beginning of the slot. It stands once in a component: here it is complete, in the code of no reader.
const MARK: [u8; 16] = *b"toolgate.toml\0\0\x01";
const HEAD: usize = MARK.len() + 4;

static SLOT: [u8; HEAD + CAPACITY] = {
    let mut slot = [0; HEAD + CAPACITY];
    let (head, _) = slot.split_at_mut(MARK.len());
    head.copy_from_slice(&MARK);
    slot
};

/// Reads the document; an empty one, which the gateway refuses, where none was written.
pub(crate) fn read() -> String {
    // The compiler must not conclude from the empty slot above what the written one holds.
    let slot: &[u8] = black_box(&SLOT);
    let (_, rest) = slot.split_at_checked(MARK.len()).unwrap_or_default();
    let Some((length, text)) = rest.split_first_chunk() else { return String::new() };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or_default();
    text.get(..length).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
}
