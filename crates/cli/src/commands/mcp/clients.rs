//! The MCP clients there are: where each keeps its servers, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, Item, Table, value};

use super::json;

/// The name under which clients know us.
pub(super) const NAME: &str = "claude-worker";

/// A client.
#[derive(Debug)]
pub(super) struct Client {
    /// What people type.
    pub(super) id: &'static str,
    /// What people read.
    pub(super) title: &'static str,
    /// How its file is written.
    pub(super) kind: Kind,
    /// Its file.
    file: fn(&Places) -> PathBuf,
    /// What people should know who use it.
    pub(super) remark: &'static str,
}

/// How a client's servers are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON; the servers are in an object of this name. Some want the transport named.
    Json { section: &'static str, typed: bool },
    /// TOML, in tables `mcp_servers.NAME`.
    Toml,
    /// In a file that the client's own command line changes.
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
        remark: "Quit Claude Desktop first, for it writes this file too; the extension (.mcpb) is the surer way",
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
    /// The places that the environment names.
    ///
    /// # Errors
    /// `invalid_request` when there is no home directory.
    pub(super) fn from_env() -> Result<Self, ApiError> {
        let variable = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let home = variable("HOME").ok_or_else(|| {
            ApiError::invalid("There is no home directory, where clients keep their settings")
                .hint("Set HOME")
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

    /// Where it keeps its servers.
    pub(super) fn file(&self, places: &Places) -> PathBuf {
        (self.file)(places)
    }

    /// Whether it has left traces on this machine.
    pub(super) fn is_here(&self, places: &Places) -> bool {
        let file = self.file(places);
        // The home directory says nothing.
        file.exists() || file.parent().is_some_and(|own| own != places.home && own.is_dir())
    }
}

/// How a client starts our server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The program's absolute path.
    pub(super) command: String,
    /// Where the engine's files are, if not in the usual place.
    pub(super) env: BTreeMap<String, String>,
}

impl Entry {
    /// The entry as JSON clients have it.
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
            env: env.map(|(name, value)| (name.clone(), text(value))).collect(),
        }
    }
}

impl Kind {
    /// The entry in a client's file; none when there is none.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn get(self, text: &str) -> Result<Option<Entry>, String> {
        match self {
            Self::Json { section, .. } => {
                Ok(json::get(text, section, NAME)?.map(|value| Entry::from_json(&value)))
            }
            Self::ClaudeCode => {
                Ok(json::get(text, "mcpServers", NAME)?.map(|value| Entry::from_json(&value)))
            }
            Self::Toml => {
                let document = toml(text)?;
                let Some(table) = servers(&document).and_then(|servers| servers.get(NAME)) else {
                    return Ok(None);
                };
                let text = |item: &Item| item.as_str().unwrap_or_default().to_owned();
                let env = table.get("env").and_then(Item::as_table_like);
                Ok(Some(Entry {
                    command: table.get("command").map(text).unwrap_or_default(),
                    env: env
                        .into_iter()
                        .flat_map(|env| env.iter())
                        .map(|(name, item)| (name.to_owned(), text(item)))
                        .collect(),
                }))
            }
        }
    }

    /// The file's text with the entry in it.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn set(self, text: &str, entry: &Entry) -> Result<String, String> {
        match self {
            Self::Json { section, typed } => json::set(text, section, NAME, &entry.to_json(typed)),
            Self::ClaudeCode => json::set(text, "mcpServers", NAME, &entry.to_json(true)),
            Self::Toml => {
                let mut document = toml(text)?;
                let servers = document.entry("mcp_servers").or_insert_with(|| {
                    let mut table = Table::new();
                    table.set_implicit(true);
                    Item::Table(table)
                });
                let servers = servers.as_table_like_mut().ok_or("mcp_servers is no table")?;
                let mut table = Table::new();
                table.insert("command", value(&entry.command));
                if !entry.env.is_empty() {
                    let mut env = toml_edit::InlineTable::new();
                    for (name, text) in &entry.env {
                        env.insert(name, text.into());
                    }
                    table.insert("env", value(env));
                }
                servers.insert(NAME, Item::Table(table));
                Ok(document.to_string())
            }
        }
    }

    /// The file's text without the entry; none when it is not there.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn remove(self, text: &str) -> Result<Option<String>, String> {
        match self {
            Self::Json { section, .. } => json::remove(text, section, NAME),
            Self::ClaudeCode => json::remove(text, "mcpServers", NAME),
            Self::Toml => {
                let mut document = toml(text)?;
                let removed = document
                    .get_mut("mcp_servers")
                    .and_then(Item::as_table_like_mut)
                    .and_then(|servers| servers.remove(NAME));
                Ok(removed.map(|_| document.to_string()))
            }
        }
    }
}

fn toml(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.to_string().trim_end().to_owned())
}

fn servers(document: &DocumentMut) -> Option<&dyn toml_edit::TableLike> {
    document.get("mcp_servers")?.as_table_like()
}

/// The program of the MCP server: beside this one, or else in the PATH.
pub(super) fn server(this: Option<&Path>, path: &std::ffi::OsStr) -> Option<PathBuf> {
    const PROGRAM: &str = "claude-worker-mcp";
    this.map(|this| this.with_file_name(PROGRAM))
        .into_iter()
        .chain(std::env::split_paths(path).map(|directory| directory.join(PROGRAM)))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let env = [("CLAUDE_WORKER_HOME", "/data")];
        Entry {
            command: "/bin/claude-worker-mcp".to_owned(),
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    #[test]
    fn every_client_is_read_as_it_is_written() {
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
    fn codex_keeps_what_else_is_in_its_file() {
        let before = "# mine\nmodel = 'x' # good\n\n[mcp_servers.other]\ncommand = \"a\"\n";
        let after = Kind::Toml.set(before, &entry()).unwrap();
        let expected = format!(
            "{before}\n[mcp_servers.claude-worker]\ncommand = \"/bin/claude-worker-mcp\"\n\
             env = {{ CLAUDE_WORKER_HOME = \"/data\" }}\n"
        );
        assert_eq!(after, expected);
        assert_eq!(Kind::Toml.remove(&after).unwrap().unwrap(), before);
    }
}
