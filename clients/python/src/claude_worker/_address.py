"""Where the engine is, and the program that starts one."""

from __future__ import annotations

import os
import shutil
import ssl
import sysconfig
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from .errors import InvalidRequest


@dataclass(frozen=True)
class Address:
    """The address of an engine: a local socket, or host and port."""

    #: The path of the socket, for a local engine.
    socket: str | None = None
    host: str = ""
    port: int = 0
    #: Which certificates are accepted; None without TLS.
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    #: The file that exists after a person has stopped the local engine.
    stop_marker: str | None = None
    #: Where a local engine keeps its data, if that is not the default.
    home: str | None = None

    def __str__(self) -> str:
        if self.socket is not None:
            return self.socket
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port, as in the header `Host`."""
        if self.socket is not None:
            return "localhost"
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.tls else 80) else f"{name}:{self.port}"

    @property
    def is_ours(self) -> bool:
        """Whether it is the engine of the data directory, which this client can start."""
        return self.stop_marker is not None

    def was_stopped(self) -> bool:
        """Whether a person has stopped the engine."""
        return self.stop_marker is not None and os.path.exists(self.stop_marker)


def find(
    url: str | None,
    token: str | None,
    home: str | os.PathLike[str] | None,
    tls: ssl.SSLContext | None,
) -> Address:
    """The engine that the arguments name, or else the environment, or else the one of this user."""
    own = None if home is None else os.path.abspath(os.path.expanduser(home))
    if url is None and own is None:
        url = os.environ.get("CLAUDE_WORKER_SERVER_URL")
    if url and url.startswith("unix://"):
        return Address(socket=url[len("unix://") :])
    if url:
        return _over_tcp(url, token, own, tls)
    directory, prefix = _data_directory(own)
    return Address(
        socket=os.path.join(directory, f"{prefix}engine.sock"),
        stop_marker=os.path.join(directory, f"{prefix}engine.stopped"),
        home=own,
    )


def _over_tcp(url: str, token: str | None, home: str | None, tls: ssl.SSLContext | None) -> Address:
    parts, host, port = _parts(url)
    given = token or os.environ.get("CLAUDE_WORKER_TOKEN") or ""
    # The token of this user's engine goes to this machine only.
    if not given and host in ("127.0.0.1", "::1", "localhost"):
        directory, prefix = _data_directory(home)
        given = _read(os.path.join(directory, f"{prefix}token"))
    given = given.strip()
    if not all("!" <= character <= "~" for character in given):
        raise InvalidRequest(
            "invalid_request",
            "The token has a character that no token has, such as a space or a line end",
            "Check the argument token, or CLAUDE_WORKER_TOKEN",
        )
    context = _tls_context(tls) if parts.scheme == "https" else None
    return Address(host=host, port=port or (443 if context else 80), tls=context, token=given)


def _parts(url: str) -> tuple[SplitResult, str, int | None]:
    """The address in parts, with host and port."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), "", None
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or not host or more:
        raise InvalidRequest(
            "invalid_request",
            f"{url!r} is not the address of an engine",
            "Use http://127.0.0.1:8000, https://HOST or unix:///path/to/engine.sock",
        )
    return parts, host, port


def _tls_context(given: ssl.SSLContext | None) -> ssl.SSLContext:
    """Which certificates are accepted: those of the system, and the issuer in CLAUDE_WORKER_CA."""
    if given is not None:
        return given
    context = ssl.create_default_context()
    own = os.environ.get("CLAUDE_WORKER_CA")
    if own:
        try:
            context.load_verify_locations(own)
        except OSError as error:
            raise InvalidRequest(
                "invalid_request",
                f"CLAUDE_WORKER_CA={own} cannot be used: {error}",
                "Name a file with the certificate of the issuer as PEM",
            ) from error
    return context


def _data_directory(home: str | None) -> tuple[str, str]:
    """The directory, and the prefix of the files of an engine whose database has another name.

    The programs use the same rules.
    """
    if home is not None:
        return home, ""
    database = _absolute("CLAUDE_WORKER_DB")
    directory = _absolute("CLAUDE_WORKER_HOME")
    if directory is None and database is not None:
        directory = os.path.dirname(database)
    if directory is None:
        user_home = os.environ.get("HOME", "")
        if not os.path.isabs(user_home):
            raise InvalidRequest(
                "invalid_request",
                f"HOME={user_home} is not an absolute path"
                if user_home
                else "There is no home directory to keep tasks in",
                "Set HOME or CLAUDE_WORKER_HOME to a directory of yours",
            )
        directory = os.path.join(user_home, ".claude-worker")
    stem = os.path.splitext(os.path.basename(database))[0] if database else "tasks"
    return directory, "" if stem == "tasks" else f"{stem}."


def _absolute(name: str) -> str | None:
    """The path in an environment variable. A relative one would be another queue in each directory."""
    path = os.environ.get(name)
    if not path:
        return None
    user_home = os.environ.get("HOME", "")
    if (path == "~" or path.startswith("~/")) and os.path.isabs(user_home):
        return os.path.join(user_home, path[2:])
    if not os.path.isabs(path):
        raise InvalidRequest(
            "invalid_request",
            f"{name}={path} is not an absolute path",
            "Give it from the root on; a relative one would be another place in each directory",
        )
    return path


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
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
        variables["CLAUDE_WORKER_HOME"] = address.home
        variables.pop("CLAUDE_WORKER_DB", None)
    return variables
