//! A small deterministic mutator: enough variation for every test run, where libFuzzer has the time for more.

/// Most bytes of a varied input: a few seconds must do for all targets.
const BYTES_MAX: usize = 8 * 1024;

/// Texts that readers treat specially, to be put anywhere.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-",
    b"0",
    b"1e999",
    b"9223372036854775808",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"\xc0\x80",
    b"\x00",
    b"\r",
    b"\n",
    b"\n---\n",
    b"\n\n",
    b"%",
    b"%2e%2e",
    b"%00",
    b"&",
    b"=",
    b"+",
    b"/",
    b"//",
    b"..",
    b"@",
    b".",
    b"*",
    b"\\x1c",
    b"\\x9b\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff",
    b"\\x9f",
    b"\xe2\x80\xae",
    b"Bearer ",
];

/// Makes the variations of a seed.
#[derive(Clone, Debug)]
pub struct Mutator(fastrand::Rng);

impl Mutator {
    /// Makes those of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Returns a number from 0 up to but not including `bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.0.usize(..bound) }
    }

    /// Returns one of `items`; empty for none.
    fn pick<'i>(&mut self, items: &[&'i [u8]]) -> &'i [u8] {
        self.0.choice(items).copied().unwrap_or_default()
    }

    /// Returns a variation of one of the corpus' inputs.
    #[must_use]
    pub fn vary(&mut self, corpus: &[&[u8]]) -> Vec<u8> {
        let mut input = self.pick(corpus).to_vec();
        // One change finds what is fragile, several get past what checks.
        for _ in 0..1_usize.saturating_add(self.below(4)) {
            self.change(&mut input, corpus);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[&[u8]]) {
        let at = self.below(input.len());
        let end = at.saturating_add(1).saturating_add(self.below(16)).min(input.len());
        match self.below(7) {
            0 => {
                let bit = self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1_u8.wrapping_shl(u32::try_from(bit).unwrap_or(0));
                }
            }
            1 => {
                input.insert(at, self.0.u8(..));
            }
            2 => {
                let token = self.pick(TOKENS);
                input.splice(at..at, token.iter().copied());
            }
            3 => {
                input.drain(at.min(end)..end);
            }
            4 => {
                let copy = input.get(at..end).unwrap_or_default().to_vec();
                let times = 1_usize.saturating_add(self.below(64));
                input.splice(at..at, copy.repeat(times));
            }
            5 => input.truncate(at),
            _ => {
                let other = self.pick(corpus);
                let from = self.below(other.len());
                let to = from.saturating_add(self.below(256)).min(other.len());
                input.splice(at..end.max(at), other.get(from..to).unwrap_or_default().iter().copied());
            }
        }
    }
}

/// The input as a command that writes it to a file: to be pasted into a shell.
#[must_use]
pub fn as_command(input: &[u8], file: &str) -> String {
    let mut text = String::from("printf '");
    for byte in input {
        match byte {
            b'%' => text.push_str("%%"),
            b' '..=b'~' if !matches!(byte, b'\'' | b'\\') => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text.push_str("' > ");
    text.push_str(file);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_variations() {
        let corpus: [&[u8]; 2] = [b"one input", b"{\"another\":1}"];
        let varied =
            |seed| (0..100).scan(Mutator::new(seed), |random, _| Some(random.vary(&corpus))).collect::<Vec<_>>();
        assert_eq!(varied(7), varied(7));
        assert_ne!(varied(7), varied(8));
    }

    #[test]
    fn an_input_survives_the_shell() {
        assert_eq!(as_command(b"a'%\\\x00\xff\n", "f"), "printf 'a\\047%%\\134\\000\\377\\012' > f");
    }
}
