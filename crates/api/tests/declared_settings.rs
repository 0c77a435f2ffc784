//! What is made from the declaration of the settings: the example of `config.toml` and the table of all
//! settings in `docs/configuration.md`, the list of the app's settings page (`ui/src/settings/declared.ts`), and
//! the settings of the engine that the page is tested with (`ui/src/backend/fake/defaults.ts`).
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api declared` writes them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use claude_worker_api::{
    DECLARED_SETTINGS, FileForm, LARGEST_NUMBER, LONGEST_DURATION, SETTINGS_PAGE, Setting,
    SettingKind, Settings, SettingsSection, all_settings,
};
use serde_json::{Value, json};

/// As wide as a line may be, in the documents and in `ui/`.
const WIDTH: usize = 100;

/// Compares a file with what is made, or writes it.
fn is_current(file: &str, make: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let made = make(&committed);
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &made).expect("the file can be written");
        return;
    }
    let first_difference = made.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        made == committed,
        "{file} is not what crates/api/src/settings.rs makes: {first_difference:?}. \
         Run this test with CLAUDE_WORKER_UPDATE=1"
    );
}

#[test]
fn the_documented_example_and_table_of_the_settings_are_current() {
    is_current("docs/configuration.md", |document| {
        let (before, rest) = document.split_once("```toml\n").expect("an example");
        let (_, after) = rest.split_once("```\n").expect("the end of the example");
        let (between, rest) = after.split_once(TABLE_BEGINS).expect("a table");
        let (_, after) = rest.split_once(TABLE_ENDS).expect("the end of the table");
        let (example, table) = (example(), table());
        format!("{before}```toml\n{example}```\n{between}{TABLE_BEGINS}{table}{TABLE_ENDS}{after}")
    });
}

#[test]
fn the_list_of_the_settings_page_is_current() {
    is_current("ui/src/settings/declared.ts", |_| typescript());
}

#[test]
fn the_settings_of_the_simulated_engine_are_the_defaults() {
    is_current("ui/src/backend/fake/defaults.ts", |_| defaults());
}

#[test]
fn the_declaration_has_every_field_of_the_settings() {
    let values = serde_json::to_value(Settings::default()).unwrap();
    let fields: BTreeSet<String> = values
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "file")
        .flat_map(|(name, value)| match value {
            Value::Object(section) => section.keys().map(|key| format!("{name}.{key}")).collect(),
            _ => vec![name.clone()],
        })
        .collect();
    assert_eq!(all_settings().map(Setting::key).collect::<BTreeSet<_>>(), fields);
    for section in DECLARED_SETTINGS {
        let is_there = SETTINGS_PAGE.iter().any(|page| page.id == section.page);
        assert!(is_there, "{} is shown nowhere", section.name);
    }
    for setting in all_settings() {
        let is_duration = matches!(setting.kind, SettingKind::Duration { .. });
        assert_eq!(setting.field.ends_with("_ms"), is_duration, "{}", setting.key());
        let value = match setting.section {
            "" => &values[setting.field],
            section => &values[section][setting.field],
        };
        let fits = match setting.kind {
            SettingKind::Switch => value.is_boolean(),
            SettingKind::PermissionMode => value.is_string(),
            SettingKind::Path { .. } | SettingKind::Url { .. } => value.is_null(),
            SettingKind::Address => value.is_string(),
            SettingKind::HostNames { .. } | SettingKind::VariableNames { .. } => value.is_array(),
            SettingKind::Count { .. } | SettingKind::Size { .. } | SettingKind::Duration { .. } => {
                value.is_u64()
            }
        };
        assert!(fits, "{} = {value}", setting.key());
    }
}

