//! An older version reads the data of a newer one: every enum of the wire and of storage has a variant
//! for unknown values and writes them back unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claude_worker_api as api;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Reads a value; gives its debug form and the value as it is written back.
type Reading = fn(Value) -> Result<(String, Value), String>;

/// The enums of plain names.
const NAMES: &[(&str, Reading)] = &[
    ("AccessKind", read::<api::AccessKind>),
    ("Agent", read::<api::Agent>),
    ("Capability", read::<api::Capability>),
    ("CheckLevel", read::<api::CheckLevel>),
    ("ErrorCode", read::<api::ErrorCode>),
    ("FileChange", read::<api::FileChange>),
    ("Scope", read::<api::Scope>),
    ("HostKind", read::<api::HostKind>),
    ("InstalledBy", read::<api::InstalledBy>),
    ("NoLines", read::<api::NoLines>),
    ("PermissionMode", read::<api::PermissionMode>),
    ("Remedy", read::<api::Remedy>),
    ("SearchPlace", read::<api::SearchPlace>),
    ("Status", read::<api::Status>),
    ("SubmittedBy", read::<api::SubmittedBy>),
    ("ToolOutcome", read::<api::ToolOutcome>),
    ("TrustSource", read::<api::TrustSource>),
];

/// The enums with a tag and fields: the name of the tag, and a known tag that needs fields.
const TAGGED: &[(&str, &str, &str, Reading)] = &[
    ("ChangeSource", "kind", "git", read::<api::ChangeSource>),
    ("EventKind", "kind", "quiet", read::<api::EventKind>),
    ("Failure", "kind", "timeout", read::<api::Failure>),
    ("LogItem", "type", "text", read::<api::LogItem>),
    ("State", "status", "failed", read::<api::State>),
    ("Note", "note", "background_left", read::<api::Note>),
    ("Verdict", "verdict", "failed", read::<api::Verdict>),
    ("WaitReason", "for", "usage_limit", read::<api::WaitReason>),
];

/// The enums that only appear in requests, where unknown values are refused.
const IN_REQUESTS: &[(&str, Reading)] = &[
    ("Order", read::<api::Order>),
    ("OutputStream", read::<api::OutputStream>),
    ("QueuePlace", read::<api::QueuePlace>),
    ("StopMode", read::<api::StopMode>),
];

/// The stored enums, which their own crates test.
const TESTED_ELSEWHERE: &[&str] = &[
    "EndedBy",
    "Ending",
    "Mode",
    "Plan",
    "RequestedEnd",
    "StoredOutcome",
    "StoredSide",
    "StoredStart",
    "TaskState",
];

/// Enums that stand for several forms of one value, which have no names to be unknown.
const FORMS: &[&str] = &["NumberOrText"];

fn read<T: DeserializeOwned + Serialize + std::fmt::Debug>(
    value: Value,
) -> Result<(String, Value), String> {
    // Text and values are read by different code.
    let text = serde_json::from_str::<T>(&value.to_string()).map_err(|error| error.to_string());
    let found = serde_json::from_value::<T>(value).map_err(|error| error.to_string());
    assert_eq!(format!("{text:?}").is_empty(), format!("{found:?}").is_empty());
    let found = text.and(found)?;
    let written = serde_json::to_value(&found).map_err(|error| error.to_string())?;
    Ok((format!("{found:?}"), written))
}

#[test]
fn every_name_that_is_not_known_is_read_and_kept() {
    for (name, read) in NAMES {
        let (shown, written) = read(json!("of_tomorrow")).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(shown, "Unknown(\"of_tomorrow\")", "{name}");
        assert_eq!(written, "of_tomorrow", "{name}");
        for wrong in [json!(null), json!(7), json!(["of_tomorrow"])] {
            assert!(read(wrong.clone()).is_err(), "{name} takes {wrong}");
        }
    }
}

