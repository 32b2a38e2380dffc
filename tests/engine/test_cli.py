"""The command line: exit codes, choices, wrong input, interruptions. On SQLite, by real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.projects import TOGETHER, TREES, make_project
from tests.engine.test_project import ROOT, lab

BAD = TREES / "downgrade-missing" / "bad"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", BAD)


def test_findings_are_exit_code_one_with_a_command_that_repeats_them(bad: Path) -> None:
    done = lab(bad, "--app", "app", "run", "--on", "sqlite")
    assert done.returncode == 1
    program, repeat = "python -m flask_lab", "--app app run stairway --on sqlite --only 0002_phone"
    assert f"again:  {program} {repeat}" in done.stdout
    again = lab(bad, *repeat.split(), "--format", "json")
    found = json.loads(again.stdout)
    assert [each["rule"] for each in found["findings"]] == ["downgrade-missing"]
    assert {cell["revision"] for cell in found["cells"]} == {"0002_phone", None}


def test_fail_on_never_is_exit_code_zero(bad: Path) -> None:
    assert lab(bad, "run", *TOGETHER, "--on", "sqlite", "--fail-on", "never").returncode == 0


def test_baseline_accepts_what_is_there(bad: Path) -> None:
    assert lab(bad, "run", *TOGETHER, "--on", "sqlite", "--write-baseline", "known.json").returncode == 1
    done = lab(bad, "run", *TOGETHER, "--on", "sqlite", "--baseline", "known.json")
    assert done.returncode == 0
    assert "≈ known" in done.stdout


def test_comment_accepts_with_its_reason(bad: Path) -> None:
    revision = bad / "migrations" / "versions" / "0002_phone.py"
    revision.write_text(
        revision.read_text() + "\n# lab: ignore[downgrade-missing] phones are never taken back\n"
    )
    assert lab(bad, "run", *TOGETHER, "--on", "sqlite").returncode == 0


def test_stored_run_is_shown_again_in_any_format(bad: Path) -> None:
    lab(bad, "run", *TOGETHER, "--on", "sqlite")
    done = lab(bad, "show", "--format", "junit:out.xml", "--format", "github")
    assert done.returncode == 0
    assert (bad / "out.xml").read_text().count("<failure") == 1
    assert done.stdout.startswith("::error file=migrations/versions/0002_phone.py,line=1,")


def test_merge_exits_as_run_does(bad: Path) -> None:
    lab(bad, "run", "stairway", "--on", "sqlite", "--format", "json:one.json")
    done = lab(bad, "merge", "one.json", "one.json")
    assert done.returncode == 1
    assert "downgrade-missing" in done.stdout
    assert lab(bad, "merge", "one.json", "--fail-on", "never").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "stairwy"], "Error: there is no experiment 'stairwy'; did you mean stairway?"),
        (["run", "--on", "oracle"], "Error: there is no backend 'oracle'"),
        (["run", "--format", "pdf"], "Error: there is no format 'pdf'"),
        (["run", "--baseline", "none.json"], "Error: the baseline none.json cannot be read"),
        (["run", "--only", "9999", "--on", "sqlite"], "there is no revision '9999'"),
        (
            ["run", "--since", "9999", "--on", "sqlite"],
            "--since 9999: there is no such revision, and no such commit",
        ),
        (
            ["run", "--since", "a", "--only", "a"],
            "--only and --since are both about which revisions to judge",
        ),
        (["explain", "nothing-of-it"], "Error: there is no rule or experiment 'nothing-of-it'"),
        (["show", "none"], "Error: there is no run 'none'"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_two(bad: Path, arguments: list[str], said: str) -> None:
    done = lab(bad, *arguments)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_since_asks_about_what_came_after(bad: Path) -> None:
    done = lab(bad, "run", *TOGETHER, "--on", "sqlite", "--since", "0002_phone", "--format", "json")
    assert done.returncode == 0
    assert {cell["revision"] for cell in json.loads(done.stdout)["cells"]} == {None}
    assert lab(bad, "run", *TOGETHER, "--on", "sqlite", "--since", "0001_users").returncode == 1


def test_wait_ends_when_the_apps_own_database_answers(bad: Path) -> None:
    app = bad / "app.py"
    app.write_text(app.read_text().replace("sqlite:////nowhere/never.db", f"sqlite:///{bad}/own.db"))
    assert lab(bad, "--app", "app", "wait").returncode == 0


def test_wait_is_bounded_and_ends_with_the_drivers_error(bad: Path) -> None:
    app = bad / "app.py"
    url = "postgresql+psycopg2://lab:secret@127.0.0.1:1/own"
    app.write_text(app.read_text().replace("sqlite:////nowhere/never.db", url))
    done = lab(bad, "--app", "app", "wait", "--timeout", "0.3")
    assert done.returncode == 3
    assert done.stderr.startswith(
        "waiting for postgresql+psycopg2://lab:***@127.0.0.1:1/own: connection to server"
    )
    assert "does not answer within 0.3 s: connection to server" in done.stderr.splitlines()[-1]
    assert "secret" not in done.stderr


def test_unknown_setting_is_named(bad: Path) -> None:
    (bad / "pyproject.toml").write_text('[tool.flask_lab]\nurl_envv = "X"\n')
    done = lab(bad, "run")
    assert done.returncode == 2
    assert "no setting in [tool.flask_lab] 'url_envv'; did you mean url_env?" in done.stderr


def test_missing_backend_is_skipped_and_required_is_exit_code_three(bad: Path) -> None:
    nowhere = {"LAB_POSTGRES_URL": "postgresql://lab:secret@127.0.0.1:1/postgres"}
    done = lab(bad, "run", *TOGETHER, "--on", "sqlite,postgres", "--fail-on", "never", **nowhere)
    assert done.returncode == 0
    assert "postgres skipped: no server for postgres: LAB_POSTGRES_URL" in " ".join(done.stdout.split())
    assert "secret" not in done.stdout + done.stderr
    required = lab(
        bad, "run", *TOGETHER, "--on", "sqlite,postgres", "--fail-on", "never", "--require", **nowhere
    )
    assert required.returncode == 3
    assert lab(bad, "run", *TOGETHER, "--on", "postgres", "--fail-on", "never", **nowhere).returncode == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_ends_soon_and_says_so(bad: Path, number: signal.Signals) -> None:
    slow, mark = bad / "migrations" / "versions" / "0002_phone.py", bad / "begun"
    pause = f"open({str(mark)!r}, 'w'); __import__('time').sleep(60)"
    slow.write_text(slow.read_text().replace("def upgrade():", f"def upgrade():\n    {pause}"))
    command = [sys.executable, "-m", "flask_lab", "run", "--on", "sqlite"]
    process = subprocess.Popen(
        command,
        cwd=bad,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LAB_STORE": str(bad.parent / "runs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < deadline, "the revision is not reached"
        time.sleep(0.05)
    begun = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - begun < 10
    assert process.returncode == 130
    assert said.decode().strip() == "Interrupted; what the lab had made is gone."


def test_explain_lists_every_rule_and_prints_a_page(tmp_path: Path) -> None:
    listed = lab(tmp_path, "explain").stdout
    assert "stairway: Does every revision go up" in listed
    assert "downgrade-leaves-trace" in listed
    page = lab(tmp_path, "explain", "stairway").stdout
    assert "Question:" in page
    assert "Cannot see:" in page
    assert "Remedy: " in lab(tmp_path, "explain", "one-run-fails").stdout
    assert "\ndef upgrade_lock(" in lab(tmp_path, "explain", "unsafe-concurrent-upgrade").stdout
