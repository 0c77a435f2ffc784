//! Names and secrets that nobody can guess and no two callers share.

use std::fs::File;
use std::io::{self, Read};

/// Random bytes from the system, as text of twice as many hexadecimal digits.
pub(crate) fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut random = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
