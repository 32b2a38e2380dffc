"""app/config.py: what the environment may say, and the one line that names a wrong variable and no password."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from sqlalchemy.engine import make_url

from app import create_app
from app.config import ConfigError, database_url, load

HARD = "p@ss:w/o%rd#1?&= ü'\""
SECRET = "s3cret-value"


def test_nothing_set_is_sqlite() -> None:
    assert database_url({}).render_as_string() == "sqlite:///lab.db"


@pytest.mark.parametrize(
    ("product", "driver", "port"),
    [
        ("postgres", "postgresql+psycopg2", 5432),
        ("mysql", "mysql+pymysql", 3306),
        ("mariadb", "mysql+pymysql", 3306),
    ],
)
def test_product_and_password_alone_are_enough(product: str, driver: str, port: int) -> None:
    url = database_url({"DB": product, "DB_PASSWORD": HARD})
    assert (url.drivername, url.port, url.host, url.username, url.database) == (
        driver,
        port,
        "127.0.0.1",
        "lab",
        "lab",
    )
    assert url.password == HARD
    # And it survives being written down and read again.
    assert make_url(url.render_as_string(hide_password=False)).password == HARD


def test_password_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(HARD + "\n")
    url = database_url(
        {"DB": "mysql", "DB_PASSWORD_FILE": str(tmp_path / "password"), "DB_HOST": "db", "DB_PORT": "1"}
    )
    assert (url.password, url.host, url.port) == (HARD, "db", 1)


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://", "postgresql+psycopg2"),
        ("postgresql://", "postgresql+psycopg2"),
        ("postgresql+psycopg2://", "postgresql+psycopg2"),
        ("mysql://", "mysql+pymysql"),
        ("mysql+pymysql://", "mysql+pymysql"),
        ("mariadb://", "mysql+pymysql"),
    ],
)
def test_schemes_get_the_driver_that_is_here(given: str, driver: str) -> None:
    url = database_url({"DATABASE_URL": f"{given}lab:p%40ss%3Aw%2Fo%25rd%23@db.example:1234/name?x=1"})
    assert (url.drivername, url.password, url.host, url.port) == (driver, "p@ss:w/o%rd#", "db.example", 1234)
    assert (url.database, url.query) == ("name", {"x": "1"})


def test_bare_at_sign_in_a_url_belongs_to_the_password() -> None:
    assert database_url({"DATABASE_URL": "mysql://lab:p@ss@db/name"}).password == "p@ss"


def test_sqlite_url() -> None:
    assert database_url({"DATABASE_URL": "sqlite:////tmp/x.db"}).database == "/tmp/x.db"


@pytest.mark.parametrize(
    ("variable", "environ"),
    [
        ("DB", {"DB": "oracle"}),
        ("DB", {"DB": "Postgres"}),
        ("DB_PASSWORD", {"DB": "postgres"}),
        ("DB_PASSWORD", {"DB": "postgres", "DB_PASSWORD": SECRET, "DB_PASSWORD_FILE": "/x"}),
        ("DB_PASSWORD_FILE", {"DB": "postgres", "DB_PASSWORD_FILE": "/nowhere/at/all"}),
        ("DB_PORT", {"DB": "postgres", "DB_PASSWORD": SECRET, "DB_PORT": "5432x"}),
        ("DB_PORT", {"DB": "postgres", "DB_PASSWORD": SECRET, "DB_PORT": "70000"}),
        ("DB_PORT", {"DB": "postgres", "DB_PASSWORD": SECRET, "DB_PORT": "-1"}),
        ("DATABASE_URL", {"DATABASE_URL": f"oracle://lab:{SECRET}@db/name"}),
        ("DATABASE_URL", {"DATABASE_URL": f"lab:{SECRET}@db/name"}),
        ("DATABASE_URL", {"DATABASE_URL": f"postgresql://lab:{SECRET}@db"}),
        ("DATABASE_URL", {"DATABASE_URL": f"postgresql://lab:{SECRET}@db:port/name"}),
        ("DATABASE_URL", {"DATABASE_URL": f"postgresql://lab:{SECRET}/x@db:bad/name"}),
        ("DB_POOL_SIZE", {"DB": "mysql", "DB_PASSWORD": SECRET, "DB_POOL_SIZE": "many"}),
        ("MIGRATE_LOCK_WAIT", {"MIGRATE_LOCK_WAIT": "soon"}),
        ("MIGRATE_LOCK_WAIT", {"MIGRATE_LOCK_WAIT": "-1"}),
        ("MIGRATE_LOCK_TIMEOUT", {"MIGRATE_LOCK_TIMEOUT": "nan"}),
        ("DB_CONNECT_WAIT", {"DB_CONNECT_WAIT": "inf"}),
        ("MIGRATE_ALLOW_AHEAD", {"MIGRATE_ALLOW_AHEAD": "maybe"}),
    ],
)
def test_wrong_value_is_one_line_that_names_the_variable(variable: str, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        load(environ)
    message = str(refused.value)
    assert message.startswith(variable)
    assert "\n" not in message
    assert SECRET not in message


def test_secret_key_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc\n")
    assert load({"SECRET_KEY_FILE": str(tmp_path / "key")})["SECRET_KEY"] == "abc"
    assert len(load({})["SECRET_KEY"]) >= 32


def test_app_that_cannot_be_made_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "oracle")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(click.UsageError, match=r"^DB is 'oracle': choose one of"):
        create_app()


def test_password_is_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://lab:{SECRET}@db/name")
    assert SECRET not in repr(create_app().config)
