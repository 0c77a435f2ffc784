//! `run`: puts a task into the queue.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use claude_worker_agents::can;
use claude_worker_api::{
    Agent, Capability, Limits, NewTask, PermissionMode, TaskApi, TaskDetail, Traceparent,
    parse_duration,
};
use claude_worker_client::{new_key, surrounding_task};

use super::{logs, wait_for, warn, watch_next};
use crate::connect::engine_is_elsewhere;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::{self, Exit};
use crate::prompt;
use crate::render::detail;
use crate::render::text::{clean, clean_line, truncate};
use crate::stdin;
use crate::watch::Watched;
use claude_worker_client::Reconnect;

const EXAMPLES: &str = "Examples:
  claude-worker run \"Write tests for src/parser.rs\"
  git diff | claude-worker run \"Review these changes\" --watch
  find . -name '*.py' | xargs -I {} claude-worker run \"Document {}\"
  claude-worker run --agent shell \"make check\" --wait";

/// The arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", exit::help()))]
pub struct Args {
    /// The prompt: text, the path of a file with the text, or - for standard input. Text piped into
    /// this command is added to the prompt, except to a shell command
    pub prompt: Option<String>,
    /// The directory to work in [default: the current one]; of an engine on another machine, one there
    #[arg(short, long)]
    pub dir: Option<PathBuf>,
    /// Text to append to the agent's system prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// The model, by name or alias
    #[arg(short, long)]
    pub model: Option<String>,
    /// Show the log until the task has finished
    #[arg(short, long, conflicts_with = "json")]
    pub watch: bool,
    /// Wait until the task has finished, print its result, and exit with the code of its outcome
    #[arg(long, conflicts_with = "watch")]
    pub wait: bool,
    /// The name of the task [default: the prompt's first line]
    #[arg(long)]
    pub name: Option<String>,
    /// The agent: claude, or shell for any command (`/bin/sh -c PROMPT`)
    #[arg(long, default_value = "claude", value_parser = agent())]
    pub agent: Agent,
    /// Claude Code's permission mode [default: from the configuration, else acceptEdits]
    #[arg(long, value_name = "MODE", value_parser = permission_mode())]
    pub permission_mode: Option<PermissionMode>,
    /// Tools allowed without asking, like Edit or "Bash(git diff:*)"; repeat it or separate them
    /// with commas
    #[arg(long, value_name = "TOOLS", alias = "allowedTools")]
    pub allowed_tools: Vec<String>,
    /// Stop the task after this many agent turns
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_turns: Option<u32>,
    /// Stop the task when it has cost this much, in US dollars
    #[arg(long, value_name = "USD", value_parser = budget, allow_negative_numbers = true)]
    pub max_budget_usd: Option<f64>,
    /// Stop the run after this time, like 90s, 10m or 2h; 0 means never
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<u64>,
    /// Stop the run when the agent has printed nothing for this time; 0 means never
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub silence: Option<u64>,
    /// Pass on an environment variable of this shell, by name; can be repeated
    #[arg(long, value_name = "NAME", value_parser = env_name)]
    pub env: Vec<String>,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Puts the task into the queue, and waits for it or watches it when asked to.
///
/// # Errors
/// A usage error for a wrong argument; whatever the engine refuses.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut new = new_task(api, args).await?;
    new.parent = Reconnect::while_submitting().call(|| surrounding_task(api)).await?;
    // The key makes it safe to send the request again when the engine ended before its answer.
    let task = Reconnect::while_submitting().call(|| api.submit(new.clone())).await?;
    let id = task.id;
    warn(console, &task);
    if !args.wait {
        if console.json {
            console.document(&task)?;
        } else if console.view.terminal {
            let name = clean_line(&task.name);
            let room = console.width().saturating_sub(24).max(10);
            console.line(&format!("Task {id} queued: {}", truncate(&name, room)))?;
            if !args.watch {
                console.line(&format!("Follow it with: claude-worker logs {id} -f"))?;
            }
        } else if args.watch {
            console.notice(&format!("Task {id} queued"));
        } else {
            console.line(&id.to_string())?;
        }
        return if args.watch { watch_next(api, console, id, 0).await } else { Ok(Exit::Done) };
    }
    if !console.json {
        console.remark(&format!("Task {id} queued"))?;
    }
    let waited = wait_for(api, console, id).await?;
    if let Watched::Finished(detail) = &waited {
        if can(task.agent, Capability::CommandLine) && !console.json {
            // The result of a command is all its output; the stored result is only the end of it.
            logs::whole_output(api, console, id).await?;
            let ending = detail::ending(&detail.task, console.view.paint);
            console.remark(ending.trim_end())?;
        } else {
            show_result(console, detail)?;
        }
    }
    Ok(waited.exit())
}

