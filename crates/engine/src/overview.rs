//! What runs cost and took, added up by day, project and model. Pure.

use std::collections::{BTreeMap, HashMap};

use claude_worker_api::{
    DayFigures, ModelFigures, ProjectFigures, ProjectId, RunFigures, Spread, Timestamp,
};

/// How a task ended with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskEnd {
    Completed,
    Failed,
    Cancelled,
}

impl TaskEnd {
    /// The end that the database calls by this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "completed" => Some(Self::Completed),
            "failed" => Some(Self::Failed),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// A run that has ended. Instants are in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EndedRun<'a> {
    pub(crate) ended_at: i64,
    /// When its agent was started, if it was.
    pub(crate) started_at: Option<i64>,
    /// Since when it could have been started, if that is known.
    pub(crate) queued_at: Option<i64>,
    /// What it cost by itself, in US dollars.
    pub(crate) cost_usd: f64,
    pub(crate) project: Option<ProjectId>,
    pub(crate) model: Option<&'a str>,
    /// How its task ended with it; absent when the task went on by itself.
    pub(crate) task_end: Option<TaskEnd>,
}

/// The model that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelFilter {
    Any,
    /// Runs of which no model is known.
    Without,
    Named(String),
}

impl ModelFilter {
    /// As a query has it: a hyphen stands for runs without a model.
    pub(crate) fn new(asked: Option<&str>) -> Self {
        match asked {
            None => Self::Any,
            Some("-") => Self::Without,
            Some(name) => Self::Named(name.to_owned()),
        }
    }

    fn fits(&self, model: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Without => model.is_none(),
            Self::Named(name) => model == Some(name),
        }
    }
}

/// Adds up runs. Each of the three lists goes by the filters of the other two.
#[derive(Debug)]
pub(crate) struct Sums {
    starts: Vec<i64>,
    day: Option<usize>,
    project: Option<ProjectId>,
    model: ModelFilter,
    total: RunFigures,
    days: Vec<RunFigures>,
    projects: BTreeMap<ProjectId, RunFigures>,
    models: HashMap<String, RunFigures>,
    without_model: RunFigures,
    took: Vec<u64>,
    waited: Vec<u64>,
}

/// What [`Sums`] has added up.
#[derive(Debug, PartialEq)]
pub(crate) struct Summed {
    pub(crate) total: RunFigures,
    pub(crate) days: Vec<DayFigures>,
    pub(crate) projects: Vec<ProjectFigures>,
    pub(crate) models: Vec<ModelFigures>,
    pub(crate) took: Option<Spread>,
    pub(crate) waited: Option<Spread>,
}

impl Sums {
    /// `starts`: when each day begins, in order. `day`: the start of the day that is asked for.
    pub(crate) fn new(
        starts: &[Timestamp],
        day: Option<Timestamp>,
        project: Option<ProjectId>,
        model: ModelFilter,
    ) -> Self {
        Self {
            starts: starts.iter().map(|start| start.as_millis()).collect(),
            day: day.and_then(|day| starts.iter().position(|start| *start == day)),
            project,
            model,
            total: RunFigures::default(),
            days: vec![RunFigures::default(); starts.len()],
            projects: BTreeMap::new(),
            models: HashMap::new(),
            without_model: RunFigures::default(),
            took: Vec::new(),
            waited: Vec::new(),
        }
    }

    /// Adds a run. One that ended before the first day is left out.
    pub(crate) fn add(&mut self, run: &EndedRun<'_>) {
        let begun = self.starts.partition_point(|start| *start <= run.ended_at);
        let Some(day) = begun.checked_sub(1) else { return };
        let is_of_day = self.day.is_none_or(|asked| asked == day);
        let is_of_project = self.project.is_none_or(|asked| run.project == Some(asked));
        let is_of_model = self.model.fits(run.model);
        if is_of_project && is_of_model {
            count(&mut self.days[day], run);
        }
        if is_of_day
            && is_of_model
            && let Some(project) = run.project
        {
            count(self.projects.entry(project).or_default(), run);
        }
        if is_of_day && is_of_project {
            match run.model {
                None => count(&mut self.without_model, run),
                Some(model) => match self.models.get_mut(model) {
                    Some(figures) => count(figures, run),
                    None => count(self.models.entry(model.to_owned()).or_default(), run),
                },
            }
        }
        if is_of_day && is_of_project && is_of_model {
            count(&mut self.total, run);
            self.took.extend(between(run.started_at, Some(run.ended_at)));
            self.waited.extend(between(run.queued_at, run.started_at));
        }
    }

