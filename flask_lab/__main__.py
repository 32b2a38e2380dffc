"""`python -m flask_lab --app APP run …`: the commands of `flask --app APP lab …`, also for a project without an app."""

from __future__ import annotations

from flask.cli import FlaskGroup

from flask_lab.cli import PLAIN, lab

cli = FlaskGroup(
    name="python -m flask_lab",
    help=lab.help,
    add_default_commands=False,
    add_version_option=False,
    params=PLAIN,
    commands=lab.commands,
)

if __name__ == "__main__":
    cli()
