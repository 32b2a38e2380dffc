"""What in a statement a product refuses, by the tables of queries, definitions and functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from flask_lab.experiments.portability.definitions import DEFINITIONS
from flask_lab.experiments.portability.functions import FUNCTIONS
from flask_lab.experiments.portability.queries import QUERIES
from flask_lab.experiments.portability.reading import read
from flask_lab.experiments.portability.traits import S, Trait

TRAITS: tuple[Trait, ...] = QUERIES + DEFINITIONS + FUNCTIONS
CHANGES_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE")


def specific(statement: str, product: str, version: str = "") -> Iterator[Trait]:
    """The traits of a statement that the product refuses, at a version or at all that there are."""
    seen = read(statement, product)
    changes_rows = seen.text.startswith(CHANGES_ROWS)
    for trait in _refused(product, version):
        if trait.is_function and product == S and not changes_rows:
            continue
        if trait.pattern.search(getattr(seen, trait.view)):
            yield trait


@cache
def _refused(product: str, version: str) -> tuple[Trait, ...]:
    return tuple(trait for trait in TRAITS if not trait.is_taken(product, version))
