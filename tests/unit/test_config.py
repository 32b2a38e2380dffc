"""What [tool.flask_lab] may say of a project, and what cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_lab.config import read_config
from flask_lab.errors import ConfigError
from flask_lab.project import AlembicFile


def settings(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(f"[tool.flask_lab]\n{text}\n")
    return folder


def test_options_over_the_environment_over_settings(tmp_path: Path) -> None:
    folder = settings(tmp_path, 'alembic = "alembic.ini"\nmetadata = "shop:metadata"')
    assert read_config("", {}, folder).alembic == AlembicFile("alembic.ini", "alembic", "shop:metadata")
    assert read_config("", {"alembic": "other.ini:two"}, folder).alembic == AlembicFile(
        "other.ini", "two", "shop:metadata"
    )
    assert (read_config("shop", {}, folder).app, read_config("shop", {}, folder).alembic) == ("shop", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('app = "shop"\nalembic = "alembic.ini"', "both app and alembic in .* name a project"),
        ('url_env = {DB = "{name}"}', "url_env has '{name}', which cannot be filled in"),
        ('url_env = {DB = "{host"}', "url_env has '{host', which cannot be filled in"),
        ("budget = 100", "budget is 100, which is no table; write .* milliseconds"),
        ("budget = {writers = 100}", "there is no budget 'writers'; did you mean writes"),
        ("budget = {reads = 0}", "the budget of reads is 0, which is no time to wait"),
        ("budget = {mysql = {writers = 1}}", "there is no budget 'writers'; did you mean writes"),
        ("budget = {mysql = 5}", "budget is 5, which is no table; write .* milliseconds"),
        ("budget = {mysql = {sqlite = {reads = 5}}}", "there is no budget 'sqlite'"),
        ('budget = {reads = "1s"}', "the budget of reads is '1s', which is no time to wait"),
        ("store = true", 'store is True, which is no folder; write store = "runs"'),
        ('store = ["runs"]', r"store is \['runs'\], which is no folder"),
        ("budget = {reads = true}", "the budget of reads is True, which is no time to wait"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_config("", {}, settings(tmp_path, text))


def test_a_budget_is_in_milliseconds(tmp_path: Path) -> None:
    assert read_config(
        "shop", {}, settings(tmp_path, "budget = {reads = 100, writes = 0.5}")
    ).options.budget == {
        "reads": 100,
        "writes": 0.5,
    }
    assert read_config("shop", {}, tmp_path / "elsewhere").options.budget == {}