#[test]
fn values_outside_of_the_declared_bounds_are_refused_by_name() {
    for setting in all_settings() {
        let refusal = |value: u64| {
            let change = match setting.section {
                "" => json!({ setting.field: value }),
                section => json!({ section: { setting.field: value } }),
            };
            let change = serde_json::from_value(change).unwrap();
            // Too large for its type, or out of its bounds.
            let refused = match Settings::default().changed(change) {
                Ok(settings) => settings.check(),
                Err(error) => Err(error.message),
            };
            refused.err()
        };
        let (min, max) = match setting.kind {
            SettingKind::Count { min, max, .. } => (min, max),
            SettingKind::Size { min } => (min, LARGEST_NUMBER),
            SettingKind::Duration { .. } => (0, 3650 * 86_400_000),
            _ => continue,
        };
        let key = setting.file_key();
        assert_eq!((refusal(min), refusal(max)), (None, None), "{key}");
        let beyond = refusal(max + 1).expect(&key);
        assert!(beyond.contains(&key), "{key}: {beyond}");
        if min > 0 {
            let below = refusal(min - 1).expect(&key);
            assert!(below.contains(&key), "{key}: {below}");
        }
    }
}

/// The file with every default, and what each setting does.
fn example() -> String {
    let values = serde_json::to_value(FileForm(Settings::default())).expect("settings as JSON");
    let mut text = String::new();
    for section in DECLARED_SETTINGS {
        let values = if section.name.is_empty() {
            &values
        } else {
            text += &format!("\n{}[{}]\n", comment(section.doc), section.name);
            &values[section.name]
        };
        for setting in section.settings {
            let name = setting.file_field();
            text += &comment(setting.doc);
            text += &match (&values[name], setting.kind) {
                // Without a default: as it might be set.
                (Value::Null, SettingKind::Path { example } | SettingKind::Url { example }) => {
                    format!("# {name} = {}\n", json!(example))
                }
                (Value::Array(names), _) if names.len() > 1 => {
                    let lines: Vec<_> =
                        names.iter().map(|entry| format!("    {entry},\n")).collect();
                    format!("{name} = [\n{}]\n", lines.concat())
                }
                (value, _) => format!("{name} = {value}\n"),
            };
        }
    }
    text
}

const TABLE_BEGINS: &str = "<!-- All settings, generated from crates/api/src/settings.rs -->\n\n";
const TABLE_ENDS: &str = "\n<!-- The end of what is generated -->\n";

/// Every setting with its type, bounds and default.
fn table() -> String {
    let values = serde_json::to_value(FileForm(Settings::default())).expect("settings as JSON");
    let mut text = String::new();
    text += "| key | type and bounds | default | what it does |\n|---|---|---|---|\n";
    for setting in all_settings() {
        let name = setting.file_field();
        let value = match setting.section {
            "" => &values[name],
            section => &values[section][name],
        };
        let default = if value.is_null() { "none".to_owned() } else { format!("`{value}`") };
        let (key, kind) = (setting.file_key(), values_of(setting.kind));
        let _ = writeln!(
            text,
            "| `{key}` | {kind} | {default} | {} |",
            setting.doc.replace('|', "\\|")
        );
    }
    text
}

/// Which values a setting takes, in words.
fn values_of(kind: SettingKind) -> String {
    let zero = |meaning: Option<&str>| {
        meaning.map(|meaning| format!("; 0: {meaning}")).unwrap_or_default()
    };
    match kind {
        SettingKind::Switch => "`true` or `false`".to_owned(),
        SettingKind::PermissionMode => {
            "`default`, `acceptEdits`, `plan`, `dontAsk` or `auto`".to_owned()
        }
        SettingKind::Path { example } => format!("a path, like `{example}`"),
        SettingKind::Url { example } => format!("a URL, like `{example}`"),
        SettingKind::Address => {
            "`off`, or an address with a port, like `127.0.0.1:8000`".to_owned()
        }
        SettingKind::HostNames { example } => format!("a list of host names, like `{example}`"),
        SettingKind::VariableNames { example } => {
            format!("a list of names of variables, like `{example}`")
        }
        SettingKind::Size { min } => format!("a size in bytes or with a unit, from {min}"),
        SettingKind::Duration { zero: meaning } => {
            let days = LONGEST_DURATION / 86_400_000;
            format!("a duration up to `{days}d`{}", zero(meaning))
        }
        SettingKind::Count { min, max, zero: meaning } => {
            let most =
                if max >= u64::from(u32::MAX) { String::new() } else { format!(" to {max}") };
            format!("a number from {min}{most}{}", zero(meaning))
        }
    }
}

