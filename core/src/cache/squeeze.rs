//! Compression of stored forms, where it pays: an LZ4 block behind the length of what it holds, as four bytes, least first.

use super::tier::TierFault;
use crate::limits;

/// LZ4 makes at most so many bytes of one.
const EXPANSION_MOST: usize = 255;

/// The compressed form, if it is at least an eighth shorter.
pub(super) fn squeeze(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() < limits::COMPRESSED_FROM_BYTES || plain.len() > limits::STORED_BYTES {
        return None;
    }
    let mut squeezed = u32::try_from(plain.len()).ok()?.to_le_bytes().to_vec();
    squeezed.extend_from_slice(&lz4_flex::block::compress(plain));
    (squeezed.len() <= plain.len().saturating_sub(plain.len() / 8)).then_some(squeezed)
}

/// What a compressed form holds. Nothing is allocated for a length that no entry has, or that its bytes cannot make.
///
/// # Errors
/// [`TierFault::TooLarge`] and [`TierFault::Damaged`]; [`TierFault::Truncated`] where it ends too early.
pub(super) fn unsqueeze(squeezed: &[u8]) -> Result<Vec<u8>, TierFault> {
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
        // It ended before all of it was there.
        Ok(_) | Err(lz4_flex::block::DecompressError::ExpectedAnotherByte) => Err(TierFault::Truncated),
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
        // It says less than it makes: what is behind that is not written.
        let less = bomb(64, &squeezed[4..]);
        assert_eq!(unsqueeze(&less), Err(TierFault::Damaged));
    }

    #[test]
    fn what_is_cut_is_no_answer() {
        let squeezed = squeeze(&text()).unwrap();
        for length in 0..squeezed.len() {
            assert!(unsqueeze(&squeezed[..length]).is_err(), "cut at {length}");
        }
    }
}
