"""What the experiment `rolling` finds beside the trees of its rules, by cause, and what it is silent about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flask_lab.results import Run, Severity, Verdict
from tests.engine.test_data import DROP_USERS, NOTHING, USERS, Lab
from tests.harness.plugin import ReadyBackend

# MariaDB takes the statements that MySQL takes; what differs there, its trees show.
pytestmark = pytest.mark.suffices("sqlite", "postgres", "mysql")

PEOPLE = """
op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
op.create_table(
    "people",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("nick", sa.String(50)),
    sa.Column("size", sa.Integer),
    sa.Column("code", sa.String(20), server_default="none"),
    sa.Column("team_id", sa.Integer),
    sa.Column("kind", sa.Enum("a", "b", "c", name="kinds")),
)
"""
DROP_PEOPLE = """
op.drop_table("people")
op.drop_table("teams")
if op.get_bind().dialect.name == "postgresql":
    op.execute("DROP TYPE kinds")
"""
Found = dict[str | None, set[tuple[str, str | None]]]


@pytest.fixture
def lab(backend: ReadyBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.chdir(tmp_path)
    if backend.name != "sqlite":
        url = backend.server.url.render_as_string(hide_password=False)
        monkeypatch.setenv(f"LAB_{backend.name.upper()}_URL", url)
    return Lab(tmp_path, backend.name, "rolling")


def causes(seen: Run, rule: str = "old-code-breaks") -> Found:
    """What is at fault, by revision: the cause and the column."""
    found: Found = {}
    for each in seen.findings:
        if each.rule == rule:
            found.setdefault(each.revision, set()).add((each.evidence["cause"], each.evidence["column"]))
    return found


def facts(seen: Run, revision: str) -> Any:
    return next(cell.facts for cell in seen.cells if cell.revision == revision)


def batch(line: str) -> str:
    return f'with op.batch_alter_table("people") as batch:\n    batch.{line}'


def altered(column: str, old: str, new: str, existing: str = "sa.String(50)") -> tuple[str, str]:
    up, down = (
        batch(f'alter_column("{column}", existing_type={existing}, {change})') for change in (new, old)
    )
    return up, down


def test_what_is_gone_or_called_otherwise(lab: Lab) -> None:
    rename = (batch('alter_column("nick", new_column_name="alias", existing_type=sa.String(50))'),
              batch('alter_column("alias", new_column_name="nick", existing_type=sa.String(50))'))  # fmt: skip
    drop = (batch('drop_column("size")'), batch('add_column(sa.Column("size", sa.Integer))'))
    move = ('op.rename_table("teams", "groups_")', 'op.rename_table("groups_", "teams")')
    end = ('op.drop_table("groups_")', PEOPLE.strip().splitlines()[0].replace("teams", "groups_"))
    seen = lab.run((PEOPLE, DROP_PEOPLE), rename, drop, move, end)
    assert causes(seen) == {
        "0002": {("column renamed", "nick")},
        "0003": {("column gone", "size")},
        "0004": {("table renamed", None)},
        "0005": {("table gone", None)},
    }
    first = seen.findings[0]
    assert first.severity is Severity.WARNING
    assert (
        first.message == "people.nick is called alias now: SELECT, INSERT and UPDATE of the old release fail"
    )
    assert "nick" in first.evidence["says"]
    assert first.evidence["statement"].startswith("SELECT")
    assert first.remedy.startswith("Add alias beside nick")
    assert not causes(seen, "new-code-breaks")


def test_what_takes_less_than_it_did(lab: Lab) -> None:
    required = altered("nick", "nullable=True", "nullable=False")
    unique = (
        batch('create_unique_constraint("uq_name", ["name"])'),
        batch('drop_constraint("uq_name", type_="unique")'),
    )
    key = (
        batch('create_foreign_key("fk_team", "teams", ["team_id"], ["id"])'),
        batch('drop_constraint("fk_team", type_="foreignkey")'),
    )
    check = (
        batch('create_check_constraint("ck_size", "size >= 0")'),
        batch('drop_constraint("ck_size", type_="check")'),
    )
    default = altered("code", 'server_default="none"', "server_default=None", "sa.String(20)")
    if lab.backend == "sqlite":
        # Foreign keys are asked as the app has them enforced, and this one has not.
        key = (NOTHING, NOTHING)
    seen = lab.run((PEOPLE, DROP_PEOPLE), required, unique, key, check, default)
    assert causes(seen) == {
        "0002": {("null", "nick")},
        "0003": {("unique", "name")},
        **({} if lab.backend == "sqlite" else {"0004": {("reference", "team_id")}}),
        "0005": {("check", "size")},
        "0006": {("default", "code")},
    }
    assert {each.rule for each in seen.findings} == {"old-code-breaks"}


def test_a_narrower_text_breaks_where_the_server_keeps_to_it(lab: Lab) -> None:
    narrow = altered("name", "type_=sa.String(50)", "type_=sa.String(30)")
    found = lab.run((PEOPLE, DROP_PEOPLE), narrow).findings
    if lab.backend == "sqlite":
        assert not found
        return
    assert [(each.evidence["cause"], each.evidence["column"]) for each in found] == [("type", "name")]
    assert "(50 characters)" in found[0].evidence["writes"]


def test_a_new_column_that_an_old_insert_does_not_fill(lab: Lab) -> None:
    def add(default: str) -> tuple[str, str]:
        column = f'sa.Column("phone", sa.String(20), nullable=False{default})'
        return f'op.execute("DELETE FROM users")\n{_batch(f"add_column({column})")}', _batch(
            'drop_column("phone")'
        )

    def _batch(line: str) -> str:
        return f'with op.batch_alter_table("users") as batch:\n    batch.{line}'

    with_default = add(', server_default="none"')
    with_default = (with_default[0].split("\n", 1)[1], with_default[1])
    seen = lab.run((USERS, DROP_USERS), add(""), (with_default[1], add("")[0]), with_default)
    assert causes(seen) == {"0002": {("required", "phone")}, "0003": {("column gone", "phone")}}
    # The INSERT of the new release leaves out what the old schema requires.
    assert causes(seen, "new-code-breaks") == {"0003": {("still required", "phone")}}


def test_labels_of_an_enumeration_that_come_and_go(lab: Lab) -> None:
    def labelled(*names: str) -> str:
        listed = ", ".join(map(repr, names))
        return f"""
        if op.get_bind().dialect.name == "postgresql":
            op.execute("ALTER TYPE kinds RENAME TO kinds_old")
            sa.Enum({listed}, name="kinds").create(op.get_bind())
            op.execute("UPDATE people SET kind = 'a' WHERE kind::text NOT IN ({listed})")
            op.execute("ALTER TABLE people ALTER kind TYPE kinds USING kind::text::kinds")
            op.execute("DROP TYPE kinds_old")
        else:
            op.execute("UPDATE people SET kind = 'a' WHERE kind NOT IN ({listed})")
            with op.batch_alter_table("people") as batch:
                batch.alter_column("kind", existing_type=sa.String(20), type_=sa.Enum({listed}, name="kinds"))
        """

    three, two, four = labelled("a", "b", "c"), labelled("a", "b"), labelled("a", "b", "d")
    seen = lab.run((PEOPLE, DROP_PEOPLE), (two, three), (four, two))
    assert causes(seen) == {"0002": {("label", "kind")}}
    assert causes(seen, "new-code-breaks") == {"0003": {("new label", "kind")}}
    assert [each.severity for each in seen.findings if each.revision == "0003"] == [Severity.NOTE]


def test_the_steps_of_an_expansion_are_silent(lab: Lab) -> None:
    add = ('op.add_column("people", sa.Column("alias", sa.String(50)))', batch('drop_column("alias")'))
    copy = ('op.execute("UPDATE people SET alias = nick")', NOTHING)
    wide = altered(
        "name", "type_=sa.String(50)", "type_=sa.String(200)", "sa.String(50), existing_nullable=False"
    )
    optional = altered("name", "nullable=False", "nullable=True", "sa.String(200)")
    index = ('op.create_index("ix_nick", "people", ["nick"])', 'op.drop_index("ix_nick", "people")')
    marks = """
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
    )
    """
    table = (marks, 'op.drop_table("marks")')
    seen = lab.run((PEOPLE, DROP_PEOPLE), add, copy, wide, optional, index, table)
    assert not seen.findings
    asked = facts(seen, "0002")
    assert asked["tables"] == ["people"]
    assert asked["statements"] > 5
    # The new release's statements need the new column: that is counted, and no finding.
    assert 0 < asked["new_on_old"]["failed"] <= asked["new_on_old"]["statements"]
    assert not [said for cell in seen.cells for said in cell.facts.get("not_compared", ())]


def test_a_value_that_is_stored_as_another(lab: Lab) -> None:
    coarse = altered("price", "type_=sa.Numeric(12, 4)", "type_=sa.Numeric(12, 1)", "sa.Numeric(12, 4)")
    table = PEOPLE.replace('sa.Column("size", sa.Integer)', 'sa.Column("price", sa.Numeric(12, 4))')
    found = causes(lab.run((table, DROP_PEOPLE), coarse))
    assert found == ({} if lab.backend == "sqlite" else {"0002": {("value", "price")}})


def test_a_trigger_of_the_revision_changes_values_on_purpose(lab: Lab) -> None:
    body = {
        "sqlite": "CREATE TRIGGER low AFTER INSERT ON people BEGIN "
        "UPDATE people SET nick = lower(nick) WHERE id = NEW.id; END",
        "postgres": "CREATE FUNCTION low() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.nick := lower(NEW.nick); RETURN NEW; END $$; "
        "CREATE TRIGGER low BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION low()",
    }.get(
        lab.backend, "CREATE TRIGGER low BEFORE INSERT ON people FOR EACH ROW SET NEW.nick = lower(NEW.nick)"
    )
    drop = (
        "DROP TRIGGER low ON people; DROP FUNCTION low()" if lab.backend == "postgres" else "DROP TRIGGER low"
    )
    assert not lab.run((PEOPLE, DROP_PEOPLE), (f'op.execute("""{body}""")', f'op.execute("{drop}")')).findings


def test_a_trigger_that_names_what_is_gone(lab: Lab) -> None:
    if lab.backend == "sqlite":
        pytest.skip("SQLite lets no column go that a trigger names")
    made = {
        "postgres": "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO teams (name) VALUES (NEW.nick); RETURN NEW; END $$; "
        "CREATE TRIGGER note AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION note()",
    }.get(
        lab.backend,
        "CREATE TRIGGER note AFTER INSERT ON people FOR EACH ROW INSERT INTO teams (name) VALUES (NEW.nick)",
    )
    drop = (
        "DROP TRIGGER note ON people; DROP FUNCTION note()"
        if lab.backend == "postgres"
        else "DROP TRIGGER note"
    )
    trigger = (f'op.execute("""{made}""")', f'op.execute("{drop}")')
    gone = ('op.drop_column("teams", "name")', 'op.add_column("teams", sa.Column("name", sa.String(50)))')
    seen = lab.run((PEOPLE, DROP_PEOPLE), trigger, gone)
    assert ("column gone", "name") in causes(seen)["0003"]


def test_a_control_that_fails_before_is_no_finding(lab: Lab) -> None:
    odd = """
    op.create_table(
        "odd",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        sa.CheckConstraint("n + 1 = n", name="ck_never"),
    )
    """
    add = ('op.add_column("odd", sa.Column("m", sa.Integer))', 'op.drop_column("odd", "m")')
    seen = lab.run((odd, 'op.drop_table("odd")'), add)
    assert not seen.findings
    said = [each for cell in seen.cells for each in cell.facts.get("not_compared", ())]
    assert any(each.startswith("what is written to odd: ") for each in said), said


def test_odd_tables(lab: Lab) -> None:
    tables = """
    op.create_table("Order", sa.Column("select", sa.Integer, primary_key=True), sa.Column("Group", sa.String(9)))
    op.create_table("bare", sa.Column("a", sa.Integer), sa.Column("b", sa.String(20), nullable=False))
    op.create_table(
        "pairs",
        sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("b", sa.String(9), primary_key=True),
        sa.Column("n", sa.Integer, sa.Computed("a * 2", persisted=True)),
    )
    op.create_table(
        "nodes",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("up", sa.Integer, sa.ForeignKey("nodes.id")),
    )
    op.create_table("cards", sa.Column("id", sa.Integer, sa.ForeignKey("Order.select"), primary_key=True))
    """
    down = "\n".join(f'op.drop_table("{name}")' for name in ("cards", "nodes", "pairs", "bare", "Order"))
    names = ("Order", "bare", "pairs", "nodes", "cards")
    more = "\n".join(f'op.add_column("{name}", sa.Column("more", sa.Integer))' for name in names)
    less = "\n".join(f'op.drop_column("{name}", "more")' for name in names)
    seen = lab.run((tables, down), (more, less), (less, more))
    assert causes(seen) == {"0003": {("column gone", "more")}}
    assert len(seen.findings) == len(names)
    assert {each.evidence["table"] for each in seen.findings} == set(names)
    inserted = {each.evidence["table"] for each in seen.findings if "INSERT" in each.evidence["verbs"]}
    assert inserted == set(names)


def test_a_way_back_that_refuses(lab: Lab) -> None:
    refuse = 'raise NotImplementedError("no way back")'
    rename = batch('alter_column("nick", new_column_name="alias", existing_type=sa.String(50))')
    drop = batch('drop_column("alias")')
    seen = lab.run(
        (PEOPLE, DROP_PEOPLE), (rename, refuse), (drop, batch('add_column(sa.Column("alias", sa.Text))'))
    )
    assert causes(seen) == {"0002": {("column renamed", "nick")}, "0003": {("column gone", "alias")}}
    said = [each for cell in seen.cells for each in cell.facts.get("not_compared", ())]
    assert any(each.startswith("0002: the way back, which does not get through") for each in said)


def test_what_cannot_be_applied_is_skipped(lab: Lab) -> None:
    broken = ('op.execute("SELECT nonsense FROM nowhere")', NOTHING)
    seen = lab.run((USERS, DROP_USERS), broken, (NOTHING, NOTHING))
    assert not seen.findings
    skipped = {cell.revision: cell.reason for cell in seen.cells if cell.verdict is Verdict.SKIPPED}
    assert set(skipped) == {"0002", "0003"}
    assert all("see stairway" in each for each in skipped.values())


def test_branches_are_walked_both_ways(lab: Lab) -> None:
    rename = (batch('alter_column("nick", new_column_name="alias", existing_type=sa.String(50))'),
              batch('alter_column("alias", new_column_name="nick", existing_type=sa.String(50))'))  # fmt: skip
    add = ('op.add_column("teams", sa.Column("n", sa.Integer))', 'op.drop_column("teams", "n")')
    seen = lab.run((PEOPLE, DROP_PEOPLE), rename, add, follows={3: 1})
    assert causes(seen) == {"0002": {("column renamed", "nick")}}
    assert len(seen.findings) == 1
