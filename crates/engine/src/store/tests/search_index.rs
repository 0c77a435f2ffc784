//! The index for searches.

use std::fs;

use super::*;
use crate::store::{
    FoundPassage, NewPassage, PassageKind, Progress, SearchIndex, SearchReaders, is_damage,
};

fn passage(kind: PassageKind, run: Option<&RunId>, place: u64, text: &str) -> NewPassage {
    NewPassage { kind, run: run.cloned(), place, text: text.to_owned(), inner: String::new() }
}

fn found(searches: &SearchReaders, expression: &str) -> Vec<FoundPassage> {
    searches.find(expression, None, 100).unwrap().unwrap().0
}

fn tasks(searches: &SearchReaders, expression: &str) -> Vec<i64> {
    found(searches, expression).into_iter().map(|passage| passage.task.0).collect()
}

#[test]
fn passages_are_found_the_newest_task_first_until_they_are_removed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("search.db");
    let searches = SearchReaders::new(path.clone());
    assert!(searches.find("\"a\"", None, 9).unwrap().is_none(), "there is no index yet");
    let index = SearchIndex::open(&path, 7).unwrap();
    let run = RunId::new(TaskId(2), 1, 1);
    for (id, text) in [(1, "fix the parser"), (2, "write the Überblick"), (3, "parsers again")] {
        index.add(TaskId(id), None, id, &[passage(PassageKind::Prompt, None, 0, text)]).unwrap();
    }
    let log = [
        passage(PassageKind::Result, Some(&run), 5, "the parser works"),
        passage(PassageKind::Log, Some(&run), 40, "nothing"),
    ];
    index.add(TaskId(2), Some(&run), 0, &log).unwrap();
    assert_eq!(tasks(&searches, "\"parser\"*"), [3, 2, 1]);
    assert_eq!(tasks(&searches, "\"uberblick\""), [2]);
    let before = searches.find("\"parser\"*", Some(TaskId(3)), 1).unwrap().unwrap();
    let expected = FoundPassage {
        task: TaskId(2),
        kind: PassageKind::Result,
        run: Some(run.clone()),
        place: 5,
    };
    assert_eq!(before.0, [expected]);
    assert_eq!(before.1, Progress { event: 7, unread_below: Some(TaskId(i64::MAX)) });
    assert_eq!(index.fingerprint(TaskId(3), None).unwrap(), Some(3));
    assert_eq!(index.fingerprint(TaskId(2), Some(&run)).unwrap(), Some(0));

    index.remove_prompt(TaskId(2)).unwrap();
    assert_eq!(tasks(&searches, "\"uberblick\""), [0; 0]);
    assert_eq!(tasks(&searches, "\"works\""), [2], "the result stays");
    assert!(index.remove_oldest_logs(10).unwrap());
    assert!(!index.remove_oldest_logs(10).unwrap());
    assert_eq!(tasks(&searches, "\"nothing\""), [0; 0]);
    index.remove_task(TaskId(2)).unwrap();
    assert_eq!(tasks(&searches, "\"parser\"*"), [3, 1]);
    assert_eq!(index.fingerprint(TaskId(2), Some(&run)).unwrap(), None);
    index.clear().unwrap();
    assert_eq!(tasks(&searches, "\"parser\"*"), [0; 0]);
}

#[test]
fn what_was_not_committed_is_forgotten_and_progress_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("search.db");
    let searches = SearchReaders::new(path.clone());
    let add = |index: &SearchIndex, id: i64| {
        index.begin().unwrap();
        index.add(TaskId(id), None, 0, &[passage(PassageKind::Prompt, None, 0, "word")]).unwrap();
        index.set_progress(Progress { event: id, unread_below: None }).unwrap();
    };
    let index = SearchIndex::open(&path, 0).unwrap();
    add(&index, 1);
    index.commit().unwrap();
    add(&index, 2);
    // As after a kill.
    drop(index);
    let index = SearchIndex::open(&path, 5).unwrap();
    assert_eq!(tasks(&searches, "\"word\""), [1]);
    assert_eq!(index.progress().unwrap(), Progress { event: 1, unread_below: None });
    drop(index);
    // An index that knows more than there is belongs to another database.
    let index = SearchIndex::open(&path, 0).unwrap();
    assert_eq!(index.progress().unwrap().unread_below, Some(TaskId(i64::MAX)));
}

#[test]
fn a_damaged_index_is_made_anew() {
    for damage in ["no database at all", "", "middle"] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("search.db");
        let index = SearchIndex::open(&path, 3).unwrap();
        index.add(TaskId(1), None, 0, &[passage(PassageKind::Prompt, None, 0, "word")]).unwrap();
        drop(index);
        if damage == "middle" {
            let mut bytes = fs::read(&path).unwrap();
            bytes[100..].fill(0x5a);
            fs::write(&path, bytes).unwrap();
        } else {
            fs::write(&path, damage).unwrap();
        }
        let index = SearchIndex::open(&path, 3).unwrap();
        let progress = index.progress().unwrap();
        let expected = Progress { event: 3, unread_below: Some(TaskId(i64::MAX)) };
        assert_eq!(progress, expected, "{damage}");
        let searches = SearchReaders::new(path.clone());
        assert_eq!(tasks(&searches, "\"word\""), [0; 0]);
        // While it is in use, too.
        fs::write(&path, "x".repeat(100_000)).unwrap();
        drop(fs::remove_file(place.path().join("search.db-wal")));
        let error = SearchReaders::new(path).find("\"word\"", None, 1).unwrap_err();
        assert!(is_damage(&error), "{error}");
    }
}
