"""`python -m flask_lab --app APP run …`: the same commands as `flask --app APP lab …`."""

from __future__ import annotations

from flask.cli import FlaskGroup

from flask_lab.cli import lab

cli = FlaskGroup(
    name="python -m flask_lab",
    help=lab.help,
    add_default_commands=False,
    add_version_option=False,
    commands=lab.commands,
)

if __name__ == "__main__":
    cli()
