//! The supported MCP clients: the file with the servers of each, and its format.

use std::collections::BTreeMap;
use std::path::PathBuf;

use claude_worker_api::ApiError;
use claude_worker_paths::user_home;
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::json;

/// The name of our entry in the settings of clients.
pub(super) const NAME: &str = "claude-worker";
/// The variables that we set in an entry. Others belong to the user.
pub(super) const VARIABLES: [&str; 3] =
    ["CLAUDE_WORKER_HOME", "CLAUDE_WORKER_DB", "CLAUDE_WORKER_LOG_DIR"];

/// An MCP client.
#[derive(Debug)]
pub(super) struct Client {
    /// Its name in arguments.
    pub(super) id: &'static str,
    /// Its name in messages.
    pub(super) title: &'static str,
    /// The format of its file.
    pub(super) kind: Kind,
    /// The path of its file.
    file: fn(&Places) -> PathBuf,
    /// A note for its users; may be empty.
    pub(super) remark: &'static str,
}

/// The format of a client's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, with the servers in an object of this name. `typed`: each entry names its transport.
    Json { section: &'static str, typed: bool },
    /// TOML, in tables `mcp_servers.NAME`.
    Toml,
    /// Changed by the client's own command line only.
    ClaudeCode,
}

/// The directories in which clients keep their files.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) home: PathBuf,
    /// Where programs keep settings: `~/.config`, or `~/Library/Application Support`.
    pub(super) config: PathBuf,
    pub(super) codex: PathBuf,
    pub(super) claude: Option<PathBuf>,
}

/// All clients.
pub(super) const CLIENTS: &[Client] = &[
    Client {
        id: "claude-code",
        title: "Claude Code",
        kind: Kind::ClaudeCode,
        file: |places| places.claude.as_ref().unwrap_or(&places.home).join(".claude.json"),
        remark: "",
    },
    Client {
        id: "claude-desktop",
        title: "Claude Desktop",
        kind: Kind::Json { section: "mcpServers", typed: false },
        file: |places| places.config.join("Claude/claude_desktop_config.json"),
        remark: "Quit Claude Desktop first, because it writes this file too; the extension (.mcpb) is more reliable",
    },
    Client {
        id: "cursor",
        title: "Cursor",
        kind: Kind::Json { section: "mcpServers", typed: false },
        file: |places| places.home.join(".cursor/mcp.json"),
        remark: "",
    },
    Client {
        id: "vscode",
        title: "VS Code",
        kind: Kind::Json { section: "servers", typed: true },
        file: |places| places.config.join("Code/User/mcp.json"),
        remark: "",
    },
    Client {
        id: "windsurf",
        title: "Windsurf",
        kind: Kind::Json { section: "mcpServers", typed: false },
        file: |places| places.home.join(".codeium/windsurf/mcp_config.json"),
        remark: "",
    },
    Client {
        id: "gemini",
        title: "Gemini CLI",
        kind: Kind::Json { section: "mcpServers", typed: false },
        file: |places| places.home.join(".gemini/settings.json"),
        remark: "",
    },
    Client {
        id: "codex",
        title: "Codex",
        kind: Kind::Toml,
        file: |places| places.codex.join("config.toml"),
        remark: "",
    },
];

impl Places {
    /// The directories that the environment selects.
    ///
    /// # Errors
    /// `invalid_request` when there is no home directory.
    pub(super) fn from_env() -> Result<Self, ApiError> {
        let variable = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let home = user_home().ok_or_else(|| {
            ApiError::invalid("There is no home directory, and clients keep their settings there")
                .hint("Set HOME to an absolute path")
        })?;
        let config = if cfg!(target_os = "macos") {
            home.join("Library/Application Support")
        } else {
            variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))
        };
        Ok(Self {
            config,
            codex: variable("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            claude: variable("CLAUDE_CONFIG_DIR"),
            home,
        })
    }
}

