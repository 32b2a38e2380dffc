"""The database products the lab knows, and how a backend is spelled: `postgres`, or `postgres:17`."""

from __future__ import annotations

from flask_lab.backends.base import Backend, Product
from flask_lab.backends.mariadb import MariaDB
from flask_lab.backends.mysql import MySQL
from flask_lab.backends.postgres import Postgres
from flask_lab.backends.sqlite import SQLite
from flask_lab.errors import ConfigError

__all__ = ["PRODUCTS", "Backend", "Product", "parse_backend"]

PRODUCTS: dict[str, Product] = {
    product.name: product for product in (SQLite(), Postgres(), MySQL(), MariaDB())
}


def parse_backend(spelling: str) -> Backend:
    """The backend that `postgres` or `postgres:17` names; ConfigError for anything else."""
    name, colon, tag = spelling.strip().partition(":")
    product = PRODUCTS.get(name)
    if product is None or bool(colon) != bool(tag) or (tag and product.image is None):
        raise ConfigError.unknown_backend(spelling, list(PRODUCTS))
    return Backend(product, tag or None)
