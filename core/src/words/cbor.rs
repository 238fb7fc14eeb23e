//! CBOR (RFC 8949) by number: how states, commands, replies and kept answers are written down, and how outside bytes are read.
//!
//! Every member and every variant has a number. Versions of the gateway work beside each other and read what the other wrote, so:
//! a new member is optional and has a number of its own; who does not know a number passes over it; a number is never used again.
//! `docs/decisions/0029-cbor-by-number.md` has the reasons.

use minicbor::{Decode, Decoder};

/// Why bytes are not the value that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They end before it does.
    Cut,
    /// They are something else, or something more.
    Other,
}

/// The value that these bytes are, to the last one. Takes no more room than in proportion to them, whatever they say.
pub(crate) fn read<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Fault> {
    check(bytes)?;
    let mut decoder = Decoder::new(bytes);
    match decoder.decode() {
        Ok(value) if decoder.position() == bytes.len() => Ok(value),
        Err(error) if error.is_end_of_input() => Err(Fault::Cut),
        _ => Err(Fault::Other),
    }
}

/// Refuses what no gateway writes, and what would be passed over where its number is not known: reserved bytes, lengths that are
/// not told beforehand, and what is longer than there are bytes.
fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut rest = bytes;
    while let Some((&head, behind)) = rest.split_first() {
        let (kind, short) = (head >> 5, head & 0x1f);
        let size = match short {
            0..=23 => 0,
            24..=27 => 1_usize << (short & 3),
            _ => return Err(Fault::Other),
        };
        let (long, behind) = behind.split_at_checked(size).ok_or(Fault::Cut)?;
        let is_string = kind == BYTES || kind == TEXT;
        let argument = if long.is_empty() { u64::from(short) } else { number(long) };
        let length = if is_string { usize::try_from(argument).unwrap_or(usize::MAX) } else { 0 };
        rest = behind.get(length..).ok_or(Fault::Cut)?;
    }
    Ok(())
}

/// Most significant byte first; of at most eight.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The kinds of items whose bytes follow their head.
const BYTES: u8 = 2;
const TEXT: u8 = 3;

#[cfg(test)]
#[path = "cbor_tests.rs"]
mod tests;
