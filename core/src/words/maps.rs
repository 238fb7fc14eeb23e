//! Hash maps whose keys callers choose: hashed under a secret of the isolate, so that nobody can choose keys that
//! collide (decision 0045).

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher as _};
use std::rc::Rc;

use ahash::{AHasher, RandomState};
use lru::LruCache;
use siphasher::sip128::{Hash128, Hasher128 as _, SipHasher13};

/// A map that knows which of its keys was used least recently.
pub(crate) type LruMap<K, V> = LruCache<K, V, MapHasher>;

/// Hashes an isolate's map keys by aHash under keys that are derived from the isolate's secret.
/// All maps share them: a map is eight bytes larger than one without, and small maps are many.
#[derive(Clone)]
pub struct MapHasher(Rc<[u64; 4]>);

impl MapHasher {
    /// Derives the hasher from an isolate's secret, which must be random and of this isolate alone.
    #[must_use]
    pub fn new(secret: [u8; 16]) -> Self {
        // Credentials are hashed under the same secret: none of them has a line end.
        let derive = |purpose: &[u8]| {
            let mut derived = SipHasher13::new_with_key(&secret);
            derived.write(purpose);
            derived.finish128()
        };
        let (Hash128 { h1, h2 }, Hash128 { h1: h3, h2: h4 }) = (derive(b"maps\n1"), derive(b"maps\n2"));
        Self(Rc::new([h1, h2, h3, h4]))
    }

    /// Returns an empty map. It is unbounded: an `LruCache` with a bound allocates all of it at once, so its owner
    /// removes what is too much.
    pub(crate) fn lru<K: Hash + Eq, V>(&self) -> LruMap<K, V> {
        LruCache::unbounded_with_hasher(self.clone())
    }

    /// Returns the hasher of tests.
    #[cfg(test)]
    pub(crate) fn fixed() -> Self {
        Self::new([7; 16])
    }
}

impl BuildHasher for MapHasher {
    type Hasher = AHasher;

    fn build_hasher(&self) -> AHasher {
        let [first, second, third, fourth] = *self.0;
        RandomState::with_seeds(first, second, third, fourth).build_hasher()
    }
}

/// Shows no secret.
impl fmt::Debug for MapHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MapHasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_has_hashes_of_its_own() {
        let of = |secret: u8, key: &[u8]| MapHasher::new([secret; 16]).hash_one(key);
        assert_eq!(of(1, b"a key"), of(1, b"a key"));
        assert_ne!(of(1, b"a key"), of(2, b"a key"));
        let (key, other) = (MapHasher::fixed(), MapHasher::new([8; 16]));
        assert_eq!(format!("{key:?}"), format!("{other:?}"));
    }

    #[test]
    fn the_least_recently_used_leaves_first() {
        let mut map = MapHasher::fixed().lru();
        for key in ["a", "b", "c"] {
            map.put(key, ());
        }
        map.get("a");
        assert_eq!(map.pop_lru(), Some(("b", ())));
    }
}
