//! The values of task options: how they are read, checked, and made independent of this process.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use claude_worker_api::{Agent, PermissionMode};

use crate::error::CliError;

/// The directory to work in on the engine's machine: as it was given, because only that machine can say
/// what it means.
pub(crate) fn directory_elsewhere(wanted: Option<&Path>) -> Result<String, CliError> {
    let hint = "Name it with --dir: from the root on, or relative to the base directory of that engine \
                (--dir . is that directory itself)";
    let Some(path) = wanted else {
        let what = "The engine is on another machine or in a container, where the current directory means nothing";
        return Err(CliError::usage(what, hint));
    };
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| CliError::usage(format!("{} is not UTF-8", path.display()), hint))
}

/// Reads the name of an agent.
pub(crate) fn agent() -> impl TypedValueParser<Value = Agent> {
    const ALL: [Agent; 2] = Agent::ALL;
    PossibleValuesParser::new(ALL.map(Agent::name))
        .map(|name| ALL.into_iter().find(|agent| agent.name() == name).unwrap_or_default())
}

/// A name in one line: line breaks and other white space become single spaces.
pub(super) fn task_name(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Err("the name is empty; without --name, it is the prompt's first line".to_owned());
    }
    Ok(words.join(" "))
}

/// The absolute path of the directory to work in.
pub(crate) fn directory(wanted: Option<&Path>) -> Result<String, CliError> {
    let path = wanted.unwrap_or(Path::new("."));
    let shown = path.display();
    let bad = |what: String| {
        // `docker run -d "Fix the tests"` detaches.
        let hint = if path.to_string_lossy().contains(' ') {
            "-d is --dir, the directory. A task always runs in the background, without an option"
        } else {
            "Name an existing directory with --dir, or change to it first"
        };
        CliError::usage(what, hint)
    };
    let absolute =
        path.canonicalize().map_err(|error| bad(format!("Cannot work in {shown}: {error}")))?;
    if !absolute.is_dir() {
        return Err(bad(format!("Cannot work in {shown}: it is not a directory")));
    }
    utf8(absolute)
}

/// A variable of this process for the task. Only names are accepted, because every user of the machine
/// can read the arguments of a process.
pub(super) fn variable(name: &str) -> Result<(String, String), CliError> {
    let value = std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => CliError::usage(
            format!("--env {name}: there is no such variable in this environment"),
            format!("Set it first: export {name}=…"),
        ),
        std::env::VarError::NotUnicode(_) => CliError::usage(
            format!("--env {name}: its value is not UTF-8 text"),
            "Pass its value in another encoding",
        ),
    })?;
    Ok((name.to_owned(), value))
}

pub(super) fn env_name(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) => Err(format!(
            "give the name alone and set the value in the environment ({name}=… claude-worker run \
             --env {name}): a command line can be read by every user of the machine"
        )),
        None if text.is_empty() => Err("a variable needs a name".to_owned()),
        None => Ok(text.to_owned()),
    }
}

/// Splits at commas and spaces, but not inside parentheses: `Edit,Bash(git log:*, git diff:*)` is two.
pub(super) fn split_tools(text: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let pieces = text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (c == ',' || c.is_whitespace()) && depth == 0
    });
    pieces.filter(|tool| !tool.is_empty()).map(str::to_owned).collect()
}

pub(super) fn budget(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(usd) if usd.is_finite() && usd > 0.0 => Ok(usd),
        _ => Err("a budget is a number of dollars above 0, like 2.50".to_owned()),
    }
}

pub(super) fn permission_mode() -> impl TypedValueParser<Value = PermissionMode> {
    const ALL: [PermissionMode; 6] = PermissionMode::ALL;
    PossibleValuesParser::new(ALL.map(PermissionMode::name))
        .map(|name| ALL.into_iter().find(|mode| mode.name() == name).unwrap_or_default())
}

/// JSON as it is, or the absolute path of a file.
pub(super) fn file_or_json(option: &str, value: &str, elsewhere: bool) -> Result<String, CliError> {
    if elsewhere || value.trim_start().starts_with('{') {
        return Ok(value.to_owned());
    }
    let cannot = |what: String| {
        CliError::usage(
            format!("{option} {value}: {what}"),
            "Give the path of a JSON file, or JSON in quotes: '{…}'",
        )
    };
    let path = Path::new(value).canonicalize().map_err(|error| cannot(error.to_string()))?;
    if !path.is_file() {
        return Err(cannot("it is not a file".to_owned()));
    }
    utf8(path)
}

