"""The answers of an engine, as types.

Each has `raw`: the answer as JSON, with fields that only a newer engine knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

Json = Mapping[str, Any]

#: The statuses of finished tasks.
FINISHED: frozenset[str] = frozenset({"completed", "failed", "cancelled", "skipped"})


def _instant(value: Any) -> datetime | None:
    """Reads a time like `2026-11-29T10:00:00.123Z`."""
    if not isinstance(value, str):
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?Z", value)
    if not match:
        return None
    micros = int((match[2] or "").ljust(6, "0"))
    return datetime.fromisoformat(match[1]).replace(microsecond=micros, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Usage:
    """What a task or run has used. A figure is None when the agent did not report it."""

    #: US dollars.
    cost_usd: float | None = None
    turns: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    #: How long calls of the model's API took; calls at the same time are added up.
    api_ms: int | None = None
    #: How long at least one tool ran.
    tools_ms: int | None = None

    @classmethod
    def _of(cls, raw: Json) -> Usage:
        return cls(**{name: raw.get(name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Task:
    """A task, as lists show it."""

    #: Its number.
    id: int
    name: str
    #: `waiting`, `pending`, `running`, `completed`, `failed`, `cancelled` or `skipped`; a newer engine
    #: may know more.
    status: str
    #: `claude` or `shell`.
    agent: str
    working_directory: str
    created_at: datetime | None
    #: When its newest run was started.
    started_at: datetime | None
    ended_at: datetime | None
    #: How many runs it has had.
    runs: int
    model: str | None
    #: What the agent did last, in a few words.
    last_action: str | None
    #: The beginning of the final answer.
    final_summary: str | None
    #: What all its runs used together.
    usage: Usage
    #: Whether a follow-up can continue its session.
    has_session: bool
    #: Warnings for whoever submitted it, as sentences.
    warnings: list[str]
    #: The whole answer.
    raw: Json = field(repr=False, compare=False)

    @property
    def is_finished(self) -> bool:
        """Whether it has ended, in whatever way."""
        # Every state of a finished task has this time, also those that later versions add.
        return self.status in FINISHED or self.ended_at is not None

    @property
    def submitted_before(self) -> bool:
        """Whether it was there already, because an earlier submission had the same idempotency key.

        Only the answer to a submission has this.
        """
        return bool(self.raw.get("submitted_before", False))

    @property
    def failure(self) -> Json | None:
        """Why it failed: `kind` (such as `timeout`) and the fields of that kind."""
        return self.raw.get("failure")

    @property
    def reason(self) -> str:
        """Why it failed, waits or was skipped, in a few words; empty otherwise."""
        if self.failure is not None:
            message = self.failure.get("message") or ""
            kind = str(self.failure.get("kind", "")).replace("_", " ")
            if self.failure.get("kind") == "exit":
                kind = f"exit code {self.failure.get('code')}"
            return f"{kind}: {message}" if message else kind
        reason = self.raw.get("reason", "")
        return str(reason.get("for", "")).replace("_", " ") if isinstance(reason, dict) else str(reason)

    @classmethod
    def _fields(cls, raw: Json) -> dict[str, Any]:
        return {
            "id": raw["id"],
            "name": raw.get("name", ""),
            "status": raw["status"],
            "agent": raw.get("agent", "claude"),
            "working_directory": raw.get("working_directory", ""),
            "created_at": _instant(raw.get("created_at")),
            "started_at": _instant(raw.get("started_at")),
            "ended_at": _instant(raw.get("ended_at")),
            "runs": raw.get("runs", 0),
            "model": raw.get("model"),
            "last_action": raw.get("last_action"),
            "final_summary": raw.get("final_summary"),
            "usage": Usage._of(raw.get("usage") or {}),
            "has_session": raw.get("has_session", False),
            "warnings": list(raw.get("warnings") or ()),
            "raw": raw,
        }

    @classmethod
    def _of(cls, raw: Json) -> Task:
        return cls(**cls._fields(raw))


@dataclass(frozen=True)
class Run:
    """One attempt at a task."""

    #: Its id, for `log` and `output`.
    id: str
    #: 1 for the first run of a task.
    number: int
    started_at: datetime | None
    ended_at: datetime | None
    #: `completed`, `failed` or `cancelled`; None until it has ended.
    verdict: str | None
    exit_code: int | None
    #: The session of Claude Code.
    session_id: str | None
    usage: Usage
    #: Bytes of output that are kept.
    output_bytes: int
    #: The whole answer.
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def _of(cls, raw: Json) -> Run:
        outcome = raw.get("outcome") or {}
        return cls(
            id=raw["id"],
            number=raw.get("number", 0),
            started_at=_instant(raw.get("started_at")),
            ended_at=_instant(outcome.get("ended_at")),
            verdict=outcome.get("verdict"),
            exit_code=outcome.get("exit_code"),
            session_id=raw.get("session_id"),
            usage=Usage._of(raw.get("usage") or {}),
            output_bytes=raw.get("output_bytes", 0),
            raw=raw,
        )


@dataclass(frozen=True)
class TaskDetail(Task):
    """A task with everything stored about it, except secrets."""

    #: The request. Values of environment variables are empty.
    request: Json = field(repr=False)
    #: Every run, oldest first.
    run_history: list[Run] = field(repr=False)
    #: The final answer of the newest run that has one. For a shell task, the
    #: end of what it printed: `output` has all of it.
    result: str | None

    @classmethod
    def _of(cls, raw: Json) -> TaskDetail:
        return cls(
            **cls._fields(raw),
            request=raw.get("request") or {},
            run_history=[Run._of(run) for run in raw.get("run_history") or ()],
            result=raw.get("result"),
        )


@dataclass(frozen=True)
class LogItem:
    """Something that an agent did or said."""

    #: `text`, `thinking`, `tool_call`, `tool_result`, `result`, `output`, `started`, `retry`, `note`; a
    #: newer engine may know more.
    type: str
    #: The text of the item, or for a tool call its main argument. It comes from the agent: remove control
    #: characters before you print it to a terminal.
    text: str
    #: The name of the tool, for a `tool_call`.
    tool: str | None
    #: When it was printed, if the agent says so.
    at: datetime | None
    #: The run it belongs to.
    run: str | None
    #: The whole item.
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def _of(cls, raw: Json, run: str | None) -> LogItem:
        return cls(
            type=raw["type"],
            text=raw.get("text") or raw.get("summary") or raw.get("reason") or "",
            tool=raw.get("tool"),
            at=_instant(raw.get("at")),
            run=run,
            raw=raw,
        )


@dataclass(frozen=True)
class LogPage:
    """A part of a log."""

    #: The run; None when the task has had none yet.
    run: str | None
    items: list[LogItem]
    #: Pass it as `after` to read the next page.
    next: int
    #: Whether the run has ended and this page reaches the end of its log.
    end: bool

    @classmethod
    def _of(cls, raw: Json) -> LogPage:
        run = raw.get("run")
        items = [LogItem._of(item, run) for item in raw.get("entries") or ()]
        return cls(run=run, items=items, next=raw["next"], end=raw["end"])


@dataclass(frozen=True)
class Event:
    """A change of a task, the queue or the settings."""

    #: Its number in the stream: increasing, never reused.
    seq: int
    #: `submitted`, `state_changed`, `moved`, `progress`, `quiet`, `removed`, `seen`,
    #: `queue_paused`, `settings_changed`, `projects_changed`; a newer engine may know more. `gap`
    #: means that events before this one are missing, because they are no longer stored: read the
    #: tasks again.
    kind: str
    at: datetime | None
    #: The task that changed; None for the queue as a whole.
    task: int | None
    #: The new status, for `state_changed`.
    status: str | None
    #: The whole event.
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def _of(cls, raw: Json) -> Event:
        return cls(
            seq=raw["seq"],
            kind=raw["kind"],
            at=_instant(raw.get("at")),
            task=raw.get("task"),
            status=raw.get("status"),
            raw=raw,
        )

    @classmethod
    def _gap(cls, seq: int) -> Event:
        return cls(seq=seq, kind="gap", at=None, task=None, status=None, raw={"seq": seq, "kind": "gap"})