impl Client {
    /// The client of this name.
    pub(super) fn named(id: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// The file with its servers.
    pub(super) fn file(&self, places: &Places) -> PathBuf {
        (self.file)(places)
    }

    /// Whether the client seems to be installed: its directory exists.
    pub(super) fn is_here(&self, places: &Places) -> bool {
        let file = self.file(places);
        // The home directory exists without the client.
        file.exists() || file.parent().is_some_and(|own| own != places.home && own.is_dir())
    }
}

/// How a client starts our server. Other fields of its entry (variables, time limits, whether it is
/// trusted or disabled) belong to the user and are neither compared nor changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The program's absolute path.
    pub(super) command: String,
    /// Variables with the engine's paths, where they differ from the defaults.
    pub(super) env: BTreeMap<String, String>,
    /// Whether the entry starts a program on this machine without arguments, as ours does.
    pub(super) is_plain: bool,
}

impl Entry {
    /// The entry as JSON.
    pub(super) fn to_json(&self, typed: bool) -> Value {
        let mut entry = Map::new();
        if typed {
            entry.insert("type".to_owned(), "stdio".into());
        }
        entry.insert("command".to_owned(), self.command.clone().into());
        entry.insert("args".to_owned(), Value::Array(Vec::new()));
        if !self.env.is_empty() {
            entry.insert("env".to_owned(), self.env.clone().into_iter().collect());
        }
        Value::Object(entry)
    }

    /// The entry, read from JSON.
    fn from_json(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let env = value["env"].as_object().into_iter().flatten();
        Self {
            command: text(&value["command"]),
            env: env
                .filter(|(name, _)| VARIABLES.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            is_plain: is_plain(value),
        }
    }

    /// The text of a JSON file with the entry in it.
    fn set_json(&self, text: &str, section: &str, typed: bool) -> Result<String, String> {
        let found = json::get(text, &[section, NAME])?.filter(Value::is_object);
        let Some(found) = found else {
            return json::set(text, &[section, NAME], &self.to_json(typed));
        };
        let mut text = text.to_owned();
        let mut put = |below: &[&str], value: Option<Value>| {
            let path = [&[section, NAME], below].concat();
            text = match value {
                Some(value) => json::set(&text, &path, &value)?,
                None => json::remove(&text, &path)?.unwrap_or_else(|| text.clone()),
            };
            Ok::<_, String>(())
        };
        if found["command"] != self.command {
            put(&["command"], Some(self.command.clone().into()))?;
        }
        if !is_plain(&found) {
            put(&["args"], Some(Value::Array(Vec::new())))?;
            if found.get("type").is_some() {
                put(&["type"], Some("stdio".into()))?;
            }
        }
        if !found["env"].is_object() && !self.env.is_empty() {
            put(&["env"], Some(self.env.clone().into_iter().collect()))?;
        } else if found["env"].is_object() {
            for name in VARIABLES {
                let wanted = self.env.get(name).cloned().map(Value::from);
                if found["env"].get(name) != wanted.as_ref() {
                    put(&["env", name], wanted)?;
                }
            }
        }
        Ok(text)
    }

    /// The entry, read from TOML.
    fn from_toml(table: &dyn TableLike) -> Self {
        let text = |item: &Item| item.as_str().unwrap_or_default().to_owned();
        let env = table.get("env").and_then(Item::as_table_like);
        Self {
            command: table.get("command").map(text).unwrap_or_default(),
            env: env
                .into_iter()
                .flat_map(|env| env.iter())
                .filter(|(name, _)| VARIABLES.contains(name))
                .map(|(name, item)| (name.to_owned(), text(item)))
                .collect(),
            is_plain: table
                .get("args")
                .is_none_or(|args| args.as_array().is_some_and(toml_edit::Array::is_empty)),
        }
    }

    /// Writes the entry into a table of TOML.
    fn set_toml(&self, table: &mut dyn TableLike) {
        put_toml(table, "command", &self.command);
        if !Self::from_toml(table).is_plain {
            table.insert("args", value(toml_edit::Array::new()));
        }
        let Some(env) = table.get_mut("env").and_then(Item::as_table_like_mut) else {
            if !self.env.is_empty() {
                table.insert("env", value(self.env.iter().collect::<toml_edit::InlineTable>()));
            }
            return;
        };
        for name in VARIABLES {
            match self.env.get(name) {
                Some(text) => put_toml(env, name, text),
                None => drop(env.remove(name)),
            }
        }
    }
}

/// Whether a JSON entry starts a program on this machine without arguments.
fn is_plain(entry: &Value) -> bool {
    let is_local = entry.get("type").is_none_or(|name| name == "stdio");
    is_local && entry.get("args").is_none_or(|args| args.as_array().is_some_and(Vec::is_empty))
}

/// Sets a string in a table and keeps the comment behind it.
fn put_toml(table: &mut dyn TableLike, name: &str, text: &str) {
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) if old.as_str() == Some(text) => {}
        Some(old) => {
            let mut new = toml_edit::Value::from(text);
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => drop(table.insert(name, value(text))),
    }
}