/// JSON as it is, or the content of a file with JSON.
pub(super) fn json_or_file_content(option: &str, value: &str) -> Result<String, CliError> {
    if value.trim_start().starts_with('{') {
        return Ok(value.to_owned());
    }
    std::fs::read_to_string(value).map_err(|error| {
        CliError::usage(
            format!("{option} {value}: {error}"),
            "Give the path of a JSON file, or JSON in quotes: '{…}'",
        )
    })
}

/// A further directory for the agent.
pub(super) fn further_directory(path: &Path, elsewhere: bool) -> Result<String, CliError> {
    if elsewhere {
        return utf8(path.to_owned());
    }
    let absolute = path.canonicalize().ok().filter(|path| path.is_dir());
    let Some(absolute) = absolute else {
        return Err(CliError::usage(
            format!("--add-dir {}: there is no such directory", path.display()),
            "Name an existing directory",
        ));
    };
    utf8(absolute)
}

fn utf8(path: PathBuf) -> Result<String, CliError> {
    path.into_os_string().into_string().map_err(|path| {
        CliError::usage(format!("{} is not UTF-8", path.display()), "Give it another name")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn tools_are_split_outside_of_parentheses() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split_tools(text), expected);
        check("Edit", &["Edit"]);
        check("Edit, Write,,", &["Edit", "Write"]);
        check("Bash(git log:*, git diff:*),Edit", &["Bash(git log:*, git diff:*)", "Edit"]);
        check("Bash(a(b,c),d),E", &["Bash(a(b,c),d)", "E"]);
        check("Bash(git *) Edit", &["Bash(git *)", "Edit"]);
        check("a),b", &["a)", "b"]);
    }

    #[test]
    fn a_name_is_one_line() {
        for (text, name) in [
            ("Nightly tests", "Nightly tests"),
            ("a\nb", "a b"),
            (" a \r\n\t b\n\n", "a b"),
            ("Übersetzen", "Übersetzen"),
        ] {
            assert_eq!(task_name(text).as_deref(), Ok(name), "{text:?}");
        }
        for text in ["", " ", "\n"] {
            assert!(task_name(text).unwrap_err().starts_with("the name is empty"), "{text:?}");
        }
    }

    #[test]
    fn values_of_variables_are_refused_as_arguments() {
        assert!(env_name("TOKEN=abc").unwrap_err().contains("TOKEN=… claude-worker run"));
        assert!(!env_name("TOKEN=abc").unwrap_err().contains("abc"));
        assert_eq!(env_name("TOKEN").unwrap(), "TOKEN");
        assert!(env_name("").is_err());
    }

    #[test]
    fn budgets_are_positive_numbers() {
        assert_eq!(budget("2.50"), Ok(2.5));
        assert_eq!(budget("$3"), Ok(3.0));
        for bad in ["0", "-1", "nan", "inf", "lots", ""] {
            assert!(budget(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn directories_must_exist() {
        let here = tempfile::tempdir().unwrap();
        let missing = here.path().join("missing");
        let error = directory(Some(&missing)).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        let file = here.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(directory(Some(&file)).unwrap_err().to_string().contains("not a directory"));
        assert!(Path::new(&directory(None).unwrap()).is_absolute());
    }

    #[test]
    fn directories_of_another_machine_are_sent_as_they_are() {
        assert_eq!(directory_elsewhere(Some(Path::new("./shop"))).unwrap(), "./shop");
        assert_eq!(directory_elsewhere(Some(Path::new("/srv/shop"))).unwrap(), "/srv/shop");
        assert!(directory_elsewhere(None).unwrap_err().to_string().contains("another machine"));
    }

    #[test]
    fn json_stays_and_files_get_their_whole_path() {
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("mcp.json");
        std::fs::write(&file, r#"{"mcpServers":{}}"#).unwrap();
        let file = file.to_str().unwrap();
        let whole = |value: &str| file_or_json("--mcp-config", value, false);
        assert_eq!(whole(" {\"a\":1}").unwrap(), " {\"a\":1}");
        assert!(whole(file).unwrap().ends_with("/mcp.json"));
        assert!(
            whole("missing.json").unwrap_err().to_string().contains("--mcp-config missing.json")
        );
        assert!(
            whole(here.path().to_str().unwrap()).unwrap_err().to_string().contains("not a file")
        );
        assert_eq!(file_or_json("--mcp-config", "there.json", true).unwrap(), "there.json");
        assert_eq!(json_or_file_content("--json-schema", file).unwrap(), r#"{"mcpServers":{}}"#);
        assert!(json_or_file_content("--json-schema", "missing").is_err());
        assert!(further_directory(Path::new(file), false).is_err());
        assert!(further_directory(here.path(), false).unwrap().starts_with('/'));
    }
}
