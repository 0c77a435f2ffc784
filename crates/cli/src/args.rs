//! The command line as a whole, as clap parses it.

use clap::{ArgAction, Parser};

use crate::color::Color;
use crate::commands::Command;
use crate::exit;
use crate::topics;

/// Runs Claude Code tasks in the background
#[derive(Debug, Parser)]
#[command(
    name = "claude-worker",
    version,
    disable_version_flag = true,
    // The last of several wins, so that an alias of a shell can have defaults.
    args_override_self = true,
    arg_required_else_help = true,
    after_help = format!("{FIRST}\n{}", topics::listed()),
    after_long_help = format!("{FIRST}\n\n{}\n{}\n{}", topics::environment(), exit::help(), topics::listed()),
)]
pub struct Cli {
    /// Print one JSON document (logs: one per line) instead of text; errors too
    #[arg(long, global = true, display_order = 100)]
    pub json: bool,
    /// Colours: auto (on a terminal), always or never
    #[arg(
        long,
        global = true,
        alias = "colour",
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        display_order = 101
    )]
    pub color: Color,
    /// Print version
    #[arg(short = 'V', visible_short_alias = 'v', long, action = ArgAction::Version)]
    pub version: Option<bool>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const FIRST: &str = "The first command that needs an engine starts one in the background.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use claude_worker_api::{Agent, PermissionMode, Status, TaskId};

    use super::*;
    use crate::selection::{Choice, OneTask};
    use crate::stdin::StdinUse;

    fn parse(line: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["claude-worker"], line].concat())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_takes_everything_at_once() {
        let cli = parse(&[
            "run",
            "Do it",
            "-d",
            "/tmp",
            "-s",
            "Be brief",
            "-m",
            "opus",
            "--name",
            "N",
            "--permission-mode",
            "plan",
            "--allowed-tools",
            "Edit,Read",
            "--allowed-tools",
            "Bash(a,b)",
            "--max-turns",
            "5",
            "--max-budget-usd",
            "2.5",
            "--timeout",
            "1h30m",
            "--silence",
            "0",
            "--env",
            "A",
            "--env",
            "B",
            "--wait",
            "--json",
            "--stdin",
            "never",
        ])
        .unwrap();
        assert!(cli.json);
        let Command::Run(args) = cli.command else { panic!("not run") };
        assert_eq!(args.prompt.as_deref(), Some("Do it"));
        assert_eq!(args.agent, Agent::Claude);
        assert_eq!(args.options.permission_mode, Some(PermissionMode::Plan));
        assert_eq!(args.options.allowed_tools, ["Edit,Read", "Bash(a,b)"]);
        assert_eq!(args.options.timeout, Some(5_400_000));
        assert_eq!(args.options.silence, Some(0));
        assert_eq!(args.options.env, ["A", "B"]);
        assert_eq!(args.stdin.stdin, StdinUse::Never);
        assert!(args.then.wait);
    }

    #[test]
    fn ids_and_statuses_are_checked_at_once() {
        let Command::Wait(args) = parse(&["wait", "1", "#22", "--any"]).unwrap().command else {
            panic!("not wait")
        };
        let [one, other] = [1, 22].map(|id| Choice::One(OneTask::Number(TaskId(id))));
        assert_eq!(args.tasks.named(), [one, other]);
        let Command::List(args) = parse(&["ls", "-s", "running,failed"]).unwrap().command else {
            panic!("not list")
        };
        assert_eq!(args.status.statuses(), [Status::Running, Status::Failed]);
    }

    /// The commands that take tasks, and whether they take several.
    fn takers() -> Vec<(String, bool)> {
        let mut definition = Cli::command();
        definition.build();
        let takes_several = |command: &clap::Command| {
            let is_task = |arg: &&clap::Arg| {
                arg.get_value_names().is_some_and(|names| names[0].starts_with("ID"))
            };
            let arg = command.get_positionals().find(is_task)?;
            Some(matches!(arg.get_action(), ArgAction::Append))
        };
        let commands = definition.get_subcommands();
        let takers = commands.filter_map(|command| {
            takes_several(command).map(|several| (command.get_name().to_owned(), several))
        });
        takers.collect()
    }

    #[test]
    fn every_command_that_takes_tasks_takes_the_same_words() {
        let takers = takers();
        for (name, takes_several) in &takers {
            for word in ["12", "#12", "last", "@"] {
                parse(&[name, word]).unwrap_or_else(|error| panic!("{name} {word}: {error}"));
            }
            for word in ["3-7", "3,4", "3\n4\n", "all", "--failed", "--running", "--all"] {
                assert_eq!(parse(&[name, word]).is_ok(), *takes_several, "{name} {word:?}");
            }
        }
        let names = |several| -> Vec<&str> {
            let takers = takers.iter().filter(|(_, takes_several)| *takes_several == several);
            takers.map(|(name, _)| name.as_str()).collect()
        };
        assert_eq!(names(false), ["result", "changes", "diff", "edit", "open"]);
        let several = "status logs wait cancel retry resume remove seen export";
        assert_eq!(names(true), several.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn statuses_have_the_same_short_names_everywhere() {
        for (line, statuses) in [
            (&["list", "--running", "--failed"][..], vec![Status::Failed, Status::Running]),
            (&["list", "-s", "failed", "--failed"], vec![Status::Failed]),
            (&["wait", "--pending", "--status", "waiting"], vec![Status::Waiting, Status::Pending]),
            (&["cancel", "--running"], vec![Status::Running]),
            (&["clean", "-s", "skipped", "--completed"], vec![Status::Skipped, Status::Completed]),
        ] {
            let found = match parse(line).unwrap().command {
                Command::List(args) => args.status.statuses(),
                Command::Wait(args) => args.tasks.filter.status.statuses(),
                Command::Cancel(args) => args.selection.filter.status.statuses(),
                Command::Clean(args) => args.status.statuses(),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, statuses, "{line:?}");
        }
        assert!(parse(&["clean", "--running"]).is_err(), "a running task has not finished");
    }

    #[test]
    fn mistakes_are_usage_errors_that_name_them() {
        let check = |line: &[&str], expected: &str| {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
            assert!(error.to_string().contains(expected), "{line:?}: {error}");
        };
        check(&["logs", "twelve"], "\"twelve\" is not a task id");
        check(&["logs", "0"], "is not a task id");
        check(&["list", "--status", "done"], "possible values: waiting");
        check(&["list", "--limit", "0"], "1..=1000");
        check(&["cancel", "twelve"], "name a task like 12, a range like 3-7, last or all");
        check(&["cancel", "7-3"], "write 3-7");
        check(&["clean", "--status", "running"], "possible values: completed");
        check(&["run", "x", "--name", "\n"], "the name is empty");
        check(&["result", "3-7"], "\"3-7\" can be several tasks: name one, like 12, or last");
        check(&["run", "x", "--timeout", "soon"], "not a duration");
        check(&["run", "x", "--timeout", "1"], "write 1d, 1h, 1m or 1s");
        check(&["wait", "1", "--timeout", "90"], "write 90d, 90h, 90m or 90s");
        check(&["clean", "--older-than", "7"], "write 7d, 7h, 7m or 7s");
        check(&["run", "x", "--stdin", "sometimes"], "possible values: auto, always, never");
        check(&["run", "x", "--env", "A=b"], "read by every user");
        check(&["run", "x", "--permission-mode", "yolo"], "acceptEdits");
        check(&["run", "x", "--agent", "codex"], "possible values: claude, shell");
        check(&["run", "x", "--watch", "--wait"], "cannot be used with");
        check(&["run", "x", "--watch", "--json"], "cannot be used with");
        check(&["run", "two", "words"], "unexpected argument 'words'");
        check(&["frobnicate"], "unrecognized subcommand");
    }

    #[test]
    fn help_lists_the_exit_codes() {
        let help = Cli::command().render_long_help().to_string();
        assert!(help.contains("  124  wait --timeout"), "{help}");
        assert!(help.contains("CLAUDE_WORKER_HOME"), "{help}");
    }
}
