"""Makes the pictures in docs/img: the app on a SQLite file of its own with sample rows, seen by the system's Chromium.

python docs/screenshots.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app import create_app  # noqa: E402  (the project is not installed; its root has to be on the path first)

# Four revisions before the head, so that a picture shows what pending looks like.
BEHIND = "0031_projects_name_required"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Picture:
    """One file in docs/img."""

    name: str
    address: str
    revision: str
    scheme: Literal["light", "dark"]
    width: int
    height: int


# As wide as a README shows them, so that letters keep their size; more pixels, for screens that have them.
SCALE = 1.5
PICTURES = [
    Picture("database", "/database", BEHIND, "light", 920, 600),
    Picture("project", "/projects/3", "head", "dark", 920, 560),
    Picture("phone", "/teams/1", "head", "light", 390, 640),
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
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        url = f"sqlite:///{folder}/lab.db"
        flask(url, "db", "upgrade")
        flask(url, "seed", "--count", "600")
        with served(url) as origin:
            for picture in PICTURES:
                if picture.revision != "head":
                    flask(url, "db", "downgrade", picture.revision)
                take(browser, origin, picture)
                flask(url, "db", "upgrade")
        browser.close()
    return 0


def flask(url: str, *arguments: str) -> None:
    """One command of the app, on the database at `url`."""
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, check=True, capture_output=True)


@contextmanager
def served(url: str) -> Iterator[str]:
    """The app at an address of its own."""
    server = make_server("127.0.0.1", 0, create_app({"SQLALCHEMY_DATABASE_URI": url}), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


def take(browser: Browser, origin: str, picture: Picture) -> None:
    """Write one picture."""
    size = {"width": picture.width, "height": picture.height}
    # A plain dict is all that `viewport` takes at run time.
    page = browser.new_page(viewport=size, color_scheme=picture.scheme, device_scale_factor=SCALE)  # type: ignore[arg-type]
    page.goto(origin + picture.address)
    path = ROOT / "docs" / "img" / f"{picture.name}.png"
    page.screenshot(path=path)
    page.close()
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    raise SystemExit(main())
