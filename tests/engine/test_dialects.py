"""What the tables say that a product takes and refuses, asked of real servers: every row's example on every product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from flask_lab.experiments.portability.dialects import TRAITS, specific
from flask_lab.experiments.portability.traits import Trait
from tests.harness.plugin import ReadyBackend

TABLES = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(50), n INTEGER, j JSON, made TIMESTAMP NULL)",
    "CREATE TABLE u (id INTEGER PRIMARY KEY, t_id INTEGER, b VARCHAR(50))",
    "CREATE INDEX ix_t_a ON t (a)",
    "INSERT INTO t (id, a, n, j) VALUES (1, 'x', 1, '{}')",
    "INSERT INTO u (id, t_id, b) VALUES (1, 1, 'y')",
)


@contextmanager
def new_database(backend: ReadyBackend) -> Iterator[Connection]:
    """A connection, which commits each statement, to a database with the tables that the examples are about."""
    with backend.server.scratch() as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for statement in TABLES:
                run(connection, statement)
            yield connection


def run(connection: Connection, statement: str) -> None:
    """Send a statement as it is."""
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def is_taken(connection: Connection, trait: Trait) -> bool:
    """Whether the server takes an example."""
    try:
        for statement in filter(None, (trait.given, trait.example)):
            run(connection, statement)
    except DBAPIError:
        return False
    return True


def test_products_take_and_refuse_what_the_tables_say(backend: ReadyBackend) -> None:
    product, version = backend.product.name, backend.version
    taken = {}
    with new_database(backend) as reading:
        for trait in TRAITS:
            if trait.example.startswith("SELECT") and not trait.given:
                taken[trait.example] = is_taken(reading, trait)
            else:
                with new_database(backend) as changing:
                    taken[trait.example] = is_taken(changing, trait)
    said = {trait.example: trait.is_taken(product, version) for trait in TRAITS}
    assert {each: taken[each] for each in taken if taken[each] is not said[each]} == {}


def test_what_is_refused_is_found(backend: ReadyBackend) -> None:
    product, version = backend.product.name, backend.version
    refused = [trait for trait in TRAITS if not trait.is_taken(product, version)]
    assert [each.what for each in refused if each not in specific(each.example, product, version)] == []


def test_examples_of_what_is_taken_are_silent(backend: ReadyBackend) -> None:
    """One row may not take another's example for its own: whatever a product takes is foreign to it by no row."""
    product, version = backend.product.name, backend.version
    found = {
        trait.example: [each.what for each in specific(trait.example, product, version)]
        for trait in TRAITS
        if trait.is_taken(product, version)
    }
    assert {example: whats for example, whats in found.items() if whats} == {}


def test_rows_name_products() -> None:
    for trait in TRAITS:
        products = {each.partition(">")[0].partition("<")[0] for each in trait.taken}
        assert products, trait
        assert products <= {"sqlite", "postgres", "mysql", "mariadb"}, trait
