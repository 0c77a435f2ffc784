//! `template`: prompts with fields, from which `run --template` makes tasks.

use claude_worker_agents::template_fields;
use claude_worker_api::{
    Agent, ApiError, ErrorCode, NewTask, SaveTemplate, TaskApi, TaskQuery, Template, TemplateName,
    Templates,
};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::prompt::{self, Given};
use crate::render::Tone;
use crate::render::text::{clean, clean_line, fit, truncate, width};
use crate::selection::{OneTask, resolve_one};
use crate::stdin;
use crate::task_options::{TaskOptions, agent};

/// What to do with templates.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List templates with their fields
    #[command(visible_alias = "ls")]
    List,
    /// Print the prompt of a template
    Show {
        /// Its name
        name: String,
    },
    /// Keep a prompt with fields like {{file}}, and the options that are given with it
    Save(Box<SaveArgs>),
    /// Remove a template
    #[command(visible_aliases = ["rm", "delete"])]
    Remove {
        /// Its name
        name: String,
    },
}

/// The arguments of `template save`.
#[derive(Debug, clap::Args)]
pub struct SaveArgs {
    /// The name of the template
    pub name: String,
    /// The prompt, with fields like {{file}}: text, a file, or - for standard input
    #[arg(required_unless_present_any = ["file", "from"])]
    pub prompt: Option<String>,
    /// Read the prompt from this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "prompt")]
    pub file: Option<String>,
    /// Take prompt and options from this task: a number, or last for the newest
    #[arg(long, value_name = "ID")]
    pub from: Option<OneTask>,
    /// Change the template of that name, if there is one
    #[arg(long)]
    pub replace: bool,
    /// The agent: claude, or shell for any command, which has no fields
    #[arg(long, value_parser = agent())]
    pub agent: Option<Agent>,
    /// How the tasks work.
    #[command(flatten)]
    pub options: TaskOptions,
    /// How standard input is used.
    #[command(flatten)]
    pub stdin: stdin::Args,
}

/// Lists, shows, keeps or removes templates.
///
/// # Errors
/// Errors of the engine; a usage error for a prompt that cannot be read.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    command: &Command,
) -> Result<Exit, CliError> {
    match command {
        Command::List => list(console, &api.templates().await?)?,
        Command::Show { name } => {
            let template = find(api, name).await?;
            if console.json {
                console.document(&template)?;
            } else {
                console.line(&clean(&template.task.execution_prompt.unwrap_or_default()))?;
            }
        }
        Command::Save(args) => save(api, console, args).await?,
        Command::Remove { name } => {
            api.remove_template(TemplateName { name: name.clone() }).await?;
            if console.json {
                console.document(&TemplateName { name: name.clone() })?;
            } else {
                console.line(&format!("Removed the template {}", clean_line(name)))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The template of this name; upper and lower case are not told apart.
///
/// # Errors
/// `not_found`.
pub(super) async fn find(api: &impl TaskApi, name: &str) -> Result<Template, ApiError> {
    let wanted = name.to_lowercase();
    let all = api.templates().await?.templates;
    all.into_iter().find(|template| template.name.to_lowercase() == wanted).ok_or_else(|| {
        let what = format!("There is no template \"{}\"", name.escape_debug());
        ApiError::new(ErrorCode::NotFound, what).hint("claude-worker template list shows all")
    })
}

async fn save(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &SaveArgs,
) -> Result<(), CliError> {
    let mut task = match args.from {
        Some(from) => {
            let id = resolve_one(api, from).await?;
            api.get(id, TaskQuery::default()).await?.request
        }
        None => NewTask::default(),
    };
    if let Some(agent) = args.agent {
        task.agent = agent;
    }
    if args.prompt.is_some() || args.file.is_some() {
        let (argument, file) = (args.prompt.as_deref(), args.file.as_deref());
        let example = "claude-worker template save review \"Review {{file}}\"";
        let given = Given { argument, file, example };
        let prompt = prompt::read(console, given, prompt::Kind::of(task.agent), args.stdin)?;
        task.execution_prompt = prompt.text;
    }
    let changes = args.options.changes(api, console).await?;
    let env = changes.env.clone();
    changes.apply(&mut task);
    let mut template = Template::of_task(&args.name, task);
    // The engine refuses them, with the reason.
    template.task.env = env;
    let replaces = if args.replace && find(api, &args.name).await.is_ok() {
        Some(args.name.clone())
    } else {
        None
    };
    api.save_template(SaveTemplate { template: template.clone(), replaces }).await?;
    if console.json {
        return console.document(&template);
    }
    console.line(&format!("Kept the template {}", clean_line(&template.name)))?;
    console.remark(&format!("Run it with: {}", command_with(&template)))
}

/// The command that makes a task of a template.
fn command_with(template: &Template) -> String {
    let name = claude_worker_paths::shell_word(&template.name);
    let fields = template_fields(template);
    let set = fields.iter().map(|field| format!(" --set {field}=…")).collect::<String>();
    clean_line(&format!("claude-worker run --template {name}{set}"))
}

fn list(console: &mut Console<'_>, list: &Templates) -> Result<(), CliError> {
    if console.json {
        return console.document(list);
    }
    if list.templates.is_empty() {
        return console.remark(
            "No templates yet. Keep one: claude-worker template save review \"Review {{file}}\"",
        );
    }
    let rows: Vec<[String; 3]> = list.templates.iter().map(row).collect();
    let wide = |column: usize, heading: &str| {
        rows.iter().map(|row| width(&row[column])).max().unwrap_or(0).max(heading.len())
    };
    let (name, fields) = (wide(0, "NAME"), wide(1, "FIELDS"));
    let heading = format!("  {}  {}  PROMPT", fit("NAME", name), fit("FIELDS", fields));
    console.line(&console.view.paint.tone(Tone::Quiet, &heading))?;
    for row in rows {
        let line = format!("  {}  {}  {}", fit(&row[0], name), fit(&row[1], fields), row[2]);
        let line = if console.view.terminal {
            truncate(&line, console.width()).into_owned()
        } else {
            line
        };
        console.line(&line)?;
    }
    Ok(())
}

fn row(template: &Template) -> [String; 3] {
    let prompt = template.task.execution_prompt.as_deref().unwrap_or_default();
    let first = prompt.trim_start().lines().next().unwrap_or_default();
    let fields = template_fields(template).join(", ");
    [clean_line(&template.name), fields, clean_line(first)]
}