/// Sentences as a comment of TOML.
fn comment(doc: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in doc.split_whitespace() {
        let word = word.replace('`', "");
        let line = lines.last_mut().expect("there is one");
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(format!("# {word}"));
        } else {
            line.push(' ');
            line.push_str(&word);
        }
    }
    lines.join("\n") + "\n"
}

const HEAD: &str = "\
// Generated from crates/api/src/settings.rs by its test `declared_settings`; do not edit.
// CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-api declared
";

fn defaults() -> String {
    let values = serde_json::to_value(Settings::default()).expect("settings as JSON");
    let mut text = HEAD.to_owned();
    text += "import type { Settings } from \"../index\";\n\nexport const DEFAULTS = {\n";
    for section in DECLARED_SETTINGS {
        if section.name.is_empty() {
            fields(&mut text, 2, section, &values);
        } else {
            let _ = writeln!(text, "  {}: {{", section.name);
            fields(&mut text, 4, section, &values[section.name]);
            text += "  },\n";
        }
    }
    field(&mut text, 2, "file", &values["file"]);
    text + "} as unknown as Settings;\n"
}

fn fields(text: &mut String, indent: usize, section: &SettingsSection, values: &Value) {
    for setting in section.settings {
        field(text, indent, setting.field, &values[setting.field]);
    }
}

fn typescript() -> String {
    let mut text = HEAD.to_owned();
    text += "import type { DeclaredSection } from \"./kinds\";\n\n\
             /** The sections of the page with the settings in each. */\n\
             export const DECLARED: DeclaredSection[] = [\n";
    for page in SETTINGS_PAGE {
        text += "  {\n";
        field(&mut text, 4, "id", &json!(page.id));
        field(&mut text, 4, "title", &json!(page.title));
        if !page.note.is_empty() {
            field(&mut text, 4, "note", &json!(page.note));
        }
        text += "    settings: [\n";
        let on_page = |section: &&SettingsSection| section.page == page.id;
        for setting in DECLARED_SETTINGS.iter().filter(on_page).flat_map(|one| one.settings) {
            text += "      {\n";
            field(&mut text, 8, "key", &json!(setting.key()));
            field(&mut text, 8, "label", &json!(setting.label));
            field(&mut text, 8, "hint", &json!(setting.hint));
            for (name, value) in kind(setting.kind) {
                field(&mut text, 8, name, &value);
            }
            text += "      },\n";
        }
        text += "    ],\n  },\n";
    }
    text + "];\n"
}

/// A field of an object, as prettier breaks it.
fn field(text: &mut String, indent: usize, name: &str, value: &Value) {
    let pad = " ".repeat(indent);
    if let Some(entries) = value.as_array().filter(|entries| entries.len() > 1) {
        let lines: Vec<_> = entries.iter().map(|entry| format!("{pad}  {entry},\n")).collect();
        let _ = writeln!(text, "{pad}{name}: [\n{}{pad}],", lines.concat());
        return;
    }
    let value = value.to_string();
    let one_line = indent + name.len() + 2 + value.chars().count() < WIDTH;
    let _ = if one_line {
        writeln!(text, "{pad}{name}: {value},")
    } else {
        writeln!(text, "{pad}{name}:\n{pad}  {value},")
    };
}

fn kind(kind: SettingKind) -> Vec<(&'static str, Value)> {
    let (name, mut fields) = match kind {
        SettingKind::Switch => ("switch", vec![]),
        SettingKind::PermissionMode => ("mode", vec![]),
        SettingKind::Path { .. } => ("path", vec![]),
        SettingKind::Address => ("address", vec![]),
        SettingKind::HostNames { .. } | SettingKind::VariableNames { .. } => ("names", vec![]),
        SettingKind::Url { .. } => ("url", vec![]),
        SettingKind::Size { min } => ("size", vec![("min", json!(min))]),
        SettingKind::Duration { .. } => ("duration", vec![]),
        SettingKind::Count { min, max, .. } => {
            ("count", vec![("min", json!(min)), ("max", json!(max))])
        }
    };
    if let SettingKind::Duration { zero: Some(zero) }
    | SettingKind::Count { zero: Some(zero), .. } = kind
    {
        fields.push(("zero", json!(zero)));
    }
    fields.insert(0, ("kind", json!(name)));
    fields
}
