//! The traces of `tests/vectors/cache-traces`, made from their parameters: each request is the number of a call.

use std::fs;

use serde::Deserialize;
use toolgate::words::hex;

/// A trace.
pub(crate) struct Trace {
    pub(crate) requests: Vec<u32>,
    /// As the file says.
    pub(crate) sha256: String,
}

pub(crate) const NAMES: [&str; 4] = ["drift", "scan", "sessions", "shift"];

#[derive(Deserialize)]
struct File {
    seed: u64,
    requests: usize,
    /// Calls that come again and again, and the exponent of their Zipf distribution.
    keys: usize,
    exponent: f64,
    sha256: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Drift { every: usize, top: u64 },
    Scan { quiet: usize, length: usize },
    Sessions(Sessions),
    Shift { every: usize },
}

#[derive(Deserialize)]
struct Sessions {
    live: usize,
    own: [u64; 2],
    steps: [u64; 2],
    burst: [u64; 2],
    shared_in_ten: u64,
    abandoned_one_in: u64,
}

/// The trace of that name.
pub(crate) fn trace(name: &str) -> Trace {
    let path = format!("{}/../vectors/cache-traces/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let file: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut random = Random(file.seed);
    let zipf = Zipf::new(file.keys, file.exponent);
    let mut requests = Vec::new();
    match file.kind {
        Kind::Drift { every, top } => drift(&mut requests, file.requests, &mut random, &zipf, every, top),
        Kind::Scan { quiet, length } => scan(&mut requests, file.requests, &mut random, &zipf, [quiet, length]),
        Kind::Sessions(of) => sessions(&mut requests, file.requests, &mut random, &zipf, &of),
        Kind::Shift { every } => shift(&mut requests, file.requests, &mut random, &zipf, every),
    }
    requests.truncate(file.requests);
    Trace { requests, sha256: file.sha256 }
}

impl Trace {
    /// SHA-256 of the requests, four bytes each, the lowest first.
    pub(crate) fn digest(&self) -> String {
        let bytes: Vec<u8> = self.requests.iter().flat_map(|call| call.to_le_bytes()).collect();
        hex::encode(&hmac_sha256::Hash::hash(&bytes))
    }
}

fn drift(out: &mut Vec<u32>, most: usize, random: &mut Random, zipf: &Zipf, every: usize, top: u64) {
    let mut places: Vec<u32> = (0..zipf.0.len() as u32).collect();
    for at in 0..most {
        if at % every == 0 {
            let (popular, any) = (random.below(top), random.below(places.len() as u64));
            places.swap(popular as usize, any as usize);
        }
        out.push(places[zipf.draw(random)]);
    }
}

fn scan(out: &mut Vec<u32>, most: usize, random: &mut Random, zipf: &Zipf, [quiet, length]: [usize; 2]) {
    let mut next = ONCE;
    while out.len() < most {
        out.extend((0..quiet).map(|_| zipf.draw(random) as u32));
        for _ in 0..length {
            out.extend([next, zipf.draw(random) as u32]);
            next += 1;
        }
    }
}

fn sessions(out: &mut Vec<u32>, most: usize, random: &mut Random, zipf: &Zipf, of: &Sessions) {
    let mut next = ONCE;
    // The first call of a session's own, how many there are, and the steps that are left.
    let mut live: Vec<(u32, u64, u64)> = Vec::new();
    while out.len() < most {
        while live.len() < of.live {
            let own = random.within(of.own);
            live.push((next, own, random.within(of.steps)));
            next += own as u32;
        }
        let who = random.below(live.len() as u64) as usize;
        let (first, own, left) = live[who];
        let burst = random.within(of.burst);
        for _ in 0..burst {
            let is_shared = random.below(10) < of.shared_in_ten;
            // The lower of two: some calls of a session are made more often than others.
            let call = if is_shared {
                zipf.draw(random) as u32
            } else {
                first + random.below(own).min(random.below(own)) as u32
            };
            out.push(call);
        }
        live[who].2 = left.saturating_sub(burst);
        if live[who].2 == 0 || random.below(of.abandoned_one_in) == 0 {
            live.swap_remove(who);
        }
    }
}

fn shift(out: &mut Vec<u32>, most: usize, random: &mut Random, zipf: &Zipf, every: usize) {
    out.extend((0..most).map(|at| (at / every * zipf.0.len() + zipf.draw(random)) as u32));
}

/// From here on are calls that are no part of what comes again and again.
const ONCE: u32 = 1_000_000;

/// SplitMix64: the ratios that `ratios.rs` expects are those of its sequence.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((self.next() >> 32) * end) >> 32
    }

    fn within(&mut self, [least, most]: [u64; 2]) -> u64 {
        least + self.below(most - least + 1)
    }
}

/// Cumulated shares, of 2^53.
struct Zipf(Vec<u64>);

impl Zipf {
    fn new(keys: usize, exponent: f64) -> Self {
        let shares: Vec<f64> = (1..=keys).map(|rank| (rank as f64).powf(-exponent)).collect();
        let (whole, mut sum) = (shares.iter().sum::<f64>(), 0.0);
        let cumulated = shares.iter().map(|share| {
            sum += share;
            // Coarse, so that the last bits of a machine's `powf` change nothing.
            ((sum / whole * (1_u64 << 32) as f64) as u64) << 21
        });
        Self(cumulated.collect())
    }

    fn draw(&self, random: &mut Random) -> usize {
        let drawn = random.next() >> 11;
        self.0.partition_point(|end| *end <= drawn).min(self.0.len() - 1)
    }
}
