//! Makes Tauri's generated parts: the configuration, and one permission per command.

use std::path::Path;
use std::{fs, io};

/// Every command the pages may call. `src/commands` defines them, `src/app.rs` registers them and
/// `capabilities/window.json` allows them; what is not in all of these cannot be called.
const COMMANDS: &[&str] = &[
    // The API of the engine, all methods of it.
    "call_engine",
    "output_text",
    // What only the desktop can do.
    "subscribe_events",
    "subscribe_window",
    "set_parting_calls",
    "app_info",
    "start_engine",
    "looking_at",
    "painted",
    "pick_directory",
    "open_directory",
    "open_changed_file",
    "open_raw_log",
    "open_external",
    "copy",
    "read_dropped",
    "open_at_login",
    "set_open_at_login",
    "set_appearance",
    "quit",
    "close_quick_entry",
    "quick_entry_shortcut",
    "set_quick_entry_shortcut",
    "setup_offer",
    "start_setup",
    "answer_setup",
    "stop_setup",
    "setup_in_terminal",
];

fn main() {
    placeholder().expect("cannot make ui/dist/index.html");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    tauri_build::try_build(attributes).expect("cannot make Tauri's generated parts");
}

/// A page that says what is missing, where the pages have not been built: so that the app's Rust
/// parts can be checked and tested without npm.
fn placeholder() -> io::Result<()> {
    let dist = Path::new("../ui/dist");
    let page = dist.join("index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(dist)?;
    fs::write(
        page,
        "<!doctype html><meta charset=\"utf-8\"><title>Claude Worker</title>\n\
         <p>The window has not been built. Run <code>npm run build</code> in ui/.</p>\n",
    )
}
