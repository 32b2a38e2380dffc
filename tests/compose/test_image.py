"""What is in the image, what a container made from it may do, and who can read the passwords."""

from __future__ import annotations

import json
import re

from tests.compose.stack import ROOT, Stack, docker, run

# What the image may add to its base: packages, app and tree. It was 74 MB when this was written.
LIMIT = 90_000_000
TOOLS = "gcc cc c++ g++ ld make git pytest ruff mypy pip-compile"


def in_image(stack: Stack, *command: str) -> list[str]:
    """The lines that a command prints in a new container of the image, without the entrypoint."""
    image = stack.environment["WEB_IMAGE"]
    return docker(
        "run", "--rm", "--network=none", f"--entrypoint={command[0]}", image, *command[1:]
    ).splitlines()


def test_python_packages_are_the_pins_and_no_other(up: Stack) -> None:
    script = (
        "from importlib.metadata import distributions as d; print(*(f'{x.name}=={x.version}' for x in d()))"
    )
    (found,) = in_image(up, "python", "-c", script)
    pinned = re.findall(r"^\S+==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert sorted(map(canonical, found.split())) == sorted(map(canonical, pinned))


def canonical(pin: str) -> str:
    """One spelling for a package's name."""
    return re.sub(r"[-_.]+", "-", pin).lower()


def test_nothing_but_the_app_and_the_lab_was_copied_and_no_tool_is_there(up: Stack) -> None:
    assert in_image(up, "ls", "-A") == ["app", "docker", "flask_lab", "migrations"]
    assert in_image(up, "ls", "docker") == [
        "__pycache__",
        "entrypoint.sh",
        "gunicorn.conf.py",
        "lab.py",
        "ready.py",
    ]
    assert in_image(up, "sh", "-c", f"for tool in {TOOLS}; do command -v $tool; done; true") == []


def test_without_db_it_says_what_to_set(up: Stack) -> None:
    done = run(["docker", "run", "--rm", "--network=none", "--env=DB=", up.environment["WEB_IMAGE"]])
    assert done.returncode == 2
    assert done.stderr.startswith("DB is not set: DB=postgres docker compose --profile postgres up")


def test_image_is_small(up: Stack) -> None:
    image = json.loads(docker("image", "inspect", up.environment["WEB_IMAGE"]))[0]
    steps = docker(
        "history", "--format", "{{.CreatedBy}}\t{{.Size}}", "--human=false", image["Id"]
    ).splitlines()
    # The newest first, down to the first step of our own.
    own = next(number for number, step in enumerate(steps) if step.startswith("ARG UID"))
    assert sum(int(step.rpartition("\t")[2]) for step in steps[: own + 1]) < LIMIT


def test_container_runs_as_nobody_special(up: Stack) -> None:
    script = "id -u; grep -E '^(CapEff|NoNewPrivs):' /proc/1/status; touch /srv/lab/x /venv/x /tmp/x 2>&1; ls /tmp/x"
    done = up.compose("exec", "-T", "web", "sh", "-c", script)
    user, *lines = done.stdout.splitlines()
    assert int(user) != 0
    assert [line.split() for line in lines[:2]] == [["CapEff:", "0" * 16], ["NoNewPrivs:", "1"]]
    assert [line.rpartition(": ")[2] for line in lines[2:4]] == ["Read-only file system"] * 2
    assert lines[4:] == ["/tmp/x"]


def test_ports_are_published_on_loopback_only(up: Stack) -> None:
    for service in ("web", up.db):
        published = up.container(service)["NetworkSettings"]["Ports"]
        assert {place["HostIp"] for places in published.values() for place in places or ()} == {"127.0.0.1"}


def test_passwords_are_in_files_only(up: Stack) -> None:
    secrets = [path.read_text() for path in (up.folder / ".secrets").iterdir()]
    assert len(secrets) == 3
    seen = {
        "docker inspect": json.dumps([up.containers("web"), up.containers(up.db)]),
        "the image": docker("image", "inspect", up.environment["WEB_IMAGE"]),
        "the logs": up.composed("logs"),
        "the app's processes": up.composed(
            "exec", "-T", "web", "sh", "-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n'"
        ),
    }
    assert [place for place, text in seen.items() for secret in secrets if secret in text] == []
    assert (up.folder / ".secrets").stat().st_mode & 0o077 == 0
