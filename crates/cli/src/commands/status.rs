//! `status`: shows tasks in full, or the queue.

use claude_worker_api::{EngineInfo, ListQuery, Status, TaskApi, TaskDetail, TaskId, TaskQuery};
use serde::Serialize;

use super::ReportedError;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::delay::Delay;
use crate::render::{detail, table};
use crate::selection::{Changeable, Selection, resolve};

/// The arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Without a task, the queue and the engine are shown.")]
pub struct Args {
    /// Which tasks. With --json, one is printed as a task and several as {"tasks": […], "errors": […]}.
    #[command(flatten)]
    pub tasks: Selection,
}

/// Several tasks, as `--json` prints them.
#[derive(Debug, Default, Serialize)]
struct Several {
    tasks: Vec<TaskDetail>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ReportedError>,
}

/// Shows the status.
///
/// # Errors
/// `not_found`; when no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    if args.tasks.is_empty() {
        return queue(api, console).await;
    }
    let ids = resolve(api, &args.tasks, "status", Changeable::Every).await?;
    if let [id] = ids[..]
        && args.tasks.names_one()
    {
        let task = api.get(id, TaskQuery::default()).await?;
        if console.json {
            console.document(&task)?;
        } else {
            show(api, console, &task, &mut None).await?;
        }
        return Ok(Exit::Done);
    }
    several(api, console, &ids).await
}

async fn several(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    ids: &[TaskId],
) -> Result<Exit, CliError> {
    let mut found = Several::default();
    let (mut exit, mut engine) = (Exit::Done, None);
    for id in ids {
        match api.get(*id, TaskQuery::default()).await {
            Ok(task) if console.json => found.tasks.push(task),
            Ok(task) => {
                if id != &ids[0] {
                    console.line("")?;
                }
                show(api, console, &task, &mut engine).await?;
            }
            Err(error) => {
                console.complain(&error);
                exit = exit.or(Exit::of_error(error.code));
                found.errors.push(ReportedError { id: *id, error });
            }
        }
    }
    if console.json {
        console.document(&found)?;
    } else if ids.is_empty() {
        console.remark("No task matches")?;
    }
    Ok(exit)
}

/// Shows one task; `engine` is asked for once, and only if a task has not finished.
async fn show(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    task: &TaskDetail,
    engine: &mut Option<EngineInfo>,
) -> Result<(), CliError> {
    let mut delay = None;
    if !task.task.state.is_finished() {
        let engine = match engine {
            Some(engine) => engine,
            none => none.insert(api.engine().await?),
        };
        delay = Delay::of(&task.task, engine);
    }
    let (now, zone, width) = (console.now(), console.zone(), console.width());
    let text = detail::task(task, delay.as_ref(), now, &zone, width, console.view.paint);
    console.print(&text)?;
    super::mark_seen(api, console, &[&task.task]).await;
    Ok(())
}

async fn queue(api: &impl TaskApi, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let paint = console.view.paint;
    let info = api.engine().await?;
    if console.json {
        console.document(&info)?;
        return Ok(Exit::Done);
    }
    let overview = detail::overview(&info, console.now(), console.wrap_width(), paint);
    console.print(&overview)?;
    if info.queue.counts.running + info.queue.counts.waiting > 0 {
        let statuses = vec![Status::Running, Status::Waiting];
        let page = api.list(ListQuery { statuses, ..ListQuery::default() }).await?;
        let table = table::tasks(&page.tasks, console.now(), console.width(), paint);
        console.print(&format!("\n{table}"))?;
    }
    Ok(Exit::Done)
}