/// The result alone on standard output, so that `answer=$(claude-worker run --wait …)` works;
/// the outcome on standard error.
fn show_result(console: &mut Console<'_>, detail: &TaskDetail) -> Result<(), CliError> {
    if console.json {
        return console.document(detail);
    }
    if let Some(result) = detail.result.as_deref().filter(|result| !result.is_empty()) {
        // Control characters are replaced for a terminal, and stay for a program.
        let result = if console.view.terminal { clean(result) } else { result.into() };
        console.line(result.trim_end_matches('\n'))?;
    }
    let ending = detail::ending(&detail.task, console.view.paint);
    console.remark(ending.trim_end())
}

async fn new_task(api: &impl TaskApi, args: &Args) -> Result<NewTask, CliError> {
    let working_directory = if engine_is_elsewhere(api).await? {
        directory_elsewhere(args.dir.as_deref())?
    } else {
        directory(args.dir.as_deref())?
    };
    let env = args.env.iter().map(|name| variable(name)).collect::<Result<_, _>>()?;
    let execution_prompt =
        prompt::resolve(args.prompt.as_deref(), prompt::Kind::of(args.agent), args.stdin)?;
    Ok(NewTask {
        execution_prompt,
        working_directory,
        name: args.name.clone(),
        agent: args.agent,
        system_prompt: args.system.clone(),
        model: args.model.clone(),
        permission_mode: args.permission_mode,
        allowed_tools: args.allowed_tools.iter().flat_map(|tools| split_tools(tools)).collect(),
        limits: Limits {
            max_turns: args.max_turns,
            max_budget_usd: args.max_budget_usd,
            timeout_ms: args.timeout,
            silence_ms: args.silence,
        },
        env,
        idempotency_key: Some(new_key()),
        traceparent: trace_of_caller(),
        ..NewTask::default()
    })
}

/// The trace that this process belongs to. A variable that is no traceparent is ignored, as the standard
/// demands of the header.
fn trace_of_caller() -> Option<Traceparent> {
    std::env::var("TRACEPARENT").ok()?.parse().ok()
}

/// The directory to work in on the engine's machine: as it was given, because only that machine can say
/// what it means.
fn directory_elsewhere(wanted: Option<&Path>) -> Result<String, CliError> {
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

/// The absolute path of the directory to work in.
fn directory(wanted: Option<&Path>) -> Result<String, CliError> {
    let path = wanted.unwrap_or(Path::new("."));
    let shown = path.display();
    let bad = |what: String| {
        CliError::usage(what, "Name an existing directory with --dir, or change to it first")
    };
    let absolute =
        path.canonicalize().map_err(|error| bad(format!("Cannot work in {shown}: {error}")))?;
    if !absolute.is_dir() {
        return Err(bad(format!("Cannot work in {shown}: it is not a directory")));
    }
    absolute
        .into_os_string()
        .into_string()
        .map_err(|path| bad(format!("Cannot work in {}: its name is not UTF-8", path.display())))
}

/// A variable of this process for the task. Only names are accepted, because every user of the machine
/// can read the arguments of a process.
fn variable(name: &str) -> Result<(String, String), CliError> {
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

fn env_name(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) => Err(format!(
            "give the name alone and set the value in the environment ({name}=… claude-worker run \
             --env {name}): a command line can be read by every user of the machine"
        )),
        None if text.is_empty() => Err("a variable needs a name".to_owned()),
        None => Ok(text.to_owned()),
    }
}

/// Splits at commas, but not inside parentheses: `Edit,Bash(git log:*, git diff:*)` is two.
fn split_tools(text: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let pieces = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    pieces.map(str::trim).filter(|tool| !tool.is_empty()).map(str::to_owned).collect()
}

fn budget(text: &str) -> Result<f64, String> {
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(usd) if usd.is_finite() && usd > 0.0 => Ok(usd),
        _ => Err("a budget is a number of dollars above 0, like 2.50".to_owned()),
    }
}

fn agent() -> impl TypedValueParser<Value = Agent> {
    const ALL: [Agent; 2] = Agent::ALL;
    PossibleValuesParser::new(ALL.map(Agent::name))
        .map(|name| ALL.into_iter().find(|agent| agent.name() == name).unwrap_or_default())
}

fn permission_mode() -> impl TypedValueParser<Value = PermissionMode> {
    const ALL: [PermissionMode; 6] = PermissionMode::ALL;
    PossibleValuesParser::new(ALL.map(PermissionMode::name))
        .map(|name| ALL.into_iter().find(|mode| mode.name() == name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_parentheses_stay() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split_tools(text), expected);
        check("Edit", &["Edit"]);
        check("Edit, Write,,", &["Edit", "Write"]);
        check("Bash(git log:*, git diff:*),Edit", &["Bash(git log:*, git diff:*)", "Edit"]);
        check("Bash(a(b,c),d),E", &["Bash(a(b,c),d)", "E"]);
        check("a),b", &["a)", "b"]);
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
}
