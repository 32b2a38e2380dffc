"""What a run is set to: options over environment over [tool.flask_lab] in pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from flask_lab.backends import PRODUCTS, parse_backend
from flask_lab.errors import ConfigError
from flask_lab.experiments import Options
from flask_lab.project import AlembicFile, UrlEnv
from flask_lab.project.reach import fill
from flask_lab.results import Finding, Severity
from flask_lab.settings import read_settings
from flask_lab.sources.url import variable_of

FAIL_ON = [*(each.value for each in Severity), "never"]
BUDGETS = ["reads", "writes"]
# What a command may set of experiments.Options by itself.
OPTIONS = ("rows", "forecast", "blocker", "processes", "rounds", "slow")


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one run."""

    app: str
    on: tuple[str, ...]
    alembic: AlembicFile | None = None
    """The plain Alembic project that is meant in place of an app."""
    url_env: UrlEnv = ""
    require: bool = False
    only: str | None = None
    since: str | None = None
    fail_on: Severity | None = Severity.ERROR
    baseline: Path | None = None
    options: Options = field(default_factory=Options)

    def fails(self, finding: Finding) -> bool:
        """Whether a finding is at or above `fail_on`, and nobody has accepted it."""
        if self.fail_on is None or finding.accepted is not None:
            return False
        order = list(Severity)
        return order.index(finding.severity) <= order.index(self.fail_on)


def read_config(app: str, options: Mapping[str, Any], folder: Path | None = None) -> Config:
    """The settings for an app; ConfigError for one that cannot be right. URLs found go to the environment."""
    table = read_settings(folder or Path.cwd())
    for backend, url in table.get("urls", {}).items():
        os.environ.setdefault(variable_of(parse_backend(backend)), url)
    chosen = options.get("on") or table.get("on") or list(PRODUCTS)
    names = chosen.replace(",", " ").split() if isinstance(chosen, str) else chosen
    fail_on = options.get("fail_on") or table.get("fail_on", Severity.ERROR)
    if fail_on not in FAIL_ON:
        raise ConfigError.unknown_name("severity to fail on", str(fail_on), FAIL_ON)
    if options.get("only") and options.get("since"):
        raise ConfigError("--only and --since are both about which revisions to judge", "give one of them")
    alembic = _alembic(app, options, table)
    return Config(
        app="" if alembic else app or table.get("app", ""),
        alembic=alembic,
        on=tuple(dict.fromkeys(parse_backend(name).name for name in names)),
        url_env=_url_env(table.get("url_env", "")),
        require=bool(options.get("require")),
        only=options.get("only"),
        since=options.get("since"),
        fail_on=None if fail_on == "never" else Severity(fail_on),
        options=_options(options, table),
        baseline=options.get("baseline") or (Path(table["accept"]) if "accept" in table else None),
    )


def _alembic(app: str, options: Mapping[str, Any], table: Mapping[str, Any]) -> AlembicFile | None:
    """The plain project that options name, or the settings where no app is named."""
    if app and options.get("alembic"):
        raise ConfigError.two_projects(f"--app {app}", f"--alembic {options['alembic']}")
    if "app" in table and "alembic" in table:
        raise ConfigError.two_projects("app", "alembic in [tool.flask_lab]")
    named = options.get("alembic") or ("" if app else table.get("alembic", ""))
    metadata = options.get("metadata") or table.get("metadata", "")
    if options.get("metadata") and not named:
        raise ConfigError("--metadata is for a plain Alembic project", "name it with --alembic alembic.ini")
    return AlembicFile.parse(named, metadata) if named else None


def _url_env(given: UrlEnv) -> UrlEnv:
    for text in [] if isinstance(given, str) else given.values():
        try:
            fill(text, URL.create("sqlite"))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ConfigError(
                f"url_env has '{text}', which cannot be filled in",
                "it may hold {url}, {user}, {password}, {host}, {port} and {database}",
            ) from error
    return given


def _options(options: Mapping[str, Any], table: Mapping[str, Any]) -> Options:
    given = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    return Options(
        budget=_budget(table.get("budget", {})),
        old_ref=options.get("old_ref") or table.get("old_ref", ""),
        **given,
    )


def _budget(given: Any, *, is_of_product: bool = False) -> Mapping[str, Any]:
    hint = "write [tool.flask_lab.budget] with reads = 100, writes = 500: milliseconds"
    if not isinstance(given, dict):
        raise ConfigError(f"budget is {given!r}, which is no table", hint)
    for name, value in given.items():
        if name in PRODUCTS and not is_of_product:
            _budget(value, is_of_product=True)
            continue
        if name not in BUDGETS:
            raise ConfigError.unknown_name("budget", name, BUDGETS)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigError(f"the budget of {name} is {value!r}, which is no time to wait", hint)
    return given
