"""/lab/database on each product: what is pending, what differs, who holds the upgrade lock just now."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from flask_lab import store
from flask_lab.results import BackendReport, Cell, Finding, ProjectReport, Run, Severity, Verdict
from flask_lab.tree import Tree
from flask_lab.web import position
from flask_lab.web.holders import holders
from flask_lab.web.position import read
from migrations.upgrade_lock import upgrade_lock
from tests.harness.plugin import ReadyBackend
from tests.unit.sample_run import RUN


@pytest.fixture
def tree(app: Flask) -> Tree:
    with app.app_context():
        return read(app)[0]


@pytest.fixture
def behind(app: Flask, tree: Tree) -> Iterator[str]:
    """The last revision, which the version table says is pending."""
    last = tree.revisions[-1]
    stamp(app, last.id, last.down[0])
    yield last.id
    stamp(app, last.down[0], last.id)


def stamp(app: Flask, old: str, new: str) -> None:
    with app.app_context(), db.engine.connect().execution_options(sqlite_writes=True) as connection:
        query = "UPDATE alembic_version SET version_num = :new WHERE version_num = :old"
        assert connection.execute(sa.text(query), {"old": old, "new": new}).rowcount == 1
        connection.commit()


def words(client: FlaskClient, status: int = 200) -> str:
    answer = client.get("/lab/database")
    assert answer.status_code == status
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_at_the_head_models_and_database_agree(
    client: FlaskClient, backend: ReadyBackend, tree: Tree
) -> None:
    page = words(client)
    assert f"{backend.name.partition(':')[0]} " in page
    assert " at head " in page
    assert f"Head of this release {tree.heads[0]}" in page
    assert "Against the models No difference." in page
    assert "Who holds a lock now nobody" in page


def test_to_compare_leaves_the_apps_logging_as_it_is(client: FlaskClient) -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger("alembic").level
    words(client)
    assert (list(logging.getLogger().handlers), logging.getLogger("alembic").level) == (handlers, level)


def test_a_difference_is_told_in_words(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.engine.connect().execution_options(sqlite_writes=True) as connection:
        connection.execute(sa.text("CREATE TABLE leftover (id INTEGER)"))
        connection.commit()
        try:
            page = words(client)
        finally:
            connection.execute(sa.text("DROP TABLE leftover"))
            connection.commit()
    assert "table leftover: the database has it, the models have not" in page


def test_whoever_upgrades_is_seen(app: Flask, client: FlaskClient, backend: ReadyBackend) -> None:
    with app.app_context(), upgrade_lock(db.engine, 5):
        page = words(client)
        (place,) = read(app)[1]
    if backend.name.startswith("sqlite"):
        # Of its own locks a process is told nothing; those of others the next test sees.
        assert place.holders.found == []
        return
    (holder,) = place.holders.found
    assert holder.what in ("advisory lock", "the upgrade lock", "GET_LOCK")
    assert holder.what in page
    assert holder.waiting in (0, None)


@pytest.fixture
def kept(app: Flask, tmp_path: Path) -> Path:
    """Where the app's runs are."""
    app.config["LAB_STORE"] = str(tmp_path)
    return tmp_path


def test_pending_revisions_stand_with_what_the_lab_found(
    client: FlaskClient, behind: str, tree: Tree, backend: ReadyBackend, kept: Path
) -> None:
    product = backend.name.partition(":")[0]
    page = words(client)
    assert " behind " in page
    assert "Pending 1 revision" in page
    assert "Not compared, as the models are those of the head, and the database is behind" in page
    assert "Nobody has asked: there is no run of this tree" in page
    store.save(run_of(tree, product, behind), kept)
    page = words(client)
    assert "1 of 1 revision to be looked at first" in page
    assert "old-code-breaks projects.code is gone" in page
    assert f"flask lab run --on {product} --since" in page
    accepted = run_of(tree, product, behind)
    accepted = replace(accepted, findings=(replace(accepted.findings[0], accepted="we know"),))
    store.save(replace(accepted, id="20261229-000000-aaaa"), kept)
    page = words(client)
    assert f"Nothing was found against it by rolling. Not asked on {product}: stairway, " in page
    assert "accepted warning old-code-breaks" in page
    # A run of another product says nothing of this one.
    store.save(replace(run_of(tree, "oracle", behind), id="20261230-000000-aaaa"), kept)
    page = words(client)
    assert f"nobody has asked about 1 revision on {product}" in page
    assert "Nothing was found" not in page


def run_of(tree: Tree, product: str, revision: str) -> Run:
    found = Finding(
        "old-code-breaks", Severity.WARNING, "rolling", (product,), revision, "projects.code is gone"
    )
    return replace(
        RUN,
        project=ProjectReport("app", tree.heads, tree.revisions),
        backends=(BackendReport(product, product, "1", "url", Verdict.PASSED),),
        # Of what stairway says of another revision nobody may conclude anything about this one.
        cells=(
            Cell("rolling", product, revision, Verdict.FAILED),
            Cell("stairway", product, tree.revisions[0].id, Verdict.PASSED),
        ),
        findings=(found,),
    )


def test_a_database_of_a_newer_release_is_ahead(app: Flask, client: FlaskClient, tree: Tree) -> None:
    stamp(app, tree.heads[0], "9999_newer")
    try:
        page = words(client)
    finally:
        stamp(app, "9999_newer", tree.heads[0])
    assert " ahead " in page
    assert "cannot be told: a newer release has made 9999_newer" in page


def test_a_database_that_is_away_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        url = db.engine.url.set(database="/nowhere/at/all.db" if db.engine.name == "sqlite" else "nowhere")
        gone = sa.create_engine(url)
        monkeypatch.setattr(type(db), "engines", property(lambda _self: {None: gone}))
        (place,) = position.read(app)[1]
        gone.dispose()
    assert place.status == "away"
    assert place.problem


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who locks a file")
def test_another_process_on_the_file_is_seen(lite: Flask) -> None:
    with lite.app_context():
        path = db.engine.url.database
        code = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, f"{path}.upgrade-lock"]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as other:
            assert other.stdout
            assert other.stdout.readline() == "held\n"
            with db.engine.connect() as connection:
                found = holders(connection).found
            other.communicate()
    assert [(each.session, each.what) for each in found] == [(f"process {other.pid}", "the upgrade lock")]
