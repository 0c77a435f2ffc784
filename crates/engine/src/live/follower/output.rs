//! Reading what the agent prints, as it grows.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

use claude_worker_api::Timestamp;

use super::super::lock;
use super::Follower;

impl Follower {
    /// Reads what the agent has printed since the last time. That it cannot be read is no reason to
    /// leave the run itself alone.
    pub(super) fn read_along(&mut self) {
        if self.blind {
            return;
        }
        let (stdout, stderr) = (self.live.dir.stdout_path(), self.live.dir.stderr_path());
        let live_path = self.live.dir.live_path();
        let Self { summary, stdout: out, stderr: err, live_lines, live_text, .. } = self;
        // Output is hostile: should it find a hole in our reading, only the reading ends.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let needed_end = summary.needed_end();
            let mut rewritten = false;
            let from_out = out.read(&stdout, needed_end, |lines, bytes| {
                lines.push(bytes, |line| {
                    summary.read(&line, false);
                    rewritten |= live_text.read_kept(&line);
                });
            });
            let from_err = err.read(&stderr, needed_end, |lines, bytes| {
                lines.push(bytes, |line| summary.read(&line, true));
            });
            // After the output, which has as a whole what was being written. Not to be able to read it costs
            // nothing but the sight of it.
            let from_live = live_lines.notice_emptied().and_then(|()| {
                live_lines.read(&live_path, None, |lines, bytes| {
                    lines.push(bytes, |line| rewritten |= live_text.read(&line));
                })
            });
            (from_out, from_err, rewritten, from_live.unwrap_or(0))
        }));
        let Ok((from_out, from_err, rewritten, from_live)) = read else {
            tracing::error!("its output cannot be understood any further");
            self.blind = true;
            return;
        };
        let mut grown = 0;
        let mut unread = false;
        for (path, read) in [(stdout, from_out), (stderr, from_err)] {
            match read {
                Ok(bytes) => grown += bytes,
                Err(error) => {
                    // What an agent has put in its place does not become readable again.
                    self.blind |= matches!(
                        error.kind(),
                        io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied
                    );
                    if self.blind || !self.unread {
                        let path = path.display();
                        tracing::error!(%path, %error, again = !self.blind, "output cannot be read");
                    }
                    unread = true;
                }
            }
        }
        self.unread = unread && !self.blind;
        if !self.summary.is_settled() {
            self.settled_since = None;
        } else if self.settled_since.is_none() {
            self.settled_since = Some(Instant::now());
        }
        {
            let mut shown = lock(&self.live.live_text);
            shown.stdout_bytes = self.stdout.offset;
            if rewritten {
                shown.version += 1;
                shown.items = self.live_text.items();
            }
        }
        if grown > 0 || from_live > 0 {
            self.live.last_output_at.store(Timestamp::now().as_millis(), Ordering::Relaxed);
            self.live.output_bytes.fetch_add(grown, Ordering::Relaxed);
        }
        if grown > 0 || rewritten {
            self.live.grown.send_modify(|bytes| *bytes += grown);
        }
    }

    pub(super) fn read_to_the_end(&mut self) {
        self.read_along();
        if self.blind {
            return;
        }
        let summary = &mut self.summary;
        self.stdout.lines.finish(|line| summary.read(&line, false));
        self.stderr.lines.finish(|line| summary.read(&line, true));
    }
}
