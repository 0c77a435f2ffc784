"""Puts the programs into the wheel, as the packages of ruff and uv have theirs.

`cargo xtask dist` sets the directory of the programs and the tag of the platforms that they run on.
Without them the wheel has only the Python client, which works with programs that are in `PATH`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAMS = ("claude-worker", "claude-worker-mcp")


def version() -> str:
    """The version of the workspace, from its Cargo.toml."""
    manifest = (Path(__file__).parent / "../../Cargo.toml").read_text()
    found = re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"', manifest, re.MULTILINE)
    if not found:
        raise ValueError("Cargo.toml has no version of the workspace")
    return found[1]


class ProgramsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the programs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds a wheel."""
        directory = os.environ.get("CLAUDE_WORKER_PROGRAMS")
        if not directory:
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{os.environ['CLAUDE_WORKER_PLATFORM_TAG']}"
        if notices := os.environ.get("CLAUDE_WORKER_NOTICES"):
            build_data["extra_metadata"][notices] = Path(notices).name
        build_data["shared_scripts"] = {str(Path(directory) / program): program for program in PROGRAMS}
