"""Writes a Flask-Migrate project whose tree is a line: a new table, then nine columns for it, and so on.

Its models are those of the head, so that whoever compares the two finds nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate

TYPES = (
    "Integer()",
    "String(50)",
    "Text()",
    "Date()",
    "Numeric(10, 2)",
    "BigInteger()",
    "Float()",
    "DateTime()",
    "Boolean()",
)
PER_TABLE = len(TYPES) + 1

APP = '''"""An app whose models are what its tree makes."""

import os

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
{tables}

def create_app(url=None):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = url or os.environ.get("DATABASE_URL", "sqlite://")
    db.init_app(app)
    Migrate(app, db)
    return app
'''
TABLE = """
db.Table(
    "{table}",
    {columns},
)
"""
REVISION = '''"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = None
depends_on = None


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''


def write_tree(folder: Path, revisions: int) -> None:
    """Make `folder`, with an app in `linear.py` and so many revisions for Flask-Migrate's own env.py."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    # As `flask db init` lays them out.
    templates = Path(flask_migrate.__file__).parent / "templates" / "flask"
    for name in ("env.py", "script.py.mako"):
        shutil.copy(templates / name, folder / "migrations" / name)
    settings = (templates / "alembic.ini.mako").read_text()
    # The peers read the file by themselves, where Flask-Migrate would say where the tree is.
    settings = settings.replace("[alembic]\n", "[alembic]\nscript_location = migrations\n", 1)
    (folder / "migrations" / "alembic.ini").write_text(settings)
    (folder / "linear.py").write_text(APP.format(tables="".join(map(_model, _tables(revisions)))))
    for number in range(1, revisions + 1):
        (versions / f"{_id(number)}.py").write_text(_revision(number))


def _id(number: int) -> str:
    return f"r{number:05}"


def _revision(number: int) -> str:
    table, column = f"t{(number - 1) // PER_TABLE:04}", (number - 1) % PER_TABLE
    if column == 0:
        message, downgrade = f"make {table}", f'op.drop_table("{table}")'
        upgrade = f'op.create_table("{table}", {", ".join(_columns(1))})'
    else:
        message, downgrade = f"add c{column} to {table}", f'op.drop_column("{table}", "c{column}")'
        upgrade = f'op.add_column("{table}", {_column(column)})'
    down = f'"{_id(number - 1)}"' if number > 1 else None
    return REVISION.format(
        message=message, revision=_id(number), down=down, upgrade=upgrade, downgrade=downgrade
    )


def _columns(revisions: int) -> list[str]:
    """A table's columns after so many revisions of it."""
    first = [
        'sa.Column("id", sa.Integer(), primary_key=True)',
        'sa.Column("name", sa.String(80), nullable=False)',
    ]
    return [*first, *map(_column, range(1, revisions))]


def _column(number: int) -> str:
    return f'sa.Column("c{number}", sa.{TYPES[number - 1]})'


def _tables(revisions: int) -> list[tuple[str, int]]:
    """Each table's name and how many revisions work on it."""
    return [
        (f"t{place:04}", min(PER_TABLE, revisions - begun))
        for place, begun in enumerate(range(0, revisions, PER_TABLE))
    ]


def _model(table: tuple[str, int]) -> str:
    name, revisions = table
    return TABLE.format(table=name, columns=",\n    ".join(_columns(revisions)))
