#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| claude_worker_cli::fuzz::arguments(input));
