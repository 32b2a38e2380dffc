"""What can be wrong with a tree, each a record: judges name it, reports print it, `flask lab explain` is its page."""

from __future__ import annotations

from dataclasses import dataclass

from flask_lab.results import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong."""

    name: str
    experiment: str
    severity: Severity
    title: str
    why: str
    remedy: str


_ALL = (
    Rule(
        "upgrade-fails",
        "stairway",
        Severity.ERROR,
        "The upgrade raises an error on an empty database",
        "The revision cannot be deployed on this backend at all. A type, a function or a syntax that one product has "
        "and another has not is the usual reason.",
        "Use the operations of alembic.op and SQLAlchemy's generic types; where there is no other way, branch on "
        "op.get_bind().dialect.name.",
    ),
    Rule(
        "downgrade-fails",
        "stairway",
        Severity.ERROR,
        "The downgrade raises an error on an empty database",
        "The way back is needed when a deployment has gone wrong, which is the worst time to find out that it fails.",
        "Undo what the upgrade did in the opposite order, with the same names: constraints that an upgrade leaves to "
        "the server to name cannot be dropped by name.",
    ),
    Rule(
        "downgrade-missing",
        "stairway",
        Severity.ERROR,
        "The downgrade does nothing, or refuses",
        "The version table then says that the revision is gone while the schema still has it, or nothing goes back "
        "past this revision.",
        "Write the downgrade. Where a way back cannot exist, raise an error that says so, and accept the finding with "
        "a reason: # lab: ignore[downgrade-missing] why.",
    ),
    Rule(
        "downgrade-leaves-trace",
        "stairway",
        Severity.ERROR,
        "After the downgrade the schema is not what it was before the upgrade",
        "What is left is met by the next upgrade, which then fails or builds on it, and databases that went down and "
        "up differ from those that only went up.",
        "Undo the rest too. On PostgreSQL an enumeration outlives its table: drop it by "
        "sa.Enum(name=...).drop(op.get_bind()).",
    ),
    Rule(
        "reupgrade-fails",
        "stairway",
        Severity.ERROR,
        "The second upgrade raises an error, though the downgrade gave the schema back",
        "Something that is not schema stayed behind: rows, a sequence's position, a setting.",
        "Let the downgrade take back the rows that the upgrade wrote, or let the upgrade cope with them.",
    ),
    Rule(
        "reupgrade-differs",
        "stairway",
        Severity.ERROR,
        "The second upgrade makes another schema than the first",
        "A database that went down and up is from then on unlike its siblings, and later revisions may fail on it.",
        "Look for names, defaults or branches that depend on what the first upgrade left behind.",
    ),
    Rule(
        "one-run-fails",
        "stairway",
        Severity.ERROR,
        "The tree passes a revision at a time, and not in one run",
        "A new environment applies all revisions in one run, often in one transaction. What one revision leaves open "
        "there meets the next: PostgreSQL cannot use an enumeration's new value in the transaction that added it.",
        "Give the revision a transaction of its own: op.get_context().autocommit_block() around the statement, or "
        "transaction_per_migration=True in env.py.",
    ),
    Rule(
        "model-drift",
        "drift",
        Severity.ERROR,
        "The models say something else than the schema that the tree makes",
        "The app is written for the models. Where the database differs, inserts fail or rules are not kept, and the "
        "next `flask db migrate` writes changes that nobody asked for.",
        "Write the revision that is missing (flask db migrate), or correct the models. If the difference is only on "
        "one backend, the type or default needs a variant for it.",
    ),
    Rule(
        "multiple-heads",
        "drift",
        Severity.ERROR,
        "The tree ends in more than one revision",
        "`flask db upgrade` refuses to choose, so that the next deployment stops. It comes of two people who wrote a "
        "revision at the same time.",
        'Merge them: flask db merge heads -m "merge"; or let one follow the other by its down_revision.',
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