impl Kind {
    /// The name of the object with a client's servers, in JSON.
    const fn section(self) -> Option<&'static str> {
        match self {
            Self::Json { section, .. } => Some(section),
            Self::ClaudeCode => Some("mcpServers"),
            Self::Toml => None,
        }
    }

    /// The entry in a client's file; none when there is none.
    ///
    /// # Errors
    /// The syntax error of the text.
    pub(super) fn get(self, text: &str) -> Result<Option<Entry>, String> {
        if self.section().is_some() {
            return Ok(self.get_whole(text)?.map(|value| Entry::from_json(&value)));
        }
        let document = toml(text)?;
        let servers = document.get("mcp_servers").and_then(Item::as_table_like);
        let entry = servers.and_then(|servers| servers.get(NAME));
        Ok(entry.map(|entry| match entry.as_table_like() {
            Some(table) => Entry::from_toml(table),
            None => Entry { command: String::new(), env: BTreeMap::new(), is_plain: false },
        }))
    }

    /// The entry in a client's JSON file, with all fields that the user has added.
    ///
    /// # Errors
    /// The syntax error of the text.
    pub(super) fn get_whole(self, text: &str) -> Result<Option<Value>, String> {
        match self.section() {
            Some(section) => json::get(text, &[section, NAME]),
            None => Ok(None),
        }
    }

    /// The file's text with the entry in it. An existing entry keeps the fields that the user has added.
    ///
    /// # Errors
    /// The syntax error of the text.
    pub(super) fn set(self, text: &str, entry: &Entry) -> Result<String, String> {
        if let Some(section) = self.section() {
            let typed = !matches!(self, Self::Json { typed: false, .. });
            return entry.set_json(text, section, typed);
        }
        let mut document = toml(text)?;
        let servers = document.entry("mcp_servers").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let servers = servers.as_table_like_mut().ok_or("mcp_servers is no table")?;
        match servers.get_mut(NAME).and_then(Item::as_table_like_mut) {
            Some(table) => entry.set_toml(table),
            None => {
                let mut table = Table::new();
                entry.set_toml(&mut table);
                servers.insert(NAME, Item::Table(table));
            }
        }
        Ok(document.to_string())
    }

    /// The file's text without the entry; none when it has no entry.
    ///
    /// # Errors
    /// The syntax error of the text.
    pub(super) fn remove(self, text: &str) -> Result<Option<String>, String> {
        if let Some(section) = self.section() {
            return json::remove(text, &[section, NAME]);
        }
        let mut document = toml(text)?;
        let removed = document
            .get_mut("mcp_servers")
            .and_then(Item::as_table_like_mut)
            .and_then(|servers| servers.remove(NAME));
        Ok(removed.map(|_| document.to_string()))
    }
}

