"""A plain Alembic project: a configuration file and its env.py, without any app."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, MetaData, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from flask_lab.errors import LabError, NoProject, TreeError, reason
from flask_lab.project.base import Project
from flask_lab.project.importing import import_tree
from flask_lab.project.reach import Bind, Reach, written

MAIN = "alembic"
ASYNCHRONOUS = {
    "sqlite": ["aiosqlite"],
    "postgresql": ["asyncpg", "psycopg"],
    "mysql": ["aiomysql", "asyncmy"],
}
"""The drivers for an env.py that makes asynchronous engines, by dialect."""


@dataclass(frozen=True, slots=True)
class AlembicFile:
    """What names a plain project: a configuration file, a section in it, and where its models' metadata are."""

    path: str
    section: str = MAIN
    metadata: str = ""

    @classmethod
    def parse(cls, spelling: str, metadata: str = "") -> AlembicFile:
        """The project that `alembic.ini` or `alembic.ini:SECTION` names."""
        path, _, section = spelling.partition(":")
        return cls(path, section or MAIN, metadata)

    def __str__(self) -> str:
        return self.path if self.section == MAIN else f"{self.path}:{self.section}"


@dataclass(slots=True)
class PlainProject(Project):
    """A tree with an env.py that takes its URL from the configuration or from the environment."""

    metadatas: Mapping[Bind, MetaData]

    def point_at(self, urls: Mapping[Bind, URL]) -> None:
        # Not super(): a dataclass with slots is another class than the one that was written.
        Project.point_at(self, urls)
        _configure(self.alembic, self.urls)

    def metadata(self, bind: Bind = None) -> MetaData:
        return self.metadatas.get(bind, MetaData())


@contextmanager
def open_plain(file: AlembicFile, reach: Reach) -> Iterator[PlainProject]:
    """Read the configuration as `alembic` does, and run its env.py once without a revision."""
    config = _read(file)
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        script = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise NoProject.configuration(str(file), str(error)) from error
    env = Path(script.dir) / "env.py"
    if not env.is_file():
        raise NoProject.folder(script.dir)
    names = (config.get_main_option("databases") or "").replace(",", " ").split()
    binds: list[Bind] = [*names] or [None]
    given = {bind: _given_url(config, bind) for bind in binds}
    reach.dress = partial(_dressed, given[binds[0]], is_async=_is_asynchronous(env))
    _configure(config, {bind: reach.url(bind) for bind in binds})
    # The lab's own keep the lab's driver: env.py's may be asynchronous, which takes a loop to run in.
    engines = {
        bind: create_engine(reach.urls[bind].set(drivername=reach.driver), poolclass=NullPool)
        for bind in binds
    }
    try:
        metadatas = _metadatas(file.metadata, binds)
        tree, imports = import_tree(config, script, engines[binds[0]])
        _try_env(config, script)
        yield PlainProject(config, script, tree, engines, imports, reach, given, metadatas)
    finally:
        for engine in engines.values():
            engine.dispose()


def _read(file: AlembicFile) -> AlembicConfig:
    path = Path(file.path)
    if not path.is_file():
        raise NoProject.configuration(file.path, "there is no such file")
    is_toml = path.name == "pyproject.toml"
    # As alembic does, which reads a pyproject.toml in the current folder beside whatever else it is given.
    ini = Path("alembic.ini") if is_toml else path
    toml = path if is_toml else Path("pyproject.toml")
    options: dict[str, Any] = {"toml_file": str(toml)} if hasattr(AlembicConfig, "toml_file_name") else {}
    if is_toml and not options:
        raise NoProject.configuration(file.path, "this release of Alembic reads no pyproject.toml")
    config = AlembicConfig(str(ini) if ini.is_file() else None, ini_section=file.section, **options)
    try:
        if not is_toml and not config.file_config.has_section(file.section):
            raise NoProject.configuration(file.path, f"it has no section [{file.section}]")
    except LabError:
        raise
    except Exception as error:
        raise NoProject.configuration(file.path, reason(error)) from error
    return config


def _configure(config: AlembicConfig, urls: Mapping[Bind, URL]) -> None:
    """Put the URLs where an env.py looks for them."""
    for bind, url in urls.items():
        config.set_section_option(
            bind or config.config_ini_section, "sqlalchemy.url", written(url).replace("%", "%%")
        )


def _given_url(config: AlembicConfig, bind: Bind) -> str:
    section = bind or config.config_ini_section
    if not config.file_config.has_section(section):
        return ""
    return config.file_config.get(section, "sqlalchemy.url", fallback="", raw=True)


def _dressed(given: str, url: URL, *, is_async: bool) -> URL:
    """`url` with the driver that the project's own URL names, or one that its env.py can work with."""
    dialect = url.get_backend_name()
    try:
        wanted, _, driver = make_url(given).drivername.partition("+")
    except (ArgumentError, ValueError):
        wanted, driver = "", ""
    if driver and wanted.replace("mariadb", "mysql") == dialect:
        return url.set(drivername=f"{dialect}+{driver}")
    if not is_async:
        return url
    known = ASYNCHRONOUS.get(dialect, [])
    installed = next(filter(find_spec, known), None)
    if installed is None:
        raise TreeError.no_driver(dialect, known)
    return url.set(drivername=f"{dialect}+{installed}")


def _is_asynchronous(env: Path) -> bool:
    try:
        tree = ast.parse(env.read_text())
    except (SyntaxError, ValueError):
        # It will say so itself when it is run.
        return False
    return any(isinstance(each, ast.AsyncFunctionDef) for each in ast.walk(tree))


def _try_env(config: AlembicConfig, script: ScriptDirectory) -> None:
    """Run env.py without a revision: what it does before the first is the project's to mend."""
    met: list[Any] = []

    def nothing(_heads: Any, context: Any) -> list[Any]:
        met.append(context.connection)
        return []

    try:
        with EnvironmentContext(config, script, fn=nothing, destination_rev="heads"):
            script.run_env()
    except LabError:
        raise
    except (Exception, SystemExit) as error:
        raise TreeError.no_env(str(Path(script.dir) / "env.py"), reason(error)) from error
    if not met:
        raise TreeError.no_steps(script.dir)
    if met[0] is None:
        raise TreeError.offline_env(script.dir)


def _metadatas(name: str, binds: list[Bind]) -> dict[Bind, MetaData]:
    """The metadata at `package.module:attribute`, which may be a declarative base or hold one for each bind."""
    if not name:
        return {}
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in (path or "metadata").split("."):
            found = getattr(found, part)
    except LabError:
        raise
    except Exception as error:
        raise NoProject.metadata(name, reason(error)) from error
    each = found if isinstance(found, Mapping) else dict.fromkeys(binds, found)
    metadatas: dict[Bind, Any] = {bind: getattr(value, "metadata", value) for bind, value in each.items()}
    if not all(isinstance(value, MetaData) for value in metadatas.values()):
        raise NoProject.metadata(name, f"it is a {type(found).__name__}")
    return metadatas
