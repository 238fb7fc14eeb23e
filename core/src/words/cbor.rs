//! CBOR (RFC 8949) by number: encodes states, commands, replies and stored responses, and decodes untrusted bytes.
//!
//! Every member and every variant has a number. Versions of the gateway run beside each other and read each other's
//! data, so: a new member is optional and has a number of its own; an unknown number is skipped; a number is never used
//! again. `docs/decisions/0029-cbor-by-number.md` has the reasons.

use minicbor::{Decode, Decoder};

/// The reason for a failed decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecodeFault {
    /// The bytes end too early.
    Cut,
    /// The bytes encode another type, or more than one value.
    Other,
}

/// Decodes bytes that are one value and nothing more. Memory use is proportional to the bytes, whatever lengths they
/// declare.
pub(crate) fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeFault> {
    check(bytes)?;
    let mut decoder = Decoder::new(bytes);
    match decoder.decode() {
        Ok(value) if decoder.position() == bytes.len() => Ok(value),
        Err(error) if error.is_end_of_input() => Err(DecodeFault::Cut),
        _ => Err(DecodeFault::Other),
    }
}

/// Rejects encodings that no gateway writes and that a decoder would skip under an unknown number: reserved bytes,
/// indefinite lengths, and lengths beyond the end of the bytes.
fn check(bytes: &[u8]) -> Result<(), DecodeFault> {
    let mut rest = bytes;
    while let Some((&head, behind)) = rest.split_first() {
        let (kind, short) = (head >> 5, head & 0x1f);
        let size = match short {
            0..=23 => 0,
            24..=27 => 1_usize << (short & 3),
            _ => return Err(DecodeFault::Other),
        };
        let (long, behind) = behind.split_at_checked(size).ok_or(DecodeFault::Cut)?;
        let is_string = kind == BYTES || kind == TEXT;
        let argument = if long.is_empty() { u64::from(short) } else { number(long) };
        let length = if is_string { usize::try_from(argument).unwrap_or(usize::MAX) } else { 0 };
        rest = behind.get(length..).ok_or(DecodeFault::Cut)?;
    }
    Ok(())
}

/// Reads a big-endian number of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Major types of items whose content follows their head.
const BYTES: u8 = 2;
const TEXT: u8 = 3;

#[cfg(test)]
#[path = "cbor_tests.rs"]
mod tests;
