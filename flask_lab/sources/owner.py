"""Who owns what a run leaves on a machine, and whether that process lives: so that a later run can sweep."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "flask-lab-"
OWNER = "owner.json"
SERVER = "server.json"
# What a server with a million rows and its log needs; Docker's own /dev/shm has 64 MB.
ROOM = 4 << 30


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from a later one with the same id by when it started."""

    place: str
    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Owner:
        return cls(_place(), pid, _started(pid))

    def dead(self) -> bool:
        """Whether the process was of this machine and is gone; one of elsewhere cannot be judged."""
        return self.place == _place() and _started(self.pid) != self.started


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder in memory where there is room, else in the temporary one; removed at the end."""
    sweep_folders()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_roomiest()))
    try:
        write_owner(folder / OWNER, os.getpid())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_owner(path: Path, pid: int) -> None:
    """Note down which process `path` speaks of."""
    path.write_text(json.dumps(asdict(Owner.of(pid))))


def sweep_folders() -> None:
    """Kill the servers and remove the folders that dead runs left behind."""
    for parent in {_memory(), Path(tempfile.gettempdir())}:
        for folder in parent.glob(f"{PREFIX}*"):
            if (owner := _read_owner(folder / OWNER)) and owner.dead():
                _kill_server(_read_owner(folder / SERVER))
                shutil.rmtree(folder, ignore_errors=True)


def kill(pid: int, gone: Callable[[], bool], patience: float = 0.3) -> None:
    """End a server at once: SIGQUIT makes PostgreSQL take its children along, SIGKILL does for the rest."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + patience
        while not gone() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not gone():
            os.kill(pid, signal.SIGKILL)


def _kill_server(server: Owner | None) -> None:
    if server and not server.dead():
        with suppress(PermissionError):
            kill(server.pid, server.dead)


def _read_owner(path: Path) -> Owner | None:
    try:
        return Owner(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        # Half written, someone else's, or swept by another run in this moment.
        return None


def _place() -> str:
    """This host and, where there are such, its boot and its space of process ids."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _started(pid: int) -> str:
    """When a process started, in the system's own words; empty when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with suppress(OSError):
            # The program's name, in parentheses, may hold spaces; state and start time are fields 3 and 22.
            fields = stat.read_text().rpartition(")")[2].split()
            return "" if fields[0] in "ZX" else fields[19]
        return ""
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    # `ps` is where each system has it, and its argument is a number.
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return listed.stdout.strip()


def _memory() -> Path:
    return Path("/dev/shm")  # noqa: S108  (mkdtemp makes private folders in it)


def _roomiest() -> Path | None:
    memory = _memory()
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM:
        return memory
    return None
