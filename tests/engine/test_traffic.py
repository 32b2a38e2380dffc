"""What the products' own manuals say of locks and copies, as the experiment `traffic` finds it on real servers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_lab.experiments import Options
from flask_lab.results import Cell, Run, Verdict
from flask_lab.runner import Request, run
from tests.engine.projects import make_project
from tests.engine.test_trees import Silent
from tests.harness.plugin import ReadyBackend

ROWS = 200_000
USERS = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50)),
    sa.Column("age", sa.Integer),
    sa.Column("code", sa.String(20)),
)
"""
CHANGES = {
    "constant": 'op.add_column("users", sa.Column("level", sa.Integer, nullable=False, server_default="5"))',
    "volatile": 'op.add_column("users", sa.Column("at", sa.DateTime, server_default=sa.text("clock_timestamp()")))',
    "index": 'op.create_index("ix_name", "users", ["name"])',
    "concurrent": (
        "with op.get_context().autocommit_block():\n"
        '    op.create_index("ix_code", "users", ["code"], postgresql_concurrently=True)'
    ),
    "type": (
        'with op.batch_alter_table("users") as batch:\n'
        '    batch.alter_column("age", existing_type=sa.Integer(), type_=sa.BigInteger())'
    ),
    "longer": (
        'with op.batch_alter_table("users") as batch:\n'
        '    batch.alter_column("code", existing_type=sa.String(20), type_=sa.String(300))'
    ),
}
ON = {
    "sqlite": ("index", "type"),
    "postgres": ("constant", "volatile", "index", "concurrent", "type", "longer"),
    "mysql": ("constant", "index", "type", "longer"),
    "mariadb": ("constant", "index", "type", "longer"),
}


def revisions(folder: Path, **bodies: str) -> Path:
    """A project whose revisions are called as they are given here, one after the other."""
    versions = folder / "tree" / "versions"
    versions.mkdir(parents=True)
    before = None
    for name, body in bodies.items():
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        (versions / f"{name}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {name!r}\ndown_revision = {before!r}\n\n\n"
            f"def upgrade():\n{lines}\n\n\ndef downgrade():\n    pass\n"
        )
        before = name
    return make_project(folder / "project", folder / "tree")


Tried = Callable[..., Run]