#[test]
fn every_tag_that_is_not_known_is_read_and_kept_with_its_fields() {
    for (name, tag, _, read) in TAGGED {
        let fields = json!({ *tag: "of_tomorrow", "message": "m", "x": { "y": [1, null] } });
        let (shown, written) = read(fields.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(shown.starts_with("Unknown(") && shown.contains("of_tomorrow"), "{name}: {shown}");
        assert_eq!(written, fields, "{name}");
    }
}

/// A known tag without its fields means damaged data, not a newer version.
#[test]
fn damaged_values_are_errors_and_not_unknown() {
    for (name, tag, known, read) in TAGGED {
        assert!(read(json!({ *tag: known })).is_err(), "{name}");
        for wrong in [json!({}), json!({ *tag: 7 }), json!("of_tomorrow"), json!(null)] {
            assert!(read(wrong.clone()).is_err(), "{name} takes {wrong}");
        }
    }
}

#[test]
fn unknown_values_in_requests_are_refused_by_name() {
    for (name, read) in IN_REQUESTS {
        let refused = read(json!("of_tomorrow")).unwrap_err();
        assert!(refused.contains("of_tomorrow"), "{name}: {refused}");
    }
    let wrong = json!(["failed", "of_tomorrow"]);
    let refused = [
        read::<api::ListQuery>(json!({ "status": wrong })),
        read::<api::CleanQuery>(json!({ "statuses": wrong })),
    ];
    for refused in refused {
        let refused = refused.unwrap_err();
        assert!(refused.contains("\"of_tomorrow\" is not a status"), "{refused}");
    }
    let refused = read::<api::ListQuery>(json!({ "agent": ["of_tomorrow"] })).unwrap_err();
    assert!(refused.contains("\"of_tomorrow\" is not an agent"), "{refused}");
    let task = |field: &str| -> api::NewTask {
        let task =
            json!({ "execution_prompt": "x", "working_directory": "/", field: "of_tomorrow" });
        serde_json::from_value(task).unwrap()
    };
    for (field, kind) in [("agent", "agent"), ("permission_mode", "permission mode")] {
        let refused = task(field).check_known().unwrap_err();
        assert_eq!(refused.message, format!("There is no {kind} of_tomorrow"));
        assert!(refused.hint.contains("Choose one of"), "{}", refused.hint);
    }
}

/// Flattened values are read from the fields that the others leave, in any order.
#[test]
fn unknown_values_inside_known_ones_are_read() {
    let task = json!({
        "a_field_of_tomorrow": 1, "id": 3, "name": "n", "agent": "codex", "working_directory": "/",
        "status": "paused", "until_then": "x", "created_at": "2026-01-01T00:00:00.000Z", "runs": 0,
        "usage": {},
    });
    let found: api::Task = serde_json::from_value(task.clone()).unwrap();
    let api::State::Unknown(state) = &found.state else { panic!("{found:?}") };
    assert_eq!((state.name.as_str(), state.text("until_then")), ("paused", Some("x")));
    assert!(!found.state.is_finished());
    assert_eq!(serde_json::to_value(&found).unwrap(), task);

    let event = json!({ "seq": 1, "at": "2026-01-01T00:00:00.000Z", "task": 3, "kind": "state_changed",
        "status": "archived", "ended_at": "2026-01-02T00:00:00.000Z" });
    let found: api::Event = serde_json::from_value(event.clone()).unwrap();
    let api::EventKind::StateChanged { state } = &found.kind else { panic!("{found:?}") };
    assert!(state.is_finished(), "a state with `ended_at` is finished");
    assert_eq!(serde_json::to_value(&found).unwrap(), event);

    // A known state after an unknown field.
    let event = json!({ "a": 1, "seq": 1, "at": "2026-01-01T00:00:00.000Z", "kind": "state_changed",
        "ended_at": "2026-01-02T00:00:00.000Z", "status": "failed",
        "failure": { "message": "too warm", "kind": "weather" } });
    let found: api::Event = serde_json::from_str(&event.to_string()).unwrap();
    let api::EventKind::StateChanged { state: api::State::Failed { failure, .. } } = &found.kind
    else {
        panic!("{found:?}")
    };
    assert_eq!(
        failure.describe(),
        "Failed for a reason this version does not know: weather: too warm"
    );
}

/// Every enum that is deserialized must be in one of the lists above.
#[test]
fn no_enum_that_is_read_is_forgotten() {
    let known: Vec<&str> = NAMES
        .iter()
        .chain(IN_REQUESTS)
        .map(|(name, _)| *name)
        .chain(TAGGED.iter().map(|(name, ..)| *name))
        .chain(TESTED_ELSEWHERE.iter().chain(FORMS).copied())
        .collect();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeMap::new();
    for name in ["api", "engine", "supervisor"] {
        for file in sources(&crates.join(name).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            found.extend(enums_that_are_read(&text).map(|name| (name, file.clone())));
        }
    }
    for name in &known {
        assert!(found.contains_key(*name), "there is no {name} any more: take it off the list");
    }
    for (name, file) in found {
        assert!(
            known.contains(&name.as_str()),
            "{} of {} is read: give it a variant Unknown (crates/api/src/unknown.rs), and add it here",
            name,
            file.display()
        );
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the sources are there");
    entries
        .flat_map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() { sources(&path) } else { vec![path] }
        })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// The enums in a source text for which `Deserialize` is derived.
fn enums_that_are_read(text: &str) -> impl Iterator<Item = String> {
    text.split("#[derive(").skip(1).filter_map(|rest| {
        let (derived, rest) = rest.split_once(")]")?;
        let item = rest
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("#[") && !line.starts_with("//"))?;
        let words: Vec<_> = item.split([' ', '{', '<']).filter(|word| !word.is_empty()).collect();
        let place = words.iter().position(|word| *word == "enum")?;
        derived.contains("Deserialize").then(|| words[place + 1].to_owned())
    })
}

