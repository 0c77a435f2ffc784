//! Random keys and secrets.

use std::hash::{BuildHasher, RandomState};
use std::io;

/// Random bytes from the system, in hexadecimal.
///
/// # Errors
/// When the system's random source fails.
pub fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

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
