"""docs/own-models.md works as it stands: its blocks are run in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app", "docker", "docs", "flask_lab", "migrations", "scripts", "tests")
FILES = ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt")
# What the session around this one was told, and must not tell the one inside.
OUTSIDE = ("DB", "DATABASE_URL", "LAB_", "MAKE", "PYTEST_", "MFLAGS")
CHOSEN = {"T", "JUNIT"}
"""Given to this session's `make`, which hands them on."""


@pytest.mark.slow
def test_the_steps_lead_to_a_tree_of_ones_own(tmp_path: Path) -> None:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for file in FILES:
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    steps = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "docs" / "own-models.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert len(steps) == 5
    # The virtual environment is this session's, and stays as it is.
    inside = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
    environment = {name: value for name, value in inside.items() if name not in CHOSEN} | {
        "MAKEFLAGS": "-o .venv/.runs -o .venv/.tests"
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(steps)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (tmp_path / "migrations" / "versions").glob("*.py")] == [
        "0001_create_authors_and_books.py"
    ]
    assert re.search(r"sqlite +\S+ +embedded +2 +0 +0", done.stdout), done.stdout
    linted = subprocess.run(
        ["make", "lint", "types"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr
