"""The Python examples of the documents work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from claude_worker import Client

PACKAGE = Path(__file__).parent.parent


def blocks(document: Path) -> list[str]:
    """The Python blocks of a document."""
    parts = document.read_text().split("```python\n")[1:]
    return [part.split("```")[0] for part in parts]


EXAMPLES = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in (PACKAGE / "README.md", PACKAGE / "../../docs/python.md")
    for number, block in enumerate(blocks(document), 1)
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_works(home: Path, example: str) -> None:
    command = [sys.executable, "-W", "error", "-c", example]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
    assert ended.returncode == 0
    assert ended.stdout, "it prints nothing"
    assert not Client().list("failed") or "exit 3" in example
