"""One Compose stack made from a copy of this checkout, driven as people drive it: by make, by docker, over HTTP."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from flask_lab.backends import PRODUCTS

ROOT = Path(__file__).parents[2]
# What make and the image are made of; the rest of a checkout, its passwords above all, stays where it is.
PARTS = (
    ".dockerignore",
    "Makefile",
    "docker-compose.yml",
    "pyproject.toml",
    "requirements.txt",
    "runs/.gitignore",
    "app",
    "docker",
    "flask_lab",
    "migrations",
    "scripts",
)
# Settings of the project and of an outer make, which the caller's environment must not lend to the tests.
OURS = (
    "DB",
    "DATABASE_URL",
    "PORT",
    "BIND",
    "FORCE",
    "WAIT",
    "WEB_",
    "MIGRATE_",
    "COMPOSE_",
    "LAB_",
    "MAKE",
    "MFLAGS",
)

Done = subprocess.CompletedProcess[str]


def copy_checkout(folder: Path, parts: Iterable[str] = PARTS) -> None:
    """Copy to `folder` what a fresh clone would hold of `parts`."""
    folder.mkdir(exist_ok=True)
    for part in parts:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / part).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / part, folder / part)


def outer_environment() -> dict[str, str]:
    """The caller's environment without what would change the project's defaults."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def run(command: list[str], folder: Path = ROOT, stdin: str = "", **environment: str) -> Done:
    """Run a command to its end, whatever that is."""
    given = outer_environment() | environment
    return subprocess.run(
        command, cwd=folder, env=given, input=stdin, capture_output=True, text=True, check=False
    )


def succeeded(done: Done) -> str:
    """What a command that must work has printed."""
    assert done.returncode == 0, f"{done.args} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def docker(*words: str) -> str:
    """Run docker, which must work; what it printed."""
    return succeeded(run(["docker", *words]))


def log_of(container: str) -> str:
    """All that a container has said, on either of its outputs."""
    done = run(["docker", "logs", container])
    return succeeded(done) + done.stderr


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Ask until the answer is yes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on, below those that Docker and the system hand out by themselves."""
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port between 20000 and 30000")


def remove_project(project: str) -> None:
    """Remove all that Docker has of a Compose project, whatever state it is in."""
    label = f"label=com.docker.compose.project={project}"
    everything = {"container": "--all", "volume": "", "network": "", "image": "--all"}
    for kind, all_of_them in everything.items():
        found = docker(kind, "ls", "--quiet", *all_of_them.split(), "--filter", label).split()
        if found:
            with_volumes = ["--volumes"] if kind == "container" else []
            docker(kind, "rm", "--force", *with_volumes, *dict.fromkeys(found))


class Stack:
    """A scratch checkout with its own Compose project, image and port."""

    def __init__(self, db: str, folder: Path, project: str) -> None:
        self.db = db
        self.folder = folder
        self.project = project
        self.port = free_port()
        self.environment = {
            "COMPOSE_PROJECT_NAME": project,
            "WEB_IMAGE": f"{project}-web",
            "PORT": str(self.port),
        }

    def make(self, verb: str, *words: str, stdin: str = "", **environment: str) -> Done:
        """`make VERB DB=...`, as a person types it."""
        command = ["make", verb, f"DB={self.db}", *words]
        return run(command, self.folder, stdin, **self.environment | environment)

    def made(self, verb: str, *words: str, stdin: str = "", **environment: str) -> str:
        """The same where it must work: what it printed."""
        return succeeded(self.make(verb, *words, stdin=stdin, **environment))

    def compose(self, *words: str, **environment: str) -> Done:
        """`docker compose`, set up as make does it."""
        given = self.environment | {"DB": self.db, "COMPOSE_PROFILES": self.db} | environment
        return run(["docker", "compose", "--progress", "quiet", *words], self.folder, **given)

    def composed(self, *words: str, **environment: str) -> str:
        """The same where it must work: what it printed."""
        return succeeded(self.compose(*words, **environment))

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What Docker knows of a service's containers, stopped ones included."""
        ids = self.composed("ps", "--all", "--quiet", service).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
        return found

    def container(self, service: str) -> dict[str, Any]:
        """What Docker knows of the only container of a service."""
        (only,) = self.containers(service)
        return only

    def web_log(self) -> str:
        """Everything that the web containers have said."""
        return self.composed("logs", "--no-log-prefix", "web")

    def call(self, method: str, path: str, body: object = None, port: int = 0) -> tuple[int, Any]:
        """The status of an HTTP request to the published port, and the JSON that came back."""
        with closing(HTTPConnection("127.0.0.1", port or self.port, timeout=60)) as connection:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
        return answer.status, json.loads(said) if said else None

    def page(self, path: str) -> str:
        """What a page says, without its tags."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            said = answer.read().decode()
        assert answer.status == 200, said
        return " ".join(re.sub(r"<[^>]+>", " ", said).split())

    def add_user(self, name: str) -> dict[str, Any]:
        """A new user, made through the API."""
        status, user = self.call("POST", "/api/v1/users", {"username": name, "email": f"{name}@example.com"})
        assert status == 201, user
        made: dict[str, Any] = user
        return made

    def user_count(self) -> int:
        """How many users the API knows."""
        status, page = self.call("GET", "/api/v1/users?page_size=1")
        assert status == 200, page
        return int(page["total"])

    def revisions(self) -> set[Path]:
        """The files of the scratch checkout's tree."""
        return set((self.folder / "migrations/versions").glob("*.py"))

    def ready(self) -> bool:
        """Whether the app answers, and its database is at the head of its tree."""
        try:
            return self.call("GET", "/up/database")[0] == 200
        except (OSError, HTTPException):
            return False

    @contextmanager
    def database(self) -> Iterator[sa.Connection]:
        """A session on the published port of the database, with the password that `make up` names."""
        product = PRODUCTS[self.db]
        port = int(self.composed("port", self.db, str(product.port)).rpartition(":")[2])
        password = (self.folder / ".secrets/db_password").read_text()
        engine = sa.create_engine(sa.URL.create(product.driver, "lab", password, "127.0.0.1", port, "lab"))
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def restore(self) -> None:
        """Put back the models and the tree."""
        for part in ("app", "migrations"):
            shutil.rmtree(self.folder / part)
        copy_checkout(self.folder, ("app", "migrations"))
