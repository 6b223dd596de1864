//! Keys in, hashes for maps of them out. Never stored.

use std::hash::{BuildHasher, Hasher, RandomState};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Hashes whole keys at once; seeded, because clients choose parts of keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeded(u64);

impl Default for Seeded {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Seeded {
    type Hasher = KeyHash;

    fn build_hasher(&self) -> KeyHash {
        KeyHash(self.0)
    }
}

pub(crate) struct KeyHash(u64);

impl Hasher for KeyHash {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// The length that slices put in front: their bytes alone tell them apart well enough.
    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_one_map_hash_alike_and_maps_differ() {
        let (one, other) = (Seeded(1), Seeded(2));
        let boxed: Box<[u8]> = b"key".as_slice().into();
        assert_eq!(one.hash_one(&boxed), one.hash_one(b"key".as_slice()));
        assert_ne!(one.hash_one(b"key".as_slice()), other.hash_one(b"key".as_slice()));
        assert_ne!(one.hash_one(b"key".as_slice()), one.hash_one(b"kez".as_slice()));
    }
}
