//! The tab with the files that a task changed.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::desktop::Desktop;
use crate::keyboard::CONTROL;
use crate::webdriver::Window;

fn git(directory: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
    let mut git = Command::new("git");
    git.args(identity).args(arguments).current_dir(directory);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

#[test]
fn the_changes_of_a_task_are_listed_shown_and_copied_as_a_patch() {
    let desktop = Desktop::new();
    let work = desktop.work();
    git(&work, &["init", "-q"]);
    std::fs::write(work.join("colours.txt"), "red\ngreen\nblue\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "-q", "-m", "Colours"]);
    let window = Window::open(&desktop, &[]);
    let file = work.join("colours.txt").display().to_string();
    let new = work.join("shapes.txt").display().to_string();
    let prompt = format!(
        "[[read {file}]] [[edit {file} green => violet]] [[write {new} round]] [[say Changed.]]"
    );
    let id = desktop.submit(&prompt, "Paint");
    desktop.until_status(&id, "completed");

    window.navigate(&format!("#/task/{id}"));
    window.click("tab", "Changes");
    window.until_shown("since the task began");
    for (button, counts) in [("colours.txt", "+1 −1"), ("shapes.txt", "+1")] {
        window.role("button", button);
        let script = format!(
            "return document.querySelector('[data-path=\"{button}\"] .counts').innerText.trim().replace(/\\s+/g, ' ')"
        );
        assert_eq!(window.script(&script), counts, "{button}");
    }
    window.click("button", "colours.txt");
    for line in ["green", "violet"] {
        window.until_shown(line);
    }
    // Only the current file is on screen.
    assert!(!window.text().contains("round"), "{}", window.text());
    window.hold("\u{e00a}", "\u{e015}");
    window.until_shown("round");

    window.click("button", "Copy patch");
    window.until_shown("Copied");
    // Pasted into the only field of the page.
    window.click("tab", "Log");
    window.role("textbox", "Follow-up");
    window.press("f");
    window.until("the field has the focus", || {
        window.has_focus("textbox", "Follow-up").then_some(())
    });
    window.hold(CONTROL, "v");
    let mut patch = String::new();
    window.until("the patch is pasted", || {
        let value = window.script("return document.activeElement.value");
        value
            .as_str()?
            .contains("violet")
            .then(|| value.as_str().unwrap_or_default().clone_into(&mut patch))
    });
    // It takes the working directory back to the commit.
    let mut apply = Command::new("git");
    apply.args(["apply", "--reverse", "-"]).current_dir(&work).stdin(Stdio::piped());
    let mut apply = apply.spawn().unwrap();
    apply.stdin.take().unwrap().write_all(patch.as_bytes()).unwrap();
    assert!(apply.wait().unwrap().success(), "{patch}");
    assert_eq!(std::fs::read_to_string(work.join("colours.txt")).unwrap(), "red\ngreen\nblue\n");
    assert!(!work.join("shapes.txt").exists());
}
