"""A private temporary server from programs on this machine, with its own folder, user, socket and port."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Source, wait_until_ready
from flask_lab.sources.owner import SERVER, kill, private_folder, write_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import URL

    from flask_lab.backends.base import Backend, Programs

PREPARE_SECONDS = 120.0
POLL = 0.03
LOG = "server.log"


class Local(Source):
    name = "local"

    def offer(self, backend: Backend) -> str:
        programs = backend.product.programs(Path(), 0, "", ())
        server = _find_server(backend, programs)
        _find(backend, programs.prepare[0], beside=server)
        return str(server)

    @contextmanager
    def open(self, backend: Backend) -> Iterator[URL]:
        with self._open(backend, backend.product.tuning) as (url, _):
            yield url

    def open_lasting(self, backend: Backend) -> AbstractContextManager[tuple[URL, Callable[[], None]]]:
        return self._open(backend, backend.product.lasting)

    @contextmanager
    def _open(self, backend: Backend, settings: Sequence[str]) -> Iterator[tuple[URL, Callable[[], None]]]:
        with private_folder() as folder:
            port, password = free_port(), secrets.token_hex(12)
            programs = backend.product.programs(folder, port, password, settings)
            for name, content in programs.files.items():
                (folder / name).write_text(content)
            server = _within_reach(_find_server(backend, programs), folder)
            prepare = _find(backend, programs.prepare[0], beside=server)
            options = _options(folder, programs)
            _prepare(backend, [str(prepare), *programs.prepare[1:]], folder, options)
            url = backend.product.url("127.0.0.1", port, password)
            with _Running([str(server), *programs.serve[1:]], folder, options) as running:

                def wait() -> None:
                    wait_until_ready(backend.product, url, POLL, running.check)

                def kill_and_start() -> None:
                    running.kill()
                    running.start()
                    wait()

                wait()
                yield url, kill_and_start


def _find_server(backend: Backend, programs: Programs) -> Path:
    """The server program of the right product and version: the one on PATH, else the newest."""
    seen = []
    for path in _candidates(backend, programs.serve[0]):
        line = _version_line(path)
        version = re.search(r"\d+(\.\d+)+", line)
        if version and backend.product.is_version(line) and backend.accepts(version.group()):
            return path
        seen.append(f"{path} is {line.partition(' ')[2].strip()[:40]}")
    raise _missing(backend, programs.serve[0], *seen)


def _version_line(path: Path) -> str:
    command = [str(path), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{path} unusable ({error})"
    return answer.stdout.strip()


def _find(backend: Backend, program: str, beside: Path) -> Path:
    for path in [beside.with_name(program), *_candidates(backend, program)]:
        if path.is_file():
            return path
    raise _missing(backend, program)


def _missing(backend: Backend, program: str, *seen: str) -> BackendUnavailable:
    reason = f"no {program} for {backend.name} on this machine" + (f" ({', '.join(seen)})" if seen else "")
    hints = [f"install {backend.product.package}"]
    if backend.product.python_package:
        hints.append(f"pip install {backend.product.python_package}")
    return BackendUnavailable(reason, ", or ".join(hints))


def _candidates(backend: Backend, program: str) -> list[Path]:
    on_path = shutil.which(program)
    places = backend.product.program_places
    found = [path for place in places for path in glob(f"{place}/{program}")]  # noqa: PTH207 (absolute patterns)
    packaged = [str(path) for path in _in_package(backend, program)]
    for each in (found, packaged):
        each.sort(key=lambda path: [int(number) for number in re.findall(r"\d+", path)], reverse=True)
    # Resolved, as /usr/local/bin may link to the newest.
    return list(dict.fromkeys(Path(path).resolve() for path in [on_path, *found, *packaged] if path))


def _in_package(backend: Backend, program: str) -> Iterator[Path]:
    """The program in a package of this very Python, which is not imported for that."""
    product = backend.product
    spec = find_spec(product.python_package.replace("-", "_")) if product.python_package else None
    for root in (spec and spec.submodule_search_locations) or ():
        for place in product.places_in_package:
            yield from Path(root).glob(f"{place}/{program}")


def _within_reach(server: Path, folder: Path) -> Path:
    """A server program that the user without rights may run: where only we may enter, a copy of its installation."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in server.parents):
        return server
    site = next((parent for parent in server.parents if parent.name == "site-packages"), None)
    if site is None:
        return server
    inside = server.relative_to(site)
    # Wheels keep the libraries of their programs in a folder beside the package.
    for place in (inside.parents[1], Path(f"{inside.parts[0]}.libs")):
        if (site / place).is_dir():
            shutil.copytree(site / place, folder / "programs" / place, symlinks=True)
    return folder / "programs" / inside


def _options(folder: Path, programs: Programs) -> dict[str, Any]:
    """How the programs are run: in `folder`, and when we are root by a user without rights, who owns it."""
    options: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, "start_new_session": True}
    if os.geteuid() != 0:
        return options
    user = _user(programs.user)
    for path in [folder, *folder.iterdir()]:
        os.chown(path, user.pw_uid, user.pw_gid)
    return options | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


def _prepare(backend: Backend, command: list[str], folder: Path, options: dict[str, Any]) -> None:
    process = _launch(command, folder, options)
    try:
        code = process.wait(PREPARE_SECONDS)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if code:
        reason = f"{command[0]} ended with {code}: {_complaint(folder)}"
        raise BackendUnavailable(reason, f"install all of {backend.product.package}")


class _Running:
    """A server's process, as a context; at the end it is gone."""

    def __init__(self, command: list[str], folder: Path, options: dict[str, Any]) -> None:
        self._how = (command, folder, options)
        self._folder = folder

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        kill(self._process.pid, lambda: self._process.poll() is not None)
        self._process.wait()

    def start(self) -> None:
        self._process = _launch(*self._how)
        write_owner(self._folder / SERVER, self._process.pid)

    def kill(self) -> None:
        """As a power cut would, with all its children."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def check(self) -> None:
        """Raise BackendUnavailable when it has ended."""
        if self._process.poll() is not None:
            raise BackendUnavailable(
                f"the server ended with {self._process.returncode}: {_complaint(self._folder)}"
            )


def _launch(command: list[str], folder: Path, options: dict[str, Any]) -> subprocess.Popen[bytes]:
    with (folder / LOG).open("ab") as log:
        try:
            return subprocess.Popen(command, stdout=log, stderr=log, **options)
        except OSError as error:
            # Programs in root's own folders, for one, which the user without rights may not enter.
            reason = (
                f"{command[0]} cannot be run by {pwd.getpwuid(options.get('user', os.geteuid())).pw_name}"
            )
            raise BackendUnavailable(f"{reason}: {error.strerror}") from error


def _complaint(folder: Path) -> str:
    """The first line of the log that says what was wrong, else its last one."""
    lines = [line.strip() for line in (folder / LOG).read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"\[ERROR\]|FATAL|error:", line)]
    return telling[0] if telling else (lines or ["it logged nothing"])[-1]


def free_port() -> int:
    """A port of this machine that nobody listens at in this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
