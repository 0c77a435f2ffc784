//! How a setting is declared: once, with everything that is to be known about it.

/// A section of `config.toml`.
#[derive(Debug)]
pub struct SettingsSection {
    /// Its name; empty for the settings above the first section.
    pub name: &'static str,
    /// What its settings are about.
    pub doc: &'static str,
    /// The section of a settings page that shows them: the `id` of one in [`SETTINGS_PAGE`].
    ///
    /// [`SETTINGS_PAGE`]: crate::SETTINGS_PAGE
    pub page: &'static str,
    /// Its settings.
    pub settings: &'static [Setting],
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// The name of its section; empty above the first section.
    pub section: &'static str,
    /// Its name within the section, in JSON: that of a duration ends with `_ms`.
    pub field: &'static str,
    /// What it does, in whole sentences.
    pub doc: &'static str,
    /// Which values it takes.
    pub kind: SettingKind,
    /// Its name on a settings page.
    pub label: &'static str,
    /// What it does, in a line of a settings page.
    pub hint: &'static str,
}

/// Which values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// On or off.
    Switch,
    /// A whole number.
    Count {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
        /// What 0 means. Without a meaning, pages do not offer it.
        zero: Option<&'static str>,
    },
    /// A number of bytes; in the file a text like `256MB`.
    Size {
        /// The smallest.
        min: u64,
    },
    /// A number of milliseconds, at most [`LONGEST_DURATION`]; in the file a text like `10m`.
    Duration {
        /// The word for 0, where it means something else than no time at all.
        zero: Option<&'static str>,
    },
    /// A [`PermissionMode`](crate::PermissionMode), but for `bypassPermissions`.
    PermissionMode,
    /// The path of a file or directory, or none.
    Path {
        /// A path as it might be set.
        example: &'static str,
    },
    /// An address to listen at, `off` or `auto`.
    Address,
    /// A list of host names, each with a port or without.
    HostNames {
        /// A name as it might be set.
        example: &'static str,
    },
    /// A list of names of environment variables, or of their beginnings with `*` behind them.
    VariableNames {
        /// A name as it might be set.
        example: &'static str,
    },
    /// The URL of a server, or none: `http://HOST:PORT`, with or without a path.
    Url {
        /// A URL as it might be set.
        example: &'static str,
    },
}

/// The longest duration that can be set, in milliseconds: ten years.
pub const LONGEST_DURATION: u64 = 3650 * 86_400_000;

/// The largest number that can be set: every JSON reader takes it without loss.
pub const LARGEST_NUMBER: u64 = (1 << 53) - 1;

impl Setting {
    /// Its name within the section, in `config.toml`, where a duration has its unit in its value.
    #[must_use]
    pub fn file_field(&self) -> &'static str {
        match self.kind {
            SettingKind::Duration { .. } => self.field.strip_suffix("_ms").unwrap_or(self.field),
            _ => self.field,
        }
    }

    /// Its full name in JSON: `limits.timeout_ms`.
    #[must_use]
    pub fn key(&self) -> String {
        self.full(self.field)
    }

    /// Its full name in `config.toml`: `limits.timeout`.
    #[must_use]
    pub fn file_key(&self) -> String {
        self.full(self.file_field())
    }

    fn full(&self, field: &str) -> String {
        match self.section {
            "" => field.to_owned(),
            section => format!("{section}.{field}"),
        }
    }
}

/// A section of a settings page.
#[derive(Debug)]
pub struct SettingsPageSection {
    /// Its name in addresses.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// A remark on all its settings; empty when there is none.
    pub note: &'static str,
}

/// Makes the structs of the settings with their defaults, and `DECLARED_SETTINGS`, of one list.
///
/// An entry is `/// what it does`, `field: type = default, kind, "label", "hint";`.
macro_rules! declare_settings {
    (
        $(#[doc = $settings_doc:literal])*
        $settings:ident on $top_page:literal {
            $(
                $(#[doc = $top_doc:literal])*
                $top:ident: $top_type:ty = $top_default:expr,
                    $top_kind:expr, $top_label:literal, $top_hint:literal;
            )*
        }
        $(
            $(#[doc = $section_doc:literal])*
            $section:ident: $struct:ident on $page:literal {
                $(
                    $(#[doc = $doc:literal])*
                    $field:ident: $type:ty = $default:expr,
                        $kind:expr, $label:literal, $hint:literal;
                )*
            }
        )*
    ) => {
        $(#[doc = $settings_doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        pub struct $settings {
            $( $(#[doc = $top_doc])* pub $top: $top_type, )*
            $( $(#[doc = $section_doc])* pub $section: $struct, )*
            /// Where `config.toml` is. Read-only: ignored when settings are changed.
            pub file: String,
        }

        impl Default for $settings {
            fn default() -> Self {
                Self {
                    $( $top: $top_default, )*
                    $( $section: $struct::default(), )*
                    file: String::new(),
                }
            }
        }

        $(
            $(#[doc = $section_doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(default)]
            pub struct $struct {
                $( $(#[doc = $doc])* pub $field: $type, )*
            }

            impl Default for $struct {
                fn default() -> Self {
                    Self { $( $field: $default, )* }
                }
            }
        )*

        /// Every setting, section by section, in the order of `config.toml`.
        pub const DECLARED_SETTINGS: &[SettingsSection] = &[
            SettingsSection {
                name: "",
                doc: "",
                page: $top_page,
                settings: &[$(
                    Setting {
                        section: "",
                        field: stringify!($top),
                        doc: concat!($($top_doc),*).trim_ascii(),
                        kind: $top_kind,
                        label: $top_label,
                        hint: $top_hint,
                    },
                )*],
            },
            $( SettingsSection {
                name: stringify!($section),
                doc: concat!($($section_doc),*).trim_ascii(),
                page: $page,
                settings: &[$(
                    Setting {
                        section: stringify!($section),
                        field: stringify!($field),
                        doc: concat!($($doc),*).trim_ascii(),
                        kind: $kind,
                        label: $label,
                        hint: $hint,
                    },
                )*],
            }, )*
        ];
    };
}

pub(super) use declare_settings;
