"""The process of a previous release: opens its app, makes what its models send, and tries that at the head.

Started by previous.py in the folder of that release; nothing else imports it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, make_url

from flask_lab.checkout import FOLDER
from flask_lab.errors import LabError, reason
from flask_lab.experiments.data.labels import Labels
from flask_lab.experiments.rolling.causes import Change, breaks, unknown_labels
from flask_lab.experiments.rolling.statements import Script, play, write_script
from flask_lab.migrator import Step, describe
from flask_lab.project import AlembicFile, Bind, Project, open_project
from flask_lab.rows import Kind, Renames, Shape, load, read_back, read_shapes

Facts = dict[str, Any]
SCRIPTED = 9_000_000


def main(path: str) -> None:
    """Do the job that a file describes, and write the answer where it says."""
    threading.Thread(target=_go_with_parent, daemon=True).start()
    job = json.loads(Path(path).read_text())
    try:
        answer = _answer(job)
    except Exception as error:  # noqa: BLE001  (whatever an app does, the lab is told)
        answer = {"error": str(error) if isinstance(error, LabError) else reason(error)}
    done = Path(job["answer"])
    done.with_suffix(".part").write_text(json.dumps(answer, default=str))
    done.with_suffix(".part").rename(done)
    sys.stdout.flush()
    # Not to wait for threads that the app has begun.
    os._exit(0)


def _go_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _answer(job: Facts) -> Facts:
    spare = [make_url(each) for each in job["spare"]]
    alembic = AlembicFile(**job["alembic"]) if job["alembic"] else None
    with open_project(job["app"], job["url_env"], spare.pop, alembic, job["bounds"]) as project:
        if (elsewhere := _elsewhere(project)) is not None:
            return {"error": f"it is loaded from {elsewhere}, not from what git has there"}
        heads: dict[Bind, Any] = {bind or None: make_url(url) for bind, url in job["heads"].items()}
        binds = [bind for bind in project.engines if bind in heads]
        if not any(project.metadata(bind).tables for bind in binds):
            return {"error": "it has no models"}
        project.point_at({bind: spare.pop() for bind in project.engines})
        scripts = {bind: _scripts(project, bind) for bind in binds}
        project.point_at(heads)
        return {"binds": {bind or "": _tried(project, bind, scripts[bind], job) for bind in binds}}


def _elsewhere(project: Project) -> Path | None:
    """Where the app comes from, if that is not this folder."""
    if project.app is None:
        return None
    module = sys.modules.get(project.app.import_name)
    place = Path(getattr(module, "__file__", None) or project.app.root_path).resolve()
    # The repository's other folders are there too.
    top = next((each for each in Path.cwd().parents if each.name.startswith(FOLDER)), Path.cwd())
    return None if place.is_relative_to(top) else place


def _scripts(project: Project, bind: Bind) -> dict[str, Script]:
    """What the models of a bind send, tried on a schema of their own making."""
    metadata = project.metadata(bind)
    tables = [each for each in metadata.tables.values() if each.schema is None]
    declared = Labels()
    declared.take_models(tables)
    with project.engines[bind].connect() as connection:
        metadata.create_all(connection, tables=tables)
        connection.commit()
        shapes = declared.on(read_shapes(connection, only={each.name for each in tables}))
        load(connection, Kind.ORDINARY, shapes)
        rows = {name: each.rows for name, each in read_back(connection, shapes).items()}
        connection.commit()
        return {
            name: write_script(connection, shapes, name, SCRIPTED, rows[name][0] if rows[name] else None)
            for name in shapes
        }


def _tried(project: Project, bind: Bind, scripts: Mapping[str, Script], job: Facts) -> Facts:
    """What breaks at the head."""
    facts: Facts = {"tables": sorted(scripts), "statements": 0, "old_on_new": [], "not_compared": []}
    declared = Labels()
    tables = [each for each in project.metadata(bind).tables.values() if each.schema is None]
    declared.take_models(tables)
    with project.engines[bind].connect() as connection:
        after = _labelled(read_shapes(connection), job["labels"].get(bind or "", {}))
        before = {name: each.shape for name, each in scripts.items()}
        change = Change(Step("head", "upgrade", bind), before, after, Renames(), ())
        for name, script in scripts.items():
            outcomes = play(connection, script)
            facts["statements"] += len(outcomes)
            found, unsaid = breaks(connection, change, script, outcomes)
            facts["old_on_new"] += found
            facts["not_compared"] += [f"the previous release's models: {each}" for each in unsaid]
            if script.not_made:
                facts["not_compared"].append(f"what the previous release writes to {name}: {script.not_made}")
        facts["new_labels"] = list(unknown_labels(change, declared))
        # What is gone is told, and so are labels.
        told = {each["table"] for each in (*facts["old_on_new"], *facts["new_labels"])}
        facts["old_on_new"] += [
            each for table in tables if table.name not in told for each in _unreadable(connection, table)
        ]
        connection.rollback()
    return facts


def _labelled(shapes: Mapping[str, Shape], known: Mapping[str, Mapping[str, list[str]]]) -> dict[str, Shape]:
    """Tables with the labels that the new release's models declare."""
    return {
        name: replace(
            shape,
            columns={
                each: replace(column, bounds=replace(column.bounds, choices=tuple(listed)))
                if (listed := known.get(name, {}).get(each))
                else column
                for each, column in shape.columns.items()
            },
        )
        for name, shape in shapes.items()
    }


def _unreadable(connection: Connection, table: sa.Table) -> Iterator[Facts]:
    """Whether the models' own types can make nothing of what the new release has stored."""
    statement = sa.select(table)
    try:
        connection.execute(statement).all()
    except Exception as error:  # noqa: BLE001  (a type of the app's own may raise anything)
        yield {
            "table": table.name,
            "column": None,
            "cause": "unreadable",
            "new": None,
            "verbs": ["SELECT"],
            "says": describe(error),
            "statement": " ".join(str(statement.compile(dialect=connection.dialect)).split())[:300],
            "writes": "",
            "was": "",
            "is": "",
        }
        connection.rollback()
