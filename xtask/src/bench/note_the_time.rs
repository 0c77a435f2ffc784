//! The agent whose first instruction is timed: it writes the time into the file it is given.
//! Compiled by itself, so that it starts as quickly as a program can.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_nanos();
    let file = std::env::args().nth(1).expect("a file");
    // Renamed into place, so that a reader never sees half of it.
    let partial = format!("{file}.partial");
    std::fs::write(&partial, now.to_string()).expect("to write");
    std::fs::rename(&partial, &file).expect("to rename");
}