/// Recorded answers of an engine of the first versions.
#[test]
fn answers_of_earlier_versions_are_read() {
    fn same<T: DeserializeOwned + Serialize + std::fmt::Debug>(name: &str) -> T {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name);
        let text = std::fs::read_to_string(path).expect("it is there");
        let recorded: Value = serde_json::from_str(&text).expect("JSON");
        let read: T = serde_json::from_str(&text).expect("it can be read");
        assert!(!format!("{read:?}").contains("Unknown("), "{read:?}");
        let written = serde_json::to_value(&read).expect("JSON");
        // Nothing is lost; a newer version may write more fields.
        let missing = lost(&recorded, &written);
        assert!(missing.is_none(), "{name}: {missing:?}");
        read
    }
    let list: api::TaskPage = same("list.json");
    let statuses: Vec<_> = list.tasks.iter().map(|task| task.state.status().name()).collect();
    assert_eq!(
        statuses,
        [
            "pending",
            "running",
            "failed",
            "failed",
            "completed",
            "cancelled",
            "failed",
            "waiting",
            "completed",
            "completed"
        ]
    );
    let detail: api::TaskDetail = same("detail.json");
    assert_eq!(detail.run_history.len(), 3);
}

/// The path to something in the first value that the second does not have.
fn lost(recorded: &Value, written: &Value) -> Option<String> {
    match (recorded, written) {
        (Value::Object(recorded), Value::Object(written)) => {
            recorded.iter().find_map(|(key, value)| {
                let other = written.get(key).unwrap_or(&Value::Null);
                lost(value, other).map(|where_in| format!("{key}.{where_in}"))
            })
        }
        (Value::Array(recorded), Value::Array(written)) if recorded.len() == written.len() => {
            recorded.iter().zip(written).find_map(|(one, other)| lost(one, other))
        }
        (one, other) => (one != other).then(|| format!("{one} became {other}")),
    }
}
