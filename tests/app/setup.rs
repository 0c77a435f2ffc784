//! Setting Claude Code up from the welcome page, with stand-ins for npm and Claude Code.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::desktop::{Desktop, Parts};
use crate::process::{is_gone, read, until};
use crate::screen::Screen;
use crate::webdriver::Window;

/// Installs the Claude Code below. A step of the installation has to be released.
const NPM: &str = r#"#!/bin/sh
if [ "$1" = prefix ]; then echo "$HOME/prefix"; exit; fi
echo $$ >"$HOME/npm.pid"
echo "running npm $*"
until [ -e "$HOME/go-on" ]; do sleep 0.02; done
mkdir -p "$HOME/.local/bin"
cp "$HOME/claude.sh" "$HOME/.local/bin/claude"
echo "added 1 package"
"#;

/// Signs in as Claude Code does without a terminal: it says an address and reads the code.
const CLAUDE: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "9.8.7 (Claude Code)"; exit; fi
[ "$*" = "auth login" ] || exit 9
printf "If the browser didn't open, visit:\nhttps://claude.ai/oauth/authorize?code=true\n"
printf "Paste code here if prompted > "
read code
[ "$code" = "right#code" ] || { echo "Invalid code $code"; exit 1; }
mkdir -p "$HOME/.claude"
echo '{}' >"$HOME/.claude/.credentials.json"
echo "Login successful"
"#;

fn program(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A desktop without Claude Code and without a sign-in, but with an npm.
fn desktop() -> Desktop {
    let mut desktop = Desktop::of(Parts { claude: false, ..Parts::FULL }, "");
    let home = desktop.place("home");
    program(&home.join("bin/npm"), NPM);
    program(&home.join("claude.sh"), CLAUDE);
    std::fs::create_dir(home.join("prefix")).unwrap();
    desktop.variable("PATH", &format!("{}:/usr/bin:/bin", home.join("bin").display()));
    desktop.variable("ANTHROPIC_API_KEY", "");
    desktop
}

#[test]
fn claude_code_is_installed_and_signed_in_from_the_welcome_page() {
    let desktop = desktop();
    let home = desktop.place("home");
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());

    // The form sends no task into a sure failure, by no way; a command can be sent.
    window.navigate("#/new");
    window.until_shown("Claude Code was not found");
    window.fill("textbox", "What should Claude do?", "Fix it");
    window.fill("combobox", "Directory", &desktop.work().display().to_string());
    let disabled = || {
        window.script(
            "return [...document.querySelectorAll('footer button')]
                .filter(({ innerText }) => innerText.startsWith('Send'))
                .every(({ disabled }) => disabled)",
        ) == true
    };
    assert!(disabled());
    window.hold("\u{e009}", "\u{e007}");
    window.until_shown("Claude Code was not found");

    window.click("button", "Set it up");
    window.click("button", "Install Claude Code");
    window.until_shown("running npm install --global @anthropic-ai/claude-code");
    std::fs::write(home.join("go-on"), "").unwrap();
    // It checks again by itself.
    window.until_shown("9.8.7");
    // By now the answer to Ctrl+Enter would be a task.
    assert_eq!(desktop.json(["list"])["tasks"].as_array().unwrap().len(), 0);

    // A wrong code is told, and the next try works.
    window.click("button", "Sign in");
    window.until_shown("Open the page to sign in");
    window.fill("textbox", "Code", "wrong");
    window.click("button", "Send code");
    window.until_shown("Invalid code wrong");
    window.until_shown("It ended with code 1");
    window.click("button", "Sign in");
    window.until_shown("Paste code here");
    window.fill("textbox", "Code", "right#code");
    window.click("button", "Send code");
    window.until_shown("Everything is ready");
    assert!(window.look("button", "Sign in").is_none());

    window.navigate("#/new");
    until("the task can be sent", || !disabled());
}

#[test]
fn a_setup_command_ends_when_it_is_stopped_and_when_the_window_closes() {
    let desktop = desktop();
    let window = Window::open(&desktop, &[]);
    desktop.until_engine(window.app());
    window.navigate("#/welcome");
    let npm = || -> u32 { read(&desktop.place("home/npm.pid")).trim().parse().unwrap() };
    window.click("button", "Install Claude Code");
    window.until_shown("running npm");
    let first = npm();
    assert!(!is_gone(first));
    window.click("button", "Stop");
    until("the command has ended", || is_gone(first));
    window.click("button", "Install Claude Code");
    window.until_shown("running npm");
    let second = npm();
    assert!(first != second && !is_gone(second));
    Screen::of(&desktop).close("Claude Worker");
    until("the command has ended with the window", || is_gone(second));
}
