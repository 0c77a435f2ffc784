// Replays the inputs of `fuzz/corpus` in the ordinary tests: each crate with fuzz targets includes
// this file and runs every input of a target once.

/// Runs every stored input of this target.
pub(crate) fn replay(target: &str, run: impl Fn(&[u8])) {
    let directory =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&directory).expect("a directory of inputs").flatten() {
        // After a panic, this line shows which input caused it.
        eprintln!("{}", entry.path().display());
        run(&std::fs::read(entry.path()).expect("an input"));
        count += 1;
    }
    assert!(count > 0, "{} has no input", directory.display());
}
