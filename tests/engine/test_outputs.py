"""Reports, stored runs and baselines that cannot be written: the rest is written, and the exit code says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.projects import TREES, make_project
from tests.engine.test_project import ROOT, change, lab

pytestmark = pytest.mark.sqlite
RUN = ("run", "stairway", "--on", "sqlite")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", TREES / "downgrade-missing" / "good")


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that has no room for a run."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk that is full")
    try:
        (folder / "lab.xml").write_text("what was there before")
        with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_full_store_does_not_cost_the_report(good: Path, full: Path) -> None:
    done = lab(good, *RUN, LAB_STORE=str(full))
    assert done.returncode == 3
    assert "✓ passed 3" in done.stdout
    start = f"Error: the run cannot be kept in {full}/"
    assert done.stderr.startswith(start)
    assert done.stderr.endswith(": No space left on device; --no-store keeps none\n")
    assert sorted(each.name for each in full.iterdir()) == ["filler", "lab.xml"]


def test_full_disk_costs_one_report_and_not_the_others(good: Path, full: Path) -> None:
    done = lab(good, *RUN, "--format", f"junit:{full}/lab.xml", "--format", "json:run.json")
    assert done.returncode == 3
    assert done.stderr == f"Error: the report cannot be written to {full}/lab.xml: No space left on device\n"
    assert json.loads((good / "run.json").read_text())["run"]["verdict"] == "passed"
    assert sorted(each.name for each in full.iterdir()) == ["filler", "lab.xml"]
    assert (full / "lab.xml").read_text() == "what was there before"


def test_store_that_cannot_be_is_wrong_usage(good: Path) -> None:
    done = lab(good, *RUN, LAB_STORE=str(good / "app.py"))
    assert done.returncode == 2
    assert "✓ passed 3" in done.stdout
    assert "File exists; --no-store keeps none" in done.stderr or "Not a directory" in done.stderr
    assert lab(good, *RUN, "--no-store", LAB_STORE=str(good / "app.py")).returncode == 0


def test_budget_that_nothing_is_measured_for_is_named(good: Path) -> None:
    (good / "pyproject.toml").write_text("[tool.flask_lab.budget]\nwrites = 500\n")
    done = lab(good, *RUN, "--no-store", "--format", "json")
    told = "the budget: no experiment of this run measures how long traffic waits"
    assert (done.returncode, json.loads(done.stdout)["counts"]["not_compared"]) == (0, [told])


def test_no_store_keeps_none(good: Path) -> None:
    assert lab(good, *RUN, "--no-store").returncode == 0
    assert not (good.parent / "runs").exists()
    assert "there is no run 'latest'" in lab(good, "show").stderr


def test_every_place_that_cannot_be_is_named(good: Path) -> None:
    places = ("--format", "json:app.py/run.json", "--write-baseline", "app.py/known.json")
    done = lab(good, *RUN, *places, "--format", "terminal")
    assert done.returncode == 2
    assert "✓ passed 3" in done.stdout
    baseline, report = done.stderr.splitlines()
    assert baseline.startswith("Error: the baseline cannot be written to app.py/known.json: ")
    assert report.startswith("Error: the report cannot be written to app.py/run.json: ")


def test_full_stdout_is_told_once(good: Path) -> None:
    command = f"{' '.join(RUN)} --format terminal --format json:run.json >/dev/full"
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m flask_lab {command}', sys.executable],
        cwd=good,
        env=os.environ | {"LAB_STORE": str(good.parent / "runs"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "Error: the report cannot be written to stdout: No space left on device\n"
    assert json.loads((good / "run.json").read_text())["run"]["verdict"] == "passed"


def test_pipe_is_written_to_and_stays_one(good: Path) -> None:
    pipe = good / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    try:
        assert lab(good, *RUN, "--format", "json:pipe").returncode == 0
        assert json.loads(os.read(reader, 1 << 16))["run"]["verdict"] == "passed"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_long_statement_is_kept_in_part_and_says_so(good: Path) -> None:
    (script,) = [each for each in (good / "migrations" / "versions").glob("*.py") if "0001" in each.name]
    change(script, "def upgrade():\n", "def upgrade():\n    op.execute('SELECT 1 -- ' + 'x' * 6000)\n")
    done = lab(good, *RUN, "--format", "json")
    (first,) = [
        each for each in json.loads(done.stdout)["cells"] if (each["revision"] or "").startswith("0001")
    ]
    sql = first["facts"]["upgrade"]["sql"][0]
    assert sql.startswith("SELECT 1 -- xxx")
    assert sql.endswith("xxx -- and 1,012 more characters")
