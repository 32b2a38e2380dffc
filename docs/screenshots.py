"""Makes the pictures in docs/img: the app on a SQLite file with sample rows, and the lab on a careless revision of it.

python docs/screenshots.py

Works on a copy of the tree, and asks every database within reach about the revision that it adds there.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Four revisions before the head, so that a picture shows what pending looks like.
BEHIND = "0031_projects_name_required"
HEAD = "0035_drop_projects_code"
CARELESS = '''"""Users get a nickname, teams shorter names

Revision ID: 0036_nicknames
Revises: 0035_drop_projects_code
"""

import sqlalchemy as sa
from alembic import op

revision = "0036_nicknames"
down_revision = "0035_drop_projects_code"


def upgrade():
    op.add_column("users", sa.Column("nickname", sa.String(40), nullable=False))
    op.create_index("ix_users_nickname", "users", ["nickname"])
    with op.batch_alter_table("teams") as batch:
        batch.alter_column("name", existing_type=sa.String(80), type_=sa.String(8), existing_nullable=False)


def downgrade():
    op.drop_column("users", "nickname")
'''


@dataclass(frozen=True, slots=True)
class Picture:
    """One file in docs/img."""

    name: str
    address: str
    """Of the app; or `report`."""
    revision: str
    scheme: Literal["light", "dark"]
    width: int
    height: int


# As wide as a README shows them, so that letters keep their size; more pixels, for screens that have them.
SCALE = 1.5
PICTURES = [
    Picture("database", "/database", BEHIND, "light", 920, 600),
    Picture("project", "/projects/3", HEAD, "dark", 920, 560),
    Picture("phone", "/teams/1", HEAD, "light", 390, 640),
    Picture("report", "report", HEAD, "light", 920, 640),
    Picture("lab", "/lab/database", HEAD, "light", 920, 560),
    Picture("lab-dark", "/lab/runs/latest/revisions/0036_nicknames", HEAD, "dark", 920, 560),
]


def main() -> int:
    """Take every picture."""
    program = os.environ.get("LAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        print(f"no Chromium on this machine: install one of {', '.join(NAMES)}, or name it in LAB_CHROMIUM")
        return 2
    flags = [
        "--disable-gpu",
        "--disable-background-networking",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = careless(Path(folder))
        report = asked(project)
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        flask(project, "db", "upgrade", HEAD)
        flask(project, "seed", "--count", "600")
        with served(project) as origin:
            for picture in PICTURES:
                flask(
                    project, "db", "downgrade" if picture.revision == BEHIND else "upgrade", picture.revision
                )
                address = report.as_uri() if picture.address == "report" else latest(origin, picture.address)
                take(browser, address, picture)
        browser.close()
    return 0


def careless(folder: Path) -> Path:
    """A copy of this project with one revision more."""
    for name in ("app", "migrations", "flask_lab"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "migrations" / "versions" / "0036_nicknames.py").write_text(CARELESS)
    return folder


def asked(project: Path) -> Path:
    """The report of what the lab finds in the last revision; it is kept as a run, too."""
    report = project / "report.html"
    asks = ("stairway", "data", "rolling", "portability", "traffic")
    command = ["-m", "flask_lab", "--app", "app", "run", *asks, "--since", HEAD, "--format", f"html:{report}"]
    done = subprocess.run([sys.executable, *command], cwd=project, check=False)
    if done.returncode != 1:
        raise SystemExit(f"the lab was to find something, and ended with {done.returncode}")
    return report


def environment(project: Path) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": f"sqlite:///{project}/lab.db", "LAB_STORE": str(project / "runs")}


def flask(project: Path, *arguments: str) -> None:
    """One command of the app, on its SQLite file."""
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    subprocess.run(command, cwd=project, env=environment(project), check=True, capture_output=True)


@contextmanager
def served(project: Path) -> Iterator[str]:
    """The app at an address of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=project, env=environment(project), stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/up")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_for(address: str) -> None:
    """Return when something answers there."""
    for _ in range(100):
        try:
            urllib.request.urlopen(address).close()  # noqa: S310  (our own server)
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"nothing answers at {address}")


def latest(origin: str, address: str) -> str:
    """The address with the newest run in place of `latest`, which leads to no more than the run."""
    before, found, rest = (origin + address).partition("/runs/latest")
    if not found:
        return before
    with urllib.request.urlopen(before + found) as answer:  # noqa: S310  (our own server)
        return f"{answer.url}{rest}"


def take(browser: Browser, address: str, picture: Picture) -> None:
    """Write one picture."""
    size = {"width": picture.width, "height": picture.height}
    # A plain dict is all that `viewport` takes at run time.
    page = browser.new_page(viewport=size, color_scheme=picture.scheme, device_scale_factor=SCALE)  # type: ignore[arg-type]
    page.goto(address)
    path = ROOT / "docs" / "img" / f"{picture.name}.png"
    page.screenshot(path=path)
    page.close()
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    raise SystemExit(main())
