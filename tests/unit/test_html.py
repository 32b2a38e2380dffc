"""The page that holds a whole run: what stands in it, how big it is, and what it makes of old and hostile facts."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import pytest

from flask_lab.reports import html
from flask_lab.reports.advice import ASPECTS, aspect
from flask_lab.reports.brief import brief
from flask_lab.reports.view import View
from flask_lab.results import Cell, Run, Severity, Verdict
from flask_lab.rules import RULES
from tests.unit.big_run import big_run, name
from tests.unit.sample_run import DRIFT, ENUM, RUN


def headings(page: str) -> list[str]:
    return [
        " ".join(re.sub(r"<[^>]+>", " ", each).split())
        for each in re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)
    ]


def test_the_verdict_stands_in_one_line() -> None:
    (line,) = headings(html.render(RUN))
    assert line == (
        "errored 1 question that broke off and 2 errors in 2 revisions on sqlite, postgres, mysql and mariadb"
    )
    (line,) = headings(html.render(replace(RUN, cells=RUN.cells[:2], findings=(), backends=RUN.backends[:1])))
    assert line == "passed nothing found in 2 revisions on sqlite"


def test_what_speaks_against_a_deployment_stands_by_database() -> None:
    crash = replace(ENUM, rule="stuck-after-crash", severity=Severity.WARNING, revision="0001")
    accepted = replace(ENUM, accepted="shared", revision="0001", backends=("sqlite",))
    note = replace(ENUM, severity=Severity.NOTE, revision="0001", backends=("sqlite",))
    run = replace(
        RUN, findings=(ENUM, DRIFT, crash, accepted, note), not_compared=("mysql: a CHECK", "mysql: two")
    )
    found = {each.backend.name: each for each in View(run).advice}
    told = {
        name: [
            (aspect.title, [told[0].finding.revision for told in aspect.revisions]) for aspect in each.aspects
        ]
        for name, each in found.items()
    }
    assert told["sqlite"] == [("The schema is not what models or other databases say", [None])]
    assert told["mysql"] == [
        ("There is no good way back", ["0002"]),
        ("A crash half way is not got over", ["0001"]),
    ]
    assert [cell.experiment for cell in found["mysql"].broken_off] == ["drift"]
    assert found["mysql"].not_compared == 2
    assert "drift" in found["mysql"].unasked
    assert "stairway" not in found["mysql"].unasked


def test_of_a_database_that_was_not_asked_nobody_says_that_all_is_well() -> None:
    skipped = tuple(cell for cell in RUN.cells if cell.verdict is Verdict.SKIPPED)
    page = html.render(replace(RUN, cells=skipped, findings=()))
    assert "speaks against it" not in page
    assert page.count("Nobody knows: nothing was asked, or answered.") == len(RUN.backends)


def test_sql_that_was_left_out_is_counted() -> None:
    step = {"seconds": 0.1, "statements": 3, "sql": ["CREATE TABLE a (b INTEGER)"]}
    run = replace(RUN, cells=(Cell("stairway", "sqlite", "0001", Verdict.PASSED, facts={"upgrade": step}),))
    assert "-- and 2 more statements" in html.render(run)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_speaks_in_one_respect(rule: str) -> None:
    assert aspect(rule) in ASPECTS


def test_it_asks_nothing_of_a_network() -> None:
    page = html.render(big_run(8))
    tags = re.findall(r"<(?:script|link|img|iframe|use|image)\b[^>]*>", page)
    assert [
        each for each in tags if "src=" in each or ("href=" in each and 'href="data:,"' not in each)
    ] == []
    assert not re.search(r"url\((?!data:)|@import", page.partition("<script")[0])


def test_hostile_text_stays_text() -> None:
    hostile = "</script><script>alert(1)</script><b>&amp;"
    revision = replace(RUN.project.revisions[1], message=hostile, source=hostile)
    run = replace(
        RUN,
        project=replace(RUN.project, revisions=(RUN.project.revisions[0], revision)),
        findings=(
            replace(ENUM, message=hostile, remedy=hostile, evidence={"said": hostile, "statement": hostile}),
        ),
        not_compared=(hostile,),
        cells=(*RUN.cells, Cell("race", "mysql", None, Verdict.SKIPPED, hostile)),
    )
    page = html.render(run)
    assert page.count("<script") == html.render(RUN).count("<script")
    assert "alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_was_not_run_and_not_compared_is_there() -> None:
    page = html.render(RUN)
    part = page.partition('id="missing"')[2].partition("</section>")[0]
    assert "no server: start Docker" in part
    assert "drift on mysql at the whole tree" in part
    assert "3 CHECK constraints" in part


def test_the_same_sql_stands_once_with_the_databases_that_ran_it() -> None:
    view = View(big_run(2))
    row = view.row_of(name(2))
    assert row is not None
    scripts = row.sql("upgrade")
    assert [each.backends for each in scripts] == [["sqlite", "postgres", "mariadb"], ["mysql"]]
    assert scripts[1].statements[0].endswith("/* MySQL */")


def test_each_database_has_the_statement_that_it_met() -> None:
    evidence = {
        "statement": "ALTER 1",
        "others": {"mysql": {"statement": "ALTER 2"}, "mariadb": {"said": "x"}},
    }
    finding = replace(ENUM, backends=("postgres", "sqlite", "mysql", "mariadb"), evidence=evidence)
    page = html.render(replace(RUN, findings=(finding,)))
    assert "<h3>Statement on postgres, sqlite</h3><pre>ALTER 1</pre>" in page
    assert "<h3>Statement on mysql</h3><pre>ALTER 2</pre>" in page
    assert "Statement on mariadb" not in page
    page = html.render(replace(RUN, findings=(replace(finding, evidence={"statement": "ALTER 1"}),)))
    assert "<h3>Statement</h3><pre>ALTER 1</pre>" in page


def test_whoever_meets_the_words_first_can_look_them_up() -> None:
    part = html.render(RUN).partition('id="words"')[2]
    assert "<dt>stairway</dt><dd>Does every revision go up" in part
    assert "<dt>stuck</dt>" in part
    assert "<dt>race</dt>" not in part


def test_each_revision_has_its_page() -> None:
    page = html.render(big_run(3))
    for number in (1, 2, 3):
        assert page.count(f'<details class="revision" data-row="r{4 - number}">') == 1
        assert f'ix_users_phone_{number}"' in page


def test_facts_of_another_version_are_passed_over() -> None:
    odd = [
        Cell(each, "sqlite", "0001", Verdict.PASSED, facts={"unheard": 1})
        for each in ("stairway", "data", "crash", "race", "rolling", "traffic", "other")
    ]
    assert "0001" in html.render(replace(RUN, cells=tuple(odd)))
    assert brief(Cell("stairway", "sqlite", "0001", Verdict.FAILED, facts={"upgrade": {"error": {}}})) == []


@pytest.mark.parametrize(("revisions", "most", "seconds"), [(100, 1_000_000, 3.0), (1_000, 8_000_000, 30.0)])
def test_it_is_small_and_soon_written(revisions: int, most: int, seconds: float) -> None:
    run = big_run(revisions)
    begun = time.process_time()
    page = html.render(run)
    assert time.process_time() - begun < seconds
    assert len(page.encode()) < most


def test_plots_are_drawn_from_numbers() -> None:
    page = html.render(big_run(7))
    found = re.search(r'<script type="application/json" id="plots">(.*?)</script>', page, re.DOTALL)
    assert found
    plots = json.loads(found[1])
    for place in re.findall(r'data-of="([^"]+)"', page):
        assert place in plots
    latency = plots["r1-latency-mysql-0"]
    assert latency["locks"] == [["users", "SHARED_NO_WRITE", 2.0, 480.0]]
    assert max(wait for _, wait in latency["writes"]) == 480.0
    assert len(plots["durations"]["points"]) == 7 * 4 * 2


def run_of_nothing() -> Run:
    return replace(RUN, cells=(), findings=(), not_compared=())


def test_a_run_without_anything_is_no_green_one() -> None:
    (line,) = headings(html.render(replace(run_of_nothing(), backends=RUN.backends[3:])))
    assert line.startswith("skipped")


def test_a_branched_tree_has_a_graph_and_a_line_none() -> None:
    run = big_run(6)
    assert 'data-plot="graph"' not in html.render(run)
    *rest, last = run.project.revisions
    branched = replace(run, project=replace(run.project, revisions=(*rest, replace(last, down=(name(4),)))))
    view = View(branched)
    dots = view.graph["graph"]["dots"]
    assert [(each["name"], each["lane"]) for each in dots][:3] == [(name(6), 0), (name(5), 1), (name(4), 0)]
    assert dots[0]["href"] == "#r1"
    assert 'data-plot="graph"' in html.render(branched)
