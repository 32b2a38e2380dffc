"""Flask-Migrate's commands by the real command line: what they say, how they exit, what they write."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from contextlib import closing

import pytest
import sqlalchemy as sa

from tests.harness.plugin import ReadyBackend
from tests.matrix.bench import Bench
from tests.matrix.project import HEAD, Project

ALL_KINDS_OF_COLUMNS = """

class Gadget(Model):
    __tablename__ = "gadgets"
    __table_args__ = (known("status", Status), sa.Index(None, "owner_id", "status"), Model.__table_args__)

    id: Mapped[int] = mapped_column(big_identity(), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    label: Mapped[str] = mapped_column(sa.String(40), unique=True)
    status: Mapped[Status] = mapped_column(one_of(Status), server_default=Status.PLANNED.value)
    price: Mapped[Decimal] = mapped_column(sa.Numeric(8, 3), server_default=sa.text("1.5"))
    wanted: Mapped[bool] = mapped_column(server_default=sa.false())
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=NOW)
    note: Mapped[str | None] = mapped_column(sa.Text)
"""


def test_migrate_writes_a_revision_that_does_all_of_a_new_model(project: Project, bench: Bench) -> None:
    bench.upgrade()
    work = project.folder / "app" / "models" / "work.py"
    work.write_text(work.read_text() + ALL_KINDS_OF_COLUMNS)
    made = project.flask("db", "migrate", "-m", "Add gadgets, many of them!")
    assert made.returncode == 0, made.stderr
    number = int(HEAD[:4]) + 1
    written = project.folder / "migrations" / "versions" / f"{number:04d}_add_gadgets_many_of_them.py"
    text = written.read_text()
    assert "app." not in text, "a revision must not depend on the app as it is later"
    assert 'sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql")' in text
    assert text.startswith('"""Add gadgets, many of them!\n')
    assert project.flask("db", "upgrade").returncode == 0
    check = project.flask("db", "check")
    assert check.returncode == 0, check.stderr
    assert project.flask("db", "downgrade").returncode == 0
    assert not sa.inspect(bench.engine).has_table("gadgets")


def test_migrate_says_that_there_is_nothing_to_do(project: Project, bench: Bench) -> None:
    bench.upgrade()
    before = sorted((project.folder / "migrations" / "versions").iterdir())
    made = project.flask("db", "migrate", "-m", "nothing")
    assert made.returncode == 0, made.stderr
    assert "No changes: the models and this database's schema agree" in made.stdout
    assert [
        p for p in sorted((project.folder / "migrations" / "versions").iterdir()) if p.suffix == ".py"
    ] == [p for p in before if p.suffix == ".py"]


def test_check_finds_what_the_models_say_otherwise(project: Project, bench: Bench) -> None:
    bench.upgrade()
    people = project.folder / "app" / "models" / "people.py"
    people.write_text(
        people.read_text()
        .replace("mapped_column(sa.String(64))", "mapped_column(sa.String(80))")
        .replace('VIEWER = "viewer"', 'VIEWER = "viewer"\n    GUEST = "guest"')
        .replace("default=True, server_default=sa.true()", "default=True, server_default=sa.false()")
    )
    check = project.flask("db", "check")
    assert check.returncode == 1
    found = check.stderr.splitlines()[-1]
    for difference in ("modify_type", "username", "modify_default", "is_active"):
        assert difference in found


def test_a_failing_revision_says_where_and_why_and_changes_nothing(project: Project, bench: Bench) -> None:
    bench.upgrade()
    project.add_revision(
        "0036_breaks", "op.create_table('half', sa.Column('id', sa.Integer))\nop.execute('SELECT nonsense')"
    )
    failed = project.flask("db", "upgrade")
    assert failed.returncode == 1
    assert re.search(r"Error: 0036_breaks\.py, line 10: .*nonsense", failed.stderr.splitlines()[-1]), (
        failed.stderr
    )
    assert "Traceback" not in failed.stderr
    assert bench.current() == (HEAD,)
    stays = bench.engine.dialect.name == "mysql"
    assert sa.inspect(bench.engine).has_table("half") is stays, "only MySQL and MariaDB commit around DDL"


