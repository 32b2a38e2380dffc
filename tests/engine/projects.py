"""Small Flask-Migrate projects for the tests: a folder of revisions, and Flask-Migrate's own env.py round it."""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate

from flask_lab.experiments import EXPERIMENTS, Options
from flask_lab.rules import RULES

# With many rows where a rule is about them. A budget is such that the bad tree is over it on every machine, by half at
# least, and the good one on none, however busy.
_MANY = 400_000
_AS_SAID: dict[str, Options] = {
    "blocks-writes": Options(rows=_MANY, budget={"reads": 60_000, "writes": 400}),
    # MySQL and MariaDB let others read meanwhile: what waits there waits for the machine.
    "blocks-reads": Options(rows=_MANY, budget={"reads": 5_000, "writes": 60_000}),
    # On a quick machine PostgreSQL does 200,000 in a tenth of a second, which nobody is told of.
    "rewrites-table": Options(rows=600_000, budget={"reads": 60_000, "writes": 60_000}),
    # So far beyond them that no slip in the exponent matters.
    "grows-with-rows": Options(
        rows=_MANY, budget={"reads": 60_000, "writes": 60_000}, forecast=1_000_000_000_000
    ),
    # The barrier makes a race as sure in one round as in three.
    "unsafe-concurrent-upgrade": Options(rounds=1, slow=1.0),
}
# What is quicker there takes more rows.
_AS_SAID_ON: dict[tuple[str, str], Options] = {
    ("blocks-writes", "sqlite"): Options(rows=1_600_000, budget={"reads": 60_000, "writes": 200}),
    ("blocks-reads", "sqlite"): Options(rows=1_600_000, budget={"reads": 150, "writes": 60_000}),
    ("grows-with-rows", "sqlite"): Options(
        rows=1_600_000, budget={"reads": 60_000, "writes": 60_000}, forecast=1_000_000_000_000
    ),
    ("blocks-reads", "postgres"): Options(rows=1_600_000, budget={"reads": 300, "writes": 60_000}),
}
TREES = Path(__file__).resolve().parents[1] / "trees"
TEMPLATE = Path(flask_migrate.__file__).parent / "templates" / "flask"
APP = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:////nowhere/never.db"
    db.init_app(app)
    Migrate(app, db)
    try:
        import models
    except ModuleNotFoundError:
        pass
    return app
"""

# The others ask what happens around a step that works, and nearly every tree has something of theirs: each that has
# Flask-Migrate's own env.py, for one, which takes no lock.
TOGETHER = tuple(each.name for each in EXPERIMENTS.values() if not each.around)


def asked(rule: str) -> tuple[str, ...]:
    """The experiments that are asked of a rule's trees."""
    experiment = RULES[rule].experiment
    return TOGETHER if experiment in TOGETHER else (experiment,)


def make_project(folder: Path, tree: Path) -> Path:
    """A project in `folder` with the revisions of `tree`, and with its models and its env.py where it has its own."""
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(APP.lstrip())
    shutil.copytree(tree / "versions", folder / "migrations" / "versions")
    for name in ("env.py", "script.py.mako"):
        own = tree / name
        shutil.copy(own if own.exists() else TEMPLATE / name, folder / "migrations" / name)
    shutil.copy(TEMPLATE / "alembic.ini.mako", folder / "migrations" / "alembic.ini")
    if (tree / "models.py").exists():
        shutil.copy(tree / "models.py", folder / "models.py")
    return folder


def options_of(rule: str, backend: str = "") -> Options:
    """What the trees of a rule are to be tried with, on a backend."""
    return _AS_SAID_ON.get((rule, backend.partition(":")[0])) or _AS_SAID.get(rule, Options())
