//! Secrets, and their digests.

use std::fmt;

use claude_worker_os::random::random_hex;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// How the secret of a token begins, so that people and secret scanners recognise it.
pub(crate) const TOKEN_PREFIX: &str = "cwk_";
/// How the secret of a browser's login begins.
pub(crate) const LOGIN_PREFIX: &str = "cws_";

/// The SHA-256 of a secret. A secret has 256 random bits, so that it cannot be guessed from its digest
/// and needs no slow hash.
#[derive(Clone)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// A stored digest; none when these bytes are not one.
    pub(crate) fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the same secret. It takes the same time for all digests.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// A new secret: this prefix, and random bytes of the system in hexadecimal.
///
/// # Errors
/// When the system's random source fails.
pub(crate) fn new_secret<const BYTES: usize>(prefix: &str) -> std::io::Result<String> {
    Ok(format!("{prefix}{}", random_hex::<BYTES>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_random_and_only_its_own_digest_is_equal() {
        let (one, other) =
            (new_secret::<32>(TOKEN_PREFIX).unwrap(), new_secret::<32>(TOKEN_PREFIX).unwrap());
        assert!(one.starts_with("cwk_") && one.len() == 4 + 64 && one != other);
        assert!(Digest::of(&one).is(&Digest::of(&one)));
        assert!(!Digest::of(&one).is(&Digest::of(&other)));
        let stored = Digest::stored(Digest::of(&one).bytes()).unwrap();
        assert!(stored.is(&Digest::of(&one)));
        assert!(Digest::stored(b"short").is_none());
        // Of FIPS 180-2.
        assert_eq!(Digest::of("abc").bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
