"""What the experiment `data` says of a way back: of rows that came after the upgrade, and of values made over."""

from __future__ import annotations

from flask_lab.results import Severity
from tests.engine.test_data import DROP_USERS, NOTHING, USERS, Lab, alter, lab

__all__ = ["lab"]
ITEMS = """
op.create_table(
    "users",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("price", sa.Numeric(12, 4)),
    sa.Column("count", sa.Integer),
    sa.Column("is_open", sa.Boolean),
    sa.Column("code", sa.String(5)),
)
"""


def swapped(column: str, old: str, new: str, using: str = "") -> tuple[str, str]:
    """A change of type and its way back."""
    cast = {"postgresql_using": repr(using)} if using else {}
    return (
        alter(column, existing_type=old, type_=new, **cast),
        alter(column, existing_type=new, type_=old, **cast),
    )


def test_rows_that_a_wider_unique_allows_are_met_by_the_narrow_one(lab: Lab) -> None:
    codes = """
    op.create_table(
        "codes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.Integer),
        sa.Column("code", sa.String(20)),
        sa.UniqueConstraint("code", name="uq"),
    )
    """

    def unique(*columns: str) -> str:
        return (
            'with op.batch_alter_table("codes") as batch:\n    batch.drop_constraint("uq", type_="unique")\n'
            f'    batch.create_unique_constraint("uq", {list(columns)})'
        )

    back = [("0002", "downgrade-fails-on-data", Severity.WARNING)]
    assert lab.found((codes, 'op.drop_table("codes")'), (unique("tenant", "code"), unique("code"))) == back


def test_a_way_back_that_fails_without_rows_too_is_named_as_not_tried(lab: Lab) -> None:
    seen = lab.run((USERS, 'op.drop_table("no_such_table")'))
    assert not seen.findings
    said = [each for cell in seen.cells for each in cell.facts.get("not_compared", ())]
    assert said == [
        "0001: the way back over rows, whose downgrade does not get through without them either: see stairway"
    ]


def test_new_rows_keep_to_what_the_old_type_held(lab: Lab) -> None:
    wider = swapped("code", "sa.String(5)", "sa.String(50)")
    text = swapped("count", "sa.Integer()", "sa.String(20)", "count::integer")
    whole = swapped("is_open", "sa.Boolean()", "sa.Integer()")
    if lab.backend == "postgres":
        text = (text[0].replace("::integer", "::varchar"), text[1])
        whole = (
            'op.execute("ALTER TABLE users ALTER is_open TYPE INTEGER USING is_open::integer")',
            'op.execute("ALTER TABLE users ALTER is_open TYPE BOOLEAN USING is_open::boolean")',
        )
    flag = (whole[1], whole[0])
    assert not lab.found((ITEMS, DROP_USERS), wider, text, whole, flag)


def test_values_rounded_at_the_end_of_their_range_are_told_once(lab: Lab) -> None:
    rounds = [("0002", "upgrade-changes-values", Severity.ERROR)]
    found = lab.found((ITEMS, DROP_USERS), swapped("price", "sa.Numeric(12, 4)", "sa.Numeric(12, 2)"))
    # SQLite minds no scale.
    assert found == ([] if lab.backend == "sqlite" else rounds)


def test_a_way_back_that_fails_over_values_that_the_upgrade_made_over_is_told_with_them(lab: Lab) -> None:
    found = lab.found((ITEMS, DROP_USERS), swapped("price", "sa.Numeric(12, 4)", "sa.Float()"))
    # Where FLOAT is of single precision, the largest prices are rounded beyond what NUMERIC(12, 4) takes.
    single = lab.backend in {"mysql", "mariadb"}
    assert found == ([("0002", "upgrade-changes-values", Severity.ERROR)] if single else [])


def test_json_that_becomes_text_is_still_what_it_was(lab: Lab) -> None:
    docs = (
        'op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.JSON))'
    )
    assert not lab.found((docs, DROP_USERS), swapped("body", "sa.JSON()", "sa.Text()", "body::json"))


def test_texts_put_in_lower_case_stay_so(lab: Lab) -> None:
    lower = 'op.execute("UPDATE users SET name = lower(name)")'
    assert lab.found((USERS, DROP_USERS), (lower, NOTHING)) == [
        ("0002", "round-trip-changes-values", Severity.ERROR)
    ]


def test_a_column_moved_to_a_table_of_its_own_comes_back(lab: Lab) -> None:
    move = """
    op.create_table(
        "names",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("name", sa.String(50)),
    )
    op.execute("INSERT INTO names (user_id, name) SELECT id, name FROM users WHERE name IS NOT NULL")
    op.drop_column("users", "name")
    """
    back = """
    op.add_column("users", sa.Column("name", sa.String(50)))
    op.execute("UPDATE users SET name = (SELECT name FROM names WHERE names.user_id = users.id)")
    op.drop_table("names")
    """
    assert not lab.found((USERS, DROP_USERS), (move, back))


def test_a_key_that_a_change_of_type_leaves_without_numbers(lab: Lab) -> None:
    wide = alter("id", existing_type="sa.Integer()", type_="sa.BigInteger()", autoincrement="True")
    narrow = alter("id", existing_type="sa.BigInteger()", type_="sa.Integer()", autoincrement="True")
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "sqlite" else []
    assert lab.found((USERS, DROP_USERS), (wide, narrow)) == expected


def test_a_pragma_of_one_revision_is_not_the_next_ones(lab: Lab) -> None:
    """SQLite ignores the pragma within a transaction, so that this one's foreign keys stay off for later revisions."""
    posts = """
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE")),
    )
    """
    wide = alter("name", existing_type="sa.String(50)", type_="sa.String(80)")
    narrow = alter("name", existing_type="sa.String(80)", type_="sa.String(50)")
    is_sqlite = 'if op.get_bind().dialect.name == "sqlite":\n    op.execute("PRAGMA foreign_keys = OFF")\n'
    rebuild = 'with op.batch_alter_table("users", recreate="always") as batch:\n    pass'
    if lab.backend != "sqlite":
        rebuild = NOTHING
    found = lab.found(
        (USERS, DROP_USERS),
        (posts, 'op.drop_table("posts")'),
        (f"{is_sqlite}{wide}", f"{is_sqlite}{narrow}"),
        (rebuild, NOTHING),
    )
    assert [(revision, rule) for revision, rule, _ in found] == (
        [("0004", "upgrade-loses-rows")] if lab.backend == "sqlite" else []
    )
