//! `cargo xtask pictures`: takes the pictures of `docs/` from the real app.
//!
//! The tests of how pages look (`tests/app/looks.rs`) leave a picture of each; this command runs them for
//! the pages that the documents show, and puts these pictures into `docs/`.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Result, ensure};

use crate::step::{run, step};
use crate::{setup, ui, workspace};

/// The tests that show pages in the windows of the documents.
const TESTS: &str = "test(looks::wide_light_windows) + test(looks::narrow_and_dark_windows)";

/// The pages that the documents show.
const PAGES: &str = "queue,running-open,done";

/// The files are kept in the repository, so they must be small.
const MOST_BYTES: u64 = 200_000;

/// Takes all pictures.
pub(crate) fn take() -> Result<()> {
    setup::test_tools()?;
    setup::desktop_packages()?;
    setup::claude_code()?;
    ui::build()?;
    step("Build claude-worker", || {
        run(workspace::cargo().args(["build", "--quiet", "--package", "claude-worker"]))
    })?;
    step("Show the pages", || {
        let mut tests = workspace::cargo();
        tests.args(["nextest", "run", "--cargo-quiet", "--workspace", "-E", TESTS]);
        run(tests.env("CLAUDE_WORKER_LOOKS", PAGES))
    })?;
    let taken = workspace::target()?.join("looks");
    let docs = env::var_os("PICTURES").map_or_else(|| workspace::root().join("docs"), Into::into);
    step("Put the pictures into docs/", || {
        for (theme, ground) in [("light", "#d9d6d1"), ("dark", "#3a3632")] {
            let picture = |name: &str| taken.join(format!("{name}-{theme}.png"));
            let window = docs.join(format!("window-{theme}.png"));
            join(&[&picture("running-open-1280")], ground, "0x0", &window)?;
            let phone = docs.join(format!("phone-{theme}.png"));
            join(&[&picture("queue-390"), &picture("done-390")], ground, "16x0", &phone)?;
        }
        Ok(())
    })
}

/// Writes a picture of these pictures beside each other, each with this border of the ground.
fn join(pictures: &[&Path], ground: &str, border: &str, file: &Path) -> Result<()> {
    let mut convert = Command::new("convert");
    convert.args(pictures).args(["-bordercolor", ground, "-border", border, "+append"]);
    // A palette of 8 bits. Dithering would make the file twice as large.
    convert.args(["-depth", "8", "+dither", "-colors", "255"]);
    convert.args(["-define", "png:compression-level=9", "-strip"]);
    convert.arg(format!("PNG8:{}", file.display()));
    run(&mut convert)?;
    let bytes = fs::metadata(file)?.len();
    ensure!(bytes < MOST_BYTES, "{} has {bytes} bytes, more than {MOST_BYTES}", file.display());
    Ok(())
}
