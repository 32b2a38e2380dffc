"""Small Flask-Migrate projects for the tests: a folder of revisions, and Flask-Migrate's own env.py round it."""

from __future__ import annotations

import shutil
from pathlib import Path

import flask_migrate

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


def make_project(folder: Path, tree: Path) -> Path:
    """A project in `folder` with the revisions, and the models if there are any, of `tree`."""
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(APP.lstrip())
    shutil.copytree(tree / "versions", folder / "migrations" / "versions")
    for name in ("env.py", "script.py.mako"):
        shutil.copy(TEMPLATE / name, folder / "migrations" / name)
    shutil.copy(TEMPLATE / "alembic.ini.mako", folder / "migrations" / "alembic.ini")
    if (tree / "models.py").exists():
        shutil.copy(tree / "models.py", folder / "models.py")
    return folder
