"""From the arguments of the clients to the fields of requests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ._protocol import Session

#: A number of seconds, or a `timedelta`.
Duration = float | timedelta


def seconds(duration: Duration | None) -> float | None:
    """The duration in seconds."""
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _millis(duration: Duration | None) -> int | None:
    length = seconds(duration)
    return None if length is None else round(length * 1000)


def new_task(
    session: Session,
    prompt: str,
    *,
    working_directory: str | os.PathLike[str] | None,
    name: str | None,
    agent: str | None,
    system_prompt: str | None,
    model: str | None,
    permission_mode: str | None,
    allowed_tools: Sequence[str] | None,
    max_turns: int | None,
    max_budget_usd: float | None,
    timeout: Duration | None,
    silence: Duration | None,
    env: Mapping[str, str] | None,
    idempotency_key: str | None,
    extra: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The body of a submission."""
    directory = os.fspath(working_directory) if working_directory is not None else None
    if session.address.socket is not None:
        # The engine is on this machine, and has another working directory than this process.
        directory = os.path.abspath(os.path.expanduser(directory or "."))
    limits = {
        "max_turns": max_turns,
        "max_budget_usd": max_budget_usd,
        "timeout_ms": _millis(timeout),
        "silence_ms": _millis(silence),
    }
    limits = {limit: value for limit, value in limits.items() if value is not None}
    return {
        "execution_prompt": prompt,
        # Without a directory, an engine elsewhere says what is missing.
        "working_directory": directory or "",
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


def list_query(
    status: str | Sequence[str] | None, search: str | None, order: str | None, limit: int
) -> dict[str, Any]:
    """The query of a list."""
    statuses = status if isinstance(status, str) or status is None else ",".join(status)
    return {"status": statuses or None, "search": search, "order": order, "limit": limit}
