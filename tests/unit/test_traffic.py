"""How what traffic saw is judged, how it grows, and how waits are counted; without a database."""

from __future__ import annotations

import math
from typing import Any

import pytest

from flask_lab.experiments import EXPERIMENTS, Observation, Options
from flask_lab.experiments.traffic.growth import depends, grown
from flask_lab.experiments.traffic.measuring import touched
from flask_lab.migrator import Step
from flask_lab.online import way_online
from flask_lab.traffic.streams import Log


def facts(**changes: Any) -> dict[str, Any]:
    """Of a revision that makes nobody wait."""
    quiet = {"longest": 4.0, "before": 3.0}
    return {
        "product": "postgres",
        "rows": 1000,
        "seconds": 2.0,
        "budget": {"reads": 1000.0, "writes": 1000.0},
        "blocker": 0.0,
        "touched": ["users"],
        "tables": {"users": {"reads": quiet, "writes": quiet, "rewritten": False}},
        "statements": [{"statement": "ALTER TABLE users ADD COLUMN a INTEGER", "ms": 1900.0}],
        "locks": {
            "users": {
                "lock": "AccessExclusiveLock",
                "held_ms": 1900.0,
                "all_ms": {"AccessExclusiveLock": 1.0},
            }
        },
        "algorithms": [],
        "growth": None,
        "empty_seconds": 0.0,
        **changes,
    }


def users(reads: float, writes: float, before: float = 3.0, *, rewritten: bool = False) -> dict[str, Any]:
    """What traffic saw on a table, in milliseconds."""
    return {
        "reads": {"longest": reads, "before": before},
        "writes": {"longest": writes, "before": before},
        "rewritten": rewritten,
    }


def found(**changes: Any) -> list[tuple[str, str]]:
    """Which rules are broken, with what is said of it."""
    seen = EXPERIMENTS["traffic"].judge(Observation("a", facts(**changes)))
    return [(each.rule, each.message) for each in seen]


def test_nothing_is_wrong_within_the_budget() -> None:
    assert found() == []


def test_a_wait_over_the_budget_is_one_finding() -> None:
    tables = {"users": users(4, 1500, rewritten=True)}
    assert found(tables=tables) == [
        ("blocks-writes", "writes of users wait 1.5 s at 1,000 rows (AccessExclusiveLock)")
    ]
    both = {"users": users(1500, 1600), "posts": users(4, 4)}
    assert found(tables=both) == [
        ("blocks-reads", "reads and writes of users wait 1.5 s at 1,000 rows (AccessExclusiveLock)")
    ]


def test_a_wait_like_those_before_is_not_the_revisions() -> None:
    assert found(tables={"users": users(1500, 1500, before=600)}) == []


def test_only_tables_matter_that_the_revision_works_on_or_locks() -> None:
    tables = {"users": users(4, 4), "posts": users(1500, 1500)}
    assert found(tables=tables) == []
    locked = {"posts": {"lock": "AccessExclusiveLock", "all_ms": {"AccessExclusiveLock": 1400.0}}}
    assert [rule for rule, _ in found(tables=tables, locks=locked)] == ["blocks-reads"]


def test_a_copy_is_noted_where_nobody_waits_but_on_sqlite() -> None:
    tables = {"users": users(4, 4, rewritten=True)}
    assert [rule for rule, _ in found(tables=tables)] == ["rewrites-table"]
    assert found(tables=tables, product="sqlite") == []
    # It took no time that anybody could see, or not for the rows.
    assert found(tables=tables, seconds=0.01) == found(tables=tables, empty_seconds=1.95) == []


@pytest.mark.parametrize(
    ("waits", "expected"),
    [(900.0, ["grows-with-rows"]), (40.0, [])],
    ids=["as long as the statement", "for a part of it"],
)
def test_a_forecast_is_about_waits_that_last_as_long_as_a_statement(
    waits: float, expected: list[str]
) -> None:
    forecast = {"rows": 10**6, "seconds": [1, 2, 3], "reads": [1, 2, 3], "writes": [5000, 9000, 20_000]}
    growth = {"exponent": 1.0, "error": 0.1}
    seen = found(tables={"users": users(4, waits)}, forecast=forecast, growth=growth)
    assert [rule for rule, _ in seen] == expected
    for _, message in seen:
        assert message == "writes of users would wait 9.0 s (5.0 s to 20.0 s) at 1,000,000 rows"


def test_the_exponent_of_what_was_measured() -> None:
    for exponent in (0.5, 1.0, 2.0):
        sizes = [(rows, 0.01 + 1e-4 * rows**exponent) for rows in (6250, 25_000, 100_000)]
        growth = grown(sizes, 0.01)
        assert growth is not None
        assert growth.exponent == pytest.approx(exponent, abs=0.05)
        least, likely, most = growth.times(1_000_000)
        assert least < 10**exponent < most
        assert likely == pytest.approx(10**growth.exponent)


