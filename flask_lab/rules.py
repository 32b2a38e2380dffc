"""What can be wrong with a tree, each a record: judges name it, reports print it, `flask lab explain` is its page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

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
    ready: str = ""
    """The file of this package that is the remedy, ready to be copied."""

    @property
    def code(self) -> str:
        """The text of that file, empty where there is none."""
        return resources.files("flask_lab").joinpath(self.ready).read_text("utf-8") if self.ready else ""


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
        "upgrade-loses-schema",
        "stairway",
        Severity.ERROR,
        "Something is gone that no operation of the revision asked to change",
        "SQLite rebuilds a table for most changes, and what reflection does not see is not rebuilt: triggers, unnamed "
        "CHECKs, collations. MySQL takes a column's whole definition when it changes one part of it, and forgets the "
        "default, the comment or AUTO_INCREMENT that are not repeated.",
        "Say what has to stay: existing_nullable, existing_server_default, existing_comment and the like in "
        "alter_column; table_args, or the trigger made again, in a batch.",
    ),
    Rule(
        "upgrade-fails-on-data",
        "data",
        Severity.ERROR,
        "The upgrade passes on an empty database and fails on a populated one",
        "It passes every test that starts from nothing, and stops the deployment. Rows that break a new constraint, or "
        "have no value for a new column, are the usual reason.",
        "Bring the rows into shape first, in a revision of its own: fill what is NULL, tell duplicates apart, shorten "
        "what is too long. Give a new NOT NULL column a server_default.",
    ),
    Rule(
        "upgrade-loses-rows",
        "data",
        Severity.ERROR,
        "Rows are gone after the upgrade",
        "No error says so, and no downgrade brings them back. On SQLite a batch rebuild drops the table, and with "
        "foreign keys enforced that deletes or detaches whatever refers to it.",
        "Look at the DELETE, or at the join that leaves rows out. For SQLite, let env.py turn PRAGMA foreign_keys off "
        "on its connection before the first transaction, and check PRAGMA foreign_key_check afterwards.",
    ),
    Rule(
        "upgrade-changes-values",
        "data",
        Severity.ERROR,
        "Values are others after the upgrade, though no UPDATE of the revision sets them",
        "A narrower type rounds or cuts, a cast reads texts in its own way, and the server may say nothing.",
        "State precision, scale and length on every product; convert by an UPDATE into a new column, and compare "
        "before the old one goes.",
    ),
    Rule(
        "upgrade-invents-values",
        "data",
        Severity.ERROR,
        "The server fills a new NOT NULL column with '' or 0 that nobody asked for",
        "MySQL and MariaDB do so without a word, where the other products refuse. The app cannot tell such a value "
        "from a real one.",
        "Add the column with a server_default, or as NULL, fill it, and make it NOT NULL then.",
    ),
    Rule(
        "upgrade-destroys-data",
        "data",
        Severity.WARNING,
        "A column or table is dropped while it holds values, and the downgrade does not bring them back",
        "A deployment that has to be rolled back comes back without the data. A rename that autogenerate took for "
        "drop and add looks the same.",
        "Rename by op.rename_table or alter_column(new_column_name=...). Keep what goes in a table aside for the way "
        "back, or accept the finding with a reason when nobody needs the values.",
    ),
    Rule(
        "insert-fails-after-upgrade",
        "data",
        Severity.ERROR,
        "The new schema takes no ordinary row, or its defaults do not work",
        "The upgrade succeeds and the app's next INSERT fails: a default that the product cannot evaluate, a key that "
        "numbers itself on other products only, a sequence that starts anew.",
        "Use defaults that every product knows (CURRENT_TIMESTAMP in parentheses), "
        "sa.BigInteger().with_variant(sa.Integer(), 'sqlite') for keys, and set sequences behind the rows copied.",
    ),
    Rule(
        "downgrade-fails-on-data",
        "data",
        Severity.ERROR,
        "The downgrade passes on an empty database and fails on a populated one",
        "The way back is needed when people have already worked with the new schema.",
        "Let the downgrade bring rows into the old shape first: a value for what was NULL, a server_default for a NOT "
        "NULL column that comes back.",
    ),
    Rule(
        "round-trip-loses-rows",
        "data",
        Severity.ERROR,
        "Rows that the upgrade kept are gone after the downgrade, or after the next upgrade",
        "Whoever takes a deployment back and tries again has lost them.",
        "Copy rows back before the downgrade drops where they are, and let no rebuild take its children along.",
    ),
    Rule(
        "round-trip-changes-values",
        "data",
        Severity.ERROR,
        "Values that the upgrade kept are others after the downgrade, or after the next upgrade",
        "A rollback then is not one: it leaves the database unlike the one before.",
        "Let the downgrade undo what the upgrade did to the values, from a copy kept aside where they cannot be told.",
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
        "schema-differs-between-backends",
        "parity",
        Severity.ERROR,
        "One tree makes other schemas on other products",
        "What passes the tests on one database is refused, or let through, on another: a row that SQLite takes and "
        "production does not, a rule that only one of them keeps. The app's code cannot know which it meets.",
        "State type, length, nullability and default in the operation itself, so that every product is told the same; "
        "where a branch on the dialect is meant, write the other branches too, or accept the finding with the reason.",
    ),
    Rule(
        "broken-graph",
        "drift",
        Severity.ERROR,
        "The revisions make no tree: one follows what is not there, two have one id, or some follow each other",
        "Every flask db command stops with an error, or takes one of two files and forgets the other. It comes of a "
        "revision that was deleted, renamed, or copied to begin a new one.",
        "Bring the missing file back, or let down_revision name the one before; give a copied file an id of its own. "
        "A deleted revision that a database already has needs `flask db stamp` there.",
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
    Rule(
        "identifier-too-long",
        "portability",
        Severity.ERROR,
        "A name is longer than the product keeps",
        "MySQL and MariaDB refuse names of more than 64 characters. PostgreSQL refuses none and cuts them after 63 "
        "bytes, so that two names may become one; SQLAlchemy refuses what is longer there before it is sent. SQLite "
        "takes them all, and nobody notices on a laptop.",
        'Shorten the name: op.create_index("ix_subscriptions_plan", ...). Names that a naming convention makes are '
        "shortened by SQLAlchemy where op.f() is round them.",
    ),
    Rule(
        "index-key-too-wide",
        "portability",
        Severity.ERROR,
        "A key takes more bytes than InnoDB allows, or all of a TEXT",
        "A key may hold 3,072 bytes, and each character of a utf8mb4 column counts as four: String(768) is the most "
        "that fits. MySQL refuses the rest, and every key on a TEXT, BLOB or JSON. MariaDB refuses primary and "
        "foreign keys; for others it takes the beginning of a column, or makes a hash, without a word.",
        "Make the column shorter, sa.String(255); or index its beginning: op.create_index(..., "
        'mysql_length={"path": 255}). For uniqueness of long texts, keep a digest in a column of its own.',
    ),
    Rule(
        "unnamed-constraint",
        "portability",
        Severity.NOTE,
        "A constraint has no name by which a revision could drop it on SQLite",
        "Other products make up a name, each another: a unique column users.email is users_email_key on PostgreSQL "
        "and email on MySQL and MariaDB. SQLite keeps none, batch_alter_table cannot find it, and a downgrade written "
        "for one product fails on the next.",
        "Give the metadata a naming convention before the first revision, "
        'SQLAlchemy(metadata=MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s", ...})), or name '
        'each: sa.UniqueConstraint("email", name="uq_users_email"). For one that is there without a name: '
        "batch_alter_table(..., naming_convention=...).",
    ),
    Rule(
        "product-specific-sql",
        "portability",
        Severity.ERROR,
        "An operation or a statement is of other products, and this one refuses it",
        "The revision stops on this product. Raw SQL and the types of one dialect are the usual reason; on SQLite "
        "also constraints that are changed outside a batch.",
        "Write it with alembic.op and SQLAlchemy's generic types: sa.JSON() for JSONB, sa.String(length), "
        "op.batch_alter_table for constraints. Where one product needs its own: if op.get_context().dialect.name == "
        '"postgresql": ... else: ...',
    ),
    Rule(
        "offline-sql-fails",
        "portability",
        Severity.NOTE,
        "flask db upgrade --sql cannot render the revision, or renders something else",
        "Where a database administrator applies scripts, this revision cannot be handed over, or makes another schema "
        "than it made in tests. Reading from the database is the usual reason: offline there is nothing to read.",
        "Write data changes as one statement, UPDATE ... or INSERT ... SELECT, in place of reading rows and writing "
        "them back. Where it has to read: if context.is_offline_mode(): raise with what to do by hand.",
    ),
    Rule(
        "revision-id-too-long",
        "portability",
        Severity.ERROR,
        "The revision's id does not fit into the version table",
        "Alembic's table keeps 32 characters. PostgreSQL refuses a longer id; MySQL and MariaDB too, when the tables "
        "are changed already and cannot be taken back, so that the revision runs into its own traces for ever. SQLite "
        "keeps any.",
        'Give it a shorter one, revision = "2024_05_customer_plan", here and in the next one\'s down_revision, before '
        "it is deployed: flask db revision --rev-id.",
    ),
    Rule(
        "stuck-after-crash",
        "crash",
        Severity.WARNING,
        "After a crash in the middle of a step, the next run fails on what it left",
        "MySQL and MariaDB commit at every CREATE, ALTER and DROP, and SQLite's usual driver begins no transaction "
        "before them: what a step has done stays, the version says that it was not done, and the next run does it "
        "again. No deployment goes on until someone has mended the database by hand.",
        "One such statement per revision, or a step that looks before it acts: if not "
        'sa.inspect(op.get_bind()).has_table("invoice"). On SQLite, let the driver leave transactions to SQLAlchemy.',
    ),
    Rule(
        "partial-after-crash",
        "crash",
        Severity.NOTE,
        "After a crash in the middle of a step the schema is neither the one before nor the one after, until the next "
        "run",
        "The next run gets over it. Until then the app meets a schema that no release was written for.",
        "Run the upgrade again before anything else is started, as an entry point does that upgrades first. Where the "
        "time in between matters, make each statement a revision.",
    ),
    Rule(
        "repeated-after-crash",
        "crash",
        Severity.WARNING,
        "After a crash in the middle of a step, the next run changes rows a second time",
        "What was committed before the crash is done again: a price raised twice, a row inserted twice. Nobody is "
        "told.",
        "Let the rows and the version be committed together: no autocommit_block and no commit of the revision's own "
        "round a change of rows, and no CREATE, ALTER or DROP after it on MySQL and MariaDB. Else write it so that "
        "it finds out what is done: WHERE total IS NULL, INSERT ... WHERE NOT EXISTS.",
    ),
    Rule(
        "unsafe-concurrent-upgrade",
        "race",
        Severity.WARNING,
        "Processes that upgrade the same database at once get in each other's way",
        "Alembic takes no lock. Replicas that start together each read the version and run the same revisions: one "
        "creates the table, the others stop at it, and an entry point that upgrades first does not come up. On MySQL, "
        "MariaDB and SQLite, which commit around DDL, each may do a part and all may fail. Harmless only where "
        "exactly one process ever upgrades.",
        "Let env.py take a lock before it reads the version, on a connection of its own, for the whole run and with a "
        "bounded wait: flask lab explain unsafe-concurrent-upgrade prints one that is ready to be copied.",
        "upgrade_lock.py",
    ),
    Rule(
        "old-code-breaks",
        "rolling",
        Severity.WARNING,
        "The previous release fails, or stores other values, on the new schema",
        "While a deployment rolls out, the old release still runs, and the schema is the new one already: requests "
        "fail until the last old process is gone, and again after a rollback of the code alone. Nothing of it is met "
        "where the old release is stopped before the migration.",
        "Expand, then contract: first add what the new release needs and keep what the old one uses, in step; take it "
        "away in a later revision, when no release that uses it runs any more. Such a last step is meant: accept it "
        "with a reason, # lab: ignore[old-code-breaks] why.",
    ),
    Rule(
        "new-code-breaks",
        "rolling",
        Severity.WARNING,
        "What the new release writes is lost or changed for the old one after a rollback, or neither can be first",
        "After a downgrade the old release meets rows that the new one wrote. And where the old release fails on the "
        "new schema, the new one has to run on the old schema first. That it fails there for want of what the revision "
        "adds is no finding: that is why migrations run before the new code.",
        "Keep the old column or table beside the new one, written by both, until no rollback needs it; let a column be "
        "NULL or have a server_default in a revision before the one that drops it.",
    ),
    Rule(
        "blocks-writes",
        "traffic",
        Severity.WARNING,
        "Writes wait longer than they may while the revision is applied",
        "Whoever saves something waits, holds a connection of the pool meanwhile, and after a while nobody gets one. "
        "How long depends on the rows: what takes a second in a test may take minutes on the real table.",
        "Make the change in a way that locks for an instant only, or in small parts; or apply it when nobody writes.",
    ),
    Rule(
        "blocks-reads",
        "traffic",
        Severity.WARNING,
        "Reads wait longer than they may while the revision is applied",
        "The table is closed altogether, for writes as well: to its users the app is down until the revision is done.",
        "Make the change in a way that locks for an instant only, or in small parts; or apply it in a maintenance "
        "window.",
    ),
    Rule(
        "rewrites-table",
        "traffic",
        Severity.NOTE,
        "The revision writes every row of a table anew",
        "It takes as long as the table is large, twice its room on the disk meanwhile, and all of it goes through the "
        "log to every replica. At the size that was tried nobody waited too long.",
        "See with --forecast what it takes at the size that you have. Where it matters, add a new column, fill it in "
        "parts, and let the app change over.",
    ),
    Rule(
        "grows-with-rows",
        "traffic",
        Severity.WARNING,
        "Traffic would wait longer than it may at the number of rows that was asked about",
        "The time was measured at several sizes, and grows with them. At the size that was tried all is well; at the "
        "real one, by the forecast, the app stands still.",
        "Make the change in a way that does not depend on the rows, or in small parts.",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
