"""What a project says of itself: [tool.flask_lab] in its pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from flask_lab.errors import ConfigError

KEYS = {
    "app",
    "alembic",
    "metadata",
    "on",
    "url_env",
    "urls",
    "accept",
    "fail_on",
    "budget",
    "old_ref",
    "store",
}


def read_settings(project: Path) -> dict[str, Any]:
    """The table of the project in a folder, empty where there is none; ConfigError for what it cannot say."""
    path = project / "pyproject.toml"
    if not path.is_file():
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text()).get("tool", {}).get("flask_lab", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is no TOML: {error}") from error
    if unknown := sorted(set(table) - KEYS):
        raise ConfigError.unknown_name("setting in [tool.flask_lab]", unknown[0], sorted(KEYS))
    if not isinstance(store := table.get("store", ""), str):
        raise ConfigError(f"store is {store!r}, which is no folder", 'write store = "runs"')
    return table
