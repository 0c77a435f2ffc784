//! Idempotency keys.

use std::hash::{BuildHasher, RandomState};

/// A unique idempotency key: 128 random bits in hexadecimal. It uses the random seeds of the standard
/// library's hashers, which cannot fail.
#[must_use]
pub fn new_key() -> String {
    let half = || RandomState::new().hash_one((std::process::id(), std::time::SystemTime::now()));
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::new_key;

    #[test]
    fn keys_differ() {
        let (one, other) = (new_key(), new_key());
        assert_ne!(one, other);
        assert_eq!((one.len(), other.len()), (32, 32));
    }
}
