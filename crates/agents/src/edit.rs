//! Changes of files that an agent's tools report.

/// What is known of a file at one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// There was none.
    Absent,
    /// Its whole text.
    Text(String),
    /// It was there, and its text is not in the output.
    Unknown,
}

/// A change of a file by a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file's path, as the tool was given it: it may be relative to the working directory.
    pub path: String,
    /// The file before.
    pub before: FileState,
    /// The file after.
    pub after: FileState,
}
