"""What experiments know of a project, of whichever kind it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import URL, Dialect, Engine, MetaData, event

from flask_lab.errors import TreeError
from flask_lab.project.importing import Imports
from flask_lab.project.reach import Bind, Reach
from flask_lab.tree import Tree


@dataclass(slots=True)
class Project(ABC):
    """A migrations tree and the engines it runs on, which can be pointed at one set of databases after another."""

    alembic: AlembicConfig
    script: ScriptDirectory
    tree: Tree
    engines: Mapping[Bind, Engine]
    """One for each bind. env.py may use others of its own making; they lead to the same databases."""
    imports: Imports
    reach: Reach
    given: Mapping[Bind, str]
    """The URLs in the project's own configuration, which nobody here connects to."""

    @property
    def notes(self) -> list[str]:
        """What is otherwise here than where the project runs."""
        binds: dict[str, list[str]] = {}
        for bind, url in sorted(self.given.items(), key=lambda item: item[0] or ""):
            binds.setdefault(url, []).append(bind or "default")
        return [
            f"the binds {' and '.join(names)} on one database, as they are configured: each has its own here, "
            "while flask db upgrade would wait for itself there"
            for url, names in binds.items()
            if url and len(names) > 1
        ]

    @property
    def app(self) -> Flask | None:
        """The app, if the project is one."""
        return None

    @property
    def own_tables(self) -> frozenset[str]:
        """What an app makes by itself as soon as it is created, whatever its tree does."""
        return frozenset()

    @property
    def urls(self) -> Mapping[Bind, URL]:
        """Where each bind leads at present."""
        return self.reach.urls

    def point_at(self, urls: Mapping[Bind, URL]) -> None:
        """Let every engine lead to the database given for its bind."""
        self.reach.point_at(urls)
        for bind, engine in self.engines.items():
            engine.url = self.urls[bind]

    @contextmanager
    def posing(self, urls: Mapping[Bind, URL], dialect: Callable[[URL], Dialect]) -> Iterator[None]:
        """Let every engine say that it leads to the database given for its bind, which need not exist.

        Raises TreeError in whoever connects.
        """
        before, dress = dict(self.urls), self.reach.dress
        own = {bind: engine.dialect for bind, engine in self.engines.items()}
        self.reach.dress = lambda url: url
        event.listen(Engine, "do_connect", _refuse)
        try:
            self.point_at(urls)
            for bind, engine in self.engines.items():
                engine.dialect = dialect(urls[bind])
            yield
        finally:
            event.remove(Engine, "do_connect", _refuse)
            for bind, engine in self.engines.items():
                engine.dialect = own[bind]
            self.point_at(before)
            self.reach.dress = dress

    def let_go(self) -> None:
        """Close every connection to the databases it points at, as they are about to be dropped."""
        self.reach.let_go()

    def bind_of(self, engine: Engine) -> Bind:
        """The bind whose database `engine` leads to; env.py may have made the engine itself."""
        return self.reach.bind_of(engine.url)

    @abstractmethod
    def metadata(self, bind: Bind = None) -> MetaData:
        """The tables that the models of a bind declare; none when nobody says where the models are."""


def _refuse(_dialect: Dialect, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
    # An env.py may try its SQL on a database in memory.
    if arguments[:1] != [":memory:"] and named.get("database") != ":memory:":
        raise TreeError(
            "a database is asked for offline, where there is none", "render what it would be asked"
        )
