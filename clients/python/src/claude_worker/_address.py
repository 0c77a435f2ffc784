"""Where the engine is, and the program that starts one."""

from __future__ import annotations

import os
import shutil
import sysconfig
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import InvalidRequest


@dataclass(frozen=True)
class Address:
    """The address of an engine: a local socket, or host and port."""

    #: The path of the socket, for a local engine.
    socket: str | None = None
    host: str = ""
    port: int = 0
    tls: bool = False
    token: str = field(default="", repr=False)
    #: The file that exists after a person has stopped the local engine.
    stop_marker: str | None = None
    #: Where a local engine keeps its data, if that is not the default.
    home: str | None = None

    def __str__(self) -> str:
        if self.socket is not None:
            return self.socket
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def is_ours(self) -> bool:
        """Whether it is the engine of the data directory, which this client can start."""
        return self.stop_marker is not None

    def was_stopped(self) -> bool:
        """Whether a person has stopped the engine."""
        return self.stop_marker is not None and os.path.exists(self.stop_marker)


def find(url: str | None, token: str | None, home: str | None) -> Address:
    """The engine that the arguments name, or else the environment, or else the one of this user."""
    if url is None and home is None:
        url = os.environ.get("CLAUDE_WORKER_SERVER_URL")
    if url and url.startswith("unix://"):
        return Address(socket=url[len("unix://") :])
    directory, prefix = _data_directory(home)
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise InvalidRequest(
                "invalid_request",
                f"{url!r} is not the address of an engine",
                "Use http://127.0.0.1:8000, https://HOST or unix:///path/to/engine.sock",
            )
        tls = parts.scheme == "https"
        given = token or os.environ.get("CLAUDE_WORKER_TOKEN")
        # The token of this user's engine goes to this machine only.
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not given and local:
            given = _read(os.path.join(directory, f"{prefix}token"))
        return Address(
            host=parts.hostname, port=parts.port or (443 if tls else 80), tls=tls, token=given or ""
        )
    return Address(
        socket=os.path.join(directory, f"{prefix}engine.sock"),
        stop_marker=os.path.join(directory, f"{prefix}engine.stopped"),
        home=home,
    )


def _data_directory(home: str | None) -> tuple[str, str]:
    """The directory, and the prefix of the files of an engine whose database has another name."""
    if home is not None:
        return os.path.abspath(os.path.expanduser(home)), ""
    database = os.environ.get("CLAUDE_WORKER_DB")
    given = os.environ.get("CLAUDE_WORKER_HOME")
    if not given and database:
        given = os.path.dirname(os.path.expanduser(database))
    directory = os.path.expanduser(given or "~/.claude-worker")
    stem = os.path.splitext(os.path.basename(database))[0] if database else "tasks"
    return directory, "" if stem == "tasks" else f"{stem}."


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def program() -> str:
    """The program `claude-worker`: the one that was installed with this package, or the one in PATH."""
    installed = os.path.join(sysconfig.get_path("scripts"), "claude-worker")
    found = installed if os.access(installed, os.X_OK) else shutil.which("claude-worker")
    if found is None:
        raise InvalidRequest(
            "invalid_request",
            "The program claude-worker is not installed",
            "Install it with `pip install claude-worker`, or set CLAUDE_WORKER_SERVER_URL",
        )
    return found


def environment(address: Address) -> dict[str, str]:
    """The environment of the program that starts the engine of this address."""
    variables = dict(os.environ)
    variables.pop("CLAUDE_WORKER_SERVER_URL", None)
    if address.home is not None:
        variables["CLAUDE_WORKER_HOME"] = os.path.abspath(os.path.expanduser(address.home))
        variables.pop("CLAUDE_WORKER_DB", None)
    return variables