fn toml(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.to_string().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let env = [("CLAUDE_WORKER_HOME", "/data")];
        Entry {
            command: "/bin/claude-worker-mcp".to_owned(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            is_plain: true,
        }
    }

    #[test]
    fn every_format_is_read_back_as_it_was_written() {
        for client in CLIENTS {
            let kind = client.kind;
            assert_eq!(kind.get("").unwrap(), None);
            let text = kind.set("", &entry()).unwrap();
            assert_eq!(kind.get(&text).unwrap(), Some(entry()), "{text}");
            assert_eq!(kind.set(&text, &entry()).unwrap(), text, "once more is the same as once");
            let plain = Entry { env: BTreeMap::new(), ..entry() };
            let text = kind.set(&text, &plain).unwrap();
            assert_eq!(kind.get(&text).unwrap(), Some(plain));
            let without = kind.remove(&text).unwrap().unwrap();
            assert_eq!(kind.get(&without).unwrap(), None, "{without}");
            assert_eq!(kind.remove(&without).unwrap(), None);
            assert!(kind.set("]", &entry()).is_err());
        }
    }

    #[test]
    fn the_codex_file_keeps_its_other_content() {
        let before = "# mine\nmodel = 'x' # good\n\n[mcp_servers.other]\ncommand = \"a\"\n";
        let after = Kind::Toml.set(before, &entry()).unwrap();
        let expected = format!(
            "{before}\n[mcp_servers.claude-worker]\ncommand = \"/bin/claude-worker-mcp\"\n\
             env = {{ CLAUDE_WORKER_HOME = \"/data\" }}\n"
        );
        assert_eq!(after, expected);
        assert_eq!(Kind::Toml.remove(&after).unwrap().unwrap(), before);
    }

    #[test]
    fn fields_that_users_added_to_the_entry_stay() {
        let other = Entry { command: "/new/claude-worker-mcp".to_owned(), ..entry() };
        let plain = Entry { env: BTreeMap::new(), ..other.clone() };
        let json = Kind::Json { section: "mcpServers", typed: false };
        let before = r#"{"mcpServers": {"claude-worker": {
  "command": "/bin/claude-worker-mcp", // ours
  "trust": true, "timeout": 600000,
  "env": { "PATH": "/my/bin", "CLAUDE_WORKER_HOME": "/data" },
  "disabledTools": ["retry_task"]
}}}"#;
        assert_eq!(json.get(before).unwrap(), Some(entry()), "more is not another one");
        let after = json.set(before, &other).unwrap();
        assert_eq!(after, before.replace("/bin/claude", "/new/claude"));
        let after = json.set(&after, &plain).unwrap();
        assert_eq!(json.get(&after).unwrap(), Some(plain.clone()));
        assert!(after.contains(r#""env": { "PATH": "/my/bin" },"#), "{after}");
        assert_eq!(
            json.set(&after, &other).and_then(|text| json.get(&text)).unwrap(),
            Some(other.clone())
        );

        let before = "[mcp_servers.claude-worker] # ours\n\
            command = \"/bin/claude-worker-mcp\" # too\n\
            tool_timeout_sec = 600\n\
            env = { PATH = \"/my/bin\", CLAUDE_WORKER_HOME = \"/data\" }\n";
        assert_eq!(Kind::Toml.get(before).unwrap(), Some(entry()));
        let after = Kind::Toml.set(before, &other).unwrap();
        assert_eq!(after, before.replace("/bin/claude", "/new/claude"));
        let after = Kind::Toml.set(&after, &plain).unwrap();
        assert_eq!(Kind::Toml.get(&after).unwrap(), Some(plain));
        assert!(after.contains("/my/bin") && after.contains("tool_timeout_sec = 600"), "{after}");
    }

    #[test]
    fn an_entry_that_starts_another_program_is_different_and_is_corrected() {
        let json = Kind::Json { section: "servers", typed: true };
        let wrong = [
            (
                json,
                r#"{"servers":{"claude-worker":{"command":"/bin/claude-worker-mcp","args":["x"],"env":{"CLAUDE_WORKER_HOME":"/data"}}}}"#,
            ),
            (
                json,
                r#"{"servers":{"claude-worker":{"type":"http","command":"/bin/claude-worker-mcp","env":{"CLAUDE_WORKER_HOME":"/data"}}}}"#,
            ),
            (json, r#"{"servers":{"claude-worker":7}}"#),
            (Kind::Toml, "mcp_servers.claude-worker = 7\n"),
            (
                Kind::Toml,
                "[mcp_servers]\nclaude-worker = { command = \"/bin/claude-worker-mcp\", args = [\"x\"] }\n",
            ),
        ];
        for (kind, text) in wrong {
            assert_ne!(kind.get(text).unwrap().unwrap(), entry(), "{text}");
            let right = kind.set(text, &entry()).unwrap();
            assert_eq!(kind.get(&right).unwrap(), Some(entry()), "{right}");
        }
    }
}
