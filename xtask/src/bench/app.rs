//! The desktop app: how quickly it is there, how large it is, how soon it shows what happens.
//!
//! The measuring is done by `tests/app/figures.rs`, which has the means of the app's tests.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};

use super::Bench;
use super::figure::{Figure, Limit, Unit};
use crate::step::{output, run};
use crate::{setup, ui, workspace};

/// Samples by what they are of, as `tests/app/figures.rs` names it.
type Samples = HashMap<String, Vec<f64>>;

pub(super) fn measure(_bench: &Bench) -> Result<Vec<Figure>> {
    setup::desktop_packages()?;
    ui::build()?;
    let mut figures = workspace::cargo();
    figures.args(["bench", "--quiet", "--package", "claude-worker-app", "--bench", "figures"]);
    let samples = read(&output(&mut figures)?)?;
    let mebibytes = |what: &str, limit: f64| -> Result<Figure> {
        let value = median(&samples, what)? / 1024.0;
        let name = format!("App: PSS of all its processes, {}", what.replace("memory, ", ""));
        Ok(figure(&name, value, Unit::MiB, limit, String::new()))
    };
    let times = |what: &str, limit: f64| -> Result<Figure> {
        let (all, value) = (sorted(&samples, what)?, median(&samples, what)?);
        let last = all.last().copied().unwrap_or_default();
        let detail = format!("median of {}, slowest {last:.0} ms", all.len());
        Ok(figure(&format!("App: {what}"), value, Unit::Milliseconds, limit, detail))
    };
    let screen = sorted(&samples, "print to screen")?;
    let detail = format!(
        "{} lines of an agent, until the frame that shows them; median {:.0} ms, slowest {:.0} ms",
        screen.len(),
        quantile(&screen, 0.5),
        quantile(&screen, 1.0)
    );
    let (idle, at_work) = (median(&samples, "idle")?, median(&samples, "at work")?);
    let (indexing, indexed) = (
        median(&samples, "submission while the index is made")?,
        median(&samples, "submission with a current index")?,
    );
    let at_most = |what: &str, name: &str, share: f64, limit: f64| -> Result<Figure> {
        let all = sorted(&samples, what)?;
        let detail = format!(
            "median {:.1} ms, slowest {:.1} ms of {}",
            quantile(&all, 0.5),
            quantile(&all, 1.0),
            all.len()
        );
        Ok(figure(
            &format!("App: {name}"),
            quantile(&all, share),
            Unit::Milliseconds,
            limit,
            detail,
        ))
    };
    let mut figures = vec![
        at_most(
            "scroll frame",
            "100,000 tasks: between two frames while scrolling, p95",
            0.95,
            17.0,
        )?,
        at_most("search in names", "100,000 tasks: search in names, p95", 0.95, 30.0)?,
        at_most("search in everything", "100,000 tasks: search in everything, p95", 0.95, 150.0)?,
        at_most("list of a model", "100,000 tasks: filter by model, p95", 0.95, 30.0)?,
        at_most("count of a model", "100,000 tasks: how many match a filter, p95", 0.95, 100.0)?,
        at_most("list by_name", "100,000 tasks: sort by name, p95", 0.95, 300.0)?,
        at_most("list longest", "100,000 tasks: sort by run time, p95", 0.95, 300.0)?,
        at_most("list most_expensive", "100,000 tasks: sort by cost, p95", 0.95, 300.0)?,
        Figure {
            what: "App: a submission while 100,000 tasks are indexed: time of one without"
                .to_owned(),
            value: indexing / indexed,
            unit: Unit::Times,
            limit: Limit::AtMost(1.5),
            detail: format!(
                "medians {indexing:.1} ms, {indexed:.1} ms; the index took {:.0} s",
                median(&samples, "index made in")?
            ),
        },
        at_most("diff shown", "a diff of 10,000 lines, from the click to its frame", 0.5, 100.0)?,
        at_most("quick entry gone", "quick entry, from Enter until it is gone", 0.5, 100.0)?,
        times("start to tray", 100.0)?,
        times("start to first paint", 350.0)?,
        figure(
            "App: an agent's print to the screen, p95",
            quantile(&screen, 0.95),
            Unit::Milliseconds,
            20.0,
            detail,
        ),
        mebibytes("memory, tray only", 65.0)?,
        mebibytes("memory, window open", 240.0)?,
        mebibytes("memory, window closed", 115.0)?,
        figure(
            "App: processor use with the window closed",
            idle,
            Unit::Percent,
            0.5,
            "of one processor, 20 s".to_owned(),
        ),
        figure(
            "App: processor use while a task runs on screen",
            at_work,
            Unit::Percent,
            25.0,
            "of one processor, 5 s; without a graphics card".to_owned(),
        ),
        javascript()?,
    ];
    figures.extend(floors(&samples)?);
    Ok(figures)
}

