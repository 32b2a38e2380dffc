"""What the experiment `data` says of several revisions that one transaction holds, over rows."""

from __future__ import annotations

from flask_lab.results import Severity
from tests.engine.test_data import NOTHING, Lab, lab

__all__ = ["lab"]
DROP = 'op.drop_table("children")\nop.drop_table("parents")'


def family(lab: Lab) -> str:
    """Parents and children, with a reference that is checked at the end of the transaction where that exists."""
    late = ', deferrable=True, initially="DEFERRED"' if lab.backend in {"sqlite", "postgres"} else ""
    return f"""
    op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "children",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("parents.id"{late})),
    )
    """


ADOPT = 'op.execute("UPDATE children SET parent_id = (SELECT MIN(id) FROM parents) WHERE parent_id IS NULL")'
ADD = ('op.add_column("children", sa.Column("n", sa.Integer))', 'op.drop_column("children", "n")')


def test_what_one_revision_leaves_to_be_checked_is_in_the_way_of_the_next(lab: Lab) -> None:
    found = lab.run((family(lab), DROP), (ADOPT, NOTHING), ADD).findings
    told = [(each.revision, each.rule, each.severity) for each in found]
    assert told == ([("0003", "one-run-fails", Severity.WARNING)] if lab.backend == "postgres" else [])
    assert all("in one run from 0002 on, over rows: cannot ALTER TABLE" in each.message for each in found)


def test_what_is_checked_at_once_is_in_nobodys_way(lab: Lab) -> None:
    check = f"""
    {ADOPT}
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    """
    assert not lab.found((family(lab), DROP), (check, NOTHING), ADD)


def test_what_fails_by_itself_is_no_fault_of_one_run(lab: Lab) -> None:
    required = """
    with op.batch_alter_table("children") as batch:
        batch.alter_column("parent_id", existing_type=sa.Integer, nullable=False)
    """
    write = 'op.execute("UPDATE children SET parent_id = parent_id")'
    found = lab.found((family(lab), DROP), (write, NOTHING), (required, NOTHING))
    assert [(revision, rule) for revision, rule, _ in found] == [("0003", "upgrade-fails-on-data")]


def test_a_branch_that_cannot_be_applied_is_not_in_the_way_of_another(lab: Lab) -> None:
    broken = ('op.execute("SELECT nonsense FROM nowhere")', NOTHING)
    adopt = (ADOPT, NOTHING)
    assert not lab.run((family(lab), DROP), adopt, broken, adopt, follows={3: 1, 4: 1}).findings
