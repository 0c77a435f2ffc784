//! `server logs`: the log file of the engine of this machine.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_engine::Paths;
use claude_worker_os::files::Identity;
use serde::Serialize;

use crate::connect::EngineHere;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::interrupted;
use crate::number::number;
use crate::render::text::clean_line;

/// How often a followed file is read.
const EACH: Duration = Duration::from_millis(200);

/// The arguments of `server logs`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Follow: print further lines as they are written, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// Show at most this many of the last lines
    #[arg(short = 'n', long, visible_alias = "tail", value_name = "N", default_value_t = 100,
          value_parser = number(0..=usize::MAX))]
    pub lines: usize,
}

#[derive(Serialize)]
struct Line<'a> {
    line: &'a str,
}

/// Prints the end of the log, and with `--follow` what is added to it.
///
/// # Errors
/// A usage error for an engine on another machine; `not_found` when there is no log.
pub(super) async fn show(console: &mut Console<'_>, args: &Args) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    // The log of an engine on another machine is on that machine.
    EngineHere::from_env(&paths)?;
    let mut log = Log::open(&paths.log)?;
    for line in log.last(args.lines).map_err(|error| unreadable(&paths.log, &error))? {
        print(console, &line)?;
    }
    if !args.follow {
        return Ok(Exit::Done);
    }
    let mut interrupt = std::pin::pin!(interrupted());
    loop {
        tokio::select! {
            () = tokio::time::sleep(EACH) => {}
            by = &mut interrupt => return Ok(by.into()),
        }
        for line in log.news(&paths.log).map_err(|error| unreadable(&paths.log, &error))? {
            print(console, &line)?;
        }
    }
}

fn print(console: &mut Console<'_>, line: &str) -> Result<(), CliError> {
    let line = clean_line(line);
    if console.json { console.document(&Line { line: &line }) } else { console.line(&line) }
}

fn unreadable(path: &Path, error: &io::Error) -> ApiError {
    if error.kind() == io::ErrorKind::NotFound {
        return ApiError::new(
            ErrorCode::NotFound,
            format!("There is no log at {}: no engine has run here", path.display()),
        )
        .hint("Start one with: claude-worker server start");
    }
    ApiError::internal(format!("Cannot read {}: {error}", path.display()))
}

/// A log that is read line by line, also across the renaming of a long one.
struct Log {
    reader: BufReader<File>,
    /// The beginning of a line that is not complete yet.
    begun: Vec<u8>,
}

impl Log {
    fn open(path: &Path) -> Result<Self, ApiError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        if !file.metadata().is_ok_and(|found| found.is_file()) {
            return Err(ApiError::internal(format!("{} is not a file", path.display())));
        }
        Ok(Self { reader: BufReader::new(file), begun: Vec::new() })
    }

    /// The last lines.
    fn last(&mut self, most: usize) -> io::Result<VecDeque<String>> {
        let mut last = VecDeque::new();
        self.each(|line| {
            if last.len() == most {
                last.pop_front();
            }
            if most > 0 {
                last.push_back(line);
            }
        })?;
        Ok(last)
    }

    /// The lines since the last call.
    fn news(&mut self, path: &Path) -> io::Result<Vec<String>> {
        let mut news = Vec::new();
        self.each(|line| news.push(line))?;
        let ours = self.reader.get_ref().metadata().and_then(|found| Identity::of(&found))?;
        // The engine has begun a new file. What it wrote into the old one after it was read is read first.
        if Identity::at(path).is_ok_and(|now| now != ours) {
            self.each(|line| news.push(line))?;
            self.reader = BufReader::new(File::open(path)?);
            self.begun.clear();
            self.each(|line| news.push(line))?;
        }
        Ok(news)
    }

    fn each(&mut self, mut take: impl FnMut(String)) -> io::Result<()> {
        loop {
            let read = self.reader.by_ref().read_until(b'\n', &mut self.begun)?;
            if read == 0 || !self.begun.ends_with(b"\n") {
                return Ok(());
            }
            take(String::from_utf8_lossy(&self.begun).trim_end().to_owned());
            self.begun.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_lines_and_what_follows_are_read_across_a_renaming() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.log");
        assert_eq!(Log::open(&path).err().map(|error| error.code), Some(ErrorCode::NotFound));
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\ntwo\nthr").unwrap();
        let mut log = Log::open(&path).unwrap();
        assert_eq!(log.last(1).unwrap(), ["two"]);
        assert!(log.news(&path).unwrap().is_empty());
        file.write_all(b"ee\nfour\n").unwrap();
        assert_eq!(log.news(&path).unwrap(), ["three", "four"]);
        file.write_all(b"five\n").unwrap();
        std::fs::rename(&path, directory.path().join("engine.log.old")).unwrap();
        std::fs::write(&path, "six\n").unwrap();
        assert_eq!(log.news(&path).unwrap(), ["five", "six"]);
        assert_eq!(Log::open(&path).unwrap().last(0).unwrap().len(), 0);
    }
}
