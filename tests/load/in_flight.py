"""Many requests in flight against gunicorn and one database: how fast, how many failed, was anything lost?

    DATABASE_URL=postgresql://… python -m tests.load.in_flight --in-flight 200 --seconds 30

The database is at head already. Exit code 1 when an answer was not the expected one, or a row is missing or too many.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from app.extensions import db
from app.models import AuditEvent, Task, User

ROOT = Path(__file__).resolve().parents[2]
READS = [
    "/api/v1/users?page_size=10",
    "/api/v1/tasks?page_size=10&done=false",
    "/users",
    "/projects",
    "/database",
    "/",
]


@dataclass
class Tally:
    """What the clients were told."""

    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    seconds: list[float] = field(default_factory=list)
    unexpected: Counter[str] = field(default_factory=Counter)
    users: set[int] = field(default_factory=set)
    tasks: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    changes: int = 0


class Client:
    """One person's keep-alive connection, one request at a time."""

    def __init__(self, port: int, number: int, project: int, tally: Tally) -> None:
        self.port = port
        self.number = number
        self.project = project
        self.tally = tally
        self.chance = random.Random(number)
        self.made = 0
        self.own: list[int] = []

    async def work(self, until: float) -> None:
        """Ask until the time is over; the last answer is waited for."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        while time.monotonic() < until:
            draw = self.chance.random()
            if draw < 0.6:
                await self.ask("GET", self.chance.choice(READS), None, 200)
            elif draw < 0.7:
                await self.add_user()
            elif draw < 0.85 or not self.own:
                await self.add_task()
            elif draw < 0.95:
                done = {"done": self.chance.random() < 0.5, "notes": uuid.uuid4().hex}
                if await self.ask("PATCH", f"/api/v1/tasks/{self.chance.choice(self.own)}", done, 200):
                    self.tally.changes += 1
            else:
                await self.delete_task()
        self.writer.close()

    async def add_user(self) -> None:
        self.made += 1
        name = f"load.{self.tally.run}.{self.number}.{self.made}"
        user = await self.ask(
            "POST", "/api/v1/users", {"username": name, "email": f"{name}@example.com"}, 201
        )
        if user:
            self.tally.users.add(user["id"])

    async def add_task(self) -> None:
        body = {"project_id": self.project, "title": f"load {self.tally.run}", "tags": ["load"]}
        task = await self.ask("POST", "/api/v1/tasks", body, 201)
        if task:
            self.tally.tasks.add(task["id"])
            self.own.append(task["id"])

    async def delete_task(self) -> None:
        key = self.own.pop(self.chance.randrange(len(self.own)))
        if await self.ask("DELETE", f"/api/v1/tasks/{key}", None, 204) is not None:
            self.tally.deleted.add(key)

    async def ask(
        self, method: str, path: str, body: dict[str, object] | None, expected: int
    ) -> dict[str, int] | None:
        """One request; what came back as JSON ({} where it is none), or None when it was not what was expected."""
        sent = json.dumps(body).encode() if body is not None else b""
        headers = f"Host: lab\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}"
        head = f"{method} {path} HTTP/1.1\r\n{headers}\r\n\r\n"
        start = time.monotonic()
        try:
            if self.writer.is_closing():
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.writer.write(head.encode() + sent)
            status, got = await self.answer()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.tally.unexpected[f"{method} {type(error).__name__}"] += 1
            self.writer.close()
            return None
        self.tally.seconds.append(time.monotonic() - start)
        if status != expected:
            self.tally.unexpected[f"{method} {path.split('?', maxsplit=1)[0]} {status} {got[:150]!r}"] += 1
            return None
        return json.loads(got) if got.startswith(b"{") else {}

    async def answer(self) -> tuple[int, bytes]:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        got = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.writer.close()
        return int(lines[0].split()[1]), got


async def press(port: int, project: int, in_flight: int, seconds: float) -> Tally:
    """Keep `in_flight` requests under way for that long."""
    tally = Tally()
    until = time.monotonic() + seconds
    await asyncio.gather(*(Client(port, number, project, tally).work(until) for number in range(in_flight)))
    return tally


def serve(port: int) -> subprocess.Popen[bytes]:
    """The app behind gunicorn, set up as in the image."""
    command = [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.conf.py", "app:create_app()"]
    environ = os.environ | {
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "WEB_THREADS": "8",
        "WEB_LOG_LEVEL": "warning",
    }
    return subprocess.Popen([*command, "--access-logfile", "/dev/null"], cwd=ROOT, env=environ)


def wait_until_ready(port: int, patience: float = 20) -> None:
    """Until /up/database is 200."""
    deadline = time.monotonic() + patience
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/up/database").close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def missing(tally: Tally) -> list[str]:
    """What the database has otherwise than the clients were told."""
    with create_app().app_context():
        users = set(
            db.session.scalars(sa.select(User.id).where(User.username.startswith(f"load.{tally.run}.")))
        )
        tasks = set(db.session.scalars(sa.select(Task.id).where(Task.title == f"load {tally.run}")))
        told = sa.select(sa.func.count()).where(
            AuditEvent.action == "created", AuditEvent.subject_id.in_(users)
        )
        events = db.session.scalar(told.where(AuditEvent.subject_type == "user"))
        db.session.remove()
        db.engine.dispose()
    found = {
        "users": (users, tally.users),
        "tasks": (tasks, tally.tasks - tally.deleted),
    }
    differ = [
        f"{name}: {len(told - there)} lost, {len(there - told)} that nobody was told of"
        for name, (there, told) in found.items()
        if there != told
    ]
    return differ + ([] if events == len(users) else [f"audit events: {events} for {len(users)} users"])


def make_project() -> int:
    """A project for the tasks."""
    client = create_app().test_client()
    team = client.post("/api/v1/teams", json={"name": f"Load {uuid.uuid4().hex[:8]}"}).get_json()
    project = client.post("/api/v1/projects", json={"team_id": team["id"], "name": "Load"}).get_json()
    return int(project["id"])


def report(tally: Tally, seconds: float, wrong: list[str]) -> None:
    """Print the figures."""
    took = sorted(tally.seconds)
    at = {share: took[int(len(took) * share / 100)] * 1000 for share in (50, 95, 99)}
    print(f"{len(took):,} answers in {seconds:.1f} s, {len(took) / seconds:,.0f} per second")
    print(
        "latency "
        + ", ".join(f"p{share} {ms:,.0f} ms" for share, ms in at.items())
        + f", max {took[-1] * 1000:,.0f} ms"
    )
    print(f"{len(tally.users):,} users and {len(tally.tasks):,} tasks made, ", end="")
    print(f"{tally.changes:,} tasks changed, {len(tally.deleted):,} deleted")
    print(f"unexpected answers: {sum(tally.unexpected.values())}")
    for what, times in tally.unexpected.most_common(8):
        print(f"  {times} x {what}")
    print("in the database: " + ("; ".join(wrong) or "everything, and nothing else"))


def main() -> int:
    """Serve, press, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    project = make_project()
    server = serve(port)
    try:
        wait_until_ready(port)
        start = time.monotonic()
        tally = asyncio.run(press(port, project, options.in_flight, options.seconds))
        seconds = time.monotonic() - start
    finally:
        server.terminate()
        server.wait()
    wrong = missing(tally)
    report(tally, seconds, wrong)
    return 1 if wrong or tally.unexpected else 0


if __name__ == "__main__":
    raise SystemExit(main())
