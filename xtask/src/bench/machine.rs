//! Describes the machine of the figures, without names of machines or people.

use std::fs;
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

/// The load of the machine by other programs, from 0 to 1, measured for one second. On a busy machine
/// all figures are worse, and comparisons are unfair: Linux distributes its cores by session, and each
/// task of Claude Worker has a session of its own.
pub(crate) fn busy() -> f64 {
    let before = ticks();
    sleep(Duration::from_secs(1));
    match (before, ticks()) {
        (Some(before), Some(after)) if after.all > before.all => {
            1.0 - (after.idle - before.idle) / (after.all - before.all)
        }
        _ => 0.0,
    }
}

/// The kernel's count of time since boot.
struct Ticks {
    all: f64,
    idle: f64,
}

fn ticks() -> Option<Ticks> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields = stat.lines().next()?.split_whitespace().skip(1);
    let fields: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    // The fourth is idle time, the fifth is idle time with the disk at work.
    Some(Ticks { all: fields.iter().take(8).sum(), idle: fields.get(3)? + fields.get(4)? })
}

/// One phrase: cores, processor, kernel.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("an unknown processor");
    let system = rustix::system::uname();
    let kernel = system.release().to_string_lossy();
    // Only the number: the rest may contain names of builders.
    let kernel = kernel.split('-').next().unwrap_or_default();
    let system = system.sysname().to_string_lossy();
    format!("{cores} cores ({model}), {system} {kernel}")
}
