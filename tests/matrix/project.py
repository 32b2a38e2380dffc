"""A copy of the bench in a folder of its own, run by the real command line; tests may change it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory

ROOT = Path(__file__).resolve().parents[2]
HEAD = str(ScriptDirectory(str(ROOT / "migrations")).get_current_head())


@dataclass(frozen=True, slots=True)
class Project:
    """The copy at `folder`, whose app's database is at `url`."""

    folder: Path
    url: str

    def flask(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `flask ARGUMENTS` to its end."""
        return subprocess.run(
            self.command(*arguments),
            **self._setting(environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `flask ARGUMENTS`, its output kept together."""
        return subprocess.Popen(
            self.command(*arguments),
            **self._setting(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "app", *arguments]

    def add_revision(self, name: str, upgrade: str, down: str = HEAD) -> None:
        """Write a revision whose `upgrade` has the given body, and whose downgrade does nothing."""
        body = "\n".join(f"    {line}" for line in upgrade.splitlines())
        (self.folder / "migrations" / "versions" / f"{name}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = {name!r}\ndown_revision = {down!r}\n\n\n"
            f"def upgrade():\n{body}\n\n\ndef downgrade():\n    return\n"
        )

    def _setting(self, environment: dict[str, str]) -> dict[str, Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DB", "MIGRATE_"))}
        return {"cwd": self.folder, "env": kept | {"DATABASE_URL": self.url} | environment}


def copy_to(folder: Path, url: str) -> Project:
    for part in ("app", "flask_lab", "migrations"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(folder, url)
