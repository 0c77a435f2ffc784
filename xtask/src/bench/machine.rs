//! What kind of machine the figures are from. No names of machines or people.

use std::fs;
use std::thread::available_parallelism;

/// One phrase: cores, processor, kernel.
pub(crate) fn describe() -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("an unknown processor");
    let system = rustix::system::uname();
    let kernel = system.release().to_string_lossy();
    // Only the number: builders of kernels put names behind it.
    let kernel = kernel.split('-').next().unwrap_or_default();
    let system = system.sysname().to_string_lossy();
    format!("{cores} cores ({model}), {system} {kernel}")
}
