//! The envelope around an entry's stored form: flags before it, a checksum behind it, compression where it pays.

use std::borrow::Cow;
use std::hash::Hasher as _;

use lz4_flex::block::DecompressError;
use siphasher::sip::SipHasher13;

use super::tier::TierFault;
use crate::words::limits;

/// Flag of a compressed body: an LZ4 block behind the length of its content, as four bytes, least significant first.
const COMPRESSED: u8 = 1;

/// Holds the content of an envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened<'e> {
    pub(super) plain: Cow<'e, [u8]>,
    /// The checksum matches. Content whose checksum does not match serves only to name the fault.
    pub(super) is_whole: bool,
}

/// Seals bytes behind `head`: flags, the bytes, compressed if they become at least an eighth shorter, and the checksum.
pub(super) fn seal(head: &[u8], plain: &[u8]) -> Vec<u8> {
    let squeezed = squeeze(plain);
    let (flags, body) = squeezed.as_deref().map_or((0, plain), |squeezed| (COMPRESSED, squeezed));
    sealed(head, flags, body)
}

/// Builds an envelope from its parts. The checksum detects damage, not forgery: a writer to a tier could write
/// anything.
pub(super) fn sealed(head: &[u8], flags: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len().saturating_add(body.len()).saturating_add(9));
    bytes.extend_from_slice(head);
    bytes.push(flags);
    bytes.extend_from_slice(body);
    let sum = check_sum(flags, body);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

fn check_sum(flags: u8, body: &[u8]) -> u64 {
    let mut sum = SipHasher13::new();
    sum.write(body);
    sum.write(&[flags]);
    sum.finish()
}

/// Opens an envelope made by [`seal`]. Nothing is allocated for a length that no entry has, or that its bytes cannot
/// make.
///
/// # Errors
/// [`TierFault::Format`] for an unknown flag; [`TierFault::TooLarge`], [`TierFault::Damaged`] or
/// [`TierFault::Truncated`] for unreadable bytes.
pub(super) fn open(bytes: &[u8]) -> Result<Opened<'_>, TierFault> {
    let (&flags, rest) = bytes.split_first().ok_or(TierFault::Truncated)?;
    if flags & !COMPRESSED != 0 {
        return Err(TierFault::Format);
    }
    let (body, sum) = rest.split_last_chunk().ok_or(TierFault::Truncated)?;
    let plain = if flags == COMPRESSED { Cow::Owned(unsqueeze(body)?) } else { Cow::Borrowed(body) };
    Ok(Opened { plain, is_whole: check_sum(flags, body) == u64::from_be_bytes(*sum) })
}

/// Largest expansion of a byte by LZ4.
const EXPANSION_MOST: usize = 255;

/// Returns the compressed form, if it is at least an eighth shorter.
fn squeeze(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < limits::COMPRESSED_FROM_BYTES || plain.len() > limits::STORED_BYTES {
        return None;
    }
    let mut squeezed = u32::try_from(plain.len()).ok()?.to_le_bytes().to_vec();
    squeezed.extend_from_slice(&lz4_flex::block::compress(plain));
    (squeezed.len() <= plain.len().saturating_sub(plain.len() / 8)).then_some(squeezed)
}

fn unsqueeze(squeezed: &[u8]) -> Result<Vec<u8>, TierFault> {
    let (length, block) = squeezed.split_first_chunk().ok_or(TierFault::Truncated)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > limits::STORED_BYTES {
        return Err(TierFault::TooLarge);
    }
    if length > block.len().saturating_mul(EXPANSION_MOST) {
        return Err(TierFault::Truncated);
    }
    let mut plain = vec![0; length];
    match lz4_flex::block::decompress_into(block, &mut plain) {
        Ok(written) if written == length => Ok(plain),
        // The block ended too early.
        Ok(_) | Err(DecompressError::ExpectedAnotherByte | DecompressError::LiteralOutOfBounds) => {
            Err(TierFault::Truncated)
        }
        Err(_) => Err(TierFault::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        br#"{"id":"18c2","from":"ada@acme.example","subject":"Numbers"},"#.repeat(200)
    }

    #[test]
    fn is_compressed_only_where_it_pays() {
        let squeezed = squeeze(&text()).expect("text repeats itself");
        assert!(squeezed.len() * 4 < text().len());
        assert_eq!(unsqueeze(&squeezed), Ok(text()));
        assert_eq!(squeeze(&text()[..1_000]), None, "short");
        let noise: Vec<u8> = (0_u8..64).flat_map(|at| hmac_sha256::Hash::hash(&[at])).collect();
        assert_eq!(squeeze(&noise), None, "noise");
        assert_eq!(squeeze(&vec![0; limits::STORED_BYTES + 1]), None, "larger than what is read back");
    }

    #[test]
    fn a_bomb_is_refused_before_it_takes_room() {
        let bomb = |length: u32, block: &[u8]| [&length.to_le_bytes()[..], block].concat();
        let most = u32::try_from(limits::STORED_BYTES).unwrap();
        assert_eq!(unsqueeze(&bomb(u32::MAX, &[0x1f; 64])), Err(TierFault::TooLarge));
        assert_eq!(unsqueeze(&bomb(most + 1, &[0x1f; 64])), Err(TierFault::TooLarge));
        // Within the limit, but more than these bytes can make.
        assert_eq!(unsqueeze(&bomb(most, &[0x1f; 64])), Err(TierFault::Truncated));
        let zeros = vec![0; limits::STORED_BYTES];
        let squeezed = squeeze(&zeros).unwrap();
        assert!(squeezed.len() < zeros.len() / 200);
        assert_eq!(unsqueeze(&squeezed), Ok(zeros));
        // The declared length is less than the content: the rest is not written.
        let less = bomb(64, &squeezed[4..]);
        assert_eq!(unsqueeze(&less), Err(TierFault::Damaged));
    }

    #[test]
    fn every_turned_bit_is_seen() {
        for plain in [text(), b"short".to_vec()] {
            let sealed = seal(b"", &plain);
            assert_eq!(open(&sealed), Ok(Opened { plain: Cow::Owned(plain), is_whole: true }));
            for at in 0..sealed.len() * 8 {
                let mut damaged = sealed.clone();
                damaged[at / 8] ^= 1 << (at % 8);
                assert!(!open(&damaged).is_ok_and(|opened| opened.is_whole), "bit {at}");
            }
        }
    }

    #[test]
    fn what_is_cut_is_no_answer() {
        let squeezed = squeeze(&text()).unwrap();
        for length in 0..squeezed.len() {
            assert!(unsqueeze(&squeezed[..length]).is_err(), "cut at {length}");
        }
    }
}
