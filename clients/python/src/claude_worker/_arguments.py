"""From the arguments of the clients to the fields of requests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from ._address import Address

if sys.version_info >= (3, 11):
    from typing import Unpack
elif TYPE_CHECKING:
    from typing_extensions import Unpack

#: A number of seconds, or a `timedelta`.
Duration = float | timedelta


class _SharedOptions(TypedDict, total=False):
    """What a new task can have, and what can be changed in a task."""

    #: Where the agent works. Default of a new task: the current directory with an engine on this machine,
    #: over HTTP the directory that the server is configured with.
    working_directory: str | os.PathLike[str] | None
    #: Shown in lists. Default: the first line of the prompt.
    name: str | None
    #: Added to the system prompt of Claude Code.
    system_prompt: str | None
    model: str | None
    #: As in `claude --permission-mode`.
    permission_mode: str | None
    #: Tools that are allowed without asking, such as `Bash(git diff:*)`.
    allowed_tools: Sequence[str] | None
    max_turns: int | None
    max_budget_usd: float | None
    #: How long a run may take; 0 means no limit.
    timeout: Duration | None
    #: How long the agent may print nothing; 0 means no limit.
    silence: Duration | None
    #: Environment variables of the task. No client gets them back.
    env: Mapping[str, str] | None
    #: Further fields of the task, such as `disallowed_tools`, and those of engines that are newer than this
    #: package.
    extra: Mapping[str, Any] | None


class TaskOptions(_SharedOptions, total=False):
    """The options of a new task."""

    #: `claude` (the default) or `shell`.
    agent: str | None
    #: A second submission with the same key returns the first task.
    idempotency_key: str | None


class TaskChanges(_SharedOptions, total=False):
    """What `edit`, `retry` and `resume` change in a task: what is left out stays. Tools and variables are
    added to those of the task."""

    #: Another prompt or command.
    prompt: str | None


class NewTask(TaskOptions):
    """A task for `submit_batch`: a dictionary with a prompt and the options of `submit`."""

    #: What to do; for the agent `shell` a command.
    prompt: str


def seconds(duration: Duration | None) -> float | None:
    """The duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _millis(duration: Duration | None) -> int | None:
    length = seconds(duration)
    return None if length is None else round(length * 1000)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _task_fields(
    address: Address,
    *,
    prompt: str | None = None,
    working_directory: str | os.PathLike[str] | None = None,
    name: str | None = None,
    agent: str | None = None,
    system_prompt: str | None = None,
    model: str | None = None,
    permission_mode: str | None = None,
    allowed_tools: Sequence[str] | None = None,
    max_turns: int | None = None,
    max_budget_usd: float | None = None,
    timeout: Duration | None = None,
    silence: Duration | None = None,
    env: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fields of a task, as an engine names them."""
    # A path may be bytes, too.
    directory = os.fsdecode(working_directory) if working_directory is not None else None
    if directory is not None and address.socket is not None:
        # The engine is on this machine, and has another working directory than this process.
        directory = os.path.abspath(os.path.expanduser(directory))
    limits = _given(
        {
            "max_turns": max_turns,
            "max_budget_usd": max_budget_usd,
            "timeout_ms": _millis(timeout),
            "silence_ms": _millis(silence),
        }
    )
    fields = {
        "execution_prompt": prompt,
        "working_directory": directory,
        "name": name,
        "agent": agent,
        "system_prompt": system_prompt,
        "model": model,
        "permission_mode": permission_mode,
        "allowed_tools": list(allowed_tools) if allowed_tools else None,
        "limits": limits or None,
        "env": dict(env) if env else None,
        "idempotency_key": idempotency_key,
        **(extra or {}),
    }
    return _given(fields)


def new_task(address: Address, prompt: str, **options: Unpack[TaskOptions]) -> dict[str, Any]:
    """The body of a submission."""
    if options.get("working_directory") is None:
        options["working_directory"] = "."
    return _task_fields(address, prompt=prompt, **options)


def changes(address: Address, changed: TaskChanges | None) -> dict[str, Any]:
    """The part of a request that changes a task."""
    fields = _task_fields(address, **(changed or TaskChanges()))
    return {"changes": fields} if fields else {}


def list_query(
    status: str | Sequence[str] | None, search: str | None, order: str | None, limit: int
) -> dict[str, Any]:
    """The query of a list."""
    statuses = status if isinstance(status, str) or status is None else ",".join(status)
    return {"status": statuses or None, "search": search, "order": order, "limit": limit}
