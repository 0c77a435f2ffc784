"""What the wheel contains."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def test_the_wheel_has_the_license_and_says_what_it_is_for(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if name != "CLAUDE_WORKER_PROGRAMS"}
    subprocess.run(build, cwd=PACKAGE, env=environment, check=True, stdout=subprocess.DEVNULL)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [license] = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
        assert archive.read(license) == (PACKAGE / "../../LICENSE").read_bytes()
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        described = archive.read(metadata).decode()
    for line in (
        "License-File: LICENSE",
        "Classifier: Framework :: AsyncIO",
        "Classifier: Programming Language :: Python :: 3.10",
        "Classifier: Typing :: Typed",
    ):
        assert line in described.splitlines()
    assert "claude_worker/py.typed" in names
