"""Each test has an engine of its own: a data directory below a temporary home, and no real Claude Code."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_worker import _address

#: Stands in for Claude Code: it repeats the prompt.
CLAUDE = """#!/bin/sh
prompt=$(cat)
session=11111111-2222-4333-8444-555555555555
printf '%s\\n' '{"type":"system","subtype":"init","session_id":"'$session'","model":"a-model"}'
case $prompt in *refuse*) error=true ;; *) error=false ;; esac
printf '%s\\n' '{"type":"result","subtype":"success","is_error":'$error',"result":"You said: '"$prompt"'",'\
'"num_turns":1,"total_cost_usd":0.01,"session_id":"'$session'"}'
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory for one test; the environment names its engine, which is stopped in the end."""
    # A socket has a short path, so pytest's own directories are too deep.
    place = Path(tempfile.mkdtemp(prefix="cw-"))
    for name in ("home", "project", "bin"):
        (place / name).mkdir()
    claude = place / "bin/claude"
    claude.write_text(CLAUDE)
    claude.chmod(0o755)
    programs = os.environ.get("CLAUDE_WORKER_PROGRAMS")
    path = [str(place / "bin"), *([programs] if programs else []), os.environ["PATH"]]
    for name in list(os.environ):
        if name.startswith(("CLAUDE", "ANTHROPIC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    monkeypatch.setenv("HOME", str(place / "home"))
    # No shell is asked for its PATH before the first run.
    monkeypatch.setenv("SHELL", "/usr/sbin/nologin")
    monkeypatch.setenv("CLAUDE_WORKER_HOME", str(place / "data"))
    monkeypatch.chdir(place / "project")
    yield place
    worker("server", "stop", "--cancel-running")
    shutil.rmtree(place)


def worker(*arguments: str) -> str:
    """Runs the command line; returns what it prints."""
    command = [_address.program(), *arguments]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60)
    return ended.stdout
