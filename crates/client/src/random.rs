//! Names and secrets that nobody can guess and no two callers share.

use std::hash::{BuildHasher, RandomState};
use std::io;

/// Random bytes from the system, as text of twice as many hexadecimal digits.
///
/// # Errors
/// When the system has none to give.
pub fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// An idempotency key that no other request has: 128 random bits in hexadecimal. The standard
/// library seeds its hashers from the system, which cannot fail.
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
