//! What clients see of a round after its commit.

use claude_worker_api::{ApiError, Queue};

use super::{Answer, Dispatcher, Memory};
use crate::message::Reply;
use crate::store::Published;

impl Dispatcher {
    pub(super) fn queue_now(&self) -> Queue {
        Queue {
            paused: self.memory.paused,
            workers: self.config.workers,
            counts: self.memory.counts,
            unseen: self.memory.unseen,
        }
    }

    pub(super) fn publish(&mut self, before: &Memory) {
        let queue = self.queue_now();
        if self.memory.draining != before.draining {
            self.draining.send_replace(self.memory.draining);
        }
        // Before the event number, because readers that it wakes read this.
        let published = Published { seq: self.memory.seq, queue };
        self.published.send_if_modified(|shown| std::mem::replace(shown, published) != published);
        if self.memory.output_kept != before.output_kept {
            self.output_kept.send_replace(self.memory.output_kept);
        }
        self.activity_shown
            .send_if_modified(|shown| std::mem::replace(shown, self.activity) != self.activity);
        if self.memory.seq != before.seq {
            self.seq.send_replace(self.memory.seq);
        }
        // After the number, so that a request which is woken sees it.
        self.event_waiters.wake(&self.new_events);
        self.new_events.clear();
    }

    pub(super) fn answer(&mut self, answer: Answer, reply: Result<Reply, ApiError>) {
        match reply {
            Ok(Reply::Removing(id)) => self.awaiting_removal.entry(id).or_default().push(answer),
            Ok(Reply::Stopping) => self.awaiting_stop.push(answer),
            Ok(reply @ Reply::Stopped(_)) => {
                self.stopping = true;
                drop(answer.send(Ok(reply)));
            }
            reply => drop(answer.send(reply)),
        }
    }
}
