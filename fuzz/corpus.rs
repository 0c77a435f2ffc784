// The inputs of `fuzz/corpus`, for the ordinary tests: each crate that has fuzz targets includes
// this file, and runs every input of a target through that target once.

/// Runs every input that is kept for this target, and says how many there were.
pub(crate) fn replay(target: &str, run: impl Fn(&[u8])) {
    let directory =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&directory).expect("a directory of inputs").flatten() {
        // A panic names the input by this line.
        eprintln!("{}", entry.path().display());
        run(&std::fs::read(entry.path()).expect("an input"));
        count += 1;
    }
    assert!(count > 0, "{} has no input", directory.display());
}
