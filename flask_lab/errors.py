"""What can go wrong in the lab itself; a fault found in a tree is a finding, never one of these.

LabError
├── ConfigError           a name, URL or setting that cannot be right
├── TreeError             a project or tree that cannot be opened
│   └── NoProject         there is none to open, whatever the database
├── MigrationFailed       a step did not get through; experiments make findings of it
├── BackendUnavailable    no server could be had for a backend: why, and what to do
└── BackendLost           a server, or its disk, failed in the middle
"""

from __future__ import annotations

import errno
import traceback
from difflib import get_close_matches
from pathlib import Path

HISTORY = "flask db history (or alembic history) lists them all"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class LabError(Exception):
    """One sentence that names the thing and the reason, and one hint that says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigError(LabError):
    """Wrong usage or configuration."""

    @classmethod
    def unknown_backend(cls, name: str, known: list[str]) -> ConfigError:
        return cls(
            f"there is no backend '{name}'",
            f"the backends are {', '.join(known)}, with a tag if need be (postgres:17)",
        )

    @classmethod
    def unknown_name(cls, kind: str, name: str, known: list[str]) -> ConfigError:
        near = get_close_matches(name, known, 1)
        return cls(
            f"there is no {kind} '{name}'",
            f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
        )

    @classmethod
    def two_projects(cls, one: str, other: str) -> ConfigError:
        return cls(f"both {one} and {other} name a project", "name the one that is meant")

    @classmethod
    def bad_url(cls, where: str, reason: str, example: str) -> ConfigError:
        return cls(f"{where} is no URL of a server: {reason}", f"write it like {example}")


def unwritable(what: str, error: OSError, hint: str = "") -> LabError:
    """What cannot be written: the caller named a place that cannot be, unless it is the disk that fails."""
    kind = LabError if error.errno in FULL else ConfigError
    return kind(f"{what}: {error.strerror}", hint)


class BackendUnavailable(LabError):
    """A backend has no server here; `message` is the reason, `hint` the way out."""

    @classmethod
    def no_driver(cls, module: str | None) -> BackendUnavailable:
        packages = {"psycopg2": "psycopg2-binary", "pymysql": "'PyMySQL[rsa]'", "MySQLdb": "mysqlclient"}
        name = str(module)
        return cls(f"the Python driver {name} is not installed", f"pip install {packages.get(name, name)}")


class BackendLost(LabError):
    """What was seen of a backend lately may be its server's doing, and says nothing of the tree."""

    @classmethod
    def failed(cls, backend: str, reason: str) -> BackendLost:
        return cls(f"the server of {backend} failed: {reason}", "mend that, then run it again")

    @classmethod
    def cut(cls, backend: str, reason: str) -> BackendLost:
        return cls(f"the connection to the server of {backend} was lost: {reason}", "run it again")


class TreeError(LabError):
    """A project or its migrations tree cannot be opened, so that there is nothing to try."""

    @classmethod
    def broken(cls, folder: str, reason: str) -> TreeError:
        return cls(
            f"the revisions in {folder} make no tree: {reason}",
            "flask db heads (or alembic heads) meets the same",
        )

    @classmethod
    def unreadable(cls, folder: str, error: Exception) -> TreeError:
        return cls(
            f"a revision in {folder} cannot be imported: {type(error).__name__}: {error}",
            "every revision has to be importable where the lab runs, with all that it imports",
        )

    @classmethod
    def empty(cls, folder: str) -> TreeError:
        return NoProject(
            f"there is no revision in {folder}",
            'write the first: flask db migrate -m "first", or alembic revision -m "first"',
        )

    @classmethod
    def no_app(cls, app: str, reason: str) -> TreeError:
        return cls(
            f"the app {app or 'that flask finds here'} cannot be loaded: {reason}", "try: flask routes"
        )

    @classmethod
    def no_database(cls, app: str) -> TreeError:
        return cls(f"the app {app} has no Flask-SQLAlchemy", "there is no database to wait for")

    @classmethod
    def foreign_database(cls, who: str, database: str) -> TreeError:
        return cls(
            f"{who} connects to the database '{database}' by itself, which the lab does not let it do",
            "if it reads its URL from the environment, name the variable as url_env in [tool.flask_lab]",
        )

    @classmethod
    def no_env(cls, path: str, reason: str) -> TreeError:
        return cls(f"{path} cannot be run: {reason}", "try: alembic current")

    @classmethod
    def no_driver(cls, dialect: str, known: list[str]) -> TreeError:
        return cls(
            f"env.py works asynchronously, and no such driver for {dialect} is installed",
            f"pip install {' or '.join(known)}" if known else "",
        )

    @classmethod
    def unknown_revision(cls, revision: str) -> TreeError:
        return cls(f"there is no revision '{revision}'", HISTORY)

    @classmethod
    def no_steps(cls, folder: str) -> TreeError:
        return cls(
            f"{folder}/env.py ran no revision",
            "it has to call context.run_migrations() for the project's databases",
        )

    @classmethod
    def offline_env(cls, folder: str) -> TreeError:
        return cls(
            f"{folder}/env.py opens no connection",
            "it has to call context.configure(connection=...) when it runs online",
        )


class NoProject(TreeError):
    """There is no app, no Flask-Migrate in it, no configuration or no tree: no database would change that."""

    @classmethod
    def app(cls, app: str, reason: str) -> NoProject:
        return cls(
            f"the app {app or 'that flask finds here'} cannot be loaded: {reason}",
            "name it with --app, or a plain Alembic project with --alembic alembic.ini",
        )

    @classmethod
    def migrate(cls, app: str) -> NoProject:
        return cls(f"the app {app} has no Flask-Migrate", "the lab needs Migrate(app, db), as flask db does")

    @classmethod
    def folder(cls, folder: str) -> NoProject:
        return cls(
            f"there is no migrations tree in {folder}",
            "flask db init (or alembic init) makes one; run the lab where flask db or alembic runs",
        )

    @classmethod
    def configuration(cls, path: str, reason: str) -> NoProject:
        return cls(
            f"{path} configures no Alembic project: {reason}",
            "name the file that alembic reads, with its section if that is not [alembic]: alembic.ini:NAME",
        )

    @classmethod
    def metadata(cls, name: str, reason: str) -> NoProject:
        return cls(
            f"there is no metadata at {name}: {reason}",
            "write it like package.models:Base.metadata, as it is imported where the lab runs",
        )


class MigrationFailed(LabError):
    """A step, or the project's env.py around it, raised `cause`."""

    def __init__(self, message: str, cause: BaseException) -> None:
        super().__init__(message)
        self.cause = cause


def behind(error: BaseException) -> BaseException:
    """`error`, or what made someone call sys.exit() about it: Flask-Migrate does, and leaves the reason to a log."""
    while isinstance(error, SystemExit) and error.__context__ is not None:
        error = error.__context__
    return error


def reason(error: BaseException) -> str:
    """An error on one line, by its type and text, or by the code that raised it where it says nothing."""
    error = behind(error)
    said = " ".join(str(error).split()) or _where(error)
    return f"{type(error).__name__}: {said}".removesuffix(": ")


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].line} ({Path(frames[-1].filename).name}, in {frames[-1].name})" if frames else ""
