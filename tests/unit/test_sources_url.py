"""Servers named by URL: LAB_POSTGRES_URL and its like, tried on real servers."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from flask_lab.errors import BackendUnavailable, ConfigError
from flask_lab.sources import Server, open_server, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.plugin import ReadyBackend

pytestmark = pytest.mark.needs("server")
PASSWORD = "no:such/pass@word#%"


def environment(backend: ReadyBackend, url: URL) -> dict[str, str]:
    return {f"LAB_{backend.name.upper()}_URL": url.render_as_string(hide_password=False)}


@pytest.fixture
def given(backend: ReadyBackend) -> Iterator[Server]:
    """The backend's own server once more, this time as one that a person named."""
    with open_server(backend.name, environment(backend, backend.server.url)) as server:
        yield server


def test_scratch_databases_are_made_beside_the_given_one(given: Server) -> None:
    assert given.source == "url"
    with given.scratch() as url:
        assert url.database != given.url.database
        assert (url.host, url.port, url.username) == (given.url.host, given.url.port, given.url.username)


def test_plain_url_gets_the_driver(backend: ReadyBackend) -> None:
    plain = backend.server.url.set(drivername=backend.name)
    with open_server(backend.name, environment(backend, plain)) as server:
        assert server.url.drivername == backend.product.driver


def test_plan_names_variable_and_place(backend: ReadyBackend) -> None:
    url = backend.server.url
    expected = f"LAB_{backend.name.upper()}_URL at {url.host}:{url.port}"
    assert plan(backend.name, environment(backend, url)) == ("url", expected)


def test_wrong_password_is_one_line_without_it(backend: ReadyBackend) -> None:
    message = refusal(backend, backend.server.url.set(password=PASSWORD))
    assert f"LAB_{backend.name.upper()}_URL" in message
    assert "password" in message
    assert PASSWORD not in message
    assert "\n" not in message


def test_refused_connection_is_one_line(backend: ReadyBackend) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        message = refusal(backend, backend.server.url.set(host="127.0.0.1", port=free.getsockname()[1]))
    assert "refused" in message
    assert str(backend.server.url.password) not in message
    assert "\n" not in message


def test_wrong_product_is_named(backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_lab.sources.url.CONNECT_SECONDS", 1)
    other = {"postgres": "mysql", "mysql": "mariadb", "mariadb": "mysql"}[backend.name]
    url = backend.server.url.set(drivername="mysql+pymysql")
    with pytest.raises(BackendUnavailable) as caught:
        open_server(
            other, {f"LAB_{other.upper()}_URL": url.render_as_string(hide_password=False)}
        ).__enter__()
    # PostgreSQL does not speak their protocol, and cannot say what it is.
    expected = (
        "does not let us in"
        if backend.name == "postgres"
        else f"is {backend.product.title} {backend.version}, not"
    )
    assert expected in str(caught.value)


def test_wrong_version_is_named(backend: ReadyBackend) -> None:
    with pytest.raises(BackendUnavailable, match=rf"{backend.version}, not 1\.2"):
        open_server(f"{backend.name}:1.2", environment(backend, backend.server.url)).__enter__()


def test_driver_that_is_not_installed_is_named(
    backend: ReadyBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, package = {"postgres": ("psycopg2", "psycopg2-binary")}.get(backend.name, ("pymysql", "PyMySQL"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendUnavailable) as caught:
        open_server(backend.name, environment(backend, backend.server.url)).__enter__()
    assert f"the Python driver {module} is not installed" in str(caught.value)
    assert package in caught.value.hint
    # Nor is a server started that nobody could speak to.
    with pytest.raises(BackendUnavailable):
        plan(backend.name, {})


def test_one_url_for_two_versions_serves_the_one_it_is(backend: ReadyBackend) -> None:
    given = environment(backend, backend.server.url)
    number = backend.version.partition(".")[0]
    with open_server(f"{backend.name}:{number}", given) as server:
        assert server.version == backend.version
    with pytest.raises(BackendUnavailable) as caught:
        open_server(f"{backend.name}:1.2", given).__enter__()
    assert caught.value.hint == f"set LAB_{backend.name.upper()}_1_2_URL for that one"


def test_url_for_a_version_goes_first(backend: ReadyBackend) -> None:
    number = backend.version.partition(".")[0]
    wrong = environment(backend, backend.server.url.set(port=1))
    own = {
        f"LAB_{backend.name.upper()}_{number}_URL": backend.server.url.render_as_string(hide_password=False)
    }
    with open_server(f"{backend.name}:{number}", wrong | own) as server:
        assert server.origin.startswith(f"LAB_{backend.name.upper()}_{number}_URL at ")
    with pytest.raises(BackendUnavailable, match="refused"):
        open_server(backend.name, wrong | own).__enter__()


def test_user_without_rights_is_told_which(backend: ReadyBackend) -> None:
    engine = create_engine(backend.server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    account = "weak" if backend.name == "postgres" else "'weak'@'%'"
    secret = "PASSWORD" if backend.name == "postgres" else "IDENTIFIED BY"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE USER {account} {secret} 'weak'"))
        try:
            message = refusal(backend, backend.server.url.set(username="weak", password="weak"))
        finally:
            connection.execute(text(f"DROP USER {account}"))
    assert "give 'weak' the right to create databases" in message


def test_dead_run_is_swept_and_live_one_is_not(backend: ReadyBackend, given: Server) -> None:
    live = given.create()
    dead = "lab_r0123456789_1"
    engine = create_engine(backend.server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in (dead, "lab_2024_1"):
            backend.product.create(connection, name)
        assert backend.server.sweep() == [dead]
        assert {live.database, "lab_2024_1"} <= set(backend.product.databases(connection))
        backend.product.drop(connection, "lab_2024_1")
    given.drop(live)


@pytest.mark.parametrize(
    "url", ["postgres//nothing", "mysql://u:secret@h/x", "postgresql://u:secret@h:port/x"]
)
def test_url_that_cannot_be_right(url: str) -> None:
    with pytest.raises(ConfigError, match="LAB_POSTGRES_URL is no URL") as caught:
        plan("postgres", {"LAB_POSTGRES_URL": url})
    assert "secret" not in str(caught.value)


def refusal(backend: ReadyBackend, url: URL) -> str:
    """What is said when the server behind `url` cannot be used."""
    with pytest.raises(BackendUnavailable) as caught:
        open_server(backend.name, environment(backend, url)).__enter__()
    return str(caught.value)
