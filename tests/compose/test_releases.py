"""A release that cannot be rolled out, and one that is rolled back: both are told, and nothing is lost."""

from __future__ import annotations

import os

from tests.compose.stack import Stack

BROKEN = '''"""Broken on purpose"""

from alembic import op

revision = "broken"
down_revision = "{head}"
branch_labels = depends_on = None


def upgrade() -> None:
    op.execute("SELECT nothing FROM nowhere")


def downgrade() -> None:
    pass
'''
# Ends by itself, and not by a signal.
FAILED = range(1, 128)


def add_phone(stack: Stack) -> None:
    """Change a model, as a person would."""
    models = stack.folder / "app/models/people.py"
    known = "    is_active: Mapped[bool]"
    text = models.read_text()
    assert text.count(known) == 1
    column = "    phone: Mapped[str | None] = mapped_column(sa.String(40))\n"
    models.write_text(text.replace(known, column + known))


def test_broken_revision_stops_the_container_with_its_reason(release: Stack) -> None:
    user = release.add_user("before.the.broken")
    (head,) = release.call("GET", "/up/database")[1]["head"]
    broken = release.folder / "migrations/versions/broken.py"
    broken.write_text(BROKEN.format(head=head))
    done = release.make("up")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    state = release.container("web")["State"]
    assert (state["Status"], state["ExitCode"] in FAILED) == ("exited", True)
    last = release.web_log().splitlines()[-1]
    assert "Error: broken.py, line 11: " in last
    assert "nowhere" in last
    # The way out is to take the revision away: nothing of it has stayed.
    broken.unlink()
    release.made("up")
    assert release.call("GET", f"/api/v1/users/{user['id']}") == (200, user)


def test_new_release_and_back_to_the_old_image(release: Stack) -> None:
    user = release.add_user("before.the.release")
    (old,) = release.call("GET", "/up/database")[1]["head"]
    new = migrate_and_up(release)
    assert release.call("GET", f"/api/v1/users/{user['id']}") == (200, user)

    release.restore()
    done = release.make("up")
    assert done.returncode == 2
    told = f"the database is at {new}, which this release does not know: it was migrated by a newer release"
    assert told in done.stderr
    last = release.web_log().splitlines()[-1]
    assert told in last
    assert "MIGRATE_ALLOW_AHEAD=1" in last
    assert release.container("web")["State"]["ExitCode"] in FAILED

    release.made("up", MIGRATE_ALLOW_AHEAD="1")
    status, body = release.call("GET", "/up/database")
    assert (status, body["status"], body["revision"], body["head"]) == (200, "ready", [new], [old])
    assert release.call("GET", f"/api/v1/users/{user['id']}") == (200, user)
    release.add_user("after.the.rollback")


def migrate_and_up(release: Stack) -> str:
    """Write a revision for a changed model and roll it out; the revision's name."""
    add_phone(release)
    before = release.revisions()
    message = """it's "quoted" $HOME `id` $(DB) & more"""
    said = release.made("migrate", f"m={message}")
    (written,) = release.revisions() - before
    # The file is named as it is called here, not as it is in the container, and the caller may change it.
    assert str(written.relative_to(release.folder)) in said
    assert "/srv/lab" not in said
    assert written.stat().st_uid == os.geteuid()
    text = written.read_text()
    assert message in text.splitlines()[0]
    assert "phone" in text
    behind = release.make("check")
    assert behind.returncode == 2
    assert "not up to date" in behind.stderr
    release.made("up")
    release.made("check")
    release.made("db-shell", stdin="SELECT phone FROM users;\n")
    (new,) = release.call("GET", "/up/database")[1]["revision"]
    return str(new)
