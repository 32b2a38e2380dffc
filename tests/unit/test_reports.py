"""Every format over one fixed run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flask_lab import reports
from flask_lab.errors import ConfigError
from flask_lab.reports import github, junit, markdown, sarif, terminal
from flask_lab.reports.evidence import evidence, evidence_on
from flask_lab.results import Finding, Run, Severity
from tests.unit.big_run import big_run
from tests.unit.sample_run import DRIFT, ENUM, RUN


def test_terminal_has_the_grid_the_findings_and_one_last_line() -> None:
    text = terminal.render(RUN)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    grid = next(line for line in lines if line.strip().startswith("stairway"))
    assert grid.split() == [
        "stairway",
        "✓",
        "passed",
        "2",
        "✗",
        "failed",
        "1",
        "✗",
        "failed",
        "1",
        "○",
        "skipped",
        "1",
    ]
    assert "○ mariadb skipped: no server: start Docker" in text
    assert "error: downgrade-leaves-trace  0002 on postgres, mysql" in text
    assert "again:  flask --app shop lab run drift --on sqlite" in text
    assert "! drift on mysql errored: the server went away" in text
    assert "not compared: 1, of which 3 CHECK constraints" in text
    assert lines[-1].startswith(
        "! errored: 2 revisions, 2 passed, 3 failed, 1 skipped, 1 errored; findings: 2 errors;"
    )
    assert lines[-1].endswith("12.5 s")


def test_json_is_the_documented_form() -> None:
    found = json.loads(reports.FORMATS["json"](RUN))
    assert list(found) == ["format", "run", "project", "backends", "cells", "findings", "counts"]
    assert found["format"] == 1
    assert found["run"]["verdict"] == "errored"
    assert found["run"]["started"] == "2026-11-21T12:00:00+00:00"
    assert found["counts"]["not_compared"] == ["3 CHECK constraints"]
    assert set(found["findings"][0]) == {
        "rule",
        "severity",
        "experiment",
        "backends",
        "revision",
        "message",
        "evidence",
        "remedy",
        "accepted",
        "repeat",
    }


def test_junit_has_a_suite_per_backend_and_counts_that_add_up() -> None:
    root = ET.fromstring(junit.render(RUN))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["sqlite", "postgres", "mysql", "mariadb"]
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f".//{tag}"))
    failure = suites["postgres"].find(".//failure")
    assert failure is not None
    assert failure.get("message") == ENUM.message
    assert suites["mysql"].find(".//error") is not None


def test_markdown_escapes_what_databases_say() -> None:
    text = markdown.render(RUN)
    assert text.startswith("## Migrations: 💥 errored\n")
    assert "| stairway | ✅ passed | ❌ failed | ❌ failed | ⚪ skipped |" in text
    assert r"\<b>100%\</b>" not in text.splitlines()[0]
    assert r"enumeration state is left, \<b>100%\<" in text
    assert "````sql\nALTER TABLE users\n  ADD email text\n````" in text
    assert text.count("<details>") == text.count("</details>") == 4
    assert "- skipped: no server: start Docker: 1 place" in text
    assert (
        "### postgres 18.6\n\n- **There is no good way back:**\n  - `0002` enumeration state is left" in text
    )


def test_markdown_fits_a_comment_and_counts_what_does_not() -> None:
    text = markdown.render(big_run(1000))
    assert len(text) < 65_536
    assert text.count(" ms allowed) |\n") == 10
    many = replace(RUN, findings=tuple(replace(ENUM, message=f"{each} {'x' * 900}") for each in range(400)))
    text = markdown.render(many)
    assert 50_000 < len(text) < 65_536
    whole, short = text.count("<details><summary>error"), text.count("\n- error: downgrade-leaves-trace")
    (left_out,) = re.findall(r"\*\*(\d+) findings more than a comment can hold", text)
    assert whole + short + int(left_out) == 400
    assert text.count("<details>") == text.count("</details>")


def test_evidence_is_what_was_expected_and_found_and_the_sql_between() -> None:
    changed = replace(
        ENUM,
        evidence={
            "table": "users",
            "examples": [{"before": {"id": 1, "name": "W" * 60}, "after": {"id": 1, "name": ""}}],
            "statements": ["UPDATE users SET name = ''"],
        },
    )
    assert evidence(changed) == [
        ("expected", f"id = 1, name = '{'W' * 38}…"),
        ("found", "id = 1, name = ''"),
        ("SQL", "UPDATE users SET name = ''"),
    ]
    gone = replace(ENUM, evidence={"gone": [{"id": 1}, {"id": 2}], "rows": 2, "statements": []})
    assert evidence(gone) == [("expected", "id = 1"), ("found", "nothing")]
    failed = replace(
        ENUM,
        evidence={"rows": {"users": [{"id": 1}]}, "because of": "NULL", "statement": "ALTER TABLE users"},
    )
    assert evidence(failed) == [
        ("with", "users: id = 1"),
        ("because of", "NULL"),
        ("SQL", "ALTER TABLE users"),
    ]
    # Where Python fails, the line says which table it was about.
    rows = {"archive": [{"id": 2}], "project": [{"id": 1}]}
    by_line = replace(ENUM, evidence={"rows": rows, "code": "hashed(project.password)"})
    assert evidence(by_line) == [("with", "project: id = 1"), ("with", "archive: id = 2")]


def test_evidence_tells_what_other_backends_found_instead() -> None:
    def changed(value: int) -> dict[str, Any]:
        return {"examples": [{"before": {"n": 1}, "after": {"n": value}}], "statement": "UPDATE t"}

    on_two = replace(ENUM, evidence={**changed(2), "others": {"mysql": changed(3)}})
    assert evidence(on_two) == [
        ("expected", "n = 1"),
        ("found", "n = 2"),
        ("found on mysql", "n = 3"),
        ("SQL", "UPDATE t"),
    ]
    assert evidence_on(on_two, "mysql")[1] == ("found", "n = 3")
    assert evidence_on(on_two, "postgres")[1] == ("found", "n = 2")


def test_github_puts_findings_beside_their_revision() -> None:
    first, second, third, fourth, fifth = github.render(RUN).splitlines()
    place = (
        "::error file=migrations/versions/0002.py,line=1,title=downgrade-leaves-trace on postgres%2C mysql::"
    )
    assert first.startswith(
        place + "enumeration state is left, <b>100%25</b>%0Ainstead: Drop it too.%0Aagain: flask"
    )
    assert second.startswith("::error title=model-drift on sqlite::")
    assert "%0ASQL: ALTER TABLE users%0A  ADD email text%0A" in second
    assert third.startswith("::error title=flask lab::drift on mysql broke off")
    assert fourth == "::warning title=flask lab::mariadb was not asked: no server: start Docker"
    assert fifth == "::notice title=flask lab::1 not compared:%0A3 CHECK constraints"


def alerts(run: Run) -> Any:
    (told,) = json.loads(sarif.render(run))["runs"]
    return told


def test_sarif_has_an_alert_per_finding_at_its_file_and_line() -> None:
    at = replace(ENUM, evidence={"at": "migrations/versions/0002.py:14"})
    told = alerts(replace(RUN, findings=(DRIFT, at)))
    drift, enum = told["results"]
    places = [each["locations"][0]["physicalLocation"] for each in (drift, enum)]
    # What is wrong with the whole tree is shown at its head: an alert without a file is not shown.
    assert [each["artifactLocation"]["uri"] for each in places] == ["migrations/versions/0002.py"] * 2
    assert [each["region"]["startLine"] for each in places] == [1, 14]
    assert [each["level"] for each in (drift, enum)] == ["error", "error"]
    assert "enumeration state is left" in enum["message"]["text"]
    assert ENUM.repeat in enum["message"]["text"]
    rules = told["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in (drift, enum)] == [DRIFT.rule, ENUM.rule]
    assert all(each["help"]["markdown"] and each["shortDescription"]["text"] for each in rules)


def test_sarif_knows_an_alert_again_though_its_line_moves_and_its_words_change() -> None:
    def mark(finding: Finding) -> str:
        (result,) = alerts(replace(RUN, findings=(finding,)))["results"]
        return str(result["partialFingerprints"]["primaryLocationLineHash"])

    assert mark(ENUM) == mark(
        replace(ENUM, evidence={"at": "x.py:3"}, message="another", backends=("mysql",))
    )
    assert mark(ENUM) != mark(replace(ENUM, revision="0001"))
    assert mark(DRIFT) != mark(replace(DRIFT, message="another"))


def test_sarif_says_what_was_accepted_and_what_did_not_run() -> None:
    told = alerts(replace(RUN, findings=(replace(ENUM, accepted="shared"),)))
    assert told["results"][0]["suppressions"] == [{"kind": "external", "justification": "shared"}]
    (invocation,) = told["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["level"] for each in invocation["toolExecutionNotifications"]] == [
        "error",
        "warning",
        "note",
    ]
    assert invocation["endTimeUtc"] == "2026-11-21T12:00:12.000Z"


@pytest.mark.parametrize(
    ("render", "signs"),
    [
        (terminal.render, ["error: model-drift", "note: downgrade-leaves-trace"]),
        (markdown.render, ["model-drift", "downgrade-leaves-trace"]),
        (github.render, ["::error ", "::notice "]),
    ],
)
def test_what_is_worst_comes_first_for_people(render: Callable[[Run], str], signs: list[str]) -> None:
    said = render(replace(RUN, cells=(), findings=(replace(ENUM, severity=Severity.NOTE), DRIFT)))
    places = [said.index(sign) for sign in signs]
    assert places == sorted(places)


def test_accepted_findings_make_no_annotation() -> None:
    run = replace(
        RUN,
        findings=(replace(ENUM, accepted="shared"),),
        cells=(),
        backends=RUN.backends[:3],
        not_compared=(),
    )
    assert github.render(run) == ""


def test_a_report_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    reports.write(RUN, reports.RUN, reports.parse_format(f"json:{tmp_path}/deep/report.json"))
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["report.json"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written to"):
        reports.write(RUN, reports.RUN, reports.parse_format(f"json:{tmp_path}/file/report.json"))


def test_unknown_format_is_named() -> None:
    with pytest.raises(ConfigError, match=r"there is no format 'jsno'; did you mean json\?"):
        reports.parse_format("jsno:x")