def test_a_database_ahead_of_the_release_is_named_as_that(project: Project, bench: Bench) -> None:
    bench.upgrade()
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099_of_a_newer_release'")
    for command in ("upgrade", "current", "downgrade", "check"):
        refused = project.flask("db", command)
        assert refused.returncode == 1, command
        assert "0099_of_a_newer_release, which this release does not know" in refused.stderr.splitlines()[-1]
    allowed = project.flask("db", "upgrade", MIGRATE_ALLOW_AHEAD="1")
    assert allowed.returncode == 0
    assert "nothing to do" in allowed.stderr
    assert project.flask("db", "downgrade", MIGRATE_ALLOW_AHEAD="1").returncode == 1
    assert project.flask("db", "stamp", "--purge", "head").returncode == 0
    assert bench.current() == (HEAD,)


@pytest.mark.needs("server")
def test_a_step_waits_for_a_lock_no_longer_than_it_may(project: Project, bench: Bench) -> None:
    bench.upgrade()
    project.add_revision("0036_blocked", "op.add_column('teams', sa.Column('motto', sa.Text))")
    with bench.engine.connect() as reader:
        reader.exec_driver_sql("SELECT * FROM teams").all()
        started = time.monotonic()
        failed = project.flask("db", "upgrade", MIGRATE_LOCK_TIMEOUT="1")
        assert time.monotonic() - started < 8
    assert failed.returncode == 1
    assert re.search("lock timeout|[Ll]ock wait timeout exceeded", failed.stderr.splitlines()[-1]), (
        failed.stderr
    )
    again = project.flask("db", "upgrade")
    assert again.returncode == 0, again.stderr


@pytest.mark.needs("server")
def test_a_database_that_is_away_is_waited_for_and_then_named(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    away = sa.make_url(project.url).set(port=port, password="s3cret").render_as_string(hide_password=False)
    started = time.monotonic()
    failed = project.flask("db", "upgrade", DATABASE_URL=away, DB_CONNECT_WAIT="2")
    assert 2 <= time.monotonic() - started < 12
    assert failed.returncode == 1
    last = failed.stderr.splitlines()[-1]
    for part in (f"127.0.0.1:{port}", "did not answer within 2 s", "refused"):
        assert part in last
    assert "s3cret" not in failed.stderr + failed.stdout


def test_a_rebuild_deletes_no_child_rows(project: Project, bench: Bench) -> None:
    bench.upgrade()
    with bench.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO users (id, username, email) VALUES (1, 'ann', 'ann@example.org')"
        )
        connection.exec_driver_sql("INSERT INTO profiles (user_id, bio) VALUES (1, 'still here')")
    project.add_revision(
        "0036_rebuild",
        "op.execute(\"UPDATE users SET email = 'a@example.org'\")\n"
        "with op.batch_alter_table('users') as batch:\n"
        "    batch.alter_column('username', type_=sa.String(70), existing_type=sa.String(64), existing_nullable=False)",
    )
    done = project.flask("db", "upgrade")
    assert done.returncode == 0, done.stderr
    with bench.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT bio FROM profiles").scalar_one() == "still here"


def test_offline_sql_makes_what_a_live_run_makes(
    project: Project, bench: Bench, backend: ReadyBackend
) -> None:
    # No server tells which product it is, so the URL has to.
    named = project.url.replace("mysql+pymysql", backend.name)
    script = project.flask("db", "upgrade", "--sql", DATABASE_URL=named)
    assert script.returncode == 0, script.stderr
    run_script(bench, script.stdout)
    assert bench.current() == (HEAD,)
    bench.check()
    back = project.flask("db", "downgrade", "--sql", f"{HEAD}:base", DATABASE_URL=named)
    assert back.returncode == 0, back.stderr
    run_script(bench, back.stdout)
    assert set(sa.inspect(bench.engine).get_table_names()) <= {"alembic_version"}


def run_script(bench: Bench, script: str) -> None:
    if bench.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(bench.engine.url.database), isolation_level=None)) as file:
            file.executescript(script)
        return
    with bench.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements(script):
            connection.exec_driver_sql(statement.replace("%", "%%"))


def statements(script: str) -> list[str]:
    """The statements of a script whose function bodies stand between $$."""
    pieces = re.split(r"(\$\$.*?\$\$)", re.sub(r"--[^\n]*", "", script), flags=re.DOTALL)
    joined = "".join(piece if piece.startswith("$$") else piece.replace(";", "\0") for piece in pieces)
    wanted = (statement.strip() for statement in joined.split("\0"))
    return [statement for statement in wanted if statement and statement not in ("BEGIN", "COMMIT")]
