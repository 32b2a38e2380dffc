"""The previous release's own models, from a git ref, against the schema at the head.

They are loaded in a process of their own: two releases of one package do not fit into one. It is given databases of
this run's, and answers by a file, as what an app prints may be anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import RevisionStep

import flask_lab
from flask_lab.checkout import checked_out
from flask_lab.errors import LabError, MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.data.labels import Labels
from flask_lab.migrator import Stepper
from flask_lab.project import Bind
from flask_lab.project.reach import written
from flask_lab.rows import Kind, load, read_shapes

Facts = dict[str, Any]
SECONDS = 300.0
SPARE = 3
"""How many databases there are for binds that only the previous release has."""
# The lab's own package is the running one, whatever the release has under that name; all else is the release's.
START = """
import os, sys
sys.dont_write_bytecode = True
lab, job = sys.argv[1:]
sys.path.insert(0, lab)
from flask_lab.experiments.rolling import release
sys.path.remove(lab)
sys.path.insert(0, os.getcwd())
release.main(job)
"""


def ask_previous(stage: Stage) -> dict[Bind, Facts]:
    """What breaks of the previous release's models at the head, by bind; or why nothing could be asked."""
    ref = stage.options.old_ref
    with checked_out(ref, Path.cwd()) as folder, stage.databases(), ExitStack() as stack:
        try:
            stage.migrator.follow(lambda stepper: _filled_head(stage, stepper))
        except MigrationFailed as failure:
            reason = f"the upgrade to the head fails over rows: see stairway and data ({failure.message})"
            return {next(iter(stage.project.engines)): {"skipped": reason}}
        heads = {bind: written(engine.url) for bind, engine in stage.project.engines.items()}
        stage.project.let_go()
        count = 2 * (len(heads) + SPARE)
        spare = [written(stack.enter_context(stage.server.scratch())) for _ in range(count)]
        answer = _asked(stage, folder, heads, spare)
    if "error" in answer:
        said = answer["error"].replace(f"{folder}/", "")
        return {next(iter(heads)): {"skipped": f"the app at {ref} cannot be asked: {said}"}}
    found = {bind: answer["binds"].get(bind or "") for bind in heads}
    return {bind: facts | {"old_ref": ref} for bind, facts in found.items() if facts is not None}


def _filled_head(stage: Stage, stepper: Stepper) -> Iterator[RevisionStep]:
    """All revisions, and then rows in every table, as the new release's models know them."""
    for revision in stage.project.tree.orders()[0]:
        yield stepper.move(revision, "upgrade")
    declared = Labels()
    declared.take_models(stage.project.metadata(stepper.bind).tables.values())
    shapes = declared.on(read_shapes(stepper.connection, {stepper.context.version_table}))
    load(stepper.connection, Kind.ORDINARY, shapes)
    stepper.settle()


def _asked(stage: Stage, folder: Path, heads: Mapping[Bind, str], spare: list[str]) -> Facts:
    """What the process of the previous release answers."""
    job = {
        "app": stage.opening.app,
        "url_env": stage.opening.url_env,
        "alembic": None if stage.opening.alembic is None else asdict(stage.opening.alembic),
        "bounds": list(stage.product.bounds),
        "heads": {bind or "": url for bind, url in heads.items()},
        "spare": spare,
        "labels": {
            bind or "": {
                table.name: {
                    column.name: list(column.type.enums)
                    for column in table.columns
                    if isinstance(column.type, sa.Enum)
                }
                for table in stage.project.metadata(bind).tables.values()
            }
            for bind in heads
        },
    }
    with tempfile.TemporaryDirectory(prefix="lab_answer_") as place:
        paths = {name: str(Path(place) / f"{name}.json") for name in ("job", "answer")}
        Path(paths["job"]).touch(mode=0o600)
        Path(paths["job"]).write_text(json.dumps(job | {"answer": paths["answer"]}))
        lab = str(Path(flask_lab.__file__).resolve().parents[1])
        command = [sys.executable, "-P", "-c", START, lab, paths["job"]]
        said = _run(command, folder)
        answer = Path(paths["answer"])
        if not answer.is_file():
            raise LabError(f"the process of the previous release ended without an answer: {said}")
        return json.loads(answer.read_text())  # type: ignore[no-any-return]  # as release.py wrote it


def _run(command: list[str], folder: Path) -> str:
    """Wait for a process, which ends with this one, and at an interruption; the last that it printed."""
    with tempfile.TemporaryFile() as sink:
        # It watches its input: when nobody holds that any more, it goes.
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=sink, stderr=sink, env=dict(os.environ)
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return f"it was not done after {SECONDS:.0f} seconds"
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        sink.seek(0)
        lines = sink.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {process.returncode}"