    /// The sums. `name` gives the name of a project.
    pub(crate) fn finish(self, name: impl Fn(ProjectId) -> String) -> Summed {
        let starts = self.starts.into_iter().map(Timestamp::from_millis);
        let days = starts.zip(self.days).map(|(start, figures)| DayFigures { start, figures });
        let mut projects: Vec<_> = self
            .projects
            .into_iter()
            .map(|(id, figures)| ProjectFigures { id, name: name(id), figures })
            .collect();
        projects.sort_by(|a, b| {
            largest_first(&a.figures, &b.figures).then_with(|| a.name.cmp(&b.name))
        });
        let mut models: Vec<_> = self
            .models
            .into_iter()
            .map(|(model, figures)| ModelFigures { model: Some(model), figures })
            .collect();
        if self.without_model.runs > 0 {
            models.push(ModelFigures { model: None, figures: self.without_model });
        }
        models.sort_by(|a, b| {
            largest_first(&a.figures, &b.figures).then_with(|| a.model.cmp(&b.model))
        });
        Summed {
            total: self.total,
            days: days.collect(),
            projects,
            models,
            took: spread(self.took),
            waited: spread(self.waited),
        }
    }
}

/// The most expensive first; of those that cost the same, the one that took longest.
fn largest_first(a: &RunFigures, b: &RunFigures) -> std::cmp::Ordering {
    b.cost_usd.total_cmp(&a.cost_usd).then_with(|| b.run_ms.cmp(&a.run_ms))
}

fn count(figures: &mut RunFigures, run: &EndedRun<'_>) {
    figures.cost_usd += run.cost_usd;
    figures.run_ms += between(run.started_at, Some(run.ended_at)).unwrap_or(0);
    figures.runs += 1;
    match run.task_end {
        Some(TaskEnd::Completed) => figures.completed += 1,
        Some(TaskEnd::Failed) => figures.failed += 1,
        Some(TaskEnd::Cancelled) => figures.cancelled += 1,
        None => {}
    }
}

/// Milliseconds between two instants; zero when the clock went back between them.
fn between(from: Option<i64>, to: Option<i64>) -> Option<u64> {
    Some(to?.saturating_sub(from?).max(0).unsigned_abs())
}

/// By nearest rank, so that each figure is the duration of a run.
fn spread(mut durations: Vec<u64>) -> Option<Spread> {
    let runs = durations.len();
    let median_ms = at_rank(&mut durations, 5)?;
    let p90_ms = at_rank(&mut durations, 9)?;
    Some(Spread { runs: runs as u64, median_ms, p90_ms })
}

