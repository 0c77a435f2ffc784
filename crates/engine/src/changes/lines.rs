//! Which lines of two texts differ, and patches of them.

use std::fmt::Write;
use std::ops::Range;

use claude_worker_api::ChangedLines;
use imara_diff::sources::lines as split;
use imara_diff::{Algorithm, Diff, InternedInput};

use super::side::{Mode, Side};

/// How many unchanged lines a patch has around a change.
const CONTEXT: u32 = 3;

/// Where two texts differ.
pub(crate) fn differences(before: &str, after: &str) -> Vec<ChangedLines> {
    let input = InternedInput::new(split(before), split(after));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let changed = diff.hunks().map(|hunk| ChangedLines {
        old_start: hunk.before.start,
        old_lines: hunk.before.end - hunk.before.start,
        new_start: hunk.after.start,
        new_lines: hunk.after.end - hunk.after.start,
    });
    changed.collect()
}

/// How many lines were added and removed.
pub(crate) fn counts(changes: &[ChangedLines]) -> (u64, u64) {
    changes.iter().fold((0, 0), |(added, removed), changed| {
        (added + u64::from(changed.new_lines), removed + u64::from(changed.old_lines))
    })
}

/// How many of a hundred lines two texts share.
pub(crate) fn likeness(before: &str, after: &str) -> u64 {
    let (old, new) = (before.lines().count() as u64, after.lines().count() as u64);
    let (added, _) = counts(&differences(before, after));
    (new.saturating_sub(added) * 100).checked_div(old.max(new)).unwrap_or(0)
}

/// The patch of one file.
pub(crate) fn write_patch(
    patch: &mut String,
    (old_path, before): (&str, &Side),
    (new_path, after): (&str, &Side),
) {
    let (old, new) = (quoted("a/", old_path), quoted("b/", new_path));
    let _ = writeln!(patch, "diff --git {old} {new}");
    match (before.mode(), after.mode()) {
        (None, Some(mode)) => drop(writeln!(patch, "new file mode {}", mode.git())),
        (Some(mode), None) => drop(writeln!(patch, "deleted file mode {}", mode.git())),
        (Some(was), Some(is)) if was != is => {
            let _ = writeln!(patch, "old mode {}\nnew mode {}", was.git(), is.git());
        }
        _ => {}
    }
    if old_path != new_path {
        let (from, to) = (quoted("", old_path), quoted("", new_path));
        let _ = writeln!(patch, "rename from {from}\nrename to {to}");
    }
    let (was, is) = (before.text().unwrap_or_default(), after.text().unwrap_or_default());
    let changes = differences(was, is);
    if changes.is_empty() {
        return;
    }
    let name =
        |side: &Side, path: String| side.mode().map_or("/dev/null".to_owned(), |_: Mode| path);
    let _ = writeln!(patch, "--- {}\n+++ {}", name(before, old), name(after, new));
    let (was, is): (Vec<&str>, Vec<&str>) = (split(was).collect(), split(is).collect());
    for hunk in hunks(&changes) {
        write_hunk(patch, &changes[hunk], &was, &is);
    }
}

/// The changes that share a hunk: the unchanged lines around them touch.
fn hunks(changes: &[ChangedLines]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for (number, changed) in changes.iter().enumerate() {
        let touches = number > 0 && {
            let before = &changes[number - 1];
            changed.old_start - (before.old_start + before.old_lines) <= 2 * CONTEXT
        };
        match hunks.last_mut().filter(|_| touches) {
            Some(hunk) => hunk.end = number + 1,
            None => hunks.push(number..number + 1),
        }
    }
    hunks
}

fn write_hunk(patch: &mut String, changes: &[ChangedLines], was: &[&str], is: &[&str]) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let lead = first.old_start.min(CONTEXT);
    let last_end = last.old_start + last.old_lines;
    let trail = (was.len() as u32 - last_end).min(CONTEXT);
    let (old_start, new_start) = (first.old_start - lead, first.new_start - lead);
    let old_lines = last_end + trail - old_start;
    let new_lines = last.new_start + last.new_lines + trail - new_start;
    let place = |start: u32, lines: u32| {
        // Of no lines, the line before is named.
        let start = if lines == 0 { start } else { start + 1 };
        if lines == 1 { start.to_string() } else { format!("{start},{lines}") }
    };
    let (old, new) = (place(old_start, old_lines), place(new_start, new_lines));
    let _ = writeln!(patch, "@@ -{old} +{new} @@");
    let mut write = |sign: char, lines: &[&str]| {
        for line in lines {
            patch.push(sign);
            patch.push_str(line);
            if !line.ends_with('\n') {
                patch.push_str("\n\\ No newline at end of file\n");
            }
        }
    };
    let mut at = old_start;
    for changed in changes {
        write(' ', &was[at as usize..changed.old_start as usize]);
        at = changed.old_start + changed.old_lines;
        write('-', &was[changed.old_start as usize..at as usize]);
        let new = changed.new_start as usize;
        write('+', &is[new..new + changed.new_lines as usize]);
    }
    write(' ', &was[at as usize..(last_end + trail) as usize]);
}

/// A path as git writes it into a patch.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        return format!("{prefix}{path}");
    }
    let mut quoted = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => drop(write!(quoted, "\\{:03o}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(text: Option<&str>) -> Side {
        text.map_or(Side::Absent, |text| Side::kept(text.as_bytes(), Mode::File))
    }

    fn patch(before: Option<&str>, after: Option<&str>) -> String {
        let mut patch = String::new();
        write_patch(&mut patch, ("f", &side(before)), ("f", &side(after)));
        patch
    }

    #[test]
    fn patches_are_written_as_git_writes_them() {
        assert_eq!(
            patch(Some("a\nb\nc\n"), Some("a\nB\nc")),
            "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n-c\n+B\n+c\n\
             \\ No newline at end of file\n"
        );
        assert_eq!(
            patch(None, Some("a\n")),
            "diff --git a/f b/f\nnew file mode 100644\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"
        );
        assert_eq!(
            patch(Some("a\n"), None),
            "diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
        );
        let lines = |changed: &[usize]| {
            let line = |n| if changed.contains(&n) { format!("{n}!\n") } else { format!("{n}\n") };
            (1..=30).map(line).collect::<String>()
        };
        let far = patch(Some(&lines(&[])), Some(&lines(&[5, 20])));
        assert!(far.contains("@@ -2,7 +2,7 @@") && far.contains("@@ -17,7 +17,7 @@"), "{far}");
        let near = patch(Some(&lines(&[])), Some(&lines(&[5, 12])));
        assert!(near.contains("@@ -2,14 +2,14 @@"), "{near}");
    }

    #[test]
    fn a_renamed_program_names_both_paths_and_modes() {
        let text: &[u8] = b"x\n";
        let (was, is) = (Side::kept(text, Mode::File), Side::kept(text, Mode::Executable));
        let mut patch = String::new();
        write_patch(&mut patch, ("old", &was), ("a \"b\"", &is));
        assert_eq!(
            patch,
            "diff --git a/old \"b/a \\\"b\\\"\"\nold mode 100644\nnew mode 100755\nrename from old\n\
             rename to \"a \\\"b\\\"\"\n"
        );
    }

    #[test]
    fn likeness_counts_shared_lines() {
        assert_eq!(likeness("a\nb\nc\nd\n", "a\nb\nc\ne\n"), 75);
        assert_eq!(likeness("", ""), 0);
    }
}
