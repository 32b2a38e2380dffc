"""`lab backends`: what could be had is started, and what not is named with the way to have it."""

from __future__ import annotations

from pathlib import Path

from tests.engine.held import urls
from tests.engine.test_project import lab
from tests.harness.plugin import ReadyBackend

NOTHING = {"DOCKER_HOST": "unix:///nowhere.sock", "PATH": "/nowhere", "LAB_MARIADB_URL": ""}


def test_backend_is_shown_with_version_origin_and_seconds(backend: ReadyBackend, tmp_path: Path) -> None:
    shown = lab(tmp_path, "backends", "--on", backend.name, **urls(backend))
    assert shown.returncode == 0, shown.stderr
    line = next(each for each in shown.stdout.splitlines() if f"✓ {backend.name}" in each)
    assert f"{backend.product.title} {backend.version}" in line
    assert "embedded: " in line or f"url: LAB_{backend.name.upper()}_URL at " in line
    assert line.rstrip().endswith(" s")
    if backend.server.url.password:
        assert str(backend.server.url.password) not in shown.stdout


def test_backend_that_is_not_here_says_why_and_what_to_do(tmp_path: Path) -> None:
    shown = lab(tmp_path, "backends", "--on", "sqlite,mariadb", **NOTHING)
    said = " ".join(shown.stdout.split())
    assert "○ mariadb not here LAB_MARIADB_URL is not set; no Docker engine answers" in said
    assert "to have it: install mariadb-server, or start Docker, or set LAB_MARIADB_URL" in said
    assert "✓ sqlite SQLite" in said
    assert max(map(len, shown.stdout.splitlines())) <= 100


def test_settings_name_the_backends(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.flask_lab]\non = ["sqlite", "mariadb:11.8"]\n'
        '[tool.flask_lab.urls]\n"mariadb:11.8" = "mariadb://lab:secret@127.0.0.1:1/"\n'
    )
    shown = lab(tmp_path, "backends", **NOTHING).stdout
    said = " ".join(shown.split())
    assert "○ mariadb:11.8 not here LAB_MARIADB_11_8_URL: " in said
    assert "postgres" not in said
    assert "secret" not in said
