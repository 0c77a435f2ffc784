"""The Python client of Claude Worker, a durable queue for Claude Code.

>>> from claude_worker import Client
>>> client = Client()
>>> task = client.submit("echo Hello", agent="shell")
>>> client.result(task.id)
'Hello'
"""

from ._arguments import Duration, NewTask, TaskChanges, TaskOptions
from .async_client import AsyncClient
from .client import Client
from .errors import (
    ApiError,
    ClaudeWorkerError,
    Conflict,
    DiskFull,
    Forbidden,
    InvalidRequest,
    NotFound,
    QueueFull,
    TaskNotCompleted,
    Unavailable,
    WaitTimeout,
)
from .types import Event, LogItem, Run, Task, TaskDetail, Usage

__all__ = [
    "ApiError",
    "AsyncClient",
    "ClaudeWorkerError",
    "Client",
    "Conflict",
    "DiskFull",
    "Duration",
    "Event",
    "Forbidden",
    "InvalidRequest",
    "LogItem",
    "NewTask",
    "NotFound",
    "QueueFull",
    "Run",
    "Task",
    "TaskChanges",
    "TaskDetail",
    "TaskNotCompleted",
    "TaskOptions",
    "Unavailable",
    "Usage",
    "WaitTimeout",
]
