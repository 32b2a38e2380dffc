"""What `parity` takes for the same, and since when it says that backends differ."""

from __future__ import annotations

from typing import Any

import pytest

from flask_lab.backends.catalogue import Name, Schema
from flask_lab.experiments.parity.comparison import Comparison
from flask_lab.experiments.parity.equivalences import meanings
from flask_lab.experiments.parity.expressions import canonical, number
from flask_lab.experiments.parity.portable import Portable
from flask_lab.results import Severity

SPELLINGS = [
    ("price > 0", "(price > (0)::numeric)", "(`price` > 0)"),
    (
        "state in ('a', 'b')",
        "((state)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        r"(`state` in (_utf8mb4\'a\',_utf8mb4\'b\'))",
    ),
    ("code like 'a%'", "((code)::text ~~ 'a%'::text)", r"(`code` like _utf8mb4\'a%\')"),
    ("a <> b", "(a <> b)", "(`a` <> `b`)"),
    ("lower(email)", "lower((email)::text)", "lower(`email`)"),
    ("n > -1", "(n > '-1'::integer)", "(`n` > -1)"),
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda each: each[0])
def test_an_expression_reads_alike_however_a_product_prints_it(spellings: tuple[str, ...]) -> None:
    assert len({canonical(each).replace("- ", "-") for each in spellings}) == 1


def test_expressions_that_differ_stay_different() -> None:
    assert canonical("price > 0") != canonical("price >= 0")
    assert canonical("name in ('a')") != canonical("name in ('A')")


def test_a_number_is_one_in_quotes_or_not() -> None:
    assert number("'0.00'") == number("0") == "0"
    assert number("'ten'") == "'ten'"


@pytest.mark.parametrize(
    ("sqlite", "postgres", "mysql", "mariadb"),
    [
        ("BOOLEAN", "boolean", "tinyint(1)", "tinyint(1)"),
        ("INTEGER", "bigint", "bigint", "bigint(20)"),
        ("VARCHAR(50)", "character varying(50)", "varchar(50)", "varchar(50)"),
        ("NUMERIC(10, 2)", "numeric(10,2)", "decimal(10,2)", "decimal(10,2)"),
        ("JSON", "jsonb", "json", "longtext"),
        ("DATETIME", "timestamp with time zone", "datetime(6)", "timestamp"),
        ("VARCHAR(5)", "enum('red','green')", "enum('red','green')", "enum('red','green')"),
        ("CHAR(32)", "uuid", "char(32)", "uuid"),
        ("BLOB", "bytea", "longblob", "blob"),
    ],
)
def test_types_that_mean_the_same(sqlite: str, postgres: str, mysql: str, mariadb: str) -> None:
    spelt = {"sqlite": sqlite, "postgres": postgres, "mysql": mysql, "mariadb": mariadb}
    assert frozenset.intersection(*(meanings(product, type_) for product, type_ in spelt.items()))


@pytest.mark.parametrize(
    ("postgres", "mysql"),
    [
        ("character varying(50)", "varchar(51)"),
        ("numeric", "decimal(10,0)"),
        ("integer", "bigint"),
        ("boolean", "int"),
        ("text", "json"),
        ("bigint", "int unsigned"),
        ("citext", "varchar(10)"),
    ],
)
def test_types_that_do_not(postgres: str, mysql: str) -> None:
    assert not meanings("postgres", postgres) & meanings("mysql", mysql)


def column(type_: str, **attributes: Any) -> dict[str, Any]:
    return {"type": type_, "nullable": True, "default": None, **attributes}


def table(columns: dict[str, dict[str, Any]], **others: Any) -> Schema:
    """A schema of one table, `users`."""
    found: dict[Name, Any] = {Name("table", "", "users"): {}}
    found |= {Name("column", "users", name): each for name, each in columns.items()}
    return found | {Name(kind.replace("_", " "), "users", kind): each for kind, each in others.items()}


def partings(products: dict[str, list[Schema]]) -> Comparison:
    """What products differ in after they went through these schemas, revision by revision."""
    changes = {}
    for product, schemas in products.items():
        portable = Portable(product)
        told = [portable.read(schema) for schema in schemas]
        changes[product] = [
            {"revision": f"r{number}", "new": new, "gone": gone} for number, (new, gone) in enumerate(told, 1)
        ]
    comparison = Comparison({product: product for product in products})
    comparison.follow(changes)
    return comparison


def told(products: dict[str, list[Schema]]) -> list[tuple[str, str]]:
    return [(each.revision, str(each)) for each in partings(products).parted.values()]


def test_a_difference_is_told_at_the_revision_since_which_it_is_there() -> None:
    same = {"name": column("text")}
    assert told(
        {
            "postgres": [
                table(same),
                table(same | {"bio": column("text")}),
                table(same | {"bio": column("text")}),
            ],
            "mysql": [
                table(same),
                table(same | {"bio": column("text", nullable=False)}),
                table(same | {"bio": column("text", nullable=False)}),
            ],
        }
    ) == [("r2", "column users.bio: nullable is true on postgres, false on mysql")]


def test_what_has_become_the_same_again_is_no_difference() -> None:
    plain, strict = table({"name": column("text")}), table({"name": column("text", nullable=False)})
    assert told({"postgres": [plain, strict], "mysql": [strict, strict]}) == []


def test_a_column_that_is_missing_takes_along_what_is_made_of_it() -> None:
    index = {"columns": ("bio",), "unique": False}
    assert told(
        {
            "postgres": [table({"name": column("text"), "bio": column("text")}, index=index)],
            "mysql": [table({"name": column("text")})],
        }
    ) == [("r1", "column users.bio is there on postgres, and not there on mysql")]


def test_an_index_that_a_product_makes_by_itself_may_be_absent_elsewhere() -> None:
    key = {"columns": ("team",), "table": "teams", "target": ("id",), "on update": "NO ACTION"}
    columns = {"team": column("int")}
    innodb = table(
        columns, foreign_key=key | {"on delete": "RESTRICT"}, index={"columns": ("team",), "unique": False}
    )
    elsewhere = table({"team": column("integer")}, foreign_key=key | {"on delete": "NO ACTION"})
    assert told({"mysql": [innodb], "postgres": [elsewhere]}) == []
    # What somebody made on one side is missed on the other.
    by_hand = table({"team": column("integer")}, index={"columns": ("team",), "unique": False})
    assert told({"postgres": [by_hand], "mysql": [table(columns)]}) == [
        ("r1", "index (team) on users is there on postgres, and not there on mysql")
    ]


def test_a_check_of_values_is_what_an_enumeration_is_elsewhere() -> None:
    checked = table({"state": column("VARCHAR(1)")}, check={"condition": "state in ('a', 'b')"})
    assert told({"sqlite": [checked], "mysql": [table({"state": column("enum('a','b')")})]}) == []
    assert told({"sqlite": [checked], "mysql": [table({"state": column("varchar(1)")})]}) == [
        ("r1", "check of users.state is there on sqlite, and not there on mysql")
    ]


def test_values_of_enumerations_are_compared_where_there_are_any() -> None:
    found = told(
        {
            "sqlite": [table({"state": column("VARCHAR(1)")})],
            "mysql": [table({"state": column("enum('a','b')")})],
            "mariadb": [table({"state": column("enum('a')")})],
        }
    )
    assert found == [("r1", "column users.state: values is a, b on mysql, a on mariadb")]


def test_a_type_of_several_meanings_stands_with_what_is_spelt_like_it() -> None:
    found = told(
        {
            "sqlite": [table({"state": column("VARCHAR(9)"), "n": column("INTEGER")})],
            "mysql": [table({"state": column("enum('a','b')"), "n": column("bigint")})],
            "mariadb": [table({"state": column("varchar(9)"), "n": column("bigint(20)")})],
            "postgres": [table({"state": column("character varying(9)"), "n": column("integer")})],
        }
    )
    # A VARCHAR of SQLite may be an enumeration, and nobody else's is.
    assert found == [
        ("r1", "column users.n: type is integer on sqlite, postgres, bigint on mysql, mariadb"),
        ("r1", "column users.state: type is varchar(9) on sqlite, mariadb, postgres, enum('a','b') on mysql"),
    ]


def test_expressions_that_cannot_be_told_apart_are_counted() -> None:
    comparison = partings(
        {
            "postgres": [table({"n": column("integer", default="(random() * 10)")})],
            "mysql": [table({"n": column("int", default="(rand() * 10)")})],
        }
    )
    assert not comparison.parted
    assert list(comparison.not_compared.values()) == [
        "column users.n: default, which is an expression: random * 10; rand * 10"
    ]


def test_how_much_a_difference_matters() -> None:
    comparison = partings(
        {
            "postgres": [table({"n": column("text", comment="one"), "m": column("integer")})],
            "mysql": [table({"n": column("text", comment="two"), "m": column("bigint", nullable=False)})],
        }
    )
    assert {key[1]: each.severity for key, each in comparison.parted.items()} == {
        "comment": Severity.NOTE,
        "type": Severity.WARNING,
        "nullable": Severity.ERROR,
    }
