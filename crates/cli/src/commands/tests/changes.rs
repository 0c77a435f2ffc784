//! `changes` and `diff`.

use claude_worker_api::{ChangeSource, ChangedFile, ChangedFiles, FileChange, NoLines, Patch};

use super::*;

fn file(path: &str, change: FileChange, added: u64, removed: u64) -> ChangedFile {
    ChangedFile {
        path: path.to_owned(),
        absolute_path: format!("/home/me/shop/{path}"),
        change,
        from: None,
        added,
        removed,
        no_lines: None,
        executable: None,
        revision: "1".to_owned(),
    }
}

fn engine() -> FakeEngine {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    let renamed = ChangedFile {
        from: Some("old.rs".to_owned()),
        ..file("src/new.rs", FileChange::Renamed, 0, 0)
    };
    let picture = ChangedFile {
        no_lines: Some(NoLines::Binary),
        ..file("a \u{1b}[31mpicture.png", FileChange::Modified, 0, 0)
    };
    let files = vec![
        file("src/main.rs", FileChange::Modified, 12, 3),
        file("src/lib.rs", FileChange::Added, 40, 0),
        file("gone.txt", FileChange::Deleted, 0, 7),
        renamed,
        picture,
    ];
    let patch = "diff --git a/src/main.rs b/src/main.rs\n--- a/src/main.rs\n+++ b/src/main.rs\n\
         @@ -1 +1 @@\n-old\u{1b}]0;title\u{7}\n+new\n";
    engine.set_changes(
        1,
        ChangedFiles {
            files,
            more: 0,
            added: 52,
            removed: 10,
            source: ChangeSource::Git { repository: "/home/me/shop".to_owned() },
            running: true,
            shared_with: vec![TaskId(7)],
        },
        Patch { patch: patch.to_owned(), left_out: vec!["picture.png".to_owned()] },
    );
    engine
}

#[tokio::test(start_paused = true)]
async fn files_are_listed_with_their_lines() {
    let engine = engine();
    let (exit, written) = command(&engine, Look::Terminal, "changes last").await;
    assert_eq!(exit, Exit::Done);
    insta::assert_snapshot!(written.out(), @r"
    M src/main.rs          +12 -3
    A src/lib.rs           +40
    D gone.txt             -7
    R old.rs → src/new.rs
    M a picture.png        binary
    5 files changed so far  +52 -10
    In the same directory at the same time ran #7: its changes are in the list, too
    ");
    let (_, written) = command(&engine, Look::Json, "changes 1").await;
    assert_eq!(written.json()["files"][0]["path"], "src/main.rs");
    let (exit, written) = command(&engine, Look::Pipe, "changes 9").await;
    assert_eq!(exit, Exit::NotFound);
    assert!(written.err().contains("There is no task 9"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn a_patch_is_printed_as_it_is_except_on_a_terminal() {
    let engine = engine();
    let (exit, written) = command(&engine, Look::Pipe, "diff 1").await;
    assert_eq!(exit, Exit::Done);
    assert!(written.out().ends_with("-old\u{1b}]0;title\u{7}\n+new\n"), "{:?}", written.out());
    assert!(written.err().contains("picture.png"), "{}", written.err());
    let (_, written) = command(&engine, Look::Terminal, "diff 1").await;
    assert!(written.out().contains("-old\n+new\n"), "{:?}", written.out());
    let (_, written) = command(&engine, Look::Json, "diff 1").await;
    assert_eq!(written.json()["left_out"][0], "picture.png");
    let (exit, written) = command(&engine, Look::Pipe, "diff 1 other.rs").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "");
}