@pytest.fixture
def tried(backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tried:
    """Runs `traffic` over revisions on the backend."""
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setitem(os.environ, f"LAB_{backend.name.upper()}_URL", url)

    def trying(options: Options, **bodies: str) -> Run:
        monkeypatch.chdir(revisions(tmp_path, **bodies))
        return run(Request("app", (backend.name,), ("traffic",), options=options), Silent())

    return trying


class Seen:
    """What there is to see of one revision."""

    def __init__(self, cell: Cell, table: str = "users") -> None:
        self.facts: Any = cell.facts
        self.table = self.facts["tables"][table]
        slowest = max(each["ms"] for each in self.facts["statements"])
        # A wait that lasts for most of the statement is one for it.
        self.blocked = {kind for kind in ("reads", "writes") if self.table[kind]["longest"] > 0.5 * slowest}
        self.lock = self.facts["locks"].get(table, {}).get("lock")
        self.held = self.facts["locks"].get(table, {}).get("all_ms", {})
        used = self.facts["algorithms"]
        self.algorithm = (used[0]["algorithm"], used[0].get("lock")) if used else None


def test_it_sees_what_the_manuals_say(backend: ReadyBackend, tried: Tried) -> None:
    changes = {name: CHANGES[name] for name in ON[backend.name]}
    # SQLite is so quick that on a busy machine a writer would be due at the end of a statement only.
    rows = 5 * ROWS if backend.name == "sqlite" else ROWS
    run_seen = tried(Options(rows=rows), users=USERS, **changes)
    assert {cell.verdict for cell in run_seen.cells} <= {Verdict.PASSED, Verdict.FAILED}
    seen = {str(each.revision): Seen(each) for each in run_seen.cells if each.revision != "users"}
    assert all(each.table["rows"] >= ROWS for each in seen.values())
    assert not any(each.table[kind]["errors"] for each in seen.values() for kind in ("reads", "writes"))
    CHECKS[backend.name](seen, backend)


def on_sqlite(seen: dict[str, Seen], _backend: ReadyBackend) -> None:
    assert seen["type"].table["rewritten"]
    assert not seen["index"].table["rewritten"]
    # One lock for the whole file, for as long as it takes.
    for each in seen.values():
        assert "writes" in each.blocked
        assert each.facts["locks"][""]["lock"] == "EXCLUSIVE"


def on_postgres(seen: dict[str, Seen], _backend: ReadyBackend) -> None:
    assert {name for name, each in seen.items() if each.table["rewritten"]} == {"volatile", "type"}
    assert {name: each.lock for name, each in seen.items()} == {
        "constant": "AccessExclusiveLock",
        "volatile": "AccessExclusiveLock",
        "index": "ShareLock",
        "concurrent": "ShareUpdateExclusiveLock",
        "type": "AccessExclusiveLock",
        "longer": "AccessExclusiveLock",
    }
    assert seen["volatile"].blocked == seen["type"].blocked == {"reads", "writes"}
    assert seen["index"].blocked == {"writes"}
    assert seen["concurrent"].blocked == set()


def on_mysql(seen: dict[str, Seen], _backend: ReadyBackend) -> None:
    assert {name: each.algorithm for name, each in seen.items()} == {
        "constant": ("INSTANT", None),
        "index": ("INPLACE", "NONE"),
        "type": ("COPY", "SHARED"),
        "longer": ("COPY", "SHARED"),
    }
    assert {name for name, each in seen.items() if each.table["rewritten"]} == {"type", "longer"}
    assert seen["type"].blocked == seen["longer"].blocked == {"writes"}
    assert seen["index"].blocked == set()
    assert seen["type"].held["SHARED_NO_WRITE"] > 0.5 * seen["type"].facts["seconds"] * 1000
    assert "SHARED_NO_WRITE" not in seen["index"].held


def on_mariadb(seen: dict[str, Seen], backend: ReadyBackend) -> None:
    major, minor, *_ = map(int, backend.version.split("."))
    # From 11.2 on it copies while others write.
    is_online = (major, minor) >= (11, 2)
    assert {name: each.algorithm for name, each in seen.items()} == {
        "constant": ("INSTANT", None),
        "index": ("NOCOPY", "NONE"),
        "type": ("COPY", "NONE" if is_online else "SHARED"),
        "longer": ("INSTANT", None),
    }
    assert {name for name, each in seen.items() if each.table["rewritten"]} == {"type"}
    assert seen["type"].blocked == (set() if is_online else {"writes"})
    assert seen["index"].blocked == set()


CHECKS: dict[str, Callable[[dict[str, Seen], ReadyBackend], None]] = {
    "sqlite": on_sqlite,
    "postgres": on_postgres,
    "mysql": on_mysql,
    "mariadb": on_mariadb,
}


def test_a_transaction_in_the_way_stops_everybody(backend: ReadyBackend, tried: Tried) -> None:
    options = Options(rows=500, blocker=2.0, budget={"reads": 1000, "writes": 1000})
    seen = tried(options, users=USERS, constant=CHANGES["constant"])
    (finding,) = seen.findings
    # SQLite lets readers in until the very end.
    assert finding.rule == ("blocks-writes" if backend.name == "sqlite" else "blocks-reads")
    assert "behind a transaction of 2 s" in finding.message
    assert "timeout" in finding.remedy
    assert finding.repeat.endswith("--only constant --rows 500 --blocker 2")
    waits = finding.evidence["waited ms"]["users"]
    assert 1500 < waits < 6000


def test_rows_are_of_every_kind_of_table(backend: ReadyBackend, tried: Tried) -> None:
    tables = """
    op.create_table("Order", sa.Column("id", sa.String(36), primary_key=True), sa.Column("select", sa.Text))
    op.create_table(
        "tags",
        sa.Column("id", sa.SmallInteger, primary_key=True),
        sa.Column("name", sa.String(8), nullable=False, unique=True),
        sa.Column("kind", sa.Enum("a", "b", name="kind")),
        sa.Column("parent_id", sa.SmallInteger, sa.ForeignKey("tags.id")),
        sa.CheckConstraint("length(name) > 0", name="ck_name"),
    )
    op.create_table(
        "order_tags",
        sa.Column("order_id", sa.String(36), sa.ForeignKey("Order.id"), primary_key=True),
        sa.Column("tag_id", sa.SmallInteger, sa.ForeignKey("tags.id"), primary_key=True),
    )
    op.create_table("flags", sa.Column("is_on", sa.Boolean, primary_key=True))
    op.create_table("keyless", sa.Column("a", sa.Integer), sa.Column("b", sa.String(3)))
    """.replace("\n    ", "\n")
    names = ["Order", "tags", "order_tags", "flags", "keyless"]
    change = "\n".join(f'op.add_column("{name}", sa.Column("c", sa.Integer))' for name in names)
    seen = tried(Options(rows=2000), tables=tables, change=change)
    (cell,) = [each for each in seen.cells if each.revision == "change"]
    facts: Any = cell.facts
    assert cell.verdict is Verdict.PASSED, cell
    assert {name: facts["tables"][name]["rows"] >= 2000 for name in names} == dict.fromkeys(names, True) | {
        "flags": False
    }
    (said,) = [each for each in seen.not_compared if "rows" in each]
    assert said.startswith(
        f"{backend.name}: change: flags has fewer than 2000 rows: no column of (is_on) takes"
    )
    assert not any(facts["tables"][name][kind]["errors"] for name in names for kind in ("reads", "writes"))


@pytest.mark.suffices("sqlite", "mariadb")
def test_what_cannot_be_applied_is_left_to_others(backend: ReadyBackend, tried: Tried) -> None:
    seen = tried(
        Options(rows=500),
        users=USERS,
        twice='op.create_index("ix_age", "users", ["age"], unique=True)',
        broken='op.drop_table("nothing")',
        after='op.add_column("users", sa.Column("late", sa.Integer))',
    )
    assert not seen.findings
    reasons = {str(each.revision): (each.verdict, each.reason) for each in seen.cells}
    assert reasons["users"] == (Verdict.PASSED, "")
    assert reasons["twice"][0] is Verdict.SKIPPED
    assert reasons["twice"][1].startswith("it fails over 500 rows: ")
    assert reasons["broken"] == (Verdict.SKIPPED, "the upgrade fails: see stairway")
    assert reasons["after"] == (Verdict.SKIPPED, "it needs broken, whose upgrade fails: see stairway")


FILL = """
rows, empty = op.get_bind().execute(sa.text("SELECT count(*), count(*) - count({0}) FROM users")).one()
if rows and empty < rows / {1}:
    raise RuntimeError(f"{{empty}} of {{rows}} rows to fill in")
op.execute("UPDATE users SET {0} = 7 WHERE {0} IS NULL")
"""


def skipped(seen: Run) -> dict[str, str]:
    return {str(each.revision): each.reason for each in seen.cells if each.verdict is Verdict.SKIPPED}


@pytest.mark.suffices("sqlite", "mariadb")
def test_the_same_rows_are_there_at_each_size(backend: ReadyBackend, tried: Tried) -> None:
    """Older than the columns that came later; and what fails over them is in nobody's way."""
    seen = tried(
        Options(rows=5 * ROWS if backend.name == "sqlite" else ROWS),
        users=USERS,
        level='op.add_column("users", sa.Column("level", sa.Integer))',
        fill=FILL.format("level", 1),
        twice='op.create_index("ix_age", "users", ["age"], unique=True)',
        index=CHANGES["index"],
    )
    assert list(skipped(seen)) == ["twice"]
    for each in seen.cells:
        if each.revision in ("fill", "index"):
            sizes: Any = each.facts["sizes"]
            assert len(sizes) == 3


@pytest.mark.suffices("sqlite", "mariadb")
def test_rows_have_gaps_where_a_revision_takes_them(backend: ReadyBackend, tried: Tried) -> None:
    require = """
    with op.batch_alter_table("users") as batch:
        batch.alter_column("age", existing_type=sa.Integer(), nullable=False)
    """.replace("\n    ", "\n")
    seen = tried(Options(rows=2000), users=USERS, fill=FILL.format("code", 4), require=require)
    assert skipped(seen) == {}


@pytest.mark.needs("show_create")
def test_locked_rows_are_counted_and_a_few_are_listed(backend: ReadyBackend, tried: Tried) -> None:
    first = 'ids = op.get_bind().exec_driver_sql("SELECT id FROM users ORDER BY id LIMIT 3").scalars().all()'
    few = "op.execute(f\"UPDATE users SET age = 7 WHERE id IN ({', '.join(map(str, ids)) or 0})\")"
    many = 'op.execute("UPDATE users SET age = 8")'
    wait = 'op.get_bind().exec_driver_sql("SELECT SLEEP(1)")'
    seen = tried(Options(rows=5000), users=USERS, few=f"{first}\n{few}\n{wait}", many=f"{many}\n{wait}")
    assert skipped(seen) == {}
    facts: dict[str, Any] = {str(each.revision): each.facts for each in seen.cells}
    # innodb_trx counts what lies beside them, too; MariaDB lists nothing.
    is_listed = backend.name == "mysql"
    assert facts["few"]["rows_locked"] == 3 if is_listed else 3 <= facts["few"]["rows_locked"] < 10
    assert facts["few"]["row_locks"] == ({"users": ["X,REC_NOT_GAP"]} if is_listed else {})
    assert facts["many"]["rows_locked"] >= 5000


def test_what_takes_its_time_over_each_row_is_measured_over_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = """
    import time
    rows = op.get_bind().scalar(sa.text("SELECT count(*) FROM users"))
    time.sleep(rows / 500)
    op.execute("UPDATE users SET age = 7")
    """.replace("\n    ", "\n")
    late = 'op.add_column("users", sa.Column("late", sa.Integer))'
    monkeypatch.chdir(revisions(tmp_path, users=USERS, slow=slow, after=late))
    options = Options(rows=ROWS, budget={"reads": 60_000, "writes": 60_000})
    seen = run(Request("app", ("sqlite",), ("traffic",), options=options), Silent())
    assert skipped(seen) == {}
    cells: dict[str, Any] = {str(each.revision): each for each in seen.cells}
    assert 2_000 < cells["slow"].facts["rows"] < 6_000
    assert cells["after"].facts["rows"] == ROWS
    (said,) = [each for each in seen.not_compared if "more than" in each]
    assert re.search(r"slow: more than \d,\d{3} rows, each of which takes \d\.\d ms", said)


@pytest.mark.suffices("mysql", "postgres")
def test_what_fails_under_traffic_alone_is_found(backend: ReadyBackend, tried: Tried) -> None:
    """MySQL copies a child table, holding the parent's rows; their writers hold the child, and both wait for ever."""
    tables = """
    op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True), sa.Column("age", sa.Integer))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE")),
        sa.Column("age", sa.Integer),
    )
    """.replace("\n    ", "\n")
    check = """
    with op.batch_alter_table("users") as batch:
        batch.create_check_constraint("ck_age", "age > -5")
    """.replace("\n    ", "\n")
    seen = tried(Options(rows=ROWS, budget={"reads": 60_000, "writes": 60_000}), tables=tables, check=check)
    assert skipped(seen) == {}
    found = [(each.rule, each.message) for each in seen.findings if each.rule != "rewrites-table"]
    if backend.name != "mysql":
        assert found == []
        return
    assert found == [
        ("blocks-writes", "writes and the revision wait for each other, until the revision fails")
    ]
    (finding,) = seen.findings
    assert "Lock wait timeout" in finding.evidence["said"]
    assert "ADD CONSTRAINT ck_age" in finding.evidence["statement"]


@pytest.mark.suffices("sqlite", "postgres")
def test_the_budget_is_the_backends_own(backend: ReadyBackend, tried: Tried) -> None:
    budget = {"reads": 60_000, "writes": 60_000, backend.name: {"writes": 250}}
    seen = tried(Options(rows=200, budget=budget), users=USERS, constant=CHANGES["constant"])
    assert {cell.verdict for cell in seen.cells} == {Verdict.PASSED}
    for cell in seen.cells:
        assert cell.facts["budget"] == {"reads": 60_000, "writes": 250}
    assert not [said for said in seen.not_compared if "budget" in said]
