"""What the experiment `data` says of rows that an app adds after the upgrade."""

from __future__ import annotations

from flask_lab.results import Severity
from tests.engine.test_data import DROP_USERS, NOTHING, USERS, Lab, lab

__all__ = ["lab"]


def test_rows_of_the_revision_with_keys_of_their_own(lab: Lab) -> None:
    def roles(*keys: str) -> str:
        rows = ", ".join(f'{{{key}"name": "{name}"}}' for key, name in zip(keys, "ab", strict=True))
        return f"""
        roles = op.create_table("roles", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
        op.bulk_insert(roles, [{rows}])
        """

    given, left = roles('"id": 1, ', '"id": 2, '), roles("", "").replace("roles", "kinds")
    found = lab.found(
        (USERS, DROP_USERS), (given, 'op.drop_table("roles")'), (left, 'op.drop_table("kinds")')
    )
    expected = [("0002", "insert-fails-after-upgrade", Severity.ERROR)] if lab.backend == "postgres" else []
    assert found == expected


def test_what_fails_since_one_revision_is_not_told_of_the_next(lab: Lab) -> None:
    people = """
    op.create_table("people", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))
    op.execute("INSERT INTO people (id, name) SELECT id, name FROM users")
    """
    events = """
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, server_default=sa.text("(now())")),
    )
    """
    found = lab.found(
        (USERS, DROP_USERS),
        (people, 'op.drop_table("people")'),
        (events, 'op.drop_table("events")'),
        (NOTHING, NOTHING),
        ('op.add_column("events", sa.Column("n", sa.Integer))', 'op.drop_column("events", "n")'),
    )
    where = {"postgres": ["0002"], "sqlite": ["0003"]}.get(lab.backend, [])
    assert found == [(revision, "insert-fails-after-upgrade", Severity.ERROR) for revision in where]


def test_a_computed_column_that_reads_texts_as_numbers(lab: Lab) -> None:
    table = """
    made = sa.Computed("first || '-' || last", persisted=True)
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("slug", sa.String(50), made)]
    texts = [sa.Column("first", sa.String(20)), sa.Column("last", sa.String(20))]
    op.create_table("people", *texts, *columns)
    """
    found = lab.found((USERS, DROP_USERS), (table, 'op.drop_table("people")'))
    broken = lab.backend in {"mysql", "mariadb"}
    assert found == ([("0002", "insert-fails-after-upgrade", Severity.ERROR)] if broken else [])
