"""What the experiment `crash` finds beside the trees of its rules, and that what it says is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flask_lab.experiments.base import Observation
from flask_lab.experiments.crash import Crash, _what_becomes_of_schema
from flask_lab.experiments.crash.trial import NEVER
from flask_lab.faults import COMMIT, Sent, boundaries
from flask_lab.results import Run, Severity, Verdict
from tests.engine.test_data import DROP_USERS, USERS, Lab
from tests.harness.plugin import ReadyBackend

# MariaDB commits round DDL as MySQL does; what differs there, its trees show.
pytestmark = pytest.mark.suffices("sqlite", "postgres", "mysql")

COMMITS_DDL = {"sqlite", "mysql", "mariadb"}
"""SQLite by its driver's habit, which begins no transaction before DDL."""
TWO = (
    'op.add_column("users", sa.Column("one", sa.Integer))\nop.add_column("users", sa.Column("two", sa.Integer))',
    'op.drop_column("users", "two")\nop.drop_column("users", "one")',
)
ONE = ('op.add_column("users", sa.Column("one", sa.Integer))', 'op.drop_column("users", "one")')


@pytest.fixture
def lab(backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.chdir(tmp_path)
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setenv(f"LAB_{backend.name.upper()}_URL", url)
    return Lab(tmp_path, backend.name, "crash")


def crashes(seen: Run, revision: str, step: str = "upgrade") -> list[dict[str, Any]]:
    facts = next(cell.facts for cell in seen.cells if cell.revision == revision)
    found: list[dict[str, Any]] = facts[step]["crashes"]
    return found


def stuck(seen: Run) -> list[str | None]:
    return [each.revision for each in seen.findings if each.severity is Severity.WARNING]


def test_two_statements_are_stuck_between_them_and_their_twins_of_one_are_not(lab: Lab) -> None:
    seen = lab.run((USERS, DROP_USERS), TWO, ONE_MORE)
    is_stuck = lab.backend in COMMITS_DDL
    assert set(stuck(seen)) == ({"0002"} if is_stuck else set())
    assert {each.rule for each in seen.findings} == ({"stuck-after-crash"} if is_stuck else set())
    first = crashes(seen, "0002")[0]
    assert "ADD COLUMN one" in first["after"]
    assert "ADD COLUMN two" in first["before"]
    if is_stuck:
        assert (first["again"], first["version"], first["schema"]) == ("fails", "before", "between")
        assert first["left"] == ["column users.one is left"]
        assert first["repair"] == ["ALTER TABLE users DROP COLUMN one", "flask db upgrade"]
    else:
        assert {each["schema"] for each in crashes(seen, "0002")} == {"before"}


ONE_MORE = ('op.create_table("more", sa.Column("id", sa.Integer, primary_key=True))', 'op.drop_table("more")')


def test_every_way_to_die_is_tried_at_every_boundary(lab: Lab) -> None:
    found = crashes(lab.run((USERS, DROP_USERS), TWO), "0002")
    ways = {"process"} if lab.backend == "sqlite" else {"process", "session"}
    by_way = {way: [each["after"] for each in found if each["way"] == way] for way in ways}
    assert {each["way"] for each in found} == ways
    # After each of the two, and after the version's UPDATE.
    assert {len(places) for places in by_way.values()} == {3}
    assert all("UPDATE alembic_version" in places[-1] for places in by_way.values())


def test_what_is_done_but_for_the_version_is_told_once_for_the_tree(lab: Lab) -> None:
    notes = [each for each in lab.run((USERS, DROP_USERS), ONE).findings if each.revision is None]
    if lab.backend not in COMMITS_DDL:
        assert not notes
        return
    (note,) = notes
    assert (note.rule, note.severity) == ("stuck-after-crash", Severity.NOTE)
    assert note.evidence["revisions"] == ["0001", "0002"]


def test_what_cannot_be_undone_is_finished_by_hand(lab: Lab) -> None:
    gone = ('op.drop_column("users", "one")\nop.drop_column("users", "two")', TWO[0])
    found = [
        each for each in crashes(lab.run((USERS, DROP_USERS), TWO, gone), "0003") if each["again"] == "fails"
    ]
    if lab.backend in COMMITS_DDL:
        assert found[0]["repair"] == ["ALTER TABLE users DROP COLUMN two", "flask db stamp 0003"]
    else:
        assert not found


def test_what_was_committed_last_is_named(lab: Lab) -> None:
    apart = """
    with op.get_context().autocommit_block():
        op.execute("UPDATE users SET name = 'n'")
    op.add_column("users", sa.Column("one", sa.Integer))
    """
    found = crashes(lab.run((USERS, DROP_USERS), (apart, "pass")), "0002")
    assert "UPDATE users SET name = 'n'" in {each["after"] for each in found}
    assert any(each["after"].startswith("the COMMIT of UPDATE users") for each in found)


def test_values_that_are_others_each_time_are_no_difference(lab: Lab) -> None:
    stamped = """
    import uuid
    op.execute(f"UPDATE users SET name = '{uuid.uuid4()}'")
    """
    assert not stuck(lab.run((USERS, DROP_USERS), (stamped, "pass")))


def test_places_beyond_the_limit_are_counted_and_named(lab: Lab) -> None:
    many = "\n".join(f"op.execute(\"UPDATE users SET name = 'n{number}'\")" for number in range(20))
    seen = lab.run((USERS, DROP_USERS), (many, "pass"))
    facts = next(cell.facts for cell in seen.cells if cell.revision == "0002")["upgrade"]
    # After each UPDATE, the version's among them.
    assert (facts["boundaries"], facts["left_out"]) == (21, 9)
    assert len({each["after"] for each in facts["crashes"]}) == 12
    assert f"{lab.backend}: 0002: 9 of the 21 places where the upgrade can die" in seen.not_compared


def test_a_step_that_fails_by_itself_is_left_to_others(lab: Lab) -> None:
    seen = lab.run((USERS, DROP_USERS), ('op.execute("SELECT nonsense FROM nowhere")', "pass"), ONE)
    skipped = {cell.revision: cell.reason for cell in seen.cells if cell.reason}
    assert not stuck(seen)
    assert "the upgrade fails without a crash" in skipped["0002"]
    assert skipped["0003"] == "it needs 0002, whose upgrade fails"


def test_a_step_that_fails_over_rows_is_passed_without_them(lab: Lab) -> None:
    picky = """
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM users")):
        raise RuntimeError("not with rows")
    """
    seen = lab.run((USERS, DROP_USERS), (picky, "pass"), ONE)
    skipped = {cell.revision: cell.reason for cell in seen.cells if cell.verdict is Verdict.SKIPPED}
    assert list(skipped) == ["0002"]
    assert "the upgrade fails without a crash (RuntimeError: not with rows)" in skipped["0002"]
    assert crashes(seen, "0003")


def test_a_downgrade_that_refuses_is_named(lab: Lab) -> None:
    seen = lab.run((USERS, 'raise NotImplementedError("no way back")'))
    said = [each for each in seen.not_compared if "0001: " in each]
    assert [each.partition(" (")[0] for each in said] == [
        f"{lab.backend}: 0001: the downgrade fails without a crash"
    ]


def test_nothing_is_judged_where_nothing_was_seen() -> None:
    seen = Observation("0001", {"upgrade": {"skipped": "why"}, "downgrade": {"crashes": []}})
    assert not list(Crash().judge(seen))


def test_a_death_that_was_never_met_is_named_and_no_finding() -> None:
    crash = {"way": "process", "after": "a", "before": "b", "again": NEVER, "said": ""}
    seen = Observation("0001", {"upgrade": {"crashes": [crash]}, "downgrade": {"crashes": []}})
    assert not list(Crash().judge(seen))
    assert _what_becomes_of_schema([seen]) == "not seen"


def test_a_stamp_is_tried_before_it_is_offered(lab: Lab) -> None:
    found = [each for each in crashes(lab.run((USERS, DROP_USERS), ONE), "0002") if each["again"] == "fails"]
    assert {tuple(each["repair"]) for each in found} == (
        {("flask db stamp 0002",)} if lab.backend in COMMITS_DDL else set()
    )


def test_what_only_reads_is_no_boundary() -> None:
    sent = [Sent("PRAGMA table_info(t)"), Sent("CREATE TABLE t (id INT)"), Sent("SELECT 1"), Sent(COMMIT)]
    assert boundaries(sent) == [2]
    assert boundaries([*sent, Sent("INSERT INTO t VALUES (1)"), Sent(COMMIT), Sent("SELECT 2")]) == [2, 4, 5]
    assert boundaries([Sent("SELECT setval('t_id_seq', 9)"), Sent(COMMIT)]) == [1]


def test_sqlite_takes_back_what_its_driver_lets_sqlalchemy_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lab = Lab(tmp_path, "sqlite", "crash")
    usual = lab.run((USERS, DROP_USERS), TWO)
    with Path("app.py").open("a") as app:
        app.write(BEGINS)
    seen = lab.again()
    assert [whole(each)["schema_changes"] for each in (usual, seen)] == [
        "stay after a crash",
        "are taken back by a crash",
    ]
    assert not seen.findings


BEGINS = """

from sqlalchemy import Engine, event


@event.listens_for(Engine, "connect")
def leave_transactions_to_sqlalchemy(connection, record):
    connection.isolation_level = None


@event.listens_for(Engine, "begin")
def begin(connection):
    connection.exec_driver_sql("BEGIN")
"""


def whole(seen: Run) -> Any:
    """The facts of the whole tree."""
    return next(cell.facts for cell in seen.cells if cell.revision is None)


def test_a_server_of_the_labs_own_dies_and_is_there_again(
    own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = Lab(tmp_path, "postgres", "crash").run((USERS, DROP_USERS), TWO)
    assert seen.backends[0].source == own
    for revision in ("0001", "0002"):
        for step in ("upgrade", "downgrade"):
            (died,) = [each for each in crashes(seen, revision, step) if each["way"] == "server"]
            assert (died["version"], died["schema"], died["again"]) == ("before", "before", "works")
    assert whole(seen)["not_compared"] == ["the death of the server itself, but in the middle of 0001, 0002"]


def test_a_server_that_someone_else_runs_is_not_killed(lab: Lab) -> None:
    said = whole(lab.run((USERS, DROP_USERS)))["not_compared"]
    if lab.backend == "sqlite":
        assert not said
    else:
        assert said == [
            f"the death of the server itself: a server of {lab.backend} that someone else runs is not the lab's to kill"
        ]