/// The duration that this many tenths of all do not exceed. Orders them no further than that needs.
fn at_rank(durations: &mut [u64], tenths: usize) -> Option<u64> {
    let rank = (durations.len() * tenths).div_ceil(10).checked_sub(1)?;
    Some(*durations.select_nth_unstable(rank).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: ProjectId = ProjectId(1);
    const DOCS: ProjectId = ProjectId(2);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn run(ended_at: i64, project: ProjectId, model: &str, cost_usd: f64) -> EndedRun<'_> {
        EndedRun {
            ended_at,
            started_at: Some(ended_at - 10),
            queued_at: Some(ended_at - 13),
            cost_usd,
            project: Some(project),
            model: Some(model).filter(|model| !model.is_empty()),
            task_end: Some(TaskEnd::Completed),
        }
    }

    fn summed(day: Option<i64>, project: Option<ProjectId>, model: Option<&str>) -> Summed {
        let starts = [at(100), at(200), at(300)];
        let mut sums = Sums::new(&starts, day.map(at), project, ModelFilter::new(model));
        for run in [
            run(99, SHOP, "opus", 64.0),
            run(100, SHOP, "opus", 1.0),
            run(199, DOCS, "opus", 2.0),
            run(200, SHOP, "haiku", 4.0),
            run(350, DOCS, "", 8.0),
        ] {
            sums.add(&run);
        }
        sums.finish(|id| if id == SHOP { "shop".into() } else { "docs".into() })
    }

    /// Names with their dollars.
    type Costs = Vec<(String, f64)>;

    /// Of all, of the days, of the projects and of the models.
    fn costs(summed: &Summed) -> (f64, Vec<f64>, Costs, Costs) {
        (
            summed.total.cost_usd,
            summed.days.iter().map(|day| day.figures.cost_usd).collect(),
            summed.projects.iter().map(|it| (it.name.clone(), it.figures.cost_usd)).collect(),
            summed
                .models
                .iter()
                .map(|it| (it.model.clone().unwrap_or_default(), it.figures.cost_usd))
                .collect(),
        )
    }

    fn named(rows: &[(&str, f64)]) -> Costs {
        rows.iter().map(|(name, usd)| ((*name).to_owned(), *usd)).collect()
    }

    #[test]
    fn a_run_counts_on_the_day_on_which_it_ended() {
        assert_eq!(
            costs(&summed(None, None, None)),
            (
                15.0,
                vec![3.0, 4.0, 8.0],
                named(&[("docs", 10.0), ("shop", 5.0)]),
                named(&[("", 8.0), ("haiku", 4.0), ("opus", 3.0)]),
            )
        );
    }

    #[test]
    fn a_filter_applies_to_the_other_two_lists_and_filters_combine() {
        assert_eq!(
            costs(&summed(Some(100), None, None)),
            (
                3.0,
                vec![3.0, 4.0, 8.0],
                named(&[("docs", 2.0), ("shop", 1.0)]),
                named(&[("opus", 3.0)]),
            )
        );
        assert_eq!(
            costs(&summed(None, Some(SHOP), None)),
            (
                5.0,
                vec![1.0, 4.0, 0.0],
                named(&[("docs", 10.0), ("shop", 5.0)]),
                named(&[("haiku", 4.0), ("opus", 1.0)]),
            )
        );
        assert_eq!(
            costs(&summed(Some(100), Some(DOCS), Some("opus"))),
            (
                2.0,
                vec![2.0, 0.0, 0.0],
                named(&[("docs", 2.0), ("shop", 1.0)]),
                named(&[("opus", 2.0)]),
            )
        );
        assert_eq!(summed(None, None, Some("-")).total.cost_usd, 8.0);
    }

    #[test]
    fn ends_and_durations_are_counted_as_far_as_they_are_known() {
        let mut sums = Sums::new(&[at(0)], None, None, ModelFilter::Any);
        let known = run(100, SHOP, "opus", 0.5);
        sums.add(&EndedRun { task_end: Some(TaskEnd::Failed), ..known });
        sums.add(&EndedRun { task_end: Some(TaskEnd::Cancelled), started_at: None, ..known });
        sums.add(&EndedRun { task_end: None, queued_at: None, started_at: Some(200), ..known });
        let summed = sums.finish(|_| String::new());
        let RunFigures { runs, completed, failed, cancelled, run_ms, .. } = summed.total;
        assert_eq!((runs, completed, failed, cancelled, run_ms), (3, 0, 1, 1, 10));
        // A clock that went back took no time.
        assert_eq!(summed.took, Some(Spread { runs: 2, median_ms: 0, p90_ms: 10 }));
        assert_eq!(summed.waited, Some(Spread { runs: 1, median_ms: 3, p90_ms: 3 }));
    }

    #[test]
    fn a_spread_is_by_nearest_rank() {
        assert_eq!(spread(vec![]), None);
        assert_eq!(spread(vec![7]), Some(Spread { runs: 1, median_ms: 7, p90_ms: 7 }));
        let ten = (1..=10).rev().map(|n| n * 100).collect();
        assert_eq!(spread(ten), Some(Spread { runs: 10, median_ms: 500, p90_ms: 900 }));
        let eleven = (1..=11).collect();
        assert_eq!(spread(eleven), Some(Spread { runs: 11, median_ms: 6, p90_ms: 10 }));
    }
}