def test_farther_away_is_less_certain() -> None:
    growth = grown([(25_000, 0.26), (100_000, 1.01)], 0.01)
    assert growth is not None
    widths = [math.log(most / least) for least, _, most in map(growth.times, (100_000, 10**6, 10**8))]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_what_does_not_depend_on_rows_has_no_growth() -> None:
    assert not depends(0.012, 0.01)
    assert grown([(6250, 0.011), (25_000, 0.012), (100_000, 0.012)], 0.01) is None
    # Slower by chance once, and in no order.
    assert grown([(6250, 0.029), (25_000, 0.003), (100_000, 0.024)], 0.002) is None


def test_what_could_not_be_begun_has_waited_too() -> None:
    log = Log([(10.0, 10.001), (10.02, 11.02), (10.04, 11.02), (11.0, 11.02), (11.04, 11.041)])
    seen = log.summary(10.01, 11.03)
    assert (seen["operations"], seen["longest"], seen["before"]) == (3, 1000.0, 1.0)
    assert max(wait for _, wait in seen["series"]) == 1000.0


def test_what_was_waited_for_until_it_was_calm_counts_as_nothing_before() -> None:
    log = Log([(9.0, 9.5), (9.8, 9.801), (10.0, 10.002), (10.2, 10.9)])
    assert log.summary(10.1, 11.0)["before"] == 500.0
    assert log.summary(10.1, 11.0, since=9.7)["before"] == 2.0
    assert log.longest_since(9.7) == 700.0
    assert log.longest_since(20.0) == 0.0


def test_a_step_works_on_the_tables_that_its_statements_name() -> None:
    step = Step(
        "a",
        "upgrade",
        statements=['UPDATE "Order" SET a = 1', "PRAGMA table_info(tags)", "SELECT 1 FROM my-t"],
    )
    assert touched(step, ["Order", "tags", "users", "posts", "my-t"], {"posts"}) == {"Order", "posts", "my-t"}


def test_options_are_repeated_for_traffic_alone() -> None:
    options = Options(rows=1000, forecast=10**6, blocker=2.5)
    assert list(options.repeated("stairway")) == []
    assert list(options.repeated("traffic")) == ["--rows 1000", "--forecast 1000000", "--blocker 2.5"]
    assert list(Options().repeated("traffic")) == []


def test_a_product_may_have_a_budget_of_its_own() -> None:
    options = Options(budget={"reads": 100, "mysql": {"writes": 5}})
    assert options.budget_of("mysql") == {"reads": 100, "writes": 5}
    assert options.budget_of("postgres") == {"reads": 100, "writes": 1000.0}


@pytest.mark.parametrize(
    ("product", "statement", "code"),
    [
        (
            "postgres",
            "CREATE INDEX ix_a ON users (a)",
            'op.create_index("ix_a", "users", [...], postgresql_conc',
        ),
        (
            "postgres",
            "ALTER TABLE users ALTER COLUMN age TYPE BIGINT",
            'op.add_column("users", sa.Column("age_new"',
        ),
        (
            "postgres",
            "ALTER TABLE users ALTER COLUMN age SET NOT NULL",
            "ADD CONSTRAINT age_set CHECK (age IS NOT",
        ),
        (
            "postgres",
            "ALTER TABLE a ADD CONSTRAINT fk_b FOREIGN KEY(b) REFERENCES b (id)",
            "VALIDATE CONSTRAINT fk_b",
        ),
        ("postgres", "ALTER TABLE a ADD CONSTRAINT uq UNIQUE (b)", "UNIQUE USING INDEX uq"),
        (
            "postgres",
            "ALTER TABLE a ADD COLUMN b UUID DEFAULT gen_random_uuid()",
            'op.alter_column("a", "b", server',
        ),
        ("mysql", "ALTER TABLE users MODIFY age BIGINT NULL", 'sa.Column("age_new"'),
        (
            "mysql",
            "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY(b) REFERENCES b (id)",
            "SET foreign_key_checks = 0",
        ),
        ("mariadb", "ALTER TABLE users MODIFY age BIGINT NULL", "ALGORITHM=NOCOPY, LOCK=NONE"),
        ("mysql", "UPDATE users SET a = 1", "UPDATE users SET ... WHERE id > :last"),
        ("sqlite", "UPDATE users SET a = 1", "UPDATE users SET ... WHERE id > :last"),
        ("sqlite", "INSERT INTO _alembic_tmp_users (id) SELECT users.id FROM users", "op.add_column"),
        ("sqlite", "CREATE INDEX ix_a ON users (a)", "journal_mode = WAL"),
    ],
)
def test_remedies_are_code_for_the_product(product: str, statement: str, code: str) -> None:
    assert code in (way_online(product, {"statement": statement}) or "")
