"""Two columns kept equal while a rename is under way, whichever of them a release writes."""

from __future__ import annotations

from alembic import op


def keep_in_step(table: str, old: str, new: str) -> None:
    """Triggers that copy `old` to `new` and back, on INSERT and UPDATE. Both columns must allow NULL."""
    let_go(table, old, new)
    for statement in _CREATE[op.get_context().dialect.name]:
        op.execute(statement.format(name=f"{table}_{old}_in_step", table=table, old=old, new=new))


def let_go(table: str, old: str, new: str) -> None:
    """Drop the triggers of `keep_in_step`, as far as they stand."""
    for statement in _DROP[op.get_context().dialect.name]:
        op.execute(statement.format(name=f"{table}_{old}_in_step", table=table))


# A trigger is the one thing that every product spells in its own way. In each: an INSERT fills the column that was
# left out; an UPDATE of `new` wins, else `old` is copied, which also fills rows that no backfill has reached yet.
_CREATE = {
    "postgresql": [
        """
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                NEW.{new} := COALESCE(NEW.{new}, NEW.{old});
                NEW.{old} := COALESCE(NEW.{old}, NEW.{new});
            ELSIF NEW.{new} IS DISTINCT FROM OLD.{new} THEN
                NEW.{old} := NEW.{new};
            ELSE
                NEW.{new} := NEW.{old};
            END IF;
            RETURN NEW;
        END $$
        """,
        "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ],
    "mysql": [
        """
        CREATE TRIGGER {name}_insert BEFORE INSERT ON {table} FOR EACH ROW
        SET NEW.{new} = COALESCE(NEW.{new}, NEW.{old}), NEW.{old} = COALESCE(NEW.{old}, NEW.{new})
        """,
        """
        CREATE TRIGGER {name}_update BEFORE UPDATE ON {table} FOR EACH ROW
        SET NEW.{old} = IF(NEW.{new} <=> OLD.{new}, NEW.{old}, NEW.{new}), NEW.{new} = NEW.{old}
        """,
    ],
    "sqlite": [
        """
        CREATE TRIGGER {name}_insert AFTER INSERT ON {table} WHEN NEW.{old} IS NOT NEW.{new} BEGIN
            UPDATE {table} SET {new} = COALESCE({new}, {old}), {old} = COALESCE({old}, {new}) WHERE rowid = NEW.rowid;
        END
        """,
        """
        CREATE TRIGGER {name}_update AFTER UPDATE ON {table} WHEN NEW.{old} IS NOT NEW.{new} BEGIN
            UPDATE {table} SET
                {old} = CASE WHEN NEW.{new} IS OLD.{new} THEN NEW.{old} ELSE NEW.{new} END,
                {new} = CASE WHEN NEW.{new} IS OLD.{new} THEN NEW.{old} ELSE NEW.{new} END
            WHERE rowid = NEW.rowid;
        END
        """,
    ],
}
_DROP = {
    "postgresql": ["DROP TRIGGER IF EXISTS {name} ON {table}", "DROP FUNCTION IF EXISTS {name}()"],
    "mysql": ["DROP TRIGGER IF EXISTS {name}_insert", "DROP TRIGGER IF EXISTS {name}_update"],
    "sqlite": ["DROP TRIGGER IF EXISTS {name}_insert", "DROP TRIGGER IF EXISTS {name}_update"],
}