/// What the same machine needs for less, in the same run: limits in milliseconds hold only on one machine.
fn floors(samples: &Samples) -> Result<Vec<Figure>> {
    let floors = [
        (
            "scroll frame",
            "bare scroll frame",
            0.95,
            "100,000 tasks: between two frames while scrolling, p95: time of a bare page of \
             paragraphs",
        ),
        (
            "print to screen",
            "bare line to screen",
            0.95,
            "an agent's print to the screen, p95: time of a line in a bare page",
        ),
        (
            "start to tray",
            "bare start",
            0.5,
            "start to tray: time of the same program that prints its version",
        ),
        (
            "start to first paint",
            "bare start to paint",
            0.5,
            "start to first paint: time of a bare WebKit browser with one line",
        ),
    ];
    let figure = |(of, floor, share, what): (&str, &str, f64, &str)| {
        let value = quantile(&sorted(samples, of)?, share);
        let bare = quantile(&sorted(samples, floor)?, share);
        Ok(Figure {
            what: format!("App: {what}, the floor"),
            value: value / bare,
            unit: Unit::Times,
            limit: Limit::None,
            detail: format!("{value:.0} ms, {bare:.0} ms"),
        })
    };
    floors.into_iter().map(figure).collect()
}

fn figure(what: &str, value: f64, unit: Unit, at_most: f64, detail: String) -> Figure {
    Figure { what: what.to_owned(), value, unit, limit: Limit::AtMost(at_most), detail }
}

/// The JavaScript that every window loads, as the build of the pages counts it.
fn javascript() -> Result<Figure> {
    run(&mut ui::npm(&["run", "--silent", "build"]))?;
    let printed = output(
        std::process::Command::new("node")
            .arg("scripts/size.mjs")
            .current_dir(workspace::root().join("ui")),
    )?;
    let value = first_page(&printed)?;
    let detail = "the first page, and what is fetched ahead, gzip".to_owned();
    let name = "App: JavaScript of the first page";
    Ok(figure(name, value, Unit::Kilobytes, 150.0, detail))
}

/// The size that `size.mjs` prints for the JavaScript of the first page, in kilobytes.
fn first_page(printed: &str) -> Result<f64> {
    let line = printed
        .lines()
        .find(|line| line.contains("JavaScript of the first page"))
        .context("size.mjs prints no size of the first page")?;
    let size = line.split_whitespace().next().unwrap_or_default();
    size.parse().with_context(|| format!("no size in {line:?}"))
}

/// Reads lines of a name, a tab and a number.
fn read(text: &str) -> Result<Samples> {
    let mut samples = Samples::new();
    for line in text.lines() {
        let Some((what, value)) = line.split_once('\t') else { continue };
        let value: f64 = value.parse().with_context(|| format!("no number in {line:?}"))?;
        samples.entry(what.to_owned()).or_default().push(value);
    }
    Ok(samples)
}

fn sorted(samples: &Samples, what: &str) -> Result<Vec<f64>> {
    let mut sorted = samples.get(what).with_context(|| format!("{what} was not measured"))?.clone();
    ensure!(!sorted.is_empty(), "{what} was not measured");
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

fn median(samples: &Samples, what: &str) -> Result<f64> {
    Ok(quantile(&sorted(samples, what)?, 0.5))
}

/// The value below which this share of sorted samples lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred samples at most"
    )]
    let place = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[place.min(sorted.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_the_first_page_is_not_that_of_the_fonts() {
        let printed = "\
               48.0 kB  assets/index-1.js\n\
              133.6 kB  JavaScript of the first page and of the one fetched ahead, gzip, of 150 kB\n\
              113.3 kB  fonts for Latin text, of 261.9 kB in all\n";
        assert_eq!(first_page(printed).unwrap(), 133.6);
        assert!(first_page("113.3 kB  fonts\n").is_err());
    }

    #[test]
    fn samples_are_told_from_other_words() {
        let samples = read("building\nidle\t0.5\nidle\t0.25\nidle\t3\n").unwrap();
        assert_eq!(median(&samples, "idle").unwrap(), 0.5);
        assert!(median(&samples, "start to tray").is_err());
        assert!(read("idle\tmuch\n").is_err());
    }
}
