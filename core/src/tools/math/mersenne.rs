//! MT19937 (Matsumoto and Nishimura, 1998), seeded as Python seeds it: a seed gives the numbers that Python gives.
#![expect(clippy::arithmetic_side_effects, reason = "indices stay below twice the length of the state")]

use num_bigint::BigUint;

const LENGTH: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
pub(super) struct Mersenne {
    state: [u32; LENGTH],
    at: usize,
}

impl Mersenne {
    /// `random.seed(n)` with the magnitude of n: the reference `init_by_array` over its 32-bit words.
    pub(super) fn seeded(magnitude: &BigUint) -> Self {
        let mut key = magnitude.to_u32_digits();
        if key.is_empty() {
            key.push(0);
        }
        let mut generator = Self::from_word(19_650_218);
        let mut at = 1;
        for (index, word) in (0_u32..)
            .zip(key.iter().cycle())
            .take(LENGTH.max(key.len()))
            .map(|(round, word)| (round % u32::try_from(key.len()).unwrap_or(u32::MAX), *word))
        {
            generator.mix(&mut at, 1_664_525, |mixed| mixed.wrapping_add(word).wrapping_add(index));
        }
        for _ in 1..LENGTH {
            let index = u32::try_from(at).unwrap_or(u32::MAX);
            generator.mix(&mut at, 1_566_083_941, |mixed| mixed.wrapping_sub(index));
        }
        generator.set(0, 0x8000_0000);
        generator
    }

    fn from_word(seed: u32) -> Self {
        let mut state = [0; LENGTH];
        let mut word = seed;
        for (index, slot) in (1_u32..).zip(&mut state) {
            *slot = word;
            word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(index);
        }
        Self { state, at: LENGTH }
    }

    fn get(&self, index: usize) -> u32 {
        self.state.get(index % LENGTH).copied().unwrap_or_default()
    }

    fn set(&mut self, index: usize, word: u32) {
        if let Some(slot) = self.state.get_mut(index % LENGTH) {
            *slot = word;
        }
    }

    fn mix(&mut self, at: &mut usize, factor: u32, change: impl FnOnce(u32) -> u32) {
        let before = self.get(*at + LENGTH - 1);
        self.set(*at, change(self.get(*at) ^ (before ^ (before >> 30)).wrapping_mul(factor)));
        *at += 1;
        if *at == LENGTH {
            self.set(0, self.get(LENGTH - 1));
            *at = 1;
        }
    }

    fn twist(&mut self) {
        for index in 0..LENGTH {
            let joined = (self.get(index) & 0x8000_0000) | (self.get(index + 1) & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.set(index, self.get(index + MIDDLE) ^ (joined >> 1) ^ odd);
        }
        self.at = 0;
    }

    /// The next 32 bits.
    pub(super) fn next(&mut self) -> u32 {
        if self.at == LENGTH {
            self.twist();
        }
        let mut word = self.get(self.at);
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }
}
