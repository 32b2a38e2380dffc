"""Reads a tree as Alembic does: its revisions are imported while `op` and `context` stand, with a database behind them.

Some revisions make an enumeration when they are imported. A person's every command imports the tree anew, so that each
database gets one; the lab, which imports it once, repeats those imports on every database.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.util.pyfiles import load_python_file
from sqlalchemy import Engine, event
from sqlalchemy.types import TypeEngine

from flask_lab.tree import Tree, read_tree

CHANGEABLE = (TypeEngine, list, dict, set)


@dataclass(slots=True)
class Imports:
    """Revisions that are imported more than once, as every command of a person's imports them all.

    `scripts` are those whose import sends statements, in the order in which they are imported.
    """

    scripts: list[Script] = field(default_factory=list)
    _keepers: dict[str, bool] = field(default_factory=dict)
    """Whether a revision keeps something, as far as anyone has asked."""

    def repeat(self) -> None:
        """Import them again, on the database that `op` is bound to at present."""
        for script in self.scripts:
            _import(script)

    def renew(self, script: Script) -> None:
        """Import a revision again if it keeps what its functions may change, as an sa.Enum that gets a name."""
        if script.revision not in self._keepers:
            held = [value for name, value in vars(script.module).items() if not name.startswith("__")]
            is_own = [isinstance(each, type) and each.__module__ == script.module.__name__ for each in held]
            # A model's class cannot be made twice on the app's own metadata.
            keeps = not any(is_own) and any(isinstance(each, CHANGEABLE) for each in held)
            self._keepers[script.revision] = keeps and script not in self.scripts
        if self._keepers[script.revision]:
            _import(script)


def _import(script: Script) -> None:
    path = Path(script.path)
    script.module = load_python_file(path.parent, path.name)


def import_tree(config: Config, script: ScriptDirectory, engine: Engine) -> tuple[Tree, Imports]:
    """The tree, and what its import did to the database of `engine`, where it is undone as far as it can be."""
    sent: dict[str, None] = {}

    def note(*_: Any) -> None:
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]  # None at the end
            if frame.f_code.co_name == "<module>":
                sent.setdefault(str(Path(frame.f_code.co_filename).resolve()))

    with engine.connect() as connection, EnvironmentContext(config, script) as environment:
        environment.configure(connection=connection)
        event.listen(connection, "before_cursor_execute", note)
        with Operations.context(environment.get_context()):
            tree = read_tree(script)
    scripts = {str(Path(each.path).resolve()): each for each in script.walk_revisions()} if sent else {}
    return tree, Imports([scripts[path] for path in sent if path in scripts])
