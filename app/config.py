"""The one place that reads the environment: what the app, its database and its migrations are told from outside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

PRODUCTS = ("sqlite", "postgres", "mysql", "mariadb")

# A bare scheme leaves the driver to SQLAlchemy, whose choice changes between versions and is not installed here.
DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    # One dialect name for both products keeps dialect branches in revisions from missing one of them.
    "mariadb": "mysql+pymysql",
    "mariadb+pymysql": "mysql+pymysql",
}
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
SQLITE_DEFAULT = "lab.db"


class ConfigError(Exception):
    """A setting is missing or wrong; the message names the variable and never shows a password."""


def load(environ: Mapping[str, str]) -> dict[str, Any]:
    """Flask configuration from environment variables. Raises `ConfigError` for the first wrong one."""
    url = database_url(environ)
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "DB_PRODUCT": product(environ),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url, environ),
        "SECRET_KEY": _text_or_file(environ, "SECRET_KEY") or token_hex(32),
        "DB_CONNECT_WAIT": _seconds(environ, "DB_CONNECT_WAIT", 0),
        "MIGRATE_LOCK_WAIT": _seconds(environ, "MIGRATE_LOCK_WAIT", 300),
        "MIGRATE_LOCK_TIMEOUT": _seconds(environ, "MIGRATE_LOCK_TIMEOUT", 5),
        "MIGRATE_STATEMENT_TIMEOUT": _seconds(environ, "MIGRATE_STATEMENT_TIMEOUT", 0),
        "MIGRATE_ALLOW_AHEAD": _flag(environ, "MIGRATE_ALLOW_AHEAD"),
    }


def database_url(environ: Mapping[str, str]) -> URL:
    """The app's database: `DATABASE_URL` where it is set, else made from `DB` and the `DB_*` variables."""
    if given := environ.get("DATABASE_URL"):
        return _parse_url(given)
    named = product(environ)
    if named == "sqlite":
        return URL.create("sqlite", database=environ.get("DB_NAME") or SQLITE_DEFAULT)
    password = _text_or_file(environ, "DB_PASSWORD")
    if password is None:
        raise ConfigError(
            f"DB_PASSWORD is not set: DB={named} needs it, or DB_PASSWORD_FILE with a file's path"
        )
    return URL.create(
        DRIVERS[named],
        username=environ.get("DB_USER") or "lab",
        password=password,
        host=environ.get("DB_HOST") or "127.0.0.1",
        port=_port(environ, PORTS[named]),
        database=environ.get("DB_NAME") or "lab",
    )


def product(environ: Mapping[str, str]) -> str:
    """The product that the settings name, for where no server can be asked; `mysql` may turn out to be MariaDB."""
    if given := environ.get("DATABASE_URL"):
        scheme = given.partition("://")[0].partition("+")[0]
        return "postgres" if scheme == "postgresql" else scheme
    named = environ.get("DB") or "sqlite"
    if named not in PRODUCTS:
        raise ConfigError(f"DB is {named!r}: choose one of {', '.join(PRODUCTS)}")
    return named


def engine_options(url: URL, environ: Mapping[str, str]) -> dict[str, Any]:
    """Pool and session settings; sessions are in UTC and strict on every product, and a restarted server is noticed."""
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 30}}
    pool: dict[str, Any] = {
        "pool_pre_ping": True,
        "pool_recycle": 280,
        "pool_size": _count(environ, "DB_POOL_SIZE", 5),
        "max_overflow": _count(environ, "DB_POOL_OVERFLOW", 10),
    }
    if url.get_backend_name() == "postgresql":
        return pool | {"connect_args": {"connect_timeout": 5, "options": "-c timezone=UTC"}}
    session = "SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
    return pool | {
        # As on PostgreSQL; the product's own default also locks the gaps between rows that a batch does not touch.
        "isolation_level": "READ COMMITTED",
        "connect_args": {"connect_timeout": 5, "charset": "utf8mb4", "init_command": session},
    }


def _parse_url(given: str) -> URL:
    scheme, _, rest = given.partition("://")
    if scheme not in DRIVERS:
        known = "sqlite, postgresql, mysql or mariadb"
        named = repr(scheme) if rest else "no scheme"
        raise ConfigError(
            f"DATABASE_URL has {named} before '://': use {known}, as in postgresql://user@host/name"
        )
    address, mark, query = rest.partition("?")
    userinfo, at, host = address.rpartition("@")
    try:
        # Only the last @ ends a password; SQLAlchemy stops at the first.
        url = make_url(f"{DRIVERS[scheme]}://{userinfo.replace('@', '%40')}{at}{host}{mark}{query}")
    except (ArgumentError, ValueError):
        # The driver's message would repeat the URL, password and all.
        raise ConfigError(
            "DATABASE_URL cannot be read as a URL: expected scheme://user:password@host:port/name, "
            "special characters in the password percent-encoded"
        ) from None
    if not url.database and scheme != "sqlite":
        raise ConfigError("DATABASE_URL names no database: end it with /NAME")
    return url


def _text_or_file(environ: Mapping[str, str], name: str) -> str | None:
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if path is None or path == "":
        return value
    if value is not None:
        raise ConfigError(f"{name} and {name}_FILE are both set: keep one")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{name}_FILE names {path!r}, which cannot be read: {reason}") from error


def _port(environ: Mapping[str, str], default: int) -> int:
    port = _count(environ, "DB_PORT", default)
    if not 0 < port < 65536:
        raise ConfigError(f"DB_PORT is {port}: a port is 1 to 65535")
    return port


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    given = environ.get(name) or str(default)
    if not given.isascii() or not given.isdigit():
        raise ConfigError(f"{name} is {given!r}: expected a whole number")
    return int(given)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    given = environ.get(name) or str(default)
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    # `nan` compares false with everything, and no driver takes an endless timeout.
    if not 0 <= seconds < 10**7:
        raise ConfigError(f"{name} is {given!r}: expected a number of seconds, 0 or more")
    return seconds


def _flag(environ: Mapping[str, str], name: str) -> bool:
    given = (environ.get(name) or "0").lower()
    if given not in {"0", "1", "true", "false", "yes", "no"}:
        raise ConfigError(f"{name} is {given!r}: expected 0 or 1")
    return given in {"1", "true", "yes"}
